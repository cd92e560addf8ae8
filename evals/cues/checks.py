"""Checks of what was said about a run's images, one value an image, so that two prompts can be compared."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.features.sentences import SentenceEncoder, embed_phrases, open_encoder
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.progress import Progress, silent
from internvl_vpr.tools.records import Cue, asked_and_answered
from internvl_vpr.tools.text.quoted import quoted_strings, share_seen

from ..runs.folder import Run, ledger_of
from ..runs.records import Check, ImageDescription
from .place_names import names_unseen
from .sign_reading import read_signs
from .statistics import genericity, has_duplicates, most_common_weights, rounded_weights, weight_entropy
from .transient_mentions import transient_mentions

# Their cues are signs as read, without quotation marks, and phrases made here.
_WITHOUT_LANGUAGE = ("signage/", "image statistics/")

_Images = Mapping[str, ImageDescription]


def _unheard(note: str) -> None:
    """Drop a note."""


def check_run(
    run: Run,
    embeddings: Mapping[str, Floats],
    signs: Mapping[str, Sequence[str]] | None = None,
    beside: Run | None = None,
) -> list[Check]:
    """Check every described image of a run; a check that applies to no image is left out.

    `embeddings` are unit vectors `[d]` by phrase (Eq. 7). `signs` are the lines read in each image, by digest, see
    `read_signs`; without them quoted text and names are not checked. `beside` is the run that this one is compared
    with, whose cues then count as generic ones, too; their embeddings are needed as well.
    """
    images = {f"{one.role} {one.photo}": one for one in run.descriptions.values()}
    said = _said(run)
    several = {key: one for key, one in said.items() if len(one.cues) > 1}
    found = [
        *_validity(images, int(run.info.settings["n"] or 1)),
        *_repetition(several, embeddings),
        _generic(said, beside, embeddings, run.info.split.radius),
        *(_language(said, signs) if describes_in_words(run) else ()),
        *_weights(several),
        *_spent(images),
    ]
    return [check for check in found if check.values]


def check_runs(
    run: Run,
    baseline: Run,
    *,
    encoder: SentenceEncoder | None = None,
    on_progress: Progress = silent,
    on_note: Callable[[str], None] = _unheard,
) -> list[tuple[Check, Check]]:
    """Check two runs, and return the checks that both have, the run's first.

    `encoder` is the run's own unless it is given. Embeddings, and what the sign reader sees where both describers
    speak in words, are kept in the run's ledger where that still is; `on_note` is told why signs were not read.
    Raises `RunUnfinished` for a run that has not finished, and what the encoder and the ledger raise.
    """
    for one in (run, baseline):
        one.finished_or_raise()
    encoder = encoder or open_encoder(str(run.info.settings["encoder"]))
    with ledger_of(run) as ledger:
        read = describes_in_words(run) and describes_in_words(baseline)
        phrases = (cue.text for one in (run, baseline) for image in _said(one).values() for cue in image.cues)
        embeddings = embed_phrases(phrases, encoder, ledger)
        mine, theirs = (
            _checked(one, beside, embeddings, ledger, read, on_progress, on_note)
            for one, beside in ((run, baseline), (baseline, run))
        )
    return [(check, theirs[name]) for name, check in mine.items() if name in theirs]


def describes_in_words(run: Run) -> bool:
    """Whether a run's cues are sentences about a scene, which can quote, name and be wrong; see `_WITHOUT_LANGUAGE`."""
    describer = str(run.info.settings.get("describer_id", ""))
    return not run.info.judges and not describer.startswith(_WITHOUT_LANGUAGE)


def _said(run: Run) -> _Images:
    """The images of a run that have cues, by role and name."""
    return {f"{one.role} {one.photo}": one for one in run.descriptions.values() if one.cues}


def _checked(
    run: Run,
    beside: Run,
    embeddings: Mapping[str, Floats],
    ledger: Ledger,
    read: bool,
    on_progress: Progress,
    on_note: Callable[[str], None],
) -> dict[str, Check]:
    lines = None
    if read:
        lines, note = read_signs(run, ledger, on_progress=on_progress)
        if note is not None:
            on_note(note)
    return {check.name: check for check in check_run(run, embeddings, lines, beside)}


