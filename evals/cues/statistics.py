"""Numbers about an image's cues: duplicates, how generic they are, and whether their weights say anything."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.photo.gallery import Gallery
from internvl_vpr.tools.records import Cue

from ..runs.records import ImageDescription

ALIKE = 0.9  # cosine above which two cues of an image say the same
SAMPLE = 2_000  # cues of a run that the others are compared with, at most

Embeddings = Mapping[str, Floats]


def has_duplicates(cues: Sequence[Cue], embeddings: Embeddings) -> bool:
    """Whether two cues of an image are equal but for their case, or have a cosine above 0.9."""
    if len({cue.text.casefold() for cue in cues}) < len(cues):
        return True
    vectors = np.stack([embeddings[cue.text] for cue in cues]).astype(np.float64)  # [N, d]
    cosines = vectors @ vectors.T
    return bool((cosines[np.triu_indices(len(cues), 1)] > ALIKE).any())


def weight_entropy(weights: Sequence[float]) -> float:
    """Return H / ln N of N ≥ 2 weights that sum to one: 1 when they are all alike, 0 when one has everything."""
    entropy = -sum(weight * math.log(weight) for weight in weights if weight > 0)
    return min(1.0, max(0.0, entropy / math.log(len(weights))))


def most_common_weights(images: Iterable[ImageDescription]) -> tuple[float, ...]:
    """Return the weights, to two decimals and in the describer's order, that most images of several cues have.

    Of equally common ones it is the smallest; empty when there is no such image.
    """
    counts = Counter(rounded_weights(one.cues) for one in images if len(one.cues) > 1)
    return min(counts, key=lambda weights: (-counts[weights], weights), default=())


def rounded_weights(cues: Sequence[Cue]) -> tuple[float, ...]:
    """Return the weights of an image to two decimals."""
    return tuple(round(cue.weight, 2) for cue in cues)


class _Sampled(NamedTuple):
    """A cue of the sample: its image and its unit vector `[d]`."""

    image: ImageDescription
    vector: Floats


def genericity(
    images: Mapping[str, ImageDescription],
    embeddings: Embeddings,
    radius: float,
    *,
    beside: Mapping[str, ImageDescription] | None = None,
    sample: int = SAMPLE,
    seed: int = 0,
) -> dict[str, float]:
    """Return the mean cosine of each image's cues to sampled cues of other places, by the image's key.

    `beside` are descriptions of the same images by another run, whose cues are sampled as well. Two runs that are
    compared need one sample: each with its own, a few other cues in it would move all images of a run together,
    which looks like a difference to any test that takes images as independent.

    Another place is farther away than `radius` metres; where that cannot be said it is another image. The sample, at
    most so many cues, depends on the seed and on the images' keys alone. An image without cues, or without another
    place in the sample, has no value.
    """
    drawn = [one for run in (images, beside or {}) for one in _draw(run, embeddings, sample, seed)]
    if not drawn:
        return {}
    everything = np.sum([one.vector for one in drawn], axis=0)  # [d]; the mean is linear, so that no matrix is needed
    places = Gallery((str(number), one.image.position) for number, one in enumerate(drawn))
    own: dict[str, list[int]] = {}
    for number, one in enumerate(drawn):
        own.setdefault(one.image.digest, []).append(number)
    values = {}
    for key, image in images.items():
        here = set(own.get(image.digest, []))
        if image.position is not None:
            here.update(map(int, places.around(image.position, radius)))
        if image.cues and len(here) < len(drawn):
            others = everything - sum(drawn[number].vector for number in here)
            mean = np.mean([embeddings[cue.text] for cue in image.cues], axis=0, dtype=np.float64)
            values[key] = float(mean @ others) / (len(drawn) - len(here))
    return values


def _draw(images: Mapping[str, ImageDescription], embeddings: Embeddings, sample: int, seed: int) -> list[_Sampled]:
    """Draw cues by a hash of key and number, so that two runs over the same images draw the same ones."""
    numbered = [(key, number) for key, image in images.items() for number in range(len(image.cues))]
    numbered.sort(key=lambda one: hashlib.sha256(f"{seed}\n{one[0]}\n{one[1]}".encode()).digest())
    chosen = [(images[key], images[key].cues[number].text) for key, number in numbered[:sample]]
    return [_Sampled(image, embeddings[text].astype(np.float64)) for image, text in chosen]
