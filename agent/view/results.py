"""What the assistant's tools return, as Rich renderables; pure, each fits into 80 columns."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from internvl_vpr.tools.compare_places import CandidateComparison, CueOfTwo, LocatedPhoto, PlaceComparison, candidate_at
from internvl_vpr.tools.explain_match import Explanation, explain_match
from internvl_vpr.tools.map_summary import MapSummary
from internvl_vpr.tools.records import Answer, RankedCandidate
from internvl_vpr.tools.text.foreign import one_line

from ..console.tables import labelled_table, styled_table
from ..words.certainty import doubts, promise_of, standing
from ..words.comparison import advantage, verdicts, what_decides
from ..words.map import area_in_words, planes_in_words, positions_in_words
from ..words.phrases import apart, coordinates, metres_in_words, ordinal, quoted
from ..words.verdict import between, grade_in_words, how_often, in_room, is_told_as_place, verdict_line
from .answer import add_certainty, add_where
from .parts import WIDE, Fitted, Folded, Shortened, bar, candidate_table, cue_table, foreign

MOST_SHOWN = 20  # candidates


def show_explanation(e: Explanation) -> RenderableType:
    """Show why a candidate matches: how sure it is, each cue with what it gives to S, and what was read on signs."""
    return Fitted(lambda width: Group(*_explanation(e, width)))


def _explanation(e: Explanation, width: int) -> Iterator[RenderableType]:
    about = labelled_table()
    about.add_row("photo", Shortened(e.photo.name))
    about.add_row("rank", f"{e.rank} of {e.of}; {_looks(e)}")
    add_where(about, e)
    if e.rank == 1 and e.grade is not None:
        about.add_row("grade", Text(grade_in_words(e)))
    if e.rank == 1 and e.probability is not None:
        about.add_row("how often", Text(f"{how_often(e.probability)}; {between(e.probability)}"))
    add_certainty(about, e)
    about.add_row("wrong if", Text("\n".join(doubts(e))))
    read = ", ".join(quoted(text) for text in e.read)
    unread = "the photo was not described" if e.judged else "no text on signs is among the photo's cues"
    about.add_row("signs", Text(read or unread))
    promise = promise_of(e.notes)
    for note in e.notes:
        if note != promise:
            about.add_row("note", foreign(note, "yellow"))
    yield about
    if e.matches:
        yield from ("", cue_table(e.matches, "the photo's cues, and what they match there", width, total=e.score))


def _looks(e: Explanation) -> str:
    return f"{ordinal(e.coarse_rank)} by looks, similarity {e.coarse_similarity:.3f}"


def show_candidates(answer: Answer) -> RenderableType:
    """Show the list of candidates, at most twenty, and how many more there are."""
    return Fitted(lambda width: Group(*_candidates(answer, width)))


def _candidates(answer: Answer, width: int) -> Iterator[RenderableType]:
    if not answer.candidates:
        yield Text(f"No candidate is listed for {quoted(answer.photo.name)}: it is probably not in your map.")
        return
    about = labelled_table()
    about.add_row("photo", Shortened(answer.photo.name))
    shown = answer.candidates[:MOST_SHOWN]
    yield from (about, "", candidate_table(shown, shown[0], "candidates, rank by looks → rank now", width))
    if (more := len(answer.candidates) - MOST_SHOWN) > 0:
        yield Text(f"and {more} more", "dim")


def show_candidate(answer: Answer, rank: int) -> RenderableType:
    """Show one candidate: where it is and how far from the first, how sure it is, and its cues.

    Raises `UsageError` when the list has none of that rank.
    """
    candidate, e = candidate_at(answer, rank), explain_match(answer, rank)
    return Fitted(lambda width: Group(*_candidate(candidate, e, answer.candidates[0], width)))


def _candidate(
    candidate: RankedCandidate, e: Explanation, first: RankedCandidate, width: int
) -> Iterator[RenderableType]:
    about = labelled_table()
    away = apart(candidate.position, first.position) if candidate is not first else ""
    place = f"{e.rank} of {e.of}{f', {away} from the first' if away else ''}"
    about.add_row("rank", f"{place}; {_looks(e)}")
    add_where(about, candidate)
    about.add_row("file", Folded(str(candidate.path)))
    add_certainty(about, e)
    yield about
    if candidate.matches:
        yield from ("", cue_table(candidate.matches, "the photo's cues, and what they match there", width))


def show_comparison(c: PlaceComparison) -> RenderableType:
    """Show where each of the compared photos was taken, and which were taken at one place."""
    return Fitted(lambda _: Group(_located(c), "", *(Text(line) for line in verdicts(c))))


def _located(c: PlaceComparison) -> Table:
    table = styled_table()
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("photo")
    table.add_column("place", no_wrap=all(p.position is None or p.position.latitude is not None for p in c.photos))
    table.add_column("grade", no_wrap=True)
    table.add_column("most like")
    for number, photo in enumerate(c.photos, start=1):
        table.add_row(str(number), Shortened(photo.photo.name), *_found(photo))
    return table


def _found(photo: LocatedPhoto) -> tuple[RenderableType, ...]:
    if photo.status == "unknown" or photo.reference is None:
        return Text("not a place I know"), "–", "–"
    place = "probably not in your map" if photo.grade == "unknown" else coordinates(photo.position)
    return place, photo.grade or "–", Shortened(photo.reference)


def show_candidates_compared(c: CandidateComparison) -> RenderableType:
    """Show two candidates side by side: where they are, their S, and what each matches for every cue."""
    return Fitted(lambda width: Group(*_compared(c, width)))


def _compared(c: CandidateComparison, width: int) -> Iterator[RenderableType]:
    about = labelled_table()
    about.add_row("photo", Shortened(c.photo.name))
    for candidate in (c.first, c.second):
        looks = f"looks {candidate.coarse_similarity:.3f}"
        about.add_row(str(candidate.rank), f"{coordinates(candidate.position)}, {standing(candidate)}, {looks}")
        about.add_row("", Folded(candidate.reference))
    about.add_row("apart", "their positions cannot be compared" if c.metres is None else metres_in_words(c.metres))
    yield about
    if c.cues:
        yield from ("", _cues_of_two(c, width))
    yield ""
    yield from (Text(line) for line in what_decides(c))


def _cues_of_two(c: CandidateComparison, width: int) -> Table:
    table = styled_table("the photo's cues, and what they match in each")
    table.add_column("cue")
    table.add_column("weight", no_wrap=True)
    for candidate in (c.first, c.second):
        table.add_column(f"candidate {candidate.rank}")
        table.add_column("cosine", no_wrap=True)
    table.add_column(f"{c.first.rank} less {c.second.rank}", justify="right")
    cells = 8 if width >= WIDE else 0
    for cue in c.cues:
        table.add_row(
            *(foreign(cue.cue), bar(cue.weight, cells)),
            *_half(cue.first, cue.first_cosine, cells),
            *_half(cue.second, cue.second_cosine, cells),
            _difference(cue),
        )
    return table


def _half(matched: str | None, cosine: float | None, cells: int) -> tuple[RenderableType, RenderableType]:
    if matched is None or cosine is None:
        return "not scored", "–"
    return foreign(matched), bar(cosine, cells)


def _difference(cue: CueOfTwo) -> str:
    return "–" if cue.first_cosine is None or cue.second_cosine is None else f"{round(advantage(cue), 3) + 0.0:+.3f}"


def show_map_summary(s: MapSummary) -> RenderableType:
    """Show what the map holds, label by label."""
    return Fitted(lambda _: _map(s))


def _map(s: MapSummary) -> Table:
    table = labelled_table()
    table.add_row("photos", f"{s.photos:,}")
    if s.images != s.photos:
        table.add_row("images", f"{s.images:,} distinct")
    table.add_row("positions", positions_in_words(s))
    table.add_row("from", Text("\n".join(one_line(str(root)) for root in s.roots)))
    if (area := area_in_words(s)) is not None:
        table.add_row("area", Text(area))
    if s.planes:
        table.add_row("metres", Text(planes_in_words(s)))
    table.add_row("vectors", foreign(s.backbone))
    table.add_row("checksum", s.checksum[:12])
    return table


def show_in_a_line(number: int, answer: Answer) -> RenderableType:
    """Show what is told of one of several photos, in one line."""
    return Fitted(lambda width: _in_a_line(number, answer, width))


def _in_a_line(number: int, answer: Answer, width: int) -> Text:
    says = verdict_line(answer)
    name = in_room(max(width - len(says) - len(f"{number}. : .") - 2, 12))(answer.photo.name)
    return Text(f"{number}. {name}: {says}.", style="green" if is_told_as_place(answer) else "yellow")


def tell_in_a_line(number: int, answer: Answer) -> str:
    """Say what is told of one of several photos, in one line."""
    return f"{number}. {quoted(answer.photo.name)}: {verdict_line(answer)}."
