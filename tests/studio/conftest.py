"""A studio with models that paint holes in one colour, in process and on a port."""

import threading
import time
from typing import NamedTuple

import numpy as np
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.studio.browser import Visit
from tf_btgmi.inference.predictor import Predictor
from tf_btgmi.studio.limits import Limits
from tf_btgmi.studio.models import Model
from tf_btgmi.studio.server import create_app

BOTH = ("inpainted", "harmonized")


class Paint:
    """A network that paints everything in one colour, after `seconds`."""

    def __init__(self, color, outputs=BOTH):
        self.color = np.float32(color) / 127.5 - 1.0
        self.outputs = outputs
        self.seconds = 0.0
        self.error = None
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, inputs):
        time.sleep(self.seconds)
        self.gate.wait(timeout=20)
        if self.error:
            raise self.error
        pictures = np.empty(inputs.shape[:3] + (3,), np.float32)
        pictures[...] = self.color
        return {name: pictures for name in self.outputs}


def make_models(image_size=256):
    """A model that fills red and harmonizes, and one that only fills blue."""
    red = Paint((255, 0, 0))
    blue = Paint((0, 0, 255), outputs=("inpainted",))
    return red, [
        Model("red", Predictor(red, image_size, outputs=red.outputs)),
        Model("blue", Predictor(blue, image_size)),
    ]


class Served(NamedTuple):
    """A running studio."""

    url: str
    paint: Paint


@pytest.fixture(scope="session")
def only_client():
    """The one client of a studio in process."""
    paint, models = make_models(image_size=32)
    limits = Limits(max_file_bytes=2_000_000, max_pixels=1_000_000, max_waiting=2)
    app = create_app(models, limits)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        client.paint = paint
        yield client


@pytest.fixture
def client(only_client):
    """A client of a studio in process, whose red model is `client.paint`."""
    yield only_client
    only_client.paint.gate.set()
    only_client.paint.seconds = 0.0
    only_client.paint.error = None


class Server:
    """uvicorn in a thread."""

    def __init__(self, app, port=0):
        settings = uvicorn.Config(app, port=port, log_level="error")
        self.server = uvicorn.Server(settings)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def stop(self):
        self.server.should_exit = True
        self.server.force_exit = True
        self.thread.join(timeout=10)


@pytest.fixture(scope="session")
def studio():
    """A studio on a port of this machine."""
    paint, models = make_models()
    server = Server(create_app(models))
    yield Served(f"http://127.0.0.1:{server.port}", paint)
    server.stop()


@pytest.fixture
def picture():
    """64x48 pixels of noise."""
    return np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.fixture
def mask():
    """A hole of 10x12 pixels in 64x48."""
    mask = np.zeros((48, 64), np.uint8)
    mask[20:30, 12:24] = 255
    return mask


@pytest.fixture
def visit(browser, studio):
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    visit = Visit(context.new_page(), studio.url).load()
    visit.paint = studio.paint
    yield visit
    studio.paint.gate.set()
    context.close()
    assert visit.problems == []


@pytest.fixture
def placed(visit):
    """A square of the sheep picture on the rocket picture."""
    visit.open_example("rocket")
    visit.cut()
    visit.place()
    visit.page.uncheck("#harmonize-check")
    return visit
