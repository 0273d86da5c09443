"""Jobs of the API: they wait in order, are watched, cancelled and refused."""

import asyncio
import base64
import json
import socket
import threading
import time

import httpx
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.picture_files import file_of
from tests.studio.api_test import error_of, post
from tests.studio.conftest import make_models
from tf_btgmi.cli import web
from tf_btgmi.studio import tasks
from tf_btgmi.studio.limits import Limits
from tf_btgmi.studio.server import create_app


@pytest.fixture
def in_background(client):
    """Posts a form from a thread: (thread, list of its answer); all have ended then."""
    threads = []

    def posted(files, job, call="inpaint", **fields):
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(post(client, call, files, job=job, **fields))
        )
        threads.append(thread)
        thread.start()
        return thread, answers

    yield posted
    client.paint.gate.set()
    for thread in threads:
        thread.join(timeout=30)


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_jobs_wait_in_order_can_be_watched_cancelled_and_refused(
    client, picture, mask, in_background
):
    client.paint.gate.clear()
    files = {"image": file_of(picture), "mask": file_of(mask)}
    names = ["running-1", "waiting-1", "waiting-2"]
    runs = []
    for number, name in enumerate(names):
        runs.append(in_background(files, name))
        wait_for(lambda: client.get(f"/api/v1/jobs/{name}").status_code == 200)  # noqa: B023
        if number == 0:
            wait_for(lambda: client.get("/api/v1/jobs/running-1").json()["total"] == 1)
    states = [client.get(f"/api/v1/jobs/{name}").json() for name in names]
    assert [s["state"] for s in states] == ["running", "waiting", "waiting"]
    assert [s["position"] for s in states] == [0, 1, 2]
    assert states[0]["done"] == 0
    refused = post(client, "inpaint", files)
    assert (refused.status_code, error_of(refused)["code"]) == (503, "busy")
    # What is sent is not even looked at.
    assert client.post("/api/v1/inpaint", content=b"x").status_code == 503
    # One that waits goes at once, one that runs at its next step.
    assert client.delete("/api/v1/jobs/waiting-1").status_code == 204
    states = [client.get(f"/api/v1/jobs/{name}").json() for name in names[1:]]
    assert [s["state"] for s in states] == ["cancelled", "waiting"]
    assert [s["position"] for s in states] == [0, 1]
    assert client.delete("/api/v1/jobs/running-1").status_code == 204
    client.paint.gate.set()
    for thread, _ in runs:
        thread.join(timeout=10)
    statuses = [answers[0].status_code for _, answers in runs]
    assert statuses == [409, 409, 200]
    assert error_of(runs[0][1][0])["code"] == "cancelled"
    assert error_of(client.delete("/api/v1/jobs/running-1"))["code"] == "no_job"


def test_the_windows_of_a_composite_are_counted(client, picture, mask, in_background):
    files = {"image": file_of(picture), "guide": file_of(picture[::-1].copy())}
    files["guide_mask"] = file_of(mask)
    client.paint.gate.clear()
    fields = {"y": "20", "x": "30", "harmonize": "false"}
    thread, answers = in_background(files, "composing", "compose", **fields)
    wait_for(lambda: client.get("/api/v1/jobs/composing").json().get("total") == 1)
    client.paint.gate.set()
    thread.join(timeout=10)
    assert answers[0].status_code == 200


def test_no_two_jobs_have_one_name(client, picture, mask, in_background):
    client.paint.gate.clear()
    files = {"image": file_of(picture), "mask": file_of(mask)}
    thread, answers = in_background(files, "same-name")
    wait_for(lambda: client.get("/api/v1/jobs/same-name").status_code == 200)
    assert "already" in error_of(post(client, "inpaint", files, job="same-name"))["why"]
    client.paint.gate.set()
    thread.join(timeout=10)
    assert answers[0].status_code == 200


