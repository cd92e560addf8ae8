"""What the stand-in says about a photograph: true cues, vague ones, fleeting ones, invented names, broken answers."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from internvl_vpr.tools.describers.answer_text import SHORTEST

from ..town.photo import Condition, Shot
from ..town.plan import centre_house
from .draws import chance, choose
from .manner import Manner, manner_of
from .sights import Sight, sights

_OWN_WAY = 0.25  # of all decisions, the share that any change of the prompt's text makes anew
_STRIKING = 0.75  # of what is noticed, the share that the house decides and not the single photograph

_GENERIC = (
    "a building with windows", "a street in a town", "a European style building", "a row of buildings",
    "a facade with several windows", "a typical city street", "an old building", "a pavement in front of a building",
    "a building with an entrance", "an urban scene with buildings", "buildings along a street", "windows and doors",
    "a roof above a wall", "a road beside a building",
)  # fmt: skip
_FLEETING: dict[Condition, tuple[str, ...]] = {
    "day": (
        "cars parked along the street", "people walking past the shop", "clouds in a blue sky",
        "a pedestrian on the pavement", "soft afternoon light on the facade", "a quiet street with little traffic",
        "a sunny day in the city", "shadows on the pavement", "an overcast sky above the roofs",
    ),
    "night": (
        "a dark sky at night", "headlights of a car", "warm light from a few windows in the evening",
        "a quiet street after dark", "people on their way home at night", "a wet road that shines at night",
    ),
    "occlusion": (
        "a car parked in front of the building", "a van that hides the entrance", "people walking past",
        "scaffolding in front of the house", "a person crossing the street", "busy traffic in the foreground",
    ),
    "long_ago": (
        "people standing in the street", "a cloudy sky", "a horse-drawn vehicle", "shadows of a summer day",
        "a pedestrian beside the road", "a misty morning",
    ),
}  # fmt: skip
_INVENTED = (
    "the Hotel Belvedere beside the square", "a view of Rosenborg Street", "the corner of Kensington Street",
    "a branch of the Carlsen department store", "a shop called Fiorelli", "the old town hall of Lüneburg",
    "a pub named Whitmore in the middle", "the entrance to Montclair Court", "a house on Wexford Lane",
)  # fmt: skip
_ROUTINE = (90, 85, 80, 75, 70, 65, 60, 55, 50, 45)


class Asked(NamedTuple):
    """A request about a photograph: the prompt's text, the number of cues, and the seed of the decoding."""

    prompt: str
    n: int
    decoding: int = 0


class Answer(NamedTuple):
    """The content of an answer and why it ended there."""

    content: str
    finish_reason: str = "stop"


def answer(shot: Shot, asked: Asked, seed: int = 0) -> Answer:
    """Answer a request; the same photograph, request and seed give the same answer, in any order."""
    return _Speaker(shot, asked, manner_of(asked.prompt), seed).answer()


@dataclass(frozen=True)
class _Speaker:
    """Says something about one photograph."""

    shot: Shot
    asked: Asked
    manner: Manner
    seed: int

    def answer(self) -> Answer:
        """Return the whole answer, or a broken one."""
        cues = self._scored(list(self._cues()))
        if self._draw("broken") >= self.manner.broken:
            return Answer(_written(cues))
        whole = _written(cues)
        return choose(
            (
                Answer(whole[: len(whole) * 2 // 3], "length"),
                Answer(f"Here are the descriptions: {whole}"),
                Answer(_written(cues[:-1])),
                Answer(_written([*cues[:-1], cues[0]]) if len(cues) > 1 else "[]"),
            ),
            *self._key("how it breaks"),
        )

    def _cues(self) -> Iterator[tuple[str, float]]:
        """Yield the cues, no two alike, each with how telling the stand-in takes it to be."""
        manner, noticed = self.manner, self._noticed()
        vague, gone, names = ([*texts] for texts in (_GENERIC, _FLEETING[self.shot.condition], _INVENTED))
        kinds = ((manner.fleeting, gone, 0.55), (manner.invented, names, 0.85), (manner.generic, vague, 0.4))
        said = set[str]()
        for slot in range(self.asked.n):
            cue, drawn = None, self._draw("kind", slot)
            for share, texts, telling in kinds:
                if 0 <= drawn < share and texts:
                    cue = texts.pop(int(self._draw("which", slot) * len(texts))), telling
                drawn -= share
            if cue is None and (sight := next(noticed, None)):
                cue = self._in_words(sight)
            if cue is None or cue[0] in said:
                cue = vague.pop(), 0.4
            said.add(cue[0])
            yield cue

    def _noticed(self) -> Iterator[Sight]:
        """Yield what is seen in the order in which it is noticed: what is telling sooner, but by chance.

        Keys of Efraimidis and Spirakis (2006) draw without replacement in proportion to attention. Most of the chance
        goes with the house: what is striking in one photograph of it mostly is in the next.
        """
        house = centre_house(self.shot.place.scene)[1]

        def turn(sight: Sight) -> float:
            striking = chance(self.seed, house.seed, sight.kind, self._own_way("striking", sight.kind))
            drawn = striking if self._draw("by house", sight.kind) < _STRIKING else self._draw("sight", sight.kind)
            return -math.log(drawn or 1e-12) / self._attention(sight)

        yield from sorted(sights(self.shot, self.seed), key=turn)

    def _attention(self, sight: Sight) -> float:
        return float(sight.telling**self.manner.choosy) * (self.manner.signs if sight.kind.startswith("sign") else 1.0)

    def _in_words(self, sight: Sight) -> tuple[str, float]:
        share = self.manner.quoted if sight.kind.startswith("sign") else self.manner.exact
        exactly = self._draw("exactly", sight.kind) < share
        return (sight.exact, sight.telling) if exactly else (_long_enough(sight.rough), 0.6 * sight.telling)

    def _scored(self, cues: list[tuple[str, float]]) -> list[tuple[str, int]]:
        """Give each cue its score: how telling it is, roughly, or a routine that says nothing."""
        if self._draw("routine") < self.manner.boilerplate:
            return [(text, _ROUTINE[number]) for number, (text, _) in enumerate(cues)]
        errors = [30 * (self._draw("score", number) - 0.5) for number in range(len(cues))]
        return [
            (text, min(100, max(1, round(100 * telling + error))))
            for (text, telling), error in zip(cues, errors, strict=True)
        ]

    def _draw(self, *what: object) -> float:
        return chance(*self._key(*what))

    def _key(self, *what: object) -> tuple[object, ...]:
        """What decides: the photograph, the decoding, and for some decisions the very words of the prompt."""
        shot = self.shot
        key = (self.seed, shot.seed, shot.place.name, shot.condition, shot.view, self.asked.decoding, *what)
        return (*key, self._own_way(*key))

    def _own_way(self, *key: object) -> str:
        return self.asked.prompt if chance("own way", self.asked.prompt, *key) < _OWN_WAY else ""


def _long_enough(thing: str) -> str:
    """Lengthen a phrase that is shorter than the schema allows."""
    return thing if len(thing) >= SHORTEST else f"{thing} in the middle"


def _written(cues: list[tuple[str, int]]) -> str:
    return json.dumps({"cues": [{"description": text, "score": score} for text, score in cues]}, ensure_ascii=False)
