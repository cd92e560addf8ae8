"""Work beside other work on one thread of PyTorch's each: on few cores, threads that wait for each other are slow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OneTorchThread:
    """Limits the calling thread to one thread of PyTorch's; may be entered in several threads at once.

    PyTorch keeps one number for each thread, and one that new threads begin with: both are as before at the end.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Compute on one thread inside the `with`."""
        import torch

        with self._lock:
            if self._inside == 0:
                self._before = torch.get_num_threads()
            self._inside += 1
            torch.set_num_threads(1)
        try:
            yield
        finally:
            with self._lock:
                torch.set_num_threads(self._before)
                self._inside -= 1


one_torch_thread = OneTorchThread()
