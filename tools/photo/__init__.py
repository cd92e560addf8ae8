"""Photo files: found, checked, decoded, sent; and the positions they carry."""
