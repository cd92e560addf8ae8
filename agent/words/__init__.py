"""Each record as plain sentences: complete without a picture or a table, for persons, models and other agents.

Foreign text (cues, references, file names) stands in quotation marks that it cannot close, on one line.
"""

from .answer import tell_answer, tell_candidate, tell_candidates
from .comparison import tell_candidates_compared, tell_comparison
from .explanation import tell_explanation
from .map import tell_build, tell_map, tell_settings

__all__ = [
    "tell_answer",
    "tell_build",
    "tell_candidate",
    "tell_candidates",
    "tell_candidates_compared",
    "tell_comparison",
    "tell_explanation",
    "tell_map",
    "tell_settings",
]
