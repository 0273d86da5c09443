"""Serves a web application on this machine until Ctrl-C."""

import ipaddress
import os
import signal
import socket
import sys
from typing import Callable

import uvicorn

from tf_btgmi.cli import program

# Open requests have so many seconds to end after Ctrl-C.
_SECONDS_TO_END = 5


def listen(host: str, port: int) -> socket.socket:
    """Takes a port, before anything slow is done; browsers wait until `serve`.

    Args:
        host: the address to listen on; only this machine reaches 127.0.0.1.
        port: the port; 0 for any free one.

    Raises:
        UsageError: the machine does not have the address.
        ProgramFailure: the port is in use or not permitted.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Two sockets may be bound to a port until one of them listens.
        listener.listen()
    except socket.gaierror:
        listener.close()
        raise program.UsageError(
            f"--host: this machine has no address {host}."
        ) from None
    except OSError as error:
        listener.close()
        raise program.ProgramFailure(
            f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another "
            "--port."
        ) from None
    return listener


def announce(what: str, host: str, listener: socket.socket, warning: str) -> None:
    """Prints the address of the page, and `warning` if other machines reach it."""
    try:
        address = ipaddress.ip_address(host)
        is_local = address.is_loopback
    except ValueError:
        address, is_local = None, host == "localhost"
    if not is_local:
        print(f"WARNING: --host={host} {warning}")
    anywhere = address is not None and address.is_unspecified
    shown = "localhost" if anywhere else f"[{host}]" if ":" in host else host
    port = listener.getsockname()[1]
    print(f"{what} is at http://{shown}:{port}/ . Stop it with Ctrl-C.", flush=True)


class _Server(uvicorn.Server):
    """A server that ends at the first signal and ignores further ones.

    It ignores SIGINT, too, if the process ignored it at the start: a shell starts
    background jobs (`&`) that way, so that Ctrl-C leaves them alone.
    """

    def __init__(self, config: uvicorn.Config, cancel: Callable[[], None]):
        super().__init__(config)
        self._cancel = cancel
        self._ignores_interrupts = signal.getsignal(signal.SIGINT) == signal.SIG_IGN

    def handle_exit(self, sig, frame):
        ignored = sig == signal.SIGINT and self._ignores_interrupts
        # uvicorn would raise a second signal again in the middle of its clean-up.
        if not ignored and not self.should_exit:
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets=None):
        # The application's own end comes after the open requests.
        self._cancel()
        await super().shutdown(sockets)


def _settings(app, max_connections: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        limit_concurrency=max_connections,
        timeout_keep_alive=30,
        # For requests whose clients do not send the rest.
        timeout_graceful_shutdown=_SECONDS_TO_END,
        server_header=False,
    )


def serve(
    app,
    listener: socket.socket,
    max_connections: int = 64,
    cancel: Callable[[], None] = lambda: None,
    is_working: Callable[[], bool] = lambda: False,
) -> None:
    """Serves an ASGI application until Ctrl-C or SIGTERM.

    Args:
        app: the application.
        listener: the socket from `listen`.
        max_connections: limit for all browsers together, each of which uses up to six;
            further requests are refused before they are read.
        cancel: ends what open requests wait for; called before they are waited for.
        is_working: whether a thread is still computing at the end. The process then
            ends at once, since Python would wait for TensorFlow.
    """
    try:
        _Server(_settings(app, max_connections), cancel).run(sockets=[listener])
    except (KeyboardInterrupt, SystemExit) as end:
        # Ctrl-C is the way to stop; uvicorn has closed all connections.
        if is_working():
            sys.stdout.flush()
            os._exit(getattr(end, "code", 0))
        if isinstance(end, SystemExit):
            raise
