"""One request to an OpenAI-compatible server, and all that can go wrong with it."""
