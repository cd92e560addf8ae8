"""Names of the textures' files and small changes of a context, for the tests of the agent."""

import dataclasses

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.tools.describe_image import Describer
from internvl_vpr.tools.judge_pair import Judge


def name_of(number: int) -> str:
    """Return the file name of a texture, as `texture.write_textures` gives it."""
    return f"@{500_000 + 100 * number}@5000000@33@T@@@{number}@@@@@@@@.png"


def with_settings(context: Context, **changes: object) -> Context:
    """Return a context with other settings."""
    return dataclasses.replace(context, settings=context.settings.model_copy(update=changes))


def with_describer(context: Context, describer: Describer) -> Context:
    """Return a context with another describer."""
    return dataclasses.replace(context, describer=describer)


def with_judge(context: Context, judge: Judge, **changes: object) -> Context:
    """Return a context in which a judge re-ranks; τ = 0 unless it is changed."""
    judged = dataclasses.replace(context, judge=judge)
    return with_settings(judged, **{"reranker": "judge", "tau": 0.0, **changes})
