"""One thread of PyTorch's in the threads that ask for it, and as many as before in all others."""

import threading
from concurrent.futures import ThreadPoolExecutor

import torch

from internvl_vpr.tools.features.one_thread import one_torch_thread


def new_thread() -> int:
    """How many threads PyTorch uses in a thread that has just begun."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(torch.get_num_threads).result()


def test_threads_that_overlap_leave_the_number_as_it_was() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    inside, leave = threading.Barrier(3), [threading.Event(), threading.Event()]
    after: list[int] = []

    def work(number: int) -> None:
        with one_torch_thread():
            assert torch.get_num_threads() == 1
            inside.wait(60)
            leave[number].wait(60)
            assert torch.get_num_threads() == 1  # whoever else has left
        after.append(torch.get_num_threads())

    try:
        with ThreadPoolExecutor(2) as pool:
            working = [pool.submit(work, number) for number in range(2)]
            inside.wait(60)
            assert torch.get_num_threads() == 3
            for event, one in zip(leave, working, strict=True):
                event.set()
                one.result(60)
        assert (after, torch.get_num_threads(), new_thread()) == ([3, 3], 3, 3)
    finally:
        torch.set_num_threads(before)
