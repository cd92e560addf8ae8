"""Two runs beside each other, and the gate a change must pass."""
