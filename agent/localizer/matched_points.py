"""The points that a located photo and one of its candidates have in common, as the ledger keeps them."""

from internvl_vpr.tools.compare_places import candidate_at
from internvl_vpr.tools.ledger.ledger import Pair
from internvl_vpr.tools.records import Answer, Verification

from .context import Context

Points = tuple[tuple[float, float, float, float], ...]


def matched_points(answer: Answer, given: Context, rank: int = 1) -> Points:
    """Return x and y in the photo, x and y in the candidate of a rank, as fractions of width and height.

    There are none where the pair was not verified with the verifier of now. Raises `LedgerError`, and `UsageError`
    when the answer has no candidate of that rank.
    """
    candidate = candidate_at(answer, rank)
    if given.verifier is None or candidate.geometry is None:
        return ()
    first, second = sorted((answer.digest, candidate.digest))
    pair = Pair(first=first, second=second, verifier=given.verifier.id)
    found = given.ledger.recall_verifications([pair]).get(pair)
    if not isinstance(found, Verification):
        return ()
    return (found.swapped() if answer.digest > candidate.digest else found).points
