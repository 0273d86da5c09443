"""Protection of a local server from other web pages and other machines.

- Host names other than the allowed ones are refused, against DNS rebinding. Addresses
  and localhost cannot be rebound.
- Requests from pages of other sites are refused.
- A body longer than the limit is refused while it is read.
- The page may load and call this server only, and may not be framed.
"""

import asyncio
import ipaddress
import json
from typing import Iterable, Optional

from starlette.requests import ClientDisconnect

from tf_btgmi.web import errors

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Gate:
    """ASGI middleware around the whole application.

    Args:
        app: the application.
        allowed_hosts: names by which the server may be called.
        max_body_bytes: of one request.
    """

    def __init__(self, app, allowed_hosts: Iterable[str], max_body_bytes: int):
        self.app = app
        self.allowed_hosts = {host.lower() for host in allowed_hosts} | {"localhost"}
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope, receive, send):
        """Checks a request, and passes it on."""
        if scope["type"] != "http":
            # There are no WebSockets here.
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v for k, v in scope["headers"]}
        headers = {k: v.decode("latin-1") for k, v in headers.items()}
        started = False

        async def guarded_send(message):
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                names = {name.lower() for name, _ in message["headers"]}
                message["headers"] = list(message["headers"]) + [
                    (name.encode(), value.encode())
                    for name, value in _HEADERS.items()
                    if name.encode() not in names
                ]
            await send(message)

        try:
            self._check(headers)
            if scope["method"] == "HEAD":
                # Routes know GET alone; the server itself leaves the body out.
                scope = {**scope, "method": "GET"}
            await self.app(scope, self._counted(receive), guarded_send)
        except errors.ApiError as error:
            if started:
                raise
            await _answer(error, guarded_send)
        except ClientDisconnect:
            pass  # Nobody waits for an answer.
        except asyncio.CancelledError:
            # The server ends, and the rest of the request did not come.
            if started:
                raise
            await _answer(errors.stopped(), guarded_send)

    def _check(self, headers) -> None:
        host = _name(headers.get("host", ""))
        if host is None or not (host in self.allowed_hosts or _is_address(host)):
            raise errors.ApiError(
                421,
                "wrong_host",
                "This address is not served.",
                "The request names a host that this server does not know.",
                "Use the address that the server printed, or start it with "
                "--allowed_host=NAME.",
            )
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "same-origin")
        foreign = origin is not None and origin.split("//")[-1] != headers.get("host")
        # Following a link to the page is fine.
        linked = headers.get("sec-fetch-mode") == "navigate"
        if foreign or (site in ("cross-site", "same-site") and not linked):
            raise errors.ApiError(
                403,
                "foreign_page",
                "Another site's page has sent this.",
                "This server answers its own page only.",
                "Open the server's own address.",
            )
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise self._too_long()

    def _counted(self, receive):
        left = self.max_body_bytes

        async def counted():
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_long()
            return message

        return counted

    def _too_long(self) -> errors.ApiError:
        limit = errors.size_text(self.max_body_bytes)
        return errors.too_large("The request", f"The limit is {limit}.")


def _name(host: str) -> Optional[str]:
    """The name in a Host header, without the port; None if it is malformed."""
    host = host.strip().lower()
    if host.startswith("["):
        inner, bracket, _ = host[1:].partition("]")
        return inner if bracket else None
    return host.rsplit(":", 1)[0] if host.count(":") == 1 else host or None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _answer(error: errors.ApiError, send) -> None:
    body = json.dumps(error.body()).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        # What is left of the request is not read.
        (b"connection", b"close"),
    ]
    await send(
        {"type": "http.response.start", "status": error.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": body})
