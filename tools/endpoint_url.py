"""The address of an endpoint, checked before anything shows or records it."""

from urllib.parse import urlsplit

from .errors import UsageError


def check_endpoint_url(url: str) -> str:
    """Return an endpoint's address without a slash at its end; raises `UsageError`, which repeats no key in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if "@" in url or "?" in url or "#" in url:
        raise UsageError("The endpoint must be an address alone, without key or query: put the key in OPENAI_API_KEY.")
    if not usable:
        raise UsageError(f"The endpoint {url!r} is not an address: write one such as http://127.0.0.1:8000/v1.")
    return url.rstrip("/")
