"""The localizer as others call it: LangChain tools and LangGraph's server."""
