"""A scripted stand-in for a vision-language model on the demo town: no model, but as uneven as one."""
