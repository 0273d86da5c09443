"""TensorFlow Serving's two interfaces on loopback, over a real SavedModel.

They stand in for the server's binary: gRPC with the messages and the service of
`tensorflow-serving-api`, REST with the JSON that its documentation describes.
"""

import base64
import concurrent.futures
import contextlib
import http.server
import json
import threading
import urllib.parse

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)


class Model:
    """A SavedModel under a name, which can be made to fail.

    Attributes:
        failures: errors that the next calls raise, taken from the front: each a gRPC
            status code with the HTTP status beside it, or seconds to wait.
        requests: what was asked for: method, version and signature.
    """

    def __init__(self, folder, name="btgmi"):
        self.name = name
        self.module = tf.saved_model.load(folder)
        with open(f"{folder}/saved_model.pb", "rb") as file:
            saved = saved_model_pb2.SavedModel.FromString(file.read())
        self.signature_defs = saved.meta_graphs[0].signature_def
        self.failures = []
        self.requests = []

    def run(self, signature, inputs):
        function = self.module.signatures[signature]
        specs = function.structured_input_signature[1]
        tensors = {k: tf.constant(v, specs[k].dtype) for k, v in inputs.items()}
        return {name: out.numpy() for name, out in function(**tensors).items()}

    def signature_map(self):
        found = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in self.signature_defs.items():
            found.signature_def[name].CopyFrom(signature)
        return found


class _Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self._model = model

    def Predict(self, request, context):
        self._begin("predict", request.model_spec, context)
        signature = request.model_spec.signature_name or "serving_default"
        try:
            arrays = {name: tf.make_ndarray(t) for name, t in request.inputs.items()}
            found = self._model.run(signature, arrays)
        except tf.errors.OpError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = predict_pb2.PredictResponse()
        for name, value in found.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response

    def GetModelMetadata(self, request, context):
        self._begin("metadata", request.model_spec, context)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(self._model.signature_map())
        return response

    def _begin(self, method, spec, context):
        version = spec.version_label or spec.version.value
        self._model.requests.append((method, version, spec.signature_name))
        if self._model.failures:
            failure = self._model.failures.pop(0)
            if isinstance(failure, float):
                threading.Event().wait(failure)
            else:
                context.abort(failure[0], "as the test wants")
        if spec.name != self._model.name:
            context.abort(grpc.StatusCode.NOT_FOUND, "Servable not found")


@contextlib.contextmanager
def grpc_server(model):
    """Serves a `Model`; yields `grpc://localhost:port`."""
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    servicer = _Service(model)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        servicer, server
    )
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield f"grpc://localhost:{port}"
    finally:
        server.stop(None)


@contextlib.contextmanager
def rest_server(model):
    """Serves a `Model`; yields `http://localhost:port`."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(self._metadata)

        def do_POST(self):
            self._answer(self._predict)

        def log_message(self, *arguments):
            pass

        def _answer(self, make):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, method = self.path.rpartition(
                "/" if self.path.endswith("/metadata") else ":"
            )
            names = urllib.parse.unquote(path).strip("/").split("/")
            model.requests.append((method, names[4] if names[4:] else 0, ""))
            status = 200
            if model.failures:
                failure = model.failures.pop(0)
                if isinstance(failure, float):
                    threading.Event().wait(failure)
                else:
                    status = failure[1]
            if status != 200:
                answer = {"error": "as the test wants"}
            elif names[:3] != ["v1", "models", model.name]:
                status, answer = 404, {"error": "Servable not found"}
            else:
                try:
                    answer = make(body)
                except (tf.errors.OpError, ValueError, KeyError) as error:
                    status, answer = 400, {"error": str(error)}
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

        def _metadata(self, body):
            signatures = json_format.MessageToDict(
                model.signature_map(), preserving_proto_field_name=True
            )
            return {
                "model_spec": {"name": model.name},
                "metadata": {"signature_def": signatures},
            }

        def _predict(self, body):
            asked = json.loads(body)
            signature = asked.get("signature_name", "serving_default")
            if "instances" in asked:
                names = asked["instances"][0]
                rows = asked["instances"]
                inputs = {n: [_plain(row[n]) for row in rows] for n in names}
            else:
                inputs = {n: _plain(v) for n, v in asked["inputs"].items()}
            found = {
                name: _json(name, value)
                for name, value in model.run(signature, inputs).items()
            }
            if "instances" in asked:
                rows = [dict(zip(found, row)) for row in zip(*found.values())]
                return {"predictions": rows}
            values = list(found.values())
            return {"outputs": found if len(values) > 1 else values[0]}

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _plain(value):
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return value


def _json(name, value):
    if value.dtype != object:
        return np.asarray(value).tolist()
    if name.endswith("_bytes"):
        return [{"b64": base64.b64encode(data).decode()} for data in value]
    return [data.decode() for data in value]
