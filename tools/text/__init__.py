"""Text that others wrote: made harmless, and found inside quotation marks."""
