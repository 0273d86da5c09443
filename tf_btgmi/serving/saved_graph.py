"""What a SavedModel may do: a list of operations, read before any of them is run.

A SavedModel is a program. TensorFlow runs what it says, and there are operations that
read and write files, or call Python. A model of this project needs none of them, so one
that holds others is refused by name. Nothing is run to find that out.
"""

import os
from typing import Dict, Iterator, List

FILE = "saved_model.pb"
# Arithmetic, shapes, pictures in memory, variables that are read, control flow.
ALLOWED = frozenset(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin AsString Assert AvgPool BatchToSpaceND
    BiasAdd BroadcastArgs BroadcastTo Case Cast Ceil ClipByValue Concat ConcatV2
    ConcatenateDataset Const Conv2D Conv2DBackpropInput Cumsum DatasetToSingleElement
    DecodeBmp DecodeImage DecodeJpeg DecodePng DecodeRaw DecodeWebP
    DepthwiseConv2dNative EncodeJpeg EncodePng EnsureShape Equal Exp ExpandDims
    ExtractJpegShape Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2
    FusedBatchNormV3 GatherNd GatherV2 Greater GreaterEqual Identity IdentityN If
    IgnoreErrorsDataset LeakyRelu Less LessEqual LogicalAnd LogicalNot LogicalOr
    MapDataset MatMul Max MaxPool Maximum Mean Min Minimum MirrorPad Mul Neg NoOp
    NotEqual OneHot Pack Pad PadV2 ParseTensor PartitionedCall Placeholder
    PlaceholderWithDefault Pow PreventGradient Prod Range Rank ReadVariableOp RealDiv
    Reciprocal Relu Relu6 Reshape ResizeArea ResizeBicubic ResizeBilinear
    ResizeNearestNeighbor ReverseV2 Round Rsqrt ScatterNd Select SelectV2
    SerializeTensor Shape ShapeN Sigmoid Sign Size Slice Softplus SpaceToBatchND Split
    SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StatelessCase
    StatelessIf StatelessWhile StaticRegexFullMatch StopGradient StridedSlice
    StringJoin StringLength Sub Substr Sum TakeDataset Tanh TensorDataset
    TensorListFromTensor TensorListGetItem TensorListLength TensorListReserve
    TensorListSetItem TensorListStack Tile Transpose TruncateDiv Unpack VarHandleOp
    Where While ZerosLike
    """.split()
)
# Kinds of objects that run something of their own when they are loaded.
_NOT_LOADED = ("resource", "asset")


def check(folder: str) -> None:
    """Reads the graph of the SavedModel in `folder`.

    Raises:
        ValueError: it is damaged, or could do more than compute.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = os.path.join(folder, FILE)
    model = saved_model_pb2.SavedModel()
    try:
        with open(path, "rb") as file:
            model.ParseFromString(file.read())
    except (OSError, DecodeError) as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    graphs = [g for g in model.meta_graphs if g.HasField("object_graph_def")]
    if len(graphs) != 1 or len(model.meta_graphs) != 1:
        raise ValueError(f"{path} is no SavedModel of this project, or is cut.")
    graph = graphs[0]
    nodes = graph.object_graph_def.nodes
    kinds = {node.WhichOneof("kind") for node in nodes} & set(_NOT_LOADED)
    if kinds or any(n.saveable_objects or n.registered_saver for n in nodes):
        raise ValueError(
            f"{path} holds {sorted(kinds) or 'savers'} of its own, which no model of "
            "this project has. It was not loaded."
        )
    functions = {f.signature.name: f for f in graph.graph_def.library.function}
    found = sorted(set(_operations(functions, _entries(nodes))) - ALLOWED)
    if found:
        raise ValueError(
            f"{path} could do more than compute: it holds the operation {found[0]}, "
            "which no model of this project has. It was not loaded."
        )


def _entries(nodes) -> List[str]:
    """Names of all functions that a loaded model offers."""
    names = []
    for node in nodes:
        names += node.function.concrete_functions
        names.append(node.bare_concrete_function.concrete_function_name)
    return names


def _operations(functions: Dict[str, object], entries: List[str]) -> Iterator[str]:
    """The operations of `entries` and of all that they call."""
    todo, seen = list(entries), set()
    while todo:
        name = todo.pop()
        if name in seen or name not in functions:
            continue
        seen.add(name)
        for node in functions[name].node_def:
            if node.op in functions:
                todo.append(node.op)
            else:
                yield node.op
            for value in node.attr.values():
                todo += [value.func.name, *(f.name for f in value.list.func)]
