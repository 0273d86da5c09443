"""One replica against two: the same examples must give the same step.

Rounding moves an activation that lies near 0 to the other side of a ReLU, which changes
a gradient by one of thousands of addends. So a step is compared relative to its own
length, and made by gradient descent: Adam would take a step of full length in a
direction that is rounding alone.
"""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi.training.build import build_model

NUM_STEPS = 2
# Of the length of a weight's own update. What is not summed or synchronised over
# replicas changes it by tens of percent.
TOLERANCE = 0.05
FAST = ("l1", 0)
SYSTEMS = {
    "l1": {
        "procedure__num_refinement_blocks": 1,
        "losses__reconstruction": "l1",
        "discriminator__num_scales": 1,
    },
    "btgmi": {"procedure__num_refinement_blocks": 1},
    "batch": {"discriminator__normalization": "batch"},
    "context_encoder": {
        "generator__architecture": "context_encoder",
        "generator__num_downsamplings": 3,
        "discriminator__architecture": "global",
        "losses__reconstruction": "overlap_l2",
        "losses__adversarial": "bce",
    },
    "globally_locally": {
        "generator__architecture": "globally_locally",
        "discriminator__architecture": "global_local",
        "losses__reconstruction": "l2",
        "losses__adversarial": "bce",
    },
    "pix2pixhd": {
        "generator__normalization": "instance",
        "discriminator__normalization": "instance",
        "discriminator__patch_labels": "all_fake",
        "losses__reconstruction": "feature_matching",
    },
}


def run(config, batches, strategy):
    """Initial weights, those after every step, and the losses of every step."""
    model = build_model(config, strategy)
    model.begin_stage(config.procedure.num_refinement_blocks)
    with strategy.scope():
        model.compile(keras.optimizers.SGD(0.02), keras.optimizers.SGD(0.02))
    networks = (model.generator, model.ema_generator, model.discriminator)

    def weights():
        found = [v for network in networks for v in network.weights]
        return [(v.name, v.numpy().copy()) for v in found]

    share = config.data.global_batch_size // strategy.num_replicas_in_sync
    step = tf.function(lambda batch: strategy.run(model.train_step, [batch]))
    history, all_losses = [weights()], []
    for batch in batches[:NUM_STEPS]:
        parts = strategy.experimental_distribute_values_from_function(
            lambda context, batch=batch: {
                name: value[context.replica_id_in_sync_group * share :][:share]
                for name, value in batch.items()
            }
        )
        losses = step(parts)
        model.update_average()
        history.append(weights())
        # Keras 2 has the mean on every replica, Keras 3 each its own.
        all_losses.append(
            {
                name: np.mean(strategy.experimental_local_results(value))
                for name, value in losses.items()
            }
        )
    return history, all_losses


@pytest.mark.parametrize(
    "system, seed",
    [
        pytest.param(*case, marks=[] if case == FAST else pytest.mark.slow)
        for case in itertools.product(SYSTEMS, (0, 1))
    ],
)
def test_one_and_two_replicas_make_the_same_updates(
    make_config, batches, two_replicas, system, seed
):
    changes = {"procedure__num_refinement_blocks": 0, **SYSTEMS[system]}
    config = make_config(training__seed=seed, **changes)
    one_replica = tf.distribute.MirroredStrategy(["CPU:0"])
    (one, losses), (two, other_losses) = (
        run(config, batches, strategy) for strategy in (one_replica, two_replicas)
    )
    for (name, start), (_, other_start) in zip(one[0], two[0]):  # noqa: B905
        np.testing.assert_array_equal(other_start, start, err_msg=name)
    for step in range(1, NUM_STEPS + 1):
        moved = 0
        for (name, start), (_, value), (_, other) in zip(  # noqa: B905
            one[0], one[step], two[step]
        ):
            length = np.linalg.norm(value - start)
            moved += length > 1e-4 * np.sqrt(value.size)
            limit = TOLERANCE * length + 1e-6 * np.sqrt(value.size)
            if "moving_variance" in name:
                # One replica of Keras 2 takes a kernel that divides by n - 1, the
                # synchronised one divides by n, which is at least 4 * 4 * 4 here.
                limit += np.linalg.norm(value) / 63
            assert np.linalg.norm(other - value) <= limit, (step, name)
        # Not for want of an update.
        assert moved > len(one[0]) / 3
    for values, others in zip(losses, other_losses):  # noqa: B905
        assert set(values) == set(others)
        for name, loss in values.items():
            np.testing.assert_allclose(others[name], loss, rtol=2e-3, err_msg=name)


def test_the_average_is_moved_without_a_collective_operation(make_config, two_replicas):
    model = build_model(make_config(), two_replicas)
    with two_replicas.scope():
        graph = model.update_average.get_concrete_function().graph
    kinds = {operation.type for operation in graph.get_operations()}
    assert "AssignAddVariableOp" in kinds
    assert not [kind for kind in kinds if "Collective" in kind or kind == "AddN"]
