"""The index of a folder of photos: built, sealed, opened, searched, calibrated."""
