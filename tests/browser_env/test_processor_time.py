import subprocess
import sys

from browser_env.processor_time import ProcessorTime

BUSY = "import sys; sum(range(6_000_000)); print('done', flush=True); sys.stdin.read()"


def test_what_children_spend_counts_once() -> None:
    spent = ProcessorTime()
    spent.take()
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        first = ProcessorTime().take()
        again = ProcessorTime()
        again.take()
        assert again.take() < first
        child.communicate()
    assert first > 0.05


def test_time_never_runs_backwards() -> None:
    spent = ProcessorTime()
    assert all(spent.take() >= 0 for _ in range(5))
