"""Checks the operations of a SavedModel before it is loaded.

A SavedModel is a program: TensorFlow has operations that read and write files, or call
Python. Models of this project need none of these; a model with any operation outside
`ALLOWED` is refused, without running it.
"""

import os
from typing import Iterator

FILE = "saved_model.pb"
# Arithmetic, shapes, pictures in memory, reading of variables, control flow.
ALLOWED = frozenset(
    """
    Abs Add AddN AddV2 AdjustContrastv2 AdjustHue AdjustSaturation All Any
    ApproximateEqual ArgMax ArgMin AsString Assert Atan Atan2 AvgPool BatchMatMul
    BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd Bitcast BitwiseAnd BitwiseOr
    BroadcastArgs BroadcastGradientArgs BroadcastTo Case Cast Ceil ClipByValue Concat
    ConcatV2 ConcatenateDataset Const Conv2D Conv2DBackpropInput Cos Cosh CropAndResize
    Cumprod Cumsum DatasetToSingleElement DecodeBmp DecodeImage DecodeJpeg DecodePng
    DecodeRaw DecodeWebP DepthToSpace DepthwiseConv2dNative Dilation2D DivNoNan Einsum
    Elu Empty EmptyTensorList EncodeJpeg EncodePng EnsureShape Equal Erf Exp ExpandDims
    Expm1 ExtractImagePatches ExtractJpegShape Fill Floor FloorDiv FloorMod
    FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Gather GatherNd GatherV2 Greater
    GreaterEqual HSVToRGB Identity IdentityN If IgnoreErrorsDataset Inv Invert
    InvertPermutation IsFinite IsInf IsNan L2Loss LRN LeakyRelu LeftShift Less LessEqual
    Lgamma LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr LogicalXor
    MapDataset MatMul MatrixBandPart Max MaxPool Maximum Mean Min Minimum MirrorPad Mod
    Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2 ParseTensor
    PartitionedCall Placeholder PlaceholderWithDefault Pow PreventGradient Prod RGBToHSV
    Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeArea
    ResizeBicubic ResizeBilinear ResizeNearestNeighbor Reverse ReverseV2 RightShift Rint
    Roll Round Rsqrt ScaleAndTranslate ScatterNd SegmentMean SegmentSum Select SelectV2
    Selu SerializeTensor Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Softmax Softplus
    Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference
    Squeeze StatefulPartitionedCall StatelessCase StatelessIf StatelessWhile
    StaticRegexFullMatch StopGradient StridedSlice StringJoin StringLength Sub Substr
    Sum TakeDataset Tan Tanh TensorDataset TensorListFromTensor TensorListGetItem
    TensorListLength TensorListPopBack TensorListPushBack TensorListReserve
    TensorListSetItem TensorListStack TensorScatterAdd TensorScatterMax
    TensorScatterUpdate Tile TopKV2 Transpose TruncateDiv Unique UniqueV2 Unpack
    UnsortedSegmentMax UnsortedSegmentSum VarHandleOp Where While Xdivy ZerosLike
    """.split()
)
# Kinds of objects that run code when they are loaded.
_NOT_LOADED = ("resource", "asset")


def check(folder: str) -> None:
    """Checks the SavedModel in `folder`.

    Raises:
        ValueError: it is damaged, or has other operations than `ALLOWED`.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = os.path.join(folder, FILE)
    model = saved_model_pb2.SavedModel()
    try:
        with open(path, "rb") as file:
            model.ParseFromString(file.read())
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from error
    except DecodeError as error:
        raise ValueError(f"{path} is damaged: {error}.") from error
    graphs = [g for g in model.meta_graphs if g.HasField("object_graph_def")]
    if len(graphs) != 1 or len(model.meta_graphs) != 1:
        raise ValueError(f"{path} is not a SavedModel of this project, or incomplete.")
    graph = graphs[0]
    nodes = graph.object_graph_def.nodes
    kinds = {node.WhichOneof("kind") for node in nodes} & set(_NOT_LOADED)
    if kinds or any(n.saveable_objects or n.registered_saver for n in nodes):
        raise ValueError(
            f"{path} has {sorted(kinds) or 'savers'}, which no model of this project "
            "has. It was not loaded."
        )
    functions = {f.signature.name: f for f in graph.graph_def.library.function}
    unknown = sorted(set(_operations(functions, _entries(nodes))) - ALLOWED)
    if unknown:
        raise ValueError(
            f"{path} contains the operation {unknown[0]}, which no model of this "
            "project uses and which may do more than compute. It was not loaded."
        )


def _entries(nodes) -> list[str]:
    """Names of all functions of a loaded model."""
    names = []
    for node in nodes:
        names += node.function.concrete_functions
        names.append(node.bare_concrete_function.concrete_function_name)
    return names


def _operations(functions: dict[str, object], entries: list[str]) -> Iterator[str]:
    """The operations of `entries` and of all functions that they call."""
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
