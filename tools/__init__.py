"""Plain typed functions over plain records, in the order a photo meets them; no agent is known here."""
