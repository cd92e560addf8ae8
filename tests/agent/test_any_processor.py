"""One photo, asked about on one processor after another: the same answer to the byte, live and replayed.

OpenBLAS takes its kernels for the processor that `OPENBLAS_CORETYPE` names, so one machine stands for several.
"""

import os
from pathlib import Path

from running import Run

from internvl_vpr.tools.records import Answer

PRESCOTT, HASWELL = {"OPENBLAS_CORETYPE": "Prescott"}, {"OPENBLAS_CORETYPE": "Haswell"}
OWN: dict[str, str] = {}


def threads(count: int) -> dict[str, str]:
    return dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(count))


# Each kind of processor and each number of threads, alone and with another of the other.
LIVE = [PRESCOTT | threads(1), HASWELL | threads(2), OWN | threads(2)]
REPLAYED = [HASWELL | threads(1), OWN | threads(1)]
if "EVERY_PROCESSOR" in os.environ:  # all of them, which takes minutes
    LIVE = REPLAYED = [kind | threads(count) for kind in (PRESCOTT, HASWELL, OWN) for count in (1, 2)]


def test_every_processor_gives_the_same_bytes_live_and_replayed(town: Path, run: Run, tmp_path: Path) -> None:
    def ask(ledger: str, environ: dict[str, str], *more: str) -> str:
        settings = ("--backbone", "rootsift", "--describer", "statistics", "--k", "5")
        flags = ("--places", town / "places", *settings, "--ledger", tmp_path / ledger)
        done = run("locate", town / "query.png", "--json", *flags, *more, **environ)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    first, *others = [ask(f"{number}.sqlite", environ) for number, environ in enumerate(LIVE)]
    answer = Answer.model_validate_json(first)
    assert (answer.status, answer.steps.made, len(answer.candidates)) == ("located", 6, 5)
    assert [other for other in others if other != first] == []
    assert [other for environ in REPLAYED if (other := ask("0.sqlite", environ, "--replay")) != first] == []
