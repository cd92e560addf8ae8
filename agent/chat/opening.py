"""A context that is opened in a thread, with the models behind it, while a person types."""

import asyncio
import threading
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack

from PIL import Image

from internvl_vpr.tools.describers.signage import SignageReader

from ..localizer.context import Context


class Opening:
    """Opens a context in a thread that no exit waits for. `start()` begins; `context()` begins if needed, and waits.

    With `warm`, it also loads what the first question would have to wait for.
    """

    def __init__(self, opened: AbstractContextManager[Context], *, warm: bool) -> None:
        self._opened = opened
        self._warm = warm
        self._stack = ExitStack()
        self._future: Future[Context] = Future()
        self._thread = threading.Thread(target=self._open, name="opening", daemon=True)

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._thread.ident is None:
            self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether it has finished, well or not."""
        return self._future.done()

    async def context(self) -> Context:
        """Return the context; raises what opening it raised."""
        self.start()
        return await asyncio.shield(asyncio.wrap_future(self._future))

    def close(self) -> None:
        """Close the context if it has been opened."""
        if self._future.done():
            self._stack.close()

    def _open(self) -> None:
        try:
            context = self._stack.enter_context(self._opened)
            if self._warm:
                warm_up(context)
        except BaseException as error:  # noqa: BLE001 - raised again where the context is asked for
            self._future.set_exception(error)
        else:
            self._future.set_result(context)


def warm_up(context: Context) -> None:
    """Load the graph, the libraries, and the models that read signs, embed sentences and compare photographs."""
    from . import (
        screen,  # noqa: F401 - with the graph and all that it needs
    )

    if context.judge is None:
        context.encoder.encode(["a place"])
    if context.verifier is not None and not context.replay:
        noise = Image.effect_noise((320, 240), 64).convert("RGB")
        keypoints = context.verifier.extractor.extract(noise)
        context.verifier.matcher.match(keypoints, keypoints)
    if isinstance(context.describer, SignageReader) and context.judge is None:
        context.describer.load()
