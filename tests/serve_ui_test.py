"""The serve_ui program: flags, what it says, and that it serves."""

import os
import socket
import sys

import httpx
import pytest
from starlette.testclient import TestClient

from tests.programs import run_main
from tests.studio.conftest import make_models
from tests.studio.running import studio
from tf_btgmi import loading, selection, serve_ui
from tf_btgmi.cli import program, web
from tf_btgmi.inference.predictor import Predictor

PROGRAM_MODULE = serve_ui


@pytest.mark.parametrize(
    "values, message",
    [
        ({"model": ["nowhere"], "port": 0}, "nowhere is neither a folder nor"),
        ({"server": "localhost:8500"}, "not an address like grpc://"),
        ({"server": "grpc://x:1", "model": ["a"]}, "cannot be used together"),
        ({"host": "no.such.host.invalid", "port": 0}, "this machine has no address"),
    ],
)
def test_mistakes_are_told_in_one_line(program_flags, values, message):
    with pytest.raises(ValueError, match=message):
        run_main(serve_ui, **values)


def test_a_port_that_is_taken_is_named(program_flags):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(program.ProgramFailure, match=f"port {port}"):
            run_main(serve_ui, port=port)


@pytest.mark.parametrize("output", ["inpainted", "harmonized"])
def test_a_model_is_warmed_up_by_the_output_that_it_has(output, monkeypatch):
    calls = []

    def network(batch):
        calls.append(output)
        return {output: batch[..., :3]}

    predictor = Predictor(network, 64, outputs=(output,))
    monkeypatch.setattr(loading, "check", lambda place: None)
    monkeypatch.setattr(loading, "load", lambda place: predictor)
    monkeypatch.setattr(web, "serve", lambda *_, **__: None)
    monkeypatch.setattr(selection, "prepare", lambda: None)
    assert run_main(serve_ui, port=0, model=["mine"]) == 0
    assert calls


def test_other_addresses_are_warned_of_and_the_page_is_named(capsys):
    with web.listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        web.announce("The studio", "127.0.0.1", listener, "is open")
        assert capsys.readouterr().out.startswith(
            f"The studio is at http://127.0.0.1:{port}/ ."
        )
        web.announce("The studio", "0.0.0.0", listener, "is open")
        said = capsys.readouterr().out
        assert said.startswith("WARNING: --host=0.0.0.0 is open\n")
        assert f"http://localhost:{port}/" in said


@pytest.mark.parametrize(
    "end, code", [(KeyboardInterrupt(), 0), (SystemExit(143), 143)]
)
def test_the_process_does_not_wait_for_a_thread_that_computes(monkeypatch, end, code):
    def stopped(*_, **__):
        raise end

    codes = []
    monkeypatch.setattr(web._Server, "run", stopped)
    monkeypatch.setattr(os, "_exit", lambda code: codes.append(code) or sys.exit(code))
    with web.listen("127.0.0.1", 0) as listener:
        with pytest.raises(SystemExit):
            web.serve(None, listener, is_working=lambda: True)
    assert codes == [code]


def test_the_flags_reach_the_page(monkeypatch):
    apps = []
    monkeypatch.setattr(serve_ui, "_load_all", lambda places: make_models()[1])
    monkeypatch.setattr(selection, "prepare", lambda: None)
    monkeypatch.setattr(web, "serve", lambda app, *_, **__: apps.append(app))
    # The program changes it.
    assert run_main(serve_ui, port=0, max_megapixels=3, allowed_host=["my.host"]) == 0
    client = TestClient(apps[0])
    health = {
        host: client.get("/api/v1/health", headers={"host": host})
        for host in ("my.host", "other.host")
    }
    assert health["my.host"].json()["max_pixels"] == 3_000_000
    assert health["other.host"].status_code == 421


@pytest.mark.slow
def test_it_serves_a_run_until_it_is_stopped(tmp_path, make_workdir):
    workdir = make_workdir(tmp_path / "run")
    with studio(workdir, tmp_path) as (_, url):
        models = httpx.get(f"{url}/api/v1/models").json()["models"]
        assert models == [{"name": "run", "outputs": ["inpainted"], "image_size": 32}]
        assert "<title>Studio</title>" in httpx.get(url).text
