"""The parts that every HTML page is made of."""
