"""Locks between processes: one holder of each name, until it gives the lock back or is killed."""

import subprocess
import sys
from pathlib import Path

import pytest

from internvl_vpr.tools.disk.process_locks import ProcessLocks

HOLDER = """
import sys
from pathlib import Path
from internvl_vpr.tools.disk.process_locks import ProcessLocks

locks = ProcessLocks(Path(sys.argv[1]))
print(locks.acquire("a"), flush=True)
sys.stdin.read()
"""


def test_a_name_has_one_holder_in_this_process(tmp_path: Path) -> None:
    one, other = ProcessLocks(tmp_path / "file"), ProcessLocks(tmp_path / "file")
    elsewhere = ProcessLocks(tmp_path / "another")
    assert one.acquire("a")
    assert not one.acquire("a")
    assert not other.acquire("a")
    assert other.acquire("b")
    assert elsewhere.acquire("a")
    one.release("a")
    assert other.acquire("a")
    for name in ("a", "b"):
        other.release(name)
    elsewhere.release("a")
    for locks in (one, other, elsewhere):
        locks.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there, a lock holds within one process only")
def test_a_lock_of_another_process_holds_until_it_is_killed(tmp_path: Path) -> None:
    locks = ProcessLocks(tmp_path / "file")
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "file")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        assert not locks.acquire("a")
        assert locks.acquire("b")
        holder.kill()
        holder.wait()
        assert locks.acquire("a")
    for name in ("a", "b"):
        locks.release(name)
    locks.close()
