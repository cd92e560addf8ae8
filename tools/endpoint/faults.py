"""What can go wrong with one request to an endpoint, and what each failure means."""

import os
import ssl
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from openai import APIStatusError

CONNECT_SECONDS = 10.0

# What a failure means:
#   unreachable  no connection could be made
#   refused      no request with these settings will be served
#   request      this one request is wrong
#   away         the endpoint is busy or dropped the connection; the same request may succeed later
#   server       the endpoint failed while it worked on this request
#   answer       the answer cannot be used, or did not come in time
Fault = Literal["unreachable", "refused", "request", "away", "server", "answer"]


class CallFailed(Exception):
    """A request that gave no completion; `wait` is how long the server asks to wait, `seconds` what it took."""

    def __init__(self, fault: Fault, reason: str, *, wait: float | None = None, raw: str = "") -> None:
        super().__init__(reason)
        self.fault = fault
        self.reason = sound(reason)
        self.wait = wait
        self.raw = raw
        self.seconds = 0.0


def sound(text: str) -> str:
    """Replace halves of surrogate pairs, which JSON can hold and nothing can write."""
    return text.encode("utf-8", "replace").decode()


def connection_failure(error: BaseException) -> CallFailed:
    """Name what broke a request by the causes of the library's exception, which itself does not tell them apart."""
    import aiohttp

    from .bounded_answer import TooMuch

    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, TooMuch):
            return CallFailed("answer", str(cause))
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CallFailed("refused", f"its certificate is not trusted: {cause.verify_message}")
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return CallFailed("unreachable", f"no connection could be made within {CONNECT_SECONDS:g} s")
    broken = (ConnectionResetError, BrokenPipeError, aiohttp.ClientError)
    last = causes[-1]
    if isinstance(last, OSError) and not isinstance(last, broken):
        return CallFailed("unreachable", f"no connection could be made: {_words(last)}")
    return CallFailed("away", "the connection was closed before the answer was whole")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _words(error: OSError) -> str:
    """The system's own words for an error; TLS and unknown host names have error numbers of their own."""
    if isinstance(error, ssl.SSLError) or not error.errno or error.errno < 0:
        return str(error.strerror or error)
    return os.strerror(error.errno)


def status_failure(error: "APIStatusError") -> CallFailed:
    """Name what an HTTP status other than 200 means."""
    code = error.status_code
    reason = f"the endpoint answered {code}"
    if said := _server_message(error):
        reason = f"{reason}: {said}"
    fault: Fault = "server"
    if code in (401, 403, 404) or code < 400:
        fault = "refused"
    elif code in (408, 409, 425, 429, 502, 503, 504):
        fault = "away"
    elif code < 500:
        fault = "request"
    return CallFailed(fault, reason, wait=_retry_after(error), raw=error.response.text)


def _server_message(error: "APIStatusError") -> str:
    """What the server said, cut to the length of a sentence."""
    body = error.body
    said = body.get("message") if isinstance(body, dict) else body
    text = " ".join(str(said or "").split())
    return text if len(text) <= 200 else f"{text[:199]}…"


def _retry_after(error: "APIStatusError") -> float | None:
    """Return the seconds that the server asks to wait, given as a number or as a date; None for anything else."""
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (OverflowError, TypeError, ValueError):
        return None
