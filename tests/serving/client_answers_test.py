"""Answers of servers that are malformed, slow or broken off."""

import contextlib
import io
import json
import socket
import threading
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2

from tf_btgmi.serving import client, grpc_transport
from tf_btgmi.serving.contract import ServingError, UnavailableError
from tf_btgmi.serving.rest_transport import RestTransport

WINDOW = np.zeros([1, 32, 32, 3], np.uint8)


class Transport:
    """A server's answers, by either interface."""

    place = "http://localhost:1"

    def __init__(self, size=32, outputs=("inpainted",), predictions=None):
        self.describe = lambda seconds: (size, outputs)
        self.predict = lambda inputs, seconds: predictions


@pytest.mark.parametrize("size", [-1, 0, 1, 31, 8_193, 100_000])
def test_a_server_with_windows_of_an_impossible_size_is_refused(size):
    with pytest.raises(ServingError, match=f"localhost:1 has windows of {size} pixels"):
        client.ServingClient(Transport(size=size))


@pytest.mark.parametrize("outputs", [(), ("other",), ("inpainted", "other")])
def test_a_server_without_the_outputs_of_a_model_is_refused(outputs):
    with pytest.raises(ServingError, match="localhost:1 has the outputs"):
        client.ServingClient(Transport(outputs=outputs))


@pytest.mark.parametrize(
    "values", [WINDOW.astype(int) + 300, WINDOW.astype(int) - 5, WINDOW / 2, WINDOW > 0]
)
def test_predictions_are_levels_from_0_to_255(values):
    server = client.ServingClient(Transport(predictions={"inpainted": values}))
    with pytest.raises(ServingError, match="localhost:1.*numbers from 0 to 255"):
        server.predict({"image": WINDOW, "mask": WINDOW[..., :1]})


def answers(monkeypatch, status, body):
    """A REST transport whose server answers this."""
    transport = RestTransport("http://localhost:1", "btgmi", "", "")

    def urlopen(request, timeout):
        file = io.BufferedReader(io.BytesIO(body))
        if status == 200:
            return file
        raise urllib.error.HTTPError("", status, "bad", {}, file)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return transport


def described(outputs):
    """The answer for a model with these outputs."""
    image = {"tensor_shape": {"dim": [{"size": 1}, {"size": "32"}]}}
    signature = {"inputs": {"image": image}, "outputs": outputs}
    signatures = {"signature_def": {"predict_window": signature}}
    return json.dumps({"metadata": {"signature_def": signatures}}).encode()


@pytest.mark.parametrize(
    "body, message",
    [
        (b"[" * 100_000, "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "no signature"),
        (b"{}", "no signature"),
        (b"null", "no signature"),
        (described([{"name": "x"}]), "no signature"),
        (described("inpainted"), "no signature"),
    ],
)
def test_every_malformed_description_is_a_serving_error(monkeypatch, body, message):
    with pytest.raises(ServingError, match=f"localhost:1.*{message}"):
        answers(monkeypatch, 200, body).describe(1.0)


@pytest.mark.parametrize(
    "body", [b'{"error": "bad\\nthing"}', b"bad\n\nthing", b"", b"[" * 2000]
)
def test_a_reason_of_several_lines_is_shortened_to_the_first(monkeypatch, body):
    with pytest.raises(ServingError, match=r"HTTP 400, (bad|\[+)\.$") as caught:
        answers(monkeypatch, 400, body).describe(1.0)
    assert "\n" not in str(caught.value)


def test_a_grpc_server_without_the_signature_or_with_a_damaged_one_is_refused():
    transport = grpc_transport.GrpcTransport("grpc://localhost:1", "btgmi", "", "")
    answer = get_model_metadata_pb2.GetModelMetadataResponse()
    transport._call = lambda *arguments: answer
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signatures.signature_def["predict_window"].inputs["image"].name = "x"
    for value in (b"", b"\xff\xff", signatures.SerializeToString()):
        answer.metadata["signature_def"].Pack(signatures)
        answer.metadata["signature_def"].value = value
        with pytest.raises(ServingError, match="localhost:1 has no signature"):
            transport.describe(1.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": 99},
        {"dtype": types_pb2.DT_RESOURCE},
        {"dtype": types_pb2.DT_VARIANT},
        {"dtype": types_pb2.DT_UINT8, "sides": [1], "int_val": [300]},
        {"dtype": types_pb2.DT_INT32, "sides": [1 << 24, 1 << 24], "int_val": [1]},
        {"dtype": types_pb2.DT_UINT8, "sides": [-5, 3], "int_val": [1]},
    ],
    ids=["unknown", "resource", "variant", "level", "large", "negative"],
)
def test_a_grpc_server_s_malformed_tensor_is_a_serving_error(fields):
    transport = grpc_transport.GrpcTransport("grpc://localhost:1", "btgmi", "", "")
    answer = predict_pb2.PredictResponse()
    tensor = answer.outputs["inpainted"]
    tensor.dtype = fields["dtype"]
    tensor.int_val.extend(fields.get("int_val", []))
    for side in fields.get("sides", []):
        tensor.tensor_shape.dim.add(size=side)
    transport.describe = lambda seconds: (32, ("inpainted",))
    transport._call = lambda *arguments: answer
    with pytest.raises(ServingError, match="localhost:1 returned "):
        client.ServingClient(transport).predict({"image": WINDOW})


@pytest.mark.parametrize(
    "head, message",
    [
        ("200 OK\r\nContent-Length: 400", "did not answer in time"),
        ("200 OK\r\nTransfer-Encoding: chunked", "did not answer in time"),
        ("500 Bad\r\nContent-Length: 400", "HTTP 500, Bad"),
    ],
)
def test_a_server_that_drips_bytes_is_not_read_beyond_the_deadline(head, message):
    piece = b"1\r\n \r\n" if "chunked" in head else b" "

    def drip(listener):
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(f"HTTP/1.1 {head}\r\n\r\n".encode())
            for _ in range(60):
                connection.sendall(piece)
                time.sleep(0.1)

    with socket.create_server(("localhost", 0)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        transport = RestTransport(
            f"http://localhost:{listener.getsockname()[1]}", "btgmi", "", ""
        )
        started = time.monotonic()
        with pytest.raises(ServingError, match=message):
            transport.describe(0.5)
        assert time.monotonic() - started < 3.0


@pytest.mark.parametrize("sent", [b"{}", b'{"a": 1}'])
def test_an_answer_that_breaks_off_is_asked_for_again(sent):
    with socket.create_server(("localhost", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
                connection.sendall(head + sent)

        threading.Thread(target=answer, daemon=True).start()
        transport = RestTransport(
            f"http://localhost:{listener.getsockname()[1]}", "btgmi", "", ""
        )
        with pytest.raises(UnavailableError, match="IncompleteRead"):
            transport.describe(5.0)
