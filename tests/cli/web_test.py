"""The server behind a page: what stops it."""

import signal

import pytest
import uvicorn

from tf_btgmi.cli import program, web


@pytest.fixture
def make_server():
    """Makes a server in a process with the given handler of SIGINT."""
    previous = signal.getsignal(signal.SIGINT)

    def make(handler):
        signal.signal(signal.SIGINT, handler)
        return web._Server(uvicorn.Config(app=None), lambda: None)

    yield make
    signal.signal(signal.SIGINT, previous)


def test_ctrl_c_stops_a_server(make_server):
    server = make_server(signal.default_int_handler)
    server.handle_exit(signal.SIGINT, None)
    assert server.should_exit
    # What a wrapper forwards comes twice; uvicorn raises each signal again at the end.
    server.handle_exit(signal.SIGINT, None)
    assert server._captured_signals == [signal.SIGINT] and not server.force_exit


def test_a_server_in_the_background_ignores_ctrl_c_but_not_sigterm(make_server):
    server = make_server(signal.SIG_IGN)
    server.handle_exit(signal.SIGINT, None)
    assert not server.should_exit
    server.handle_exit(signal.SIGTERM, None)
    assert server.should_exit


def test_a_port_is_taken_by_the_first_of_two_that_are_still_starting():
    with web.listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(program.ProgramFailure, match=f"port {port}: .*in use"):
            web.listen("127.0.0.1", port)
