"""How a checkpointer keeps the graphs' states: our records come back as records, and nothing else does anything."""

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from internvl_vpr.tools.records import Answer, Candidate, Description, Photo, Score


def record_serializer() -> JsonPlusSerializer:
    """Return a serializer for a checkpointer of either graph: `InMemorySaver(serde=record_serializer())`.

    It revives our records and LangChain's messages; all else that is stored, whoever wrote it, is plain data: nothing
    is imported or called.
    """
    return JsonPlusSerializer(
        allowed_msgpack_modules=[Answer, Candidate, Description, Photo, Score], pickle_fallback=False
    )
