"""The demo town: drawn streets, photographed by day, at night, behind people, and long ago."""
