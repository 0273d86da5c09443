"""Steps recorded as CUDA graphs, so that a GPU need not wait for Python.

A step of the GAN is some thousand small kernels, which Python starts more slowly than
a GPU runs them.
"""

import torch

# Steps before the recording, in which cuDNN chooses its kernels.
WARM_UP = 3


class Recorded:
    """A function of CUDA tensors, recorded once for each shape and replayed after.

    What it changes (weights, moments, statistics) must stay where it is in memory, and
    numbers that vary from call to call must be tensors. `forget` before anything else
    changes.

    Args:
        function: tensors to a dict of tensors; the first `WARM_UP` calls of a shape run
            it as it is.
    """

    def __init__(self, function):
        self._function = function
        self.forget()

    def forget(self) -> None:
        """Drops all recordings."""
        self._calls, self._recordings = {}, {}

    def __call__(self, *inputs) -> dict:
        """The function's results; the next replay overwrites them."""
        shape = tuple(tuple(tensor.shape) for tensor in inputs)
        if shape in self._recordings:
            graph, places, results = self._recordings[shape]
            for place, tensor in zip(places, inputs):
                place.copy_(tensor)
            graph.replay()
            return results
        calls = self._calls[shape] = self._calls.get(shape, 0) + 1
        if calls <= WARM_UP:
            # Not on the default stream: a recording cannot follow work on that.
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                results = self._function(*inputs)
            torch.cuda.current_stream().wait_stream(stream)
            return results
        places = [tensor.clone() for tensor in inputs]
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            results = self._function(*places)
        self._recordings[shape] = graph, places, results
        return self(*inputs)
