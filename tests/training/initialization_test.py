"""`--init_from`: weights of one run as the first ones of another."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tf_btgmi import config as config_lib
from tf_btgmi.models.generator import FIRST_TRUST
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops.mismatch import boundary_mismatch
from tf_btgmi.releases import save_release
from tf_btgmi.training import initialization
from tf_btgmi.training.build import build_model
from tf_btgmi.training.checkpoints import Checkpoints


def strategy():
    return tf.distribute.get_strategy()


@pytest.fixture(scope="module")
def inpainting(make_config, tmp_path_factory):
    """A workdir of inpainting with weights that are not the initial ones."""
    workdir = str(tmp_path_factory.mktemp("inpainting"))
    config = make_config(training__seed=3)
    model = build_model(config, strategy())
    rng = np.random.default_rng(0)
    for variable in model.ema_generator.averaged_variables:
        variable.assign_add(rng.normal(0.0, 0.1, variable.shape))
    Checkpoints(model, workdir, 1, strategy()).save()
    config_lib.save(config, f"{workdir}/config.json")
    return workdir, model


def test_a_guided_net_starts_as_the_inpainting_one_with_two_back_ends(
    inpainting, make_config, rng
):
    workdir, source = inpainting
    config = dataclasses.replace(make_config(), task="guided")
    initialization.check(config, workdir)
    model = build_model(config, strategy())
    initialization.initialize(model, workdir)
    inputs = rng.uniform(-1, 1, [1, 32, 32, 5]).astype(np.float32)
    inputs[..., 3:] = inputs[..., 3:] > 0.5
    for generator in (model.generator, model.ema_generator):
        # Whatever the foreground is, to begin with.
        wanted = source.ema_generator(inputs[..., :4]).numpy()
        found = generator(inputs)
        np.testing.assert_allclose(found["inpainted"], wanted, atol=1e-6)
        image, hole, foreground = np.split(inputs, [3, 4], axis=-1)
        first = image + FIRST_TRUST * boundary_mismatch(image, foreground, hole)
        np.testing.assert_allclose(
            found["harmonized"], np.clip(first, -1, 1), atol=1e-5
        )
    given = named_weights(source.discriminator)
    for name, variable in named_weights(model.discriminator).items():
        np.testing.assert_array_equal(variable.numpy(), given[name].numpy())
    assert int(model.step.numpy()) == 0
    assert int(model.generator_optimizer.iterations.numpy()) == 0


def test_without_a_change_both_back_ends_start_alike(inpainting, make_config, rng):
    workdir, source = inpainting
    config = make_config(generator__harmonized_change=False)
    config.task = "guided"
    initialization.check(config, workdir)
    model = build_model(config, strategy())
    initialization.initialize(model, workdir)
    inputs = rng.uniform(-1, 1, [1, 32, 32, 5]).astype(np.float32)
    wanted = source.ema_generator(inputs[..., :4]).numpy()
    for picture in model.generator(inputs).values():
        np.testing.assert_allclose(picture, wanted, atol=1e-6)


def test_a_release_gives_its_generator_and_leaves_the_discriminator_new(
    inpainting, make_config, tmp_path
):
    workdir, source = inpainting
    released = config_lib.load(f"{workdir}/config.json")
    save_release(source.ema_generator, released, str(tmp_path))
    config = make_config(discriminator__base_filters=6)
    initialization.check(config, str(tmp_path))
    model = build_model(config, strategy())
    before = model.discriminator.get_weights()
    initialization.initialize(model, str(tmp_path))
    given = named_weights(source.ema_generator)
    for network in (model.generator, model.ema_generator):
        for name, variable in named_weights(network).items():
            # Kernels are released in float16.
            np.testing.assert_allclose(
                variable.numpy(), given[name].numpy(), rtol=1e-3, atol=1e-6
            )
    for old, new in zip(before, model.discriminator.get_weights()):  # noqa: B905
        np.testing.assert_array_equal(new, old)


def test_networks_that_differ_are_refused_with_the_fields(inpainting, make_config):
    workdir, _ = inpainting
    for filters in (2, 9):
        config = make_config(generator__base_filters=filters)
        config.task = "guided"
        with pytest.raises(
            ValueError, match=f"generator.base_filters is 4 there and {filters} here"
        ):
            initialization.check(config, workdir)


@pytest.mark.parametrize(
    "fields",
    [
        {"generator__architecture": "context_encoder"},
        {"discriminator__architecture": "global"},
        {"discriminator__architecture": "global_local"},
    ],
)
def test_networks_of_one_size_are_refused_at_another(make_config, tmp_path, fields):
    fields["procedure__num_refinement_blocks"] = 0
    config_lib.save(make_config(**fields), str(tmp_path / "config.json"))
    (tmp_path / "checkpoints").mkdir()
    for name in ("checkpoint", "ckpt-4.index"):
        text = 'model_checkpoint_path: "ckpt-4"'
        (tmp_path / "checkpoints" / name).write_text(text)
    initialization.check(make_config(**fields), str(tmp_path))
    with pytest.raises(ValueError, match="data.image_size is 32 there and 64 here"):
        initialization.check(make_config(data__image_size=64, **fields), str(tmp_path))


def test_a_convolutional_network_may_start_at_another_size(inpainting, make_config):
    initialization.check(make_config(data__image_size=64), inpainting[0])


def test_a_wider_network_starts_with_the_same_predictions(inpainting, make_config, rng):
    workdir, source = inpainting
    config = make_config(generator__base_filters=6, generator__max_filters=12)
    initialization.check(config, workdir)
    model = build_model(config, strategy())
    initialization.initialize(model, workdir)
    inputs = rng.uniform(-1, 1, [1, 32, 32, 4]).astype(np.float32)
    expected = source.ema_generator(inputs).numpy()
    assert expected.std() > 0.02
    np.testing.assert_allclose(model.ema_generator(inputs), expected, atol=1e-5)
    # Twice as wide is the limit.
    config = make_config(generator__base_filters=8, generator__max_filters=16)
    initialization.check(config, workdir)


def test_blocks_that_the_other_run_does_not_have_are_new(make_config, tmp_path, rng):
    head = make_config(procedure__num_refinement_blocks=0)
    source = build_model(head, strategy())
    for number, variable in enumerate(source.ema_generator.averaged_variables):
        variable.assign_add(tf.fill(variable.shape, 0.001 * number))
    Checkpoints(source, str(tmp_path), 1, strategy()).save()
    config_lib.save(head, str(tmp_path / "config.json"))
    config = make_config()
    initialization.check(config, str(tmp_path))
    model = build_model(config, strategy())
    initialization.initialize(model, str(tmp_path))
    inputs = rng.uniform(-1, 1, [1, 32, 32, 4]).astype(np.float32)
    expected = source.ema_generator(inputs).numpy()
    for generator in (model.generator, model.ema_generator):
        # As the first stage of training sets it.
        generator.stage = 0
        np.testing.assert_allclose(generator(inputs), expected, atol=1e-6)
    # Blocks that start as the identity change nothing in the next stage either.
    config.generator.refinement_start = "identity"
    initialization.check(config, str(tmp_path))
    model = build_model(config, strategy())
    initialization.initialize(model, str(tmp_path))
    assert model.generator.stage == 1
    np.testing.assert_allclose(model.generator(inputs), expected, atol=1e-6)
    # A run with fewer blocks would lose some.
    config_lib.save(config, str(tmp_path / "config.json"))
    with pytest.raises(ValueError, match="num_refinement_blocks is 1 there and 0 here"):
        initialization.check(head, str(tmp_path))


def test_a_guided_run_cannot_start_one_of_inpainting(make_config, tmp_path):
    config = dataclasses.replace(make_config(), task="guided")
    model = build_model(config, strategy())
    Checkpoints(model, str(tmp_path), 1, strategy()).save()
    config_lib.save(config, str(tmp_path / "config.json"))
    with pytest.raises(ValueError, match="its input has a foreground"):
        initialization.check(make_config(), str(tmp_path))
    # Another guided one it can, though it applies more of the change.
    config.generator.change_share = 0.6
    config_lib.save(config, str(tmp_path / "config.json"))
    config.generator.change_share = 1.0
    initialization.check(config, str(tmp_path))


def test_a_folder_without_a_run_is_named(make_config, tmp_path):
    with pytest.raises(ValueError, match="holds no checkpoint"):
        initialization.check(make_config(), str(tmp_path))
