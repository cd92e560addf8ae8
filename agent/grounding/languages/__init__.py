"""The languages besides English that a reply may be in."""
