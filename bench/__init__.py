"""Speed against plain implementations, measured side by side in one run: `make bench`."""
