"""The page: whole in itself, without scripts, with every foreign text escaped, and numbers that can be checked."""

import re
from pathlib import Path

import made_runs
import pytest
from pages import Page, browse, needs_chromium
from PIL import Image
from scipy.stats import beta

from internvl_vpr.evals.report.grades import reliability_bins
from internvl_vpr.evals.report.page import choose, group_of, render_report
from internvl_vpr.evals.report.query import Thumbnails
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result
from internvl_vpr.tools.errors import RunUnfinished, UsageError
from internvl_vpr.tools.index.calibration import Limits
from internvl_vpr.tools.records import Probability, Steps

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe \x1b[31m javascript:alert(3) </style>'


def town(
    folder: Path | None = None, *, sign: str = "sign MORGAN", final: int = 1, describer_id: str = "scripted/1"
) -> Run:
    """Seven queries, one of each kind, with cues for the first; its photos are in `folder`, when one is given."""
    at = made_runs.metres(0)
    results = [
        made_runs.result("saved", 3, final, at=at),
        made_runs.result("lost", 1, 4),
        made_runs.result("both wrong", 3, 2),
        made_runs.result("nowhere", None, None),
        made_runs.result("right", 1, 1),
        made_runs.result("outside", None, None, outside=True),
        made_runs.result("elsewhere", None, None, outside=True, retained=0),
    ]
    first = results[0]
    shortlist = list(first.shortlist)
    shortlist[2] = shortlist[2].model_copy(
        update={"matches": ((1, 0.8), (0, 0.5)), "score": 0.9 * 0.8 + 0.1 * 0.5, "metres": 24.5}
    )
    results[0] = first.model_copy(update={"shortlist": tuple(shortlist)})
    described = [
        made_runs.described("saved.jpg", (sign, 9.0), ("a red wall", 1.0), role="query", at=at),
        made_runs.described("saved-right.jpg", ("a brick wall", 1.0), ("sign MORGEN", 3.0), at=made_runs.metres(7, 24)),
    ]
    run = made_runs.run(results, described, tau=0.5, describer_id=describer_id)
    if folder is not None:
        split = run.info.split.model_copy(
            update={"folders": {"database": str(folder), "queries": str(folder), "outside": str(folder)}}
        )
        descriptions = run.descriptions
        run = Run(run.folder, run.info.model_copy(update={"split": split}), run.results)
        run.__dict__["descriptions"] = descriptions
    return run


def page_of(*runs: Run, queries: int = 60) -> tuple[str, Page]:
    text = render_report([{run.info.split.name: run} for run in runs], queries)
    return text, Page(text)


def assert_whole_in_itself(text: str, page: Page) -> None:
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "embed", "base", "form"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    for value in (*page.values("src"), *page.values("href"), *page.values("srcset"), *page.values("action")):
        assert value.startswith(("#", "data:image/jpeg;base64,"))
    assert "url(" not in text
    assert "@import" not in text
    (policy,) = (tag for _, tag in page.tags if tag.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_the_page_needs_nothing_else_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "navy").save(tmp_path / "saved.jpg")
    text, page = page_of(town(tmp_path))
    assert_whole_in_itself(text, page)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert set(page.values("aria-labelledby")) <= set(ids)
    assert [tag for tag, _ in page.tags].count("main") == 1
    assert {link.removeprefix("#") for link in page.values("href")} <= set(ids)
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(pictures) == 1
    assert all(picture["alt"] for picture in pictures)
    assert text.count("this photo cannot be shown") > 5  # the others are not there


def test_names_lead_nowhere_but_below_the_runs_folders(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("secret.jpg", "photos/mine.jpg"):
        Image.new("RGB", (64, 48), "navy").save(tmp_path / name)
    folders = {"queries": str(tmp_path / "photos"), "database": str(tmp_path / "photos")}
    pictures = Thumbnails(made_runs.run([]).info.split.model_copy(update={"folders": folders}))
    assert pictures.of("query", "mine.jpg") is not None
    assert pictures.of("query", "../secret.jpg") is None
    assert pictures.of("reference", str(tmp_path / "secret.jpg")) is None


def test_foreign_text_is_shown_and_never_markup() -> None:
    run = town(sign=HOSTILE)
    hostile = [made_runs.result(HOSTILE.replace("/", "_"), 2, 1), *run.results[1:]]
    named = Run(run.folder, run.info, [*hostile, run.results[0]])
    named.__dict__["descriptions"] = run.descriptions
    text, page = page_of(named)
    assert_whole_in_itself(text, page)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert any("<script>alert(1)</script>" in data for data in page.data)  # as a reader sees it


def test_equations_8_and_9_can_be_computed_from_the_page() -> None:
    text, _ = page_of(town())
    cells = re.findall(r"<bdi>([^<]+)</bdi><small>s (\S+), α · s (\S+), β", text)
    assert ("sign MORGEN", "0.8000", "0.7200") in cells
    assert ("a brick wall", "0.5000", "0.0500") in cells
    assert "0.7700, above τ = 0.5" in text
    assert "width: 3.60em" in text  # the bar of the weight 0.9


def test_verdicts_distances_and_doubtful_labels_are_in_words() -> None:
    text, _ = page_of(town())
    assert "first right reference: stage 1 rank 3, stage 2 rank 1" in text
    assert "correct, 24 m away" in text or "correct, 25 m away" in text
    assert "wrong, 401 m away; stage 1 rank 1, similarity 0.975; stage 2 rank 2, S 0.9750" in text
    assert "within 1 m of the radius of 25 m" in text


def test_queries_are_in_groups_and_some_of_each_are_shown() -> None:
    run = town()
    assert [group_of(result) for result in run.results] == [
        "recovered by stage 2", "lost by stage 2", "wrong at rank 1, but a right one is listed",
        "no right one is listed", "right in both stages", "from outside the map, yet located",
        "from outside the map, told unknown",
    ]  # fmt: skip
    many = [made_runs.result(f"saved{number}", 2, 1) for number in range(50)]
    chosen = choose([*run.results, *many], 20)
    assert len(chosen) == 20
    assert {group_of(result) for result in chosen} == {group_of(result) for result in run.results}
    assert [group_of(one) for one in chosen] == sorted(
        (group_of(one) for one in chosen), key=[group_of(result) for result in choose(run.results, 99)].index
    )
    text, page = page_of(Run(run.folder, run.info, [*run.results, *many]), queries=20)
    assert "20 of 57 queries are shown with photographs; all are in the list at the end." in text
    assert sum(tag == "article" for tag, _ in page.tags) == 20
    assert all(f"saved{number}.jpg" in text for number in range(50))


def test_the_contents_count_every_group_and_what_stage_2_changed_is_told_even_when_nothing() -> None:
    text, _ = page_of(town())
    assert "all queries</a> (7)" in text
    for group in ("recovered by stage 2", "lost by stage 2", "from outside the map, yet located"):
        assert f"{group}</a> (1)" in text
    without = made_runs.run([made_runs.result("right", 1, 1)])
    assert '<th scope="row">lost by stage 2</th><td class="number">0</td>' in page_of(without)[0]


def test_the_risk_of_words_alone_is_marked_at_the_tau_of_the_run() -> None:
    run = town()
    located = [result for result in run.results if not result.outside]
    accepted = [result for result in run.results if result.retained]
    for label, asked in (("5 of the map", located), ("with 2 outside", run.results)):
        believed = [result for result in accepted if result in asked]
        wrong = sum(result.outside or result.final_rank != 1 for result in believed)
        assert f"{label}; dot: {len(believed)} above τ, {wrong} wrong" in page_of(run)[0]
    assert "believes answers in the order of the best S; where all are believed" in page_of(run)[0]


def believed(number: int, grade: str, told: Probability | None = None, *, wrong: bool = False) -> Result:
    return made_runs.result(f"g{number}", 1, 2 if wrong else 1, grade=grade, probability=told, inliers=(90 - number,))


def verified(*results: Result, outside: str = "") -> Run:
    """A run whose answers rest on geometry, with photographs from outside that have these grades, by a letter each."""
    grades = {"c": "confirmed", "l": "likely", "u": "unknown"}
    others = [
        made_runs.result(f"x{number}", None, None, outside=True, grade=grades[letter], inliers=(20,))
        for number, letter in enumerate(outside)
    ]
    return made_runs.run([*results, *others], verify="rank", verify_k=20, tau=0.5)


def run_of_town() -> Run:
    """The town of the other tests, with grades."""
    made = town()
    results = [result.model_copy(update={"grade": "likely"}) for result in made.results]
    graded = Run(made.folder, made.info, results)
    graded.__dict__["descriptions"] = made.descriptions
    return graded


SURE = Probability(right=48, answers=50, low=0.86, high=0.99, basis="this map")


def test_grades_are_in_a_table_with_what_is_right_and_from_outside() -> None:
    run = verified(
        believed(0, "confirmed"), believed(1, "confirmed"), believed(2, "likely", wrong=True), outside="uulc"
    )
    text, _ = page_of(run)
    rows = re.findall(r'<tr><th scope="row">(\w+)</th>((?:<td(?: class="number")?>[^<]*</td>)+)</tr>', text)
    table = {grade: re.findall(r">([^<]*)</td>", cells) for grade, cells in rows}
    low, high = beta.ppf(0.025, 2, 2), beta.ppf(0.975, 3, 1)  # Clopper and Pearson's of 2 of 3
    assert table["confirmed"] == ["3", "2", f"66.7 % ({100 * low:.1f}–{100 * high:.1f})", "1"]
    assert table["likely"] == ["2", "0", "0.0 % (0.0–84.2)", "1"]
    assert table["ambiguous"] == ["0", "0", "–", "0"]
    assert table["unknown"] == ["2", "0", "0.0 % (0.0–84.2)", "2"]
    assert "Of 4 photographs from outside the map 2 are told unknown, and 1 confirmed." in text
    info = run.info.model_copy(update={"limits": Limits(chance=40, sure=75)})
    assert "chance 40, sure 75, " in page_of(Run(run.folder, info, run.results))[0]
    assert "Grades are not recorded in this run." in page_of(town())[0]
    assert "Grades are not recorded" not in text
    both, _ = page_of(town(), run_of_town())
    assert "<bdi>stage 1 + stage 2 (1)</bdi>: Grades are not recorded in this run." in both
    assert "How far answers can be believed: <bdi>stage 1 + stage 2 (2)</bdi>" in both
    assert both.count("Limits are 95 %, by Clopper and Pearson.") == 1


def test_the_risk_of_a_verified_run_ends_at_what_recall_leaves() -> None:
    run = verified(
        *(believed(number, "confirmed" if number < 3 else "likely", wrong=number == 3) for number in range(4))
    )
    text, _ = page_of(run)
    assert "75.0 % (3/4, " in text
    assert "4 of the map; dot: 3 confirmed, 0 wrong" in text
    assert "4 of the map; dot: 3 confirmed, 0 wrong from 0.0 % to 25.0 %" in text  # the curve's ends
    assert "in the order of grade, probability and inliers; where all are believed" in text


def test_what_was_told_with_a_probability_is_compared_with_what_was_right() -> None:
    run = verified(*(believed(number, "confirmed", SURE, wrong=number == 9) for number in range(10)), outside="u")
    text, _ = page_of(run)
    assert "10 answers: told 96.0 %, right 9 of 10" in text
    assert "right in 48 of 50 such cases on this map" in text
    none, _ = page_of(verified(believed(0, "confirmed")))
    assert "No answer has a probability, as neither the map&#39;s check nor labelled photographs support one" in none
    assert "Probabilities are not recorded" in page_of(town())[0]


def test_few_probabilities_have_a_bin_each_and_many_are_put_into_tenths() -> None:
    def told(right: int, of: int, wrong: bool = False) -> Result:
        return believed(0, "likely", Probability(right=right, answers=of, low=0, high=1, basis="this map"), wrong=wrong)

    few = reliability_bins([told(48, 50), told(97, 100, True), told(48, 50, True), believed(1, "unknown")])
    assert [(one.predicted, one.right, one.answers) for one in few] == [(0.96, 1, 2), (0.97, 0, 1)]
    assert (few[1].low, few[1].high) == pytest.approx((0.0, 0.975))  # one wrong answer: 1 - 0.025
    many = reliability_bins([told(number, 20) for number in range(21)])
    assert [one.answers for one in many] == [2] * 9 + [3]
    assert [one.predicted for one in many][-1] == pytest.approx((0.9 + 0.95 + 1.0) / 3)
    assert reliability_bins([believed(0, "confirmed")]) == []


def test_a_query_tells_its_grade_its_inliers_and_the_other_places() -> None:
    run = verified(made_runs.result("two", 1, 1, grade="ambiguous", inliers=(90, 81), alternatives=1), outside="l")
    text, _ = page_of(run)
    assert "stage 1 rank 1, stage 2 rank 1; told: ambiguous by cues, 1 other place named" in text
    assert "S 1.0000, 90 inliers" in text
    assert "from outside the map, yet located; told: likely by cues" in text
    assert "from outside the map, yet located</a> (1)" in text


def test_a_query_that_was_not_located_says_why() -> None:
    run = town()
    broken = Result(query="b.jpg", digest=None, error="The photo 'b.jpg' is damaged.", steps=Steps(made=0, recorded=0))
    text, _ = page_of(Run(run.folder, run.info, [*run.results, broken]))
    assert "not located: The photo &#39;b.jpg&#39; is damaged." in text


def test_two_runs_are_side_by_side_with_their_flips() -> None:
    text, page = page_of(town(), town(final=5, describer_id="other/1"))
    assert "Runs compared" in text
    assert "lost: <bdi>saved.jpg</bdi>, rank 1 → 5" in text
    counts = r'<td class="number">(\d+)</td>' * 2
    rows = re.findall(rf'<th scope="row">(?:<a [^>]+>)?([^<]+)(?:</a>)?</th>{counts}', text)
    assert {name: (int(a), int(b)) for name, a, b in rows}["recovered by stage 2"] == (1, 0)
    ranks = "".join(f'<td class="number">{rank}</td>' for rank in (3, 1, 3, 5))
    assert f"saved.jpg</bdi></a></td><td>recovered by stage 2</td>{ranks}" in text
    assert "describer (differs)" in page.data
    assert "encoder (differs)" not in page.data
    assert "from <bdi>stage 1 + stage 2 (1)</bdi> to <bdi>stage 1 + stage 2 (2)</bdi>, 1 queries" in text
    assert {"scripted/1", "other/1"} <= set(page.data)
    with pytest.raises(UsageError, match="different splits"):
        render_report([{"town-night": town()}, {"folder": town()}])


def test_the_first_of_each_method_stands_beside_the_query_in_the_order_given() -> None:
    """The paper's Fig. 4: query, an imported method, our stage 1, our stage 2, right and wrong framed."""
    own = town()
    results = [one.model_copy(update={"ranking": tuple(range(1, len(one.shortlist) + 1))}) for one in own.results]
    imported = Run(own.folder, own.info.model_copy(update={"method": "SALAD-CM"}), results)
    text, _ = page_of(imported, own)
    first = text.split('<article class="block"')[1]
    figures = re.findall(r'<figure class="(\w+)">.*?<strong>(?:<bdi>)?([^<]+)', first, re.DOTALL)
    assert figures == [
        ("query", "the query"), ("wrong", "SALAD-CM"), ("wrong", "stage 1"), ("right", "stage 1 + stage 2"),
    ]  # fmt: skip
    assert "recovered by stage 2" in text  # the groups are of the run that has a stage 2
    assert 'number"><bdi>SALAD-CM</bdi></th>' in text
    assert "SALAD-CM: " not in text  # rankings alone have no grades and no curve of risk
    alone, _ = page_of(imported)
    assert "Risk and coverage" not in alone
    settings = {**own.info.settings, "source": "logs/salad", "coarse": "logs/salad"}
    same, ours = (
        Run(made.folder, made.info.model_copy(update={"settings": settings}), made.results) for made in (imported, own)
    )
    columns = re.findall(r'<th scope="col">(?:<bdi>)?([^<]+)', page_of(same, ours)[0])
    assert columns[:4] == ["at", "SALAD-CM", "SALAD-CM as stage 1", "SALAD-CM + stage 2"]


def test_runs_that_differ_in_n_share_a_stage_1_and_are_told_apart() -> None:
    def prompted(run: Run, n: int, results: list[Result]) -> Run:
        made = Run(run.folder, run.info.model_copy(update={"settings": {**run.info.settings, "n": n}}), results)
        made.__dict__["descriptions"] = run.descriptions
        return made

    few, more = (prompted(run, n, list(run.results)) for run, n in ((town(), 1), (town(final=5), 3)))
    columns = re.findall(r'<th scope="col">(?:<bdi>)?([^<]+)', page_of(few, more)[0])
    assert columns[:4] == ["at", "stage 1", "stage 1 + stage 2, N\u00a0=\u00a01", "stage 1 + stage 2, N\u00a0=\u00a03"]
    results = [one.model_copy(update={"shortlist": one.shortlist[::-1]}) for one in more.results]
    other = prompted(more, 3, results)
    columns = re.findall(r'<th scope="col">(?:<bdi>)?([^<]+)', page_of(few, other)[0])
    assert columns[1:4] == ["stage 1", "stage 1 + stage 2, N\u00a0=\u00a01", "stage 1"]


def test_what_asking_a_model_took_stands_beside_what_the_other_way_takes() -> None:
    run = town()
    asks = run.info.model_copy(update={"settings": {**run.info.settings, "describer": "vlm", "model": "m"}})
    asking = Run(run.folder, asks, run.results)
    asking.__dict__["descriptions"] = run.descriptions
    text, _ = page_of(asking)
    assert "Describing each image once took 2 requests (" in text
    assert "took 2 requests" not in page_of(run)[0]


def test_what_a_reader_must_know_of_the_queries_is_told_and_nothing_of_tables_that_are_not_there() -> None:
    run = town()
    split = run.info.split.model_copy(update={"plane": True, "without_positives": 2})
    part = Run(run.folder, run.info.model_copy(update={"limit": 7, "split": split}), run.results)
    part.__dict__["descriptions"] = {}
    text, _ = page_of(part)
    for line in (
        "Limited to the first 7 queries.",
        "2 queries without a right reference: counted as missed.",
        "Metres in names are taken as they stand, whatever their zone (--plane).",
    ):
        assert line in text
        assert line not in page_of(run)[0]
    assert "In the tables of cues" not in text
    assert "In the tables of cues" in page_of(run)[0]


def test_a_candidates_own_weights_and_what_matched_nothing_are_shown() -> None:
    run = town()
    more = made_runs.described(
        "saved-right.jpg",
        ("a brick wall", 1.0),
        ("sign MORGEN", 3.0),
        ("a green door", 4.0),
        at=made_runs.metres(7, 24),
    )
    run.descriptions[more.digest] = more
    text, _ = page_of(run)
    assert "<bdi>sign MORGEN</bdi><small>s 0.8000, α · s 0.7200, β 0.3750</small>" in text
    assert "<bdi>a green door</bdi><small>β 0.5000</small>" in text
    assert text.count("a green door") == 1


def test_a_run_that_has_not_finished_is_refused() -> None:
    run = made_runs.run([made_runs.result("a", 1, 1)], finished=None)
    with pytest.raises(RunUnfinished):
        render_report([{"town-night": run}])


@needs_chromium
def test_a_browser_opens_it_with_no_request_and_no_error(tmp_path: Path) -> None:
    Image.new("RGB", (640, 480), "navy").save(tmp_path / "saved.jpg")
    page = tmp_path / "page.html"
    page.write_text(page_of(town(tmp_path, sign=HOSTILE))[0])
    content, logged, asked = browse(page)
    assert "recovered by stage 2" in content
    assert "CONSOLE" not in logged
    assert asked == set()
    other = tmp_path / "other.html"
    other.write_text("<script>console.log('seen')</script><img src='http://photos.example/1.jpg'>")
    _, logged, asked = browse(other)  # what such a page would show here
    assert "CONSOLE" in logged
    assert asked == {"photos.example"}
