"""The paper's percentages as counts: each is printed as it stands, and is the only one that is, but where marked."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.measures.recall import Recall
from internvl_vpr.evals.tune.published import OWN, QUERIES, Published, counts_of, table_1, table_2

NIGHT, OCCLUSION, AMSTERTIME = "sf-xl-night", "sf-xl-occlusion", "amstertime"
PAPER_QUERIES = {NIGHT: 466, OCCLUSION: 76, AMSTERTIME: 1231}

# Table I of the paper, written out again from its text, a split at a time: Recall@1 and Recall@5 in percent.
TABLE_1 = {
    NIGHT: {
        "CosPlace": ("23.6", "32.8"),
        "MixVPR": ("19.5", "30.5"),
        "EigenPlaces": ("23.6", "34.5"),
        "SALAD-CM": ("43.8", "57.1"),
        "AnyLoc (zero-shot)": ("41.0", "55.4"),
        "InternVL-VPR (zero-shot)": ("48.9", "62.4"),
    },
    OCCLUSION: {
        "CosPlace": ("30.3", "44.7"),
        "MixVPR": ("30.3", "38.2"),
        "EigenPlaces": ("32.9", "52.6"),
        "SALAD-CM": ("44.7", "64.5"),
        "AnyLoc (zero-shot)": ("15.8", "27.6"),
        "InternVL-VPR (zero-shot)": ("28.9", "40.8"),
    },
    AMSTERTIME: {
        "CosPlace": ("49.6", "68.5"),
        "MixVPR": ("40.9", "59.5"),
        "EigenPlaces": ("49.9", "69.8"),
        "SALAD-CM": ("56.2", "78.7"),
        "AnyLoc (zero-shot)": ("45.1", "66.3"),
        "InternVL-VPR (zero-shot)": ("47.6", "69.9"),
    },
}
CELLS = [
    (method, split, place, printed[place])
    for split, rows in TABLE_1.items()
    for method, printed in rows.items()
    for place in (0, 1)
]


def printed_as(successes: int, queries: int) -> str:
    """A percentage with one decimal, as one rounds by hand."""
    share = Decimal(100 * successes) / Decimal(queries)
    return str(share.quantize(Decimal("0.1"), ROUND_HALF_UP))


@pytest.mark.parametrize(("method", "split", "place", "percent"), CELLS)
def test_every_count_is_printed_as_the_paper_has_it(method: str, split: str, place: int, percent: str) -> None:
    found = table_1(split)[method][place]
    queries = PAPER_QUERIES[split]
    assert (found.recall.k, found.recall.queries) == ((1, 5)[place], queries)
    assert printed_as(found.recall.successes, queries) == percent
    alike = [k for k in range(queries + 1) if printed_as(k, queries) == percent]
    assert found.sure == (len(alike) == 1)
    assert found.sure or split == AMSTERTIME  # 1231 queries are more than one decimal tells apart
    assert len(alike) <= 2


def test_the_splits_and_methods_are_the_papers_in_its_order() -> None:
    assert list(QUERIES.items()) == list(PAPER_QUERIES.items())
    for split, rows in TABLE_1.items():
        assert list(table_1(split)) == list(rows)


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
def test_recall_at_1_as_whole_counts(split: str, method: str, successes: int) -> None:
    assert table_1(split)[method][0] == Published(Recall(1, successes, PAPER_QUERIES[split]))


@given(st.data(), st.integers(1, 2000))
def test_a_counts_own_percentage_leads_back_to_it(data: st.DataObject, queries: int) -> None:
    successes = data.draw(st.integers(0, queries))
    found = counts_of(printed_as(successes, queries), queries)
    assert successes in found
    assert len(found) == 1 or queries > 900
    misses = [abs(1000 * k / queries - 10 * float(printed_as(successes, queries))) for k in found]
    assert misses == sorted(misses)
    assert misses[-1] <= 0.5 + 1e-9


# Table II of the paper, written out from its text: N, then percentages and the counts behind them.
TABLE_2: dict[str, dict[int, tuple[tuple[str, int], tuple[str, int]]]] = {
    NIGHT: {1: (("46.1", 215), ("60.5", 282)), 3: (("48.9", 228), ("62.4", 291)), 5: (("46.8", 218), ("61.2", 285))},
    OCCLUSION: {1: (("23.7", 18), ("35.5", 27)), 3: (("28.9", 22), ("40.8", 31)), 5: (("28.9", 22), ("39.5", 30))},
}


@pytest.mark.parametrize("split", TABLE_2)
def test_table_2_has_all_of_the_papers_cells_as_whole_counts(split: str) -> None:
    queries, found = PAPER_QUERIES[split], table_2(split)
    assert list(found) == [1, 3, 5]
    for n, cells in TABLE_2[split].items():
        for k, (percent, count), one in zip((1, 5), cells, found[n], strict=True):
            assert one == Published(Recall(k, count, queries))
            assert printed_as(count, queries) == percent
    assert found[3] == table_1(split)[OWN]


def test_the_paper_has_no_table_2_for_amstertime() -> None:
    assert table_2(AMSTERTIME) == {}
