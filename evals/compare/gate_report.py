"""What a gate found, line by line, with its exit code, as JSON and as JUnit XML."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Literal

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Record

from ..measures.paired import Interval
from .records import Comparison

Outcome = Literal["pass", "regression", "inconclusive", "incomplete", "noted"]
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # all but XML 1.0's characters, 2.2
PASS, REGRESSION, INCONCLUSIVE, INCOMPLETE = 0, 1, 3, 4


class GateLine(Record):
    """One line of the report: what was measured, what is allowed, and what follows from it.

    The `recall` line is about all queries, `split` lines are about one split of several and can fail the gate, but
    not make it inconclusive. `grade` lines are about how far answers can be believed.
    """

    kind: Literal["run", "recall", "split", "limit", "check", "grade"]
    name: str
    outcome: Outcome
    measured: float | None
    limit: float | None
    reason: str


class CheckResult(Record):
    """A check of descriptions in both runs: the mean difference, run − baseline, over the images of both.

    The interval is 95 %; p is exact McNemar's for shares and that of sign flips otherwise, `holm` the same corrected
    for all checks. `floor` is the difference that two runs of the same prompt may have.
    """

    name: str
    meaning: str
    better: Literal["higher", "lower"] | None
    images: int
    run: float
    baseline: float
    difference: float
    interval: Interval
    test: Literal["McNemar", "sign flips"]
    p: float
    holm: float
    floor: float
    outcome: Outcome


class GateReport(Record):
    """A gate's outcome with everything that it rests on; `comparison` (baseline → run) is None when incomplete."""

    outcome: Literal["pass", "regression", "inconclusive", "incomplete"]
    lines: tuple[GateLine, ...]
    checks: tuple[CheckResult, ...] = ()
    comparison: Comparison | None = None

    def exit_code(self, *, strict: bool = False) -> int:
        """Return 0 pass, 1 regression, 3 inconclusive (1 when strict), 4 incomplete."""
        codes = {
            "pass": PASS,
            "regression": REGRESSION,
            "inconclusive": REGRESSION if strict else INCONCLUSIVE,
            "incomplete": INCOMPLETE,
        }
        return codes[self.outcome]


def overall(lines: tuple[GateLine, ...]) -> Literal["pass", "regression", "inconclusive", "incomplete"]:
    """Return what the lines mean together: incomplete comes first, since nothing can be said then.

    Only the line about all queries can make the gate inconclusive.
    """
    if any(line.outcome == "incomplete" for line in lines):
        return "incomplete"
    if any(line.outcome == "regression" for line in lines):
        return "regression"
    if any(line.outcome == "inconclusive" and line.kind == "recall" for line in lines):
        return "inconclusive"
    return "pass"


def write_junit(path: Path, report: GateReport, *, strict: bool = False) -> None:
    """Write a report as JUnit XML, a test case a line, as a whole or not at all.

    A regression is a failure with its reason, an incomplete line an error, an inconclusive one skipped or, when
    strict, a failure. Characters that XML 1.0 forbids are left out. Raises `UsageError` when it cannot be written.
    """
    try:
        write_whole(path, junit(report, strict=strict))
    except OSError as error:
        raise UsageError(
            f"The report {str(path)!r} cannot be written ({error.strerror}): name another file with --junit."
        ) from error


def junit(report: GateReport, *, strict: bool = False) -> str:
    """Return a report as JUnit XML, see `write_junit`."""
    suite = ET.Element("testsuite", name="internvl-vpr eval gate", tests=str(len(report.lines)))
    found = [_case(suite, line, strict=strict) for line in report.lines]
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(found.count(tag)))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def gate_json(report: GateReport, *, strict: bool = False) -> dict[str, Any]:
    """Return a report as JSON-ready values, with its exit code."""
    return {"exit_code": report.exit_code(strict=strict), **report.model_dump(mode="json")}


def _case(suite: ET.Element, line: GateLine, *, strict: bool) -> str | None:
    """Add a test case, and return the tag of its result."""
    case = ET.SubElement(suite, "testcase", classname=f"gate.{line.kind}", name=legal(line.name))
    tag = _tag(line, strict=strict)
    if tag is not None:
        ET.SubElement(case, tag, message=legal(line.reason))
    else:
        ET.SubElement(case, "system-out").text = legal(line.reason)
    return tag


def _tag(line: GateLine, *, strict: bool) -> str | None:
    if line.outcome == "inconclusive":
        return "failure" if strict and line.kind == "recall" else "skipped"
    return {"regression": "failure", "incomplete": "error"}.get(line.outcome)


def legal(text: str) -> str:
    """Return a text without the characters that XML 1.0 forbids."""
    return _ILLEGAL.sub("", text)
