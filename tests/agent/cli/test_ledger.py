"""What `ledger` shows of recorded steps."""

import json
from pathlib import Path

import faulty_server as faulty
from faulty_server import FaultyServer
from running import Run

from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_steps import ModelAnswer, ModelStep, record_model_step


def test_the_ledger_can_be_looked_into(cli: Run, server: FaultyServer, vlm: list[str], town: Path) -> None:
    server.script(faulty.content("no, [red]thanks\x1b[2J", "stop"))
    cli("locate", town / "query.png", *vlm, "--concurrency", "1")
    rows = [json.loads(line) for line in cli("ledger", "export", *vlm[-2:]).stdout.splitlines()]
    assert len(rows) == 10
    assert [row["error"] is None for row in rows].count(False) == 1
    (failed,) = [row for row in rows if row["error"]]
    assert failed["error"] == "the answer is not JSON"
    assert "no, [red]thanks" in failed["raw"]
    nothing = cli("ledger", "show", *vlm[-2:], "--image", "no-such.jpg")
    assert (nothing.returncode, "no-such.jpg" in nothing.stderr) == (2, True)
    shown = cli("ledger", "show", *vlm[-2:], "--image", str(town / "query.png"), "--raw")
    assert "\x1b" not in shown.stdout
    assert shown.stdout.count("attempt 1") == 1
    assert cli("ledger", "show", *vlm[-2:], "--newest", "2").stdout.count("attempt") == 2
    (figures,) = json.loads(cli("ledger", "stats", "--json", *vlm[-2:]).stdout)
    assert (figures["described"], figures["attempts"], figures["described_at_first"]) == (9, 10, 8)
    assert figures["errors"] == {"the answer is not JSON": 1}
    assert "9 described, 0 not" in cli("ledger", "stats", *vlm[-2:]).stdout

    taken = ModelStep(kind="assistant", asked="a" * 64, model="assistant/1 (org/model)")
    with Ledger(Path(vlm[-1])) as ledger:
        record_model_step(
            ledger, taken, 1, ModelAnswer(error="the reply states [red]Paris", usage={"prompt_tokens": 3})
        )
        record_model_step(ledger, taken, 2, ModelAnswer(answer='{"step": 1}', latency=0.5))
    newest = cli("ledger", "show", *vlm[-2:], "--newest", "2").stdout
    assert newest.count("steps of the chat") == 2
    assert newest.index("not used: the reply states [red]Paris") < newest.index('{"step": 1}')
    assert "steps of the chat" not in cli("ledger", "show", *vlm[-2:], "--image", str(town / "query.png")).stdout
    assert len(cli("ledger", "export", *vlm[-2:]).stdout.splitlines()) == 12
    _, steps = json.loads(cli("ledger", "stats", "--json", *vlm[-2:]).stdout)
    assert (steps["model"], steps["taken"], steps["attempts"]) == ("assistant/1 (org/model)", 1, 2)
    assert "1 taken, 0 not" in cli("ledger", "stats", *vlm[-2:]).stdout