def test_selections_are_watched_and_cancelled_as_runs_are(
    client, picture, monkeypatch, in_background
):
    gate = threading.Event()
    monkeypatch.setattr(tasks, "select", lambda image, *_: gate.wait(10) and image)
    runs = []
    for name, state in (("selecting-1", "running"), ("selecting-2", "waiting")):
        files = {"image": file_of(picture)}
        runs.append(in_background(files, name, "segment", box="[0, 0, 9, 9]"))
        path = f"/api/v1/jobs/{name}"
        wait_for(lambda: client.get(path).json().get("state") == state)  # noqa: B023
    assert client.delete("/api/v1/jobs/selecting-2").status_code == 204
    gate.set()
    for thread, _ in runs:
        thread.join(timeout=10)
    assert [answers[0].status_code for _, answers in runs] == [200, 409]


def test_a_run_that_takes_too_long_is_ended(picture, mask):
    paint, models = make_models(image_size=32)
    paint.seconds = 0.1
    files = {"image": file_of(picture), "mask": file_of(mask)}
    app = create_app(models, Limits(max_seconds=0.05))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        response = post(client, "inpaint", files)
    assert (response.status_code, error_of(response)["code"]) == (504, "too_slow")


def test_a_server_that_is_stopped_does_not_wait_for_its_jobs(picture, mask):
    paint, models = make_models(image_size=32)
    # The model is in the middle of a window.
    paint.gate.clear()
    app = create_app(models)
    listener = web.listen("127.0.0.1", 0)
    settings = uvicorn.Config(app, log_level="error")
    server = web._Server(settings, app.state.cancel_jobs)
    running = threading.Thread(target=server.run, args=([listener],))
    running.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/"
    files = {"image": file_of(picture), "mask": file_of(mask)}
    answers = []
    client = threading.Thread(
        target=lambda: answers.append(
            httpx.post(f"{address}inpaint", files=files, data={"job": "long-job"})
        )
    )
    client.start()
    job = f"{address}jobs/long-job"
    wait_for(lambda: httpx.get(job).json().get("state") == "running")
    started = time.monotonic()
    server.should_exit = True
    client.join(timeout=30)
    running.join(timeout=30)
    assert time.monotonic() - started < 3
    assert (answers[0].status_code, error_of(answers[0])["code"]) == (503, "stopped")
    assert app.state.is_working()
    paint.gate.set()
    wait_for(lambda: not app.state.is_working())


def test_a_server_ends_though_an_upload_does_not(monkeypatch, caplog):
    monkeypatch.setattr(web, "_SECONDS_TO_END", 1)
    app = create_app(make_models(image_size=32)[1])
    listener = web.listen("127.0.0.1", 0)
    server = web._Server(web._settings(app, 8), app.state.cancel_jobs)
    running = threading.Thread(target=server.run, args=([listener],))
    running.start()
    wait_for(lambda: server.started)
    with socket.create_connection(listener.getsockname()) as client:
        client.sendall(
            b"POST /api/v1/inpaint HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        wait_for(lambda: server.server_state.tasks)
        server.should_exit = True
        running.join(timeout=20)
        client.settimeout(5)
        answer = client.recv(10_000)
    assert not running.is_alive()
    assert b" 503 " in answer and b"The server was stopped." in answer
    assert not any(record.exc_info for record in caplog.records)


def test_a_job_whose_client_has_gone_is_cancelled(client, picture, mask, in_background):
    client.paint.gate.clear()
    files = {"image": file_of(picture), "mask": file_of(mask)}
    # A name of its own: one that ended in another test is still known.
    thread, _ = in_background(files, "staying-1")
    path = "/api/v1/jobs/staying-1"
    wait_for(lambda: client.get(path).json().get("state") == "running")
    fields = {name: base64.b64encode(data).decode() for name, data in files.items()}
    body = json.dumps({**fields, "job": "leaving-1"}).encode()
    messages = [{"type": "http.request", "body": body}]
    statuses = []

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(message):
        statuses.append(message.get("status"))

    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    url = {"path": "/api/v1/inpaint", "raw_path": b"", "query_string": b""}
    scope = {"type": "http", "method": "POST", "headers": headers, **url}
    asyncio.run(client.app(scope, receive, send))
    assert statuses[0] == 409
    assert client.get("/api/v1/jobs/leaving-1").json()["state"] == "cancelled"
    client.paint.gate.set()
    thread.join(timeout=10)
