"""A gate's report for machines: JUnit XML and JSON; and the noise floors that a gate reads."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError

from .gate_report import GateReport, Line

# All but the characters of XML 1.0, 2.2.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_Floor = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Noise(BaseModel):
    """What `eval noise` writes, as far as a gate needs it."""

    floors: dict[str, _Floor]


def read_noise(path: Path) -> dict[str, float]:
    """Read the noise floors, absolute differences by the name of a check or `Recall@1`; raises `UsageError`."""
    try:
        return _Noise.model_validate_json(path.read_bytes()).floors
    except (OSError, ValidationError) as error:
        raise UsageError(
            f"The noise floors {str(path)!r} cannot be read: name a file that internvl-vpr eval noise has written."
        ) from error


def write_junit(path: Path, report: GateReport, *, strict: bool = False) -> None:
    """Write a report as JUnit XML, a test case a line, so that the file is there as a whole or not at all.

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


def _case(suite: ET.Element, line: Line, *, strict: bool) -> str | None:
    """Add a test case, and return the tag of its result."""
    case = ET.SubElement(suite, "testcase", classname=f"gate.{line.kind}", name=legal(line.name))
    tag = _tag(line, strict=strict)
    if tag is not None:
        ET.SubElement(case, tag, message=legal(line.reason))
    else:
        ET.SubElement(case, "system-out").text = legal(line.reason)
    return tag


def _tag(line: Line, *, strict: bool) -> str | None:
    if line.outcome == "inconclusive":
        return "failure" if strict and line.kind == "recall" else "skipped"
    return {"regression": "failure", "incomplete": "error"}.get(line.outcome)


def legal(text: str) -> str:
    """Return a text without the characters that XML 1.0 forbids."""
    return _ILLEGAL.sub("", text)
