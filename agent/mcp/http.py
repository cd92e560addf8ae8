"""The server of tools over streamable HTTP: for this machine alone, or for those who have a token."""

import hmac
import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from internvl_vpr.tools.errors import UsageError

PATH = "/mcp"
MOST_BYTES = 2**20  # of a request: a tenth is enough for a question with twenty long paths
MOST_CONNECTIONS = 64
MOST_SESSIONS = 64
_QUEUE = 64

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


def listen(host: str, port: int, *, has_token: bool) -> socket.socket:
    """Return a socket that listens at an address, port 0 being any free one.

    Raises `UsageError` for an address that others could reach without a token, that does not exist, or that is in use.
    """
    where = f"{_bracketed(host)}:{port}"
    try:
        family, _, _, _, address = socket.getaddrinfo(host or "?", port, type=socket.SOCK_STREAM)[0]
        if not has_token and not _is_loopback(str(address[0])):
            raise UsageError(
                f"Others can reach {where}: set a token of your own in INTERNVL_VPR_MCP_TOKEN, or leave out --host."
            )
        return socket.create_server(address[:2], family=family, backlog=_QUEUE)
    except (OSError, UnicodeError) as error:  # UnicodeError: no valid host name
        raise UsageError(
            f"Nothing can listen at {where} ({_reason(error)}): name another address with --host or --port."
        ) from error


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror):
        return error.strerror or str(error)  # its number is not one of the system's
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)


def address_of(listening: socket.socket) -> str:
    """Return the URL of the server at a socket."""
    host, port = listening.getsockname()[:2]
    return f"http://{_bracketed(host)}:{port}{PATH}"


def http_server(server: MCPServer, listening: socket.socket, host: str, token: str | None) -> "HttpServer":
    """Return what serves the tools at `listening`, which was opened for `host`, to those who send the token."""
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=MOST_BYTES,
        max_sessions=MOST_SESSIONS,
        transport_security=_security(host, listening),
    )
    config = uvicorn.Config(
        Guard(app, token),
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
    )
    return HttpServer(config, listening)


class HttpServer(uvicorn.Server):
    """An HTTP server at one socket that leaves signals to the command."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._listening = listening

    async def run_until_stopped(self) -> None:
        """Serve until `stop`."""
        await self.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Take no more requests, and end."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing, so that the command handles them."""
        yield


class Guard:
    """An application behind a token, if there is one, and out of reach of pages in browsers.

    Requests are turned away by their headers alone: with 401 without the token, and with 403 if they have an `Origin`,
    which only browsers send.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._wanted = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away."""
        refusal = self._refusal(scope["headers"]) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> Response | None:
        sent = [(name.lower(), value) for name, value in headers]
        if not self._is_known([value for name, value in sent if name == b"authorization"]):
            return PlainTextResponse("A token is needed.\n", 401, headers={"WWW-Authenticate": "Bearer"})
        if any(name == b"origin" for name, _ in sent):
            return PlainTextResponse("Pages in browsers are not served.\n", 403)
        return None

    def _is_known(self, credentials: Sequence[bytes]) -> bool:
        if self._wanted is None:
            return True
        if len(credentials) != 1:
            return False
        scheme, _, token = credentials[0].partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(b" "), self._wanted)


def _security(host: str, listening: socket.socket) -> TransportSecuritySettings:
    """Accept only requests that name this server by one of its addresses; at any address, the token must do."""
    address, port = listening.getsockname()[:2]
    own = ipaddress.ip_address(address.partition("%")[0])
    if own.is_unspecified:
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    names = {host, address, *(_THIS_MACHINE if _is_loopback(address) else ())}
    hosts = [f"{_bracketed(name)}:{port}" for name in names]
    return TransportSecuritySettings(allowed_hosts=hosts + [_bracketed(name) for name in names if port == 80])


def _is_loopback(address: str) -> bool:
    """Whether nobody else can reach an address; one that maps IPv4 into IPv6 is not, for Python versions differ."""
    own = ipaddress.ip_address(address.partition("%")[0])
    return own.is_loopback and getattr(own, "ipv4_mapped", None) is None


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
