"""The paper's percentages as counts: each is printed as it stands, and is the only one that is, but where marked."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.measures.recall import Recall
from internvl_vpr.evals.tune.published import OWN, PRINTED, QUERIES, Published, counts_of, table_1, table_2

CELLS = [
    (method, split, place, printed[column].split("/")[place])
    for method, printed in PRINTED.items()
    for column, split in enumerate(QUERIES)
    for place in (0, 1)
]


def printed_as(successes: int, queries: int) -> str:
    """A percentage with one decimal, as one rounds by hand."""
    share = Decimal(100 * successes) / Decimal(queries)
    return str(share.quantize(Decimal("0.1"), ROUND_HALF_UP))


@pytest.mark.parametrize(("method", "split", "place", "percent"), CELLS)
def test_every_count_is_printed_as_the_paper_has_it(method: str, split: str, place: int, percent: str) -> None:
    found = table_1(split)[method][place]
    assert (found.recall.k, found.recall.queries) == ((1, 5)[place], QUERIES[split])
    assert printed_as(found.recall.successes, QUERIES[split]) == percent
    alike = [k for k in range(QUERIES[split] + 1) if printed_as(k, QUERIES[split]) == percent]
    assert found.sure == (len(alike) == 1)
    assert found.sure or split == "amstertime"  # 1231 queries are more than one decimal tells apart
    assert len(alike) <= 2


def test_which_counts_are_not_sure() -> None:
    unsure = {
        (method, recall.recall.k): recall.recall.successes
        for method, recalls in table_1("amstertime").items()
        for recall in recalls
        if not recall.sure
    }
    assert unsure == {("CosPlace", 1): 611, ("MixVPR", 1): 503, ("MixVPR", 5): 732, (OWN, 5): 860}
    assert str(table_1("amstertime")["MixVPR"][0]).startswith("40.9 % (≈503/1231, ")
    assert str(table_1("amstertime")["EigenPlaces"][0]).startswith("49.9 % (614/1231, ")


@pytest.mark.parametrize(
    ("split", "method", "successes"),
    [
        ("sf-xl-occlusion", "AnyLoc (zero-shot)", 12), ("sf-xl-occlusion", OWN, 22),
        ("sf-xl-occlusion", "SALAD-CM", 34),
        ("sf-xl-night", "AnyLoc (zero-shot)", 191), ("sf-xl-night", OWN, 228), ("sf-xl-night", "SALAD-CM", 204),
        ("amstertime", "AnyLoc (zero-shot)", 555), ("amstertime", OWN, 586), ("amstertime", "SALAD-CM", 692),
    ],
)  # fmt: skip
def test_recall_at_1_as_the_notes_count_it(split: str, method: str, successes: int) -> None:
    assert table_1(split)[method][0] == Published(Recall(1, successes, QUERIES[split]))


@given(st.data(), st.integers(1, 2000))
def test_a_counts_own_percentage_leads_back_to_it(data: st.DataObject, queries: int) -> None:
    successes = data.draw(st.integers(0, queries))
    found = counts_of(printed_as(successes, queries), queries)
    assert successes in found
    assert len(found) == 1 or queries > 900
    misses = [abs(1000 * k / queries - 10 * float(printed_as(successes, queries))) for k in found]
    assert misses == sorted(misses)
    assert misses[-1] <= 0.5 + 1e-9


def successes(found: tuple[Published | None, Published | None]) -> tuple[int | None, int | None]:
    first, fifth = found
    return (first.recall.successes if first else None, fifth.recall.successes if fifth else None)


def test_table_2_holds_what_is_known_and_nothing_else() -> None:
    night, occlusion, old = (table_2(split) for split in QUERIES)
    assert {n: successes(found) for n, found in night.items()} == {1: (None, None), 3: (228, 291), 5: (218, None)}
    assert {n: successes(found) for n, found in occlusion.items()} == {1: (18, None), 3: (22, 31), 5: (22, 30)}
    assert {n: successes(found) for n, found in old.items()} == {1: (None, None), 3: (586, 860), 5: (None, None)}
