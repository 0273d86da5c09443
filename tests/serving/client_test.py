import base64
import http.server
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.config import model_server_config_pb2

from tests.picture_files import file_of
from tests.programs import ROOT
from tests.serving.servers import Model, grpc_server, rest_server
from tf_btgmi import inpaint, loading
from tf_btgmi.cli import program
from tf_btgmi.serving import client
from tf_btgmi.serving.contract import ServingError, UnavailableError

PROGRAM_MODULE = inpaint
EXAMPLES = ROOT / "export" / "tf_serving"
BUSY = (
    (grpc.StatusCode.RESOURCE_EXHAUSTED, 429),
    (grpc.StatusCode.ABORTED, 502),
    (grpc.StatusCode.UNAVAILABLE, 504),
)
WRONG = grpc.StatusCode.INVALID_ARGUMENT, 400


@pytest.fixture(scope="module")
def model(exported):
    return Model(exported)


@pytest.fixture(params=["grpc", "http"])
def place(request, model):
    model.failures, model.requests = [], []
    with (grpc_server if request.param == "grpc" else rest_server)(model) as place:
        yield place


@pytest.fixture(scope="module")
def local(lively_workdir):
    return loading.load(lively_workdir, retouched=False)


def example(height=80, width=100):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, [height, width, 3], dtype=np.uint8)
    mask = np.zeros([height, width], np.uint8)
    mask[10:20, 10:25] = mask[50:75, 40:90] = 255
    return image, mask


def test_a_server_fills_as_the_model_here_does(place, local):
    image, mask = example()
    # A grey level's difference may let retouching choose another known place.
    remote = loading.load(place, retouched=False)
    assert remote.image_size == local.image_size == 32
    assert remote.outputs == ("inpainted",)
    for arguments in ((image, mask), (image, mask > 0, 3)):
        wanted = local.inpaint(*arguments)
        found = remote.inpaint(*arguments)
        # One of them has its batch normalization folded.
        np.testing.assert_allclose(found.astype(int), wanted, atol=1)
    with pytest.raises(ValueError, match="The mask is empty"):
        remote.inpaint(image, mask * 0)


def test_a_busy_server_is_asked_again(place, model):
    server = client.connect(place)
    model.failures = list(BUSY)
    window = np.zeros([1, 32, 32, 3], np.uint8)
    started = time.monotonic()
    found = server.predict({"image": window, "mask": window[..., :1] + 255})
    assert found["inpainted"].shape == window.shape
    # Pauses of at least half of 0.1, 0.2 and 0.4 s.
    assert time.monotonic() - started > 0.35
    assert len(model.requests) == 5


def test_pauses_grow_and_attempts_have_what_is_left_of_the_deadline(monkeypatch):
    class Clock:
        now, waits = 0.0, []

        def monotonic(self):
            return self.now

        def sleep(self, seconds):
            self.waits.append(seconds)
            self.now += seconds

    class Transport:
        place, left = "a server", []

        def describe(self, left):
            self.left.append(left)
            if len(self.left) < 9:
                raise UnavailableError("not yet")
            return 32, ("inpainted",)

    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    monkeypatch.setattr(client.random, "uniform", lambda low, high: high)
    client.ServingClient(Transport(), deadline=60.0)
    assert clock.waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0])
    expected = 60.0 - np.cumsum([0.0, *clock.waits])
    np.testing.assert_allclose(Transport.left, expected)


def test_what_is_wrong_with_the_request_is_not_asked_again(place, model):
    server = client.connect(place)
    model.failures = [WRONG]
    window = np.zeros([1, 32, 32, 3], np.uint8)
    with pytest.raises(ServingError, match="as the test wants"):
        server.predict({"image": window, "mask": window[..., :1]})
    assert len(model.requests) == 2


def test_the_graph_s_own_reason_reaches_the_caller(place):
    window = np.zeros([1, 32, 32, 3], np.uint8)
    wrong = {"image": window[..., :2], "mask": window[..., :1]}
    with pytest.raises(ServingError, match="localhost.*(400|INVALID_ARGUMENT|UNKNOWN)"):
        client.connect(place).predict(wrong)


def test_a_slow_server_is_not_waited_for_beyond_the_deadline(place, model):
    server = client.connect(place, deadline=0.5)
    model.failures = [3.0]
    window = np.zeros([1, 32, 32, 3], np.uint8)
    started = time.monotonic()
    with pytest.raises(ServingError, match="DEADLINE_EXCEEDED|did not answer in time"):
        server.predict({"image": window, "mask": window[..., :1]})
    assert time.monotonic() - started < 2.5


@pytest.mark.parametrize("scheme", ["grpc", "http"])
def test_a_server_that_is_not_there_is_said_by_the_deadline(scheme):
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with pytest.raises(ServingError, match="Gave up after 0.4 s") as error:
        client.connect(f"{scheme}://localhost:{port}", deadline=0.4)
    assert f"{scheme}://localhost:{port}" in str(error.value)


def test_another_name_is_not_found(place):
    with pytest.raises(ServingError, match="(NOT_FOUND|404).*Servable not found"):
        client.connect(f"{place}/other")


@pytest.mark.parametrize("suffix, asked", [("versions/3", "3"), ("labels/now", "now")])
def test_a_version_or_a_label_can_be_asked_for(place, model, suffix, asked):
    client.connect(f"{place}/btgmi/{suffix}")
    assert str(model.requests[-1][1]) == asked


@pytest.mark.parametrize("name", ["übung", "two words", "two%20words"])
def test_a_name_of_any_letters_is_asked_for(place, model, monkeypatch, name):
    monkeypatch.setattr(model, "name", name.replace("%20", " "))
    assert client.connect(f"{place}/{name}", deadline=5.0).image_size == 32


