"""Studies of three methods: their pictures, and a server over them on a free port."""

import io
import json
import os
import sqlite3
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
import uvicorn
from PIL import Image

from tf_btgmi.cli import web
from tf_btgmi.study.pictures import StudyPictures
from tf_btgmi.study.server import Sizes, make_app
from tf_btgmi.study.votes import Votes

METHODS = ("a", "b", "c")


def write(folder, name, value, size=(24, 16)):
    path = os.path.join(folder, f"{name}.png")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    array = np.full((size[1], size[0], 3), value, np.uint8)
    # Not of one colour, so that shuffling shows.
    array[:, ::2, 0] += 20
    Image.fromarray(array).save(path)


@pytest.fixture
def folders(tmp_path):
    """Where the pictures are: a method's are of its own grey."""
    for value, key in enumerate(("truth", *METHODS)):
        for name in range(6):
            write(str(tmp_path / key), f"pic{name}", 30 * value + name)
    return {key: str(tmp_path / key) for key in ("truth", *METHODS)}


@pytest.fixture
def pictures(folders):
    results = {name: folders[name] for name in METHODS}
    return StudyPictures(results, folders["truth"])


# The grey of every picture of a method, and of the truth.
GREYS = {"dark": 40, "middle": 120, "light": 200, "truth": 230}


class Study:
    """A running study: `address`, `votes`, and requests to it."""

    def __init__(self, address, votes):
        self.address = address
        self.votes = votes

    def request(self, path, body=None):
        """The status and the body of a request; JSON where it is."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                content, status, headers = response.read(), response.status, response
                kind = headers.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            content, status, kind = error.read(), error.code, "application/json"
        return status, json.loads(content) if "json" in kind else content

    def grey(self, address):
        """The grey of a picture of the study."""
        status, content = self.request(address.lstrip("/"))
        assert status == 200
        with Image.open(io.BytesIO(content)) as picture:
            return int(np.asarray(picture)[0, 0, 0])


@pytest.fixture
def full_disk(monkeypatch):
    """A function after whose call no database grows any more."""
    connect = sqlite3.connect

    def connect_full(*args, **options):
        database = connect(*args, **options)
        database.execute("PRAGMA max_page_count = 1")
        return database

    return lambda: monkeypatch.setattr(sqlite3, "connect", connect_full)


@pytest.fixture
def study(tmp_path, request):
    """A study of three methods; parametrized, of that many pictures side by side."""
    num_shown = getattr(request, "param", 2)
    for name, grey in GREYS.items():
        os.makedirs(tmp_path / name)
        for number in range(6):
            picture = np.full((32, 32, 3), grey, np.uint8)
            Image.fromarray(picture).save(tmp_path / name / f"{number}.png")
    results = {name: str(tmp_path / name) for name in ("dark", "middle", "light")}
    pictures = StudyPictures(results, str(tmp_path / "truth"))
    votes = Votes(str(tmp_path / "out" / "study.sqlite"))
    app = make_app(pictures, votes, Sizes(num_shown, 6, 2))
    listener = web.listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    deadline = time.time() + 30
    while not server.started and time.time() < deadline:
        time.sleep(0.02)
    yield Study(f"http://127.0.0.1:{listener.getsockname()[1]}/", votes)
    server.should_exit = True
    thread.join()
