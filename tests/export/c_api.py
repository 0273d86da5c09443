"""A SavedModel run by TensorFlow's C API, without TensorFlow's Python.

`TF_LoadSessionFromSavedModel` is the loader that TensorFlow Serving's own servable is
made of. The library is the one in the wheel.
"""

import ctypes
import os

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

_STRING = 7
_DTYPES = {np.dtype(np.uint8): 4, np.dtype(np.float32): 1}
_STRING_BYTES = 24


class _Output(ctypes.Structure):
    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


class _Buffer(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_size_t),
        ("deallocator", ctypes.c_void_p),
    ]


def _library():
    folder = os.path.dirname(tf.__file__)
    library = ctypes.CDLL(os.path.join(folder, "libtensorflow_cc.so.2"))
    pointers = [
        "TF_NewGraph TF_NewSessionOptions TF_NewStatus TF_LoadSessionFromSavedModel",
        "TF_GraphOperationByName TF_AllocateTensor TF_TensorData",
        "TF_StringGetDataPointer",
    ]
    for name in " ".join(pointers).split():
        getattr(library, name).restype = ctypes.c_void_p
    library.TF_Message.restype = ctypes.c_char_p
    library.TF_StringGetSize.restype = ctypes.c_size_t
    library.TF_Dim.restype = ctypes.c_int64
    return library


class Session:
    """A SavedModel, loaded.

    Args:
        folder: of the version.

    Raises:
        RuntimeError: what the library says.
    """

    def __init__(self, folder: str):
        self._c = _library()
        self._status = ctypes.c_void_p(self._c.TF_NewStatus())
        self._graph = ctypes.c_void_p(self._c.TF_NewGraph())
        options = ctypes.c_void_p(self._c.TF_NewSessionOptions())
        tags = (ctypes.c_char_p * 1)(b"serve")
        described = _Buffer()
        self._session = ctypes.c_void_p(
            self._c.TF_LoadSessionFromSavedModel(
                options,
                None,
                folder.encode(),
                tags,
                1,
                self._graph,
                ctypes.byref(described),
                self._status,
            )
        )
        self._check()
        text = ctypes.string_at(described.data, described.length)
        graph = meta_graph_pb2.MetaGraphDef.FromString(text)
        self.signatures = graph.signature_def

    def run(self, signature, inputs):
        """Outputs by name, for inputs by name: uint8 arrays, or lists of bytes."""
        signature = self.signatures[signature]
        feeds = [(signature.inputs[name].name, value) for name, value in inputs.items()]
        fetches = [(name, info.name) for name, info in signature.outputs.items()]
        given = (ctypes.c_void_p * len(feeds))(*[self._tensor(v) for _, v in feeds])
        results = (ctypes.c_void_p * len(fetches))()
        self._c.TF_SessionRun(
            self._session,
            None,
            (_Output * len(feeds))(*[self._place(name) for name, _ in feeds]),
            given,
            len(feeds),
            (_Output * len(fetches))(*[self._place(name) for _, name in fetches]),
            results,
            len(fetches),
            None,
            0,
            None,
            self._status,
        )
        self._check()
        names = [name for name, _ in fetches]
        arrays = [self._array(ctypes.c_void_p(result)) for result in results]
        return dict(zip(names, arrays))

    def _check(self):
        if self._c.TF_GetCode(self._status):
            raise RuntimeError(self._c.TF_Message(self._status).decode())

    def _place(self, name):
        name, index = name.split(":")
        operation = self._c.TF_GraphOperationByName(self._graph, name.encode())
        assert operation, name
        return _Output(operation, int(index))

    def _tensor(self, value):
        if isinstance(value, np.ndarray):
            shape, kind, size = value.shape, _DTYPES[value.dtype], value.nbytes
        else:
            shape, kind, size = (len(value),), _STRING, len(value) * _STRING_BYTES
        dims = (ctypes.c_int64 * len(shape))(*shape)
        tensor = self._c.TF_AllocateTensor(
            kind, dims, len(shape), ctypes.c_size_t(size)
        )
        data = self._c.TF_TensorData(ctypes.c_void_p(tensor))
        if isinstance(value, np.ndarray):
            ctypes.memmove(data, np.ascontiguousarray(value).ctypes.data, size)
            return tensor
        for position, text in enumerate(value):
            place = ctypes.c_void_p(data + position * _STRING_BYTES)
            self._c.TF_StringInit(place)
            self._c.TF_StringCopy(place, text, ctypes.c_size_t(len(text)))
        return tensor

    def _array(self, tensor):
        rank = self._c.TF_NumDims(tensor)
        shape = [self._c.TF_Dim(tensor, axis) for axis in range(rank)]
        data = self._c.TF_TensorData(tensor)
        kind = self._c.TF_TensorType(tensor)
        count = int(np.prod(shape))
        if kind == _STRING:
            places = [ctypes.c_void_p(data + i * _STRING_BYTES) for i in range(count)]
            return [
                ctypes.string_at(
                    self._c.TF_StringGetDataPointer(place),
                    self._c.TF_StringGetSize(place),
                )
                for place in places
            ]
        (dtype,) = [dtype for dtype, number in _DTYPES.items() if number == kind]
        text = ctypes.string_at(data, count * dtype.itemsize)
        return np.frombuffer(text, dtype).reshape(shape)
