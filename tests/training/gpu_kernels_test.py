"""What can be known of GPUs without one: that every operation has a kernel there.

TensorFlow's wheels for Linux hold the kernels for GPUs, and list them. An operation
without one runs on the CPU, silently, with its input and output copied.
"""

import pytest
import tensorflow as tf
from tensorflow.python.framework import kernels

from tf_btgmi.training.build import build_model

pytestmark = pytest.mark.skipif(
    not tf.test.is_built_with_cuda(), reason="TensorFlow was built without CUDA"
)
# These hand over to others, or only check.
NOT_COUNTED = ("Placeholder", "Assert", "PartitionedCall", "StatefulPartitionedCall")
SYSTEMS = {
    "btgmi": {},
    "context_encoder": {
        "generator__architecture": "context_encoder",
        "discriminator__architecture": "global",
        "losses__reconstruction": "overlap_l2",
        "procedure__num_refinement_blocks": 0,
    },
    "globally_locally": {
        "generator__architecture": "globally_locally",
        "discriminator__architecture": "global_local",
        "losses__reconstruction": "l2",
        "procedure__num_refinement_blocks": 0,
        "procedure__optimizer": "adadelta",
    },
    "pix2pixhd": {
        "generator__normalization": "instance",
        "losses__reconstruction": "feature_matching",
    },
    "interpolated": {"generator__resampling": "interpolated"},
}
FAST = "btgmi-float32"
CASES = [
    pytest.param(
        changes,
        precision,
        id=f"{name}-{precision}",
        marks=[] if f"{name}-{precision}" == FAST else pytest.mark.slow,
    )
    for name, changes in SYSTEMS.items()
    for precision in ("float32", "mixed_bfloat16", "mixed_float16")
]


def fits(node, kernel) -> bool:
    for constraint in kernel.constraint:
        value = node.attr[constraint.name]
        types = [value.type] if value.type else value.list.type
        if not set(types) <= set(constraint.allowed_values.list.type):
            return False
    return True


def without_gpu_kernel(function) -> set:
    """Operations of a traced function, by name, that no kernel for GPUs fits."""
    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(n for f in graph.library.function for n in f.node_def)]
    found = set()
    for node in nodes:
        known = kernels.get_registered_kernels_for_op(node.op).kernel
        usable = [k for k in known if k.device_type in ("GPU", "DEFAULT")]
        # What has no kernel at all is a function of the graph's own.
        if known and not any(fits(node, kernel) for kernel in usable):
            found.add(node.op)
    return found - set(NOT_COUNTED)


def test_an_operation_of_the_cpu_alone_is_found():
    function = tf.function(lambda: tf.argmax(tf.range(3)))
    assert without_gpu_kernel(function.get_concrete_function()) == {"ArgMax"}


@pytest.mark.parametrize("changes, precision", CASES)
def test_every_operation_of_a_step_has_a_kernel_for_gpus(
    make_config, batches, changes, precision
):
    config = make_config(training__precision=precision, **changes)
    model = build_model(config, tf.distribute.get_strategy())
    spec = tf.nest.map_structure(tf.TensorSpec.from_tensor, batches[0])
    step = tf.function(model.train_step).get_concrete_function(spec)
    assert without_gpu_kernel(step) == set()
    average = model.update_average.get_concrete_function()
    assert without_gpu_kernel(average) == set()
