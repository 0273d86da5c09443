"""Counts the arithmetic of a traced function: convolutions and matrix products.

A multiplication and the addition that follows it are two operations. What else a
network does (normalization, activations, losses) is not counted; it is small beside
this and bound by memory.
"""

from typing import Dict, Sequence

import numpy as np

FORWARD = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "MatMul")


def convolution(kernel: Sequence[int], places: int) -> int:
    """Operations of a convolution, or of either of its gradients.

    Args:
        kernel: its kernel's shape, [h, w, in, out].
        places: where it is applied: batch times height times width of the output. Of
            a transposed convolution, those of the input.
    """
    return 2 * int(np.prod(kernel)) * places


def matrix_product(rows: int, inner: int, columns: int) -> int:
    """Operations of [rows, inner] times [inner, columns]."""
    return 2 * rows * inner * columns


def of_function(function) -> Dict[str, int]:
    """Operations of a concrete function with static shapes, by TensorFlow's op.

    Args:
        function: what `tf.function.get_concrete_function` gives. The gradients that it
            takes inside are counted as well.

    Raises:
        ValueError: a shape is not known, or functions that it calls convolve.
    """
    counts = {}
    graph = function.graph
    for operation in graph.get_operations():
        if operation.type in FORWARD:
            counts.setdefault(operation.type, 0)
            counts[operation.type] += _of_operation(operation)
    for called in graph.as_graph_def().library.function:
        hidden = {node.op for node in called.node_def} & set(FORWARD)
        # Gradients that were defined and not taken stay in the library.
        if hidden and _is_called(graph, called.signature.name):
            raise ValueError(
                f"{called.signature.name} has {', '.join(sorted(hidden))}, which is "
                "not counted there; trace without functions in functions."
            )
    return counts


def _of_operation(operation) -> int:
    kind = operation.type
    shapes = [_static(operation, tensor.shape) for tensor in operation.outputs]
    if kind == "MatMul":
        first = _static(operation, operation.inputs[0].shape)
        inner = first[0] if operation.get_attr("transpose_a") else first[1]
        return matrix_product(shapes[0][0], inner, shapes[0][1])
    if kind == "Conv2D":
        kernel = _static(operation, operation.inputs[1].shape)
        return convolution(kernel, _places(shapes[0]))
    # Of both gradients the third input is that of the output.
    places = _places(_static(operation, operation.inputs[2].shape))
    if kind == "Conv2DBackpropFilter":
        return convolution(shapes[0], places)
    return convolution(_static(operation, operation.inputs[1].shape), places)


def _places(shape) -> int:
    return int(np.prod(shape[:3]))


def _static(operation, shape):
    if not shape.is_fully_defined():
        raise ValueError(
            f"{operation.name} ({operation.type}) has the shape {shape}; trace with a "
            "batch of a fixed size."
        )
    return shape.as_list()


def _is_called(graph, name: str) -> bool:
    for operation in graph.get_operations():
        for value in operation.node_def.attr.values():
            if value.func.name == name:
                return True
    return False