@pytest.mark.parametrize(
    "place",
    [
        "grpc://",
        "grpc://host",
        "http://host:port",
        "http://host:8501/a/b",
        "http://host:8501/a/versions/new",
        "http://host:8501/a/versions/²",
        f"grpc://host:8500/a/versions/{2**63}",
        "http://host:8501/a/versions/1/more",
        "https://host:8501/a?b",
    ],
)
def test_a_place_of_another_form_is_refused_with_the_form_wanted(place):
    with pytest.raises(
        ValueError, match="has the form grpc://HOST:8500/NAME or http://HOST"
    ):
        client.connect(place)
    with pytest.raises(
        ValueError, match="has the form grpc://HOST:8500/NAME or http://HOST"
    ):
        loading.describe(place)


def test_files_go_through_rest_as_base64_both_ways(model):
    image, mask = example()

    def encoded(array):
        return {"b64": base64.b64encode(file_of(array)).decode()}

    rows = [
        {"image_bytes": encoded(image), "mask_bytes": encoded(mask)},
        {"image_bytes": encoded(image[:9]), "mask_bytes": encoded(mask)},
    ]
    body = json.dumps({"instances": rows}).encode()
    with rest_server(model) as place:
        url = f"{place}/v1/models/btgmi:predict"
        with urllib.request.urlopen(url, body, timeout=60) as answer:
            found = json.load(answer)["predictions"]
    data = base64.b64decode(found[0]["composite_bytes"]["b64"])
    composite = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(composite[mask == 0], image[mask == 0])
    assert [row["error"] for row in found] == [
        "",
        "the mask is 100x80 pixels, the image 100x9",
    ]


def test_the_inpaint_program_fills_by_a_server(place, tmp_path):
    image, mask = example()
    Image.fromarray(image).save(tmp_path / "image.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    flags = {
        "model": place,
        "image": str(tmp_path / "image.png"),
        "mask": str(tmp_path / "mask.png"),
        "output": str(tmp_path / "filled.png"),
    }
    inpaint.FLAGS(["inpaint", *[f"--{name}={value}" for name, value in flags.items()]])
    assert inpaint.main(["inpaint"]) == 0
    found = np.asarray(Image.open(tmp_path / "filled.png"))
    np.testing.assert_array_equal(found, loading.load(place).inpaint(image, mask))


def test_errors_of_servers_end_programs_in_one_line():
    assert issubclass(ServingError, OSError)
    assert not issubclass(ServingError, program.UsageError)


@pytest.mark.parametrize(
    "command",
    [[sys.executable, "request.py"], ["bash", "request.sh"]],
    ids=["python", "curl"],
)
def test_the_examples_fill_files(model, local, tmp_path, command):
    if command[0] == "bash" and not shutil.which("curl"):
        pytest.skip("no curl here")
    image, mask = example()
    Image.fromarray(image).save(tmp_path / "image.png")
    Image.fromarray(mask).save(tmp_path / "mask.png")
    files = [str(tmp_path / name) for name in ("image.png", "mask.png", "filled.png")]
    script = os.path.join(EXAMPLES, command[1])
    with rest_server(model) as place:
        host = place if command[1].endswith("py") else place.split("//")[1]
        call = [command[0], script, *files, host]
        subprocess.run(call, check=True, timeout=120)
        os.truncate(files[0], 200)
        failed = subprocess.run(call, check=False, capture_output=True, timeout=120)
    assert failed.returncode
    assert b"image_bytes: it is damaged" in failed.stderr
    found = np.asarray(Image.open(files[2]))
    np.testing.assert_array_equal(found[mask == 0], image[mask == 0])
    assert np.mean(found[mask > 0] != image[mask > 0]) > 0.9


@pytest.mark.parametrize("example", ["request.py", "request.sh"])
def test_an_example_writes_nothing_for_an_error_amid_a_batch(tmp_path, example):
    """The server answers 200 if other pictures of its batch were filled."""
    if example.endswith("sh") and not shutil.which("curl"):
        pytest.skip("no curl here")
    answer = {"composite_bytes": {"b64": ""}, "error": 'the "mask" is empty'}
    body = json.dumps({"predictions": [answer]}, indent=2).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    (tmp_path / "file").write_bytes(b"old")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{server.server_port}"
        program, host = {
            "request.py": (sys.executable, f"http://{place}"),
            "request.sh": ("bash", place),
        }[example]
        call = [program, os.path.join(EXAMPLES, example)]
        call += [str(tmp_path / "file")] * 3 + [host]
        failed = subprocess.run(call, check=False, capture_output=True, timeout=120)
        server.shutdown()
    assert failed.returncode == 1 and b"is empty" in failed.stderr
    assert (tmp_path / "file").read_bytes() == b"old"


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        ([], 2, "required: IMAGE, MASK, OUTPUT"),
        (["--help"], 0, "usage: request.py"),
        (["none.png", "none.png", "o.png"], 1, "request.py: .*No such file.*none.png"),
        (
            [__file__, __file__, "o.png", "http://localhost:1"],
            1,
            "request.py: .*refused",
        ),
    ],
)
def test_the_example_tells_its_mistakes_in_a_line(tmp_path, arguments, code, words):
    call = [sys.executable, os.path.join(EXAMPLES, "request.py"), *arguments]
    done = subprocess.run(
        call, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code and "Traceback" not in done.stderr
    assert re.search(words, done.stdout + done.stderr)


def test_the_model_config_is_one_that_the_server_reads():
    with open(os.path.join(EXAMPLES, "models.config")) as file:
        config = model_server_config_pb2.ModelServerConfig()
        text_format.Parse(file.read(), config)
    (model,) = config.model_config_list.config
    assert model.name == "btgmi" and model.model_platform == "tensorflow"
    assert model.version_labels["stable"] == 1
