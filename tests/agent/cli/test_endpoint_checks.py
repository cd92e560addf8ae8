"""What `doctor` says of an endpoint: that it is good, or what is wrong with it and what to do."""

import json
from pathlib import Path

import faulty_server as faulty
from faulty_server import FaultyServer, Line, Served
from running import Run


async def obedient(served: Served, line: Line) -> None:
    """Answer whatever a schema allows, as a server does that enforces it."""
    schema = served.body.get("response_format", {}).get("json_schema", {}).get("schema", {})
    properties = schema.get("properties", {})
    if "step" in properties:
        answer = faulty.content(json.dumps({"step": {"tool": "map_summary", "arguments": {}}}))
    elif "word" in properties:
        answer = faulty.content(json.dumps({"word": properties["word"]["enum"][0]}))
    elif "same_place" in properties:
        answer = faulty.content('{"why": "It is one picture.", "same_place": true, "confidence": 99}')
    else:
        answer = faulty.good()
    await answer(served, line)


async def blind(served: Served, line: Line) -> None:
    """Answer as a server does that drops images: they cost nothing."""
    choice = {"message": {"content": "A street."}, "finish_reason": "stop"}
    document = {"choices": [choice], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}
    await line.finish(faulty.response(200, json.dumps(document).encode()))


def test_doctor_finds_a_good_endpoint_good(cli: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.default = obedient
    found = cli("doctor", *vlm, "--json")
    findings = {finding["name"]: finding for finding in json.loads(found.stdout)}
    assert found.returncode == 0, found.stdout
    assert {"python", "packages", "device", "backbone", "encoder", "index", "ledger", "endpoint", "schema", "images",
            "white space", "description", "chat"} <= set(findings)  # fmt: skip
    assert {name for name, finding in findings.items() if finding["status"] != "ok"} == {"features"}, findings
    assert "internvl-vpr index PHOTOS --places NEW_FOLDER" in findings["features"]["says"]


def test_doctor_has_the_judge_compare_a_sign_with_itself(cli: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.default = obedient
    flags = [*vlm[:2], "--endpoint", server.endpoint, "--reranker", "judge", "--verify", "off"]
    findings = {one["name"]: one for one in json.loads(cli("doctor", *flags, "--json").stdout)}
    assert findings["judgement"]["status"] == "ok"
    assert '"same_place":true,"confidence":99' in findings["judgement"]["says"]
    assert "description" not in findings


def test_doctor_finds_out_that_images_are_dropped(cli: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.default = blind
    findings = {finding["name"]: finding for finding in json.loads(cli("doctor", *vlm, "--json").stdout)}
    assert findings["images"]["status"] == "failure"
    assert "12 prompt tokens without an image, 12 with one" in findings["images"]["says"]
    assert "--mmproj" in findings["images"]["advice"]


def test_doctor_says_what_is_wrong_and_what_to_do(cli: Run, server: FaultyServer, vlm: list[str]) -> None:
    server.models = ["another"]
    server.default = faulty.content("I see a street.")
    found = cli("doctor", *vlm)
    assert found.returncode == 1
    shown = " ".join(found.stdout.split())
    for words in ("does not name 'InternVL3-38B'", "schema ignored", "docs/endpoint.md", "none after 3"):
        assert words in shown
    server.default = faulty.content('{"word": ' + " " * 300 + '"done"}', "length")
    assert "301 blanks in a row" in cli("doctor", *vlm).stdout


def test_doctor_says_that_nobody_answers(cli: Run, town: Path) -> None:
    found = cli("doctor", "--describer", "vlm", "--endpoint", "http://127.0.0.1:9/v1", "--places", town / "places")
    assert found.returncode == 4
    assert "Connection refused" in found.stdout
    refused = cli("doctor", "--describer", "vlm", "--endpoint", "ftp://a")
    assert refused.returncode == 2