class _Kind(NamedTuple):
    """A check without its values."""

    name: str
    better: str | None
    binary: bool
    meaning: str

    def of(self, values: Iterable[tuple[str, float | None]]) -> Check:
        """Return the check with these values; None: it does not apply to that image."""
        kept = {key: float(value) for key, value in values if value is not None}
        return Check.model_validate({**self._asdict(), "values": kept})


def _validity(images: _Images, n: int) -> list[Check]:
    """The checks of validity; an image that was never asked about says nothing about a prompt."""
    asked = {key: one for key, one in images.items() if one.attempts or one.cues}
    first = _Kind("valid at first attempt", "higher", True, "the first answer had cues that can be used")
    later = _Kind("valid after retries", "higher", True, "some answer had cues that can be used")
    exact = _Kind("exactly N cues", "higher", True, f"of the valid answers, those with {n} cues")
    return [
        first.of((key, one.first_valid and bool(one.cues)) for key, one in asked.items()),
        later.of((key, bool(one.cues)) for key, one in asked.items()),
        exact.of((key, len(one.cues) == n) for key, one in asked.items() if one.cues),
    ]


def _repetition(several: _Images, embeddings: Mapping[str, Floats]) -> list[Check]:
    twice = _Kind("duplicate cues", "lower", True, "two cues of the image say the same (cosine above 0.9)")
    return [twice.of((key, has_duplicates(one.cues, embeddings)) for key, one in several.items())]


def _generic(said: _Images, beside: Run | None, embeddings: Mapping[str, Floats], radius: float) -> Check:
    vague = _Kind("generic cues", "lower", False, "mean cosine of the image's cues to those of other places")
    return vague.of(genericity(said, embeddings, radius, beside=_said(beside) if beside else None).items())


def _language(said: _Images, signs: Mapping[str, Sequence[str]] | None) -> list[Check]:
    fleeting = _Kind(
        "transient objects", "lower", True, "a cue names people, vehicles, weather, season, light or time of day"
    )
    quoted = _Kind("quoted text seen", "higher", False, "share of the quoted strings that the sign reader also sees")
    named = _Kind("invented names", "lower", True, "a cue holds a proper name that the sign reader does not see")
    read = {key: (_texts(one.cues), signs[one.digest]) for key, one in said.items() if signs and one.digest in signs}
    return [
        fleeting.of((key, any(map(transient_mentions, _texts(one.cues)))) for key, one in said.items()),
        quoted.of((key, share_seen(_quoted(texts), lines)) for key, (texts, lines) in read.items()),
        named.of((key, bool(names_unseen(texts, lines))) for key, (texts, lines) in read.items()),
    ]


def _weights(several: _Images) -> list[Check]:
    spread = _Kind("weight entropy", None, False, "H / ln N of the weights: 1 when all cues count alike")
    recurring = _Kind("boilerplate weights", "lower", True, "the image has the run's most common weights")
    common = most_common_weights(several.values())
    return [
        spread.of((key, weight_entropy([cue.weight for cue in one.cues])) for key, one in several.items()),
        recurring.of((key, rounded_weights(one.cues) == common) for key, one in several.items()),
    ]


def _spent(images: _Images) -> list[Check]:
    # A longer prompt costs tokens at every image: how many may be spent is decided by the gate's limit on cost.
    tokens = _Kind("tokens", None, False, "of prompts and answers, over all attempts at the image")
    # Machines and their load differ, so fewer seconds do not speak for a prompt.
    seconds = _Kind("seconds", None, False, "over all attempts at the image; depends on the machine")
    return [
        tokens.of((key, asked_and_answered(one.usage)) for key, one in images.items() if one.usage),
        seconds.of((key, one.latency) for key, one in images.items() if one.latency > 0),
    ]


def _texts(cues: Sequence[Cue]) -> list[str]:
    return [cue.text for cue in cues]


def _quoted(texts: Sequence[str]) -> list[str]:
    return [quoted for text in texts for quoted in quoted_strings(text)]
