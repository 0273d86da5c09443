import keras
import numpy as np
import pytest
import tensorflow as tf

from configs import places365_512
from tf_btgmi.models.build import build_generator
from tf_btgmi.models.generator import Generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.ops.mismatch import boundary_mismatch

TINY = {"base_filters": 4, "max_filters": 8, "num_downsamplings": 2}


def tiny(**options):
    options = {**TINY, "num_head_blocks": 1, "num_refinement_blocks": 2, **options}
    generator = Generator(**options)
    generator.build()
    return generator


@pytest.fixture
def inputs(rng):
    return tf.constant(rng.uniform(-1, 1, [2, 16, 24, 4]), tf.float32)


def num_kernel_weights(variables):
    return sum(int(np.prod(v.shape)) for v in variables if len(v.shape) == 4)


def test_the_papers_generator_has_the_kernel_weights_of_the_paper():
    generator = Generator()
    generator.build()
    blocks = [num_kernel_weights(b.weights) for b in generator.refinement_blocks]
    assert blocks == [4_718_592] * 3
    everything = num_kernel_weights(generator.weights)
    assert everything == 59_741_632
    assert everything - sum(blocks) == 45_585_856
    assert len(generator.head_blocks) + len(blocks) == 12
    biases = [v for v in generator.weights if "bias" in v.name]
    assert [tuple(v.shape) for v in biases] == [(3,)]


def test_the_512_config_has_a_fourth_pair_and_at_most_1024_filters():
    config = places365_512.get_config()
    assert config.data.image_size == 512
    # One block of 19 million weights stands for all twelve.
    config.generator.num_head_blocks = 1
    config.procedure.num_refinement_blocks = 0
    generator = build_generator(config)
    assert generator.size_multiple == 16
    assert generator(tf.zeros([1, 32, 48, 4])).shape == (1, 32, 48, 3)

    def filters(layers):
        return [tuple(layer.inner.inner.kernel.shape)[2:] for layer in layers]

    down = [(64, 128), (128, 256), (256, 512), (512, 1024)]
    assert filters(generator.front_end) == down
    # The kernel of a transposed convolution has its output channels first.
    assert filters(generator.back_ends["inpainted"].upsamplings) == down[::-1]
    assert generator.head_blocks[0].convolution_1.kernel.shape == (3, 3, 1024, 1024)
    capped = Generator(64, 1024, 5)
    last = capped.front_end[-2:]
    assert [layer.inner.inner.filters for layer in last] == [1024, 1024]


@pytest.mark.parametrize("resampling", ["strided", "interpolated"])
@pytest.mark.parametrize("normalization", ["batch", "instance"])
def test_a_prediction_has_the_size_of_the_image_and_its_range(
    inputs, resampling, normalization
):
    generator = tiny(resampling=resampling, normalization=normalization)
    for training in (False, True):
        prediction = generator(10 * inputs, training=training).numpy()
        assert prediction.shape == (2, 16, 24, 3)
        assert prediction.dtype == np.float32
        assert -1 <= prediction.min() < prediction.max() <= 1


def test_interpolated_resampling_has_as_many_kernel_weights_as_strided():
    counts = {
        num_kernel_weights(tiny(resampling=method).weights)
        for method in ("strided", "interpolated")
    }
    assert len(counts) == 1


@pytest.mark.parametrize("size", [(18, 16), (16, 17)])
def test_a_size_that_is_no_multiple_is_refused_with_the_multiple(size):
    with pytest.raises(ValueError, match="multiple.* 4"):
        tiny()(tf.zeros([1, *size, 4]))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("stage", [1, 2])
def test_a_new_block_at_alpha_0_changes_nothing_exactly(inputs, stage, training):
    generator = tiny(stage=stage - 1)
    before = generator(inputs, training=training)
    generator = rebuilt(generator, stage=stage)
    generator.fade_in_alpha.assign(0.0)
    np.testing.assert_array_equal(generator(inputs, training=training), before)
    generator.fade_in_alpha.assign(0.5)
    assert (generator(inputs, training=training) != before).numpy().any()


def rebuilt(generator, stage):
    """A generator of the same weights in another stage."""
    again = Generator.from_config({**generator.get_config(), "stage": stage})
    again.build()
    again.set_weights(generator.get_weights())
    return again


def test_alpha_is_the_newest_blocks_and_older_blocks_stay_at_1(inputs):
    generator = tiny(stage=1)
    generator.fade_in_alpha.assign(1.0)
    first_whole = generator(inputs)
    generator.stage = 2
    generator.fade_in_alpha.assign(0.0)
    np.testing.assert_array_equal(generator(inputs), first_whole)


def test_a_block_has_no_gradient_before_its_stage_and_0_at_alpha_0(inputs):
    generator = tiny()
    for stage in range(3):
        for alpha in (0.0, 0.5):
            generator.stage = stage
            generator.fade_in_alpha.assign(alpha)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(generator(inputs, training=True) ** 2)
            blocks = generator.refinement_blocks
            found = tape.gradient(loss, [b.trainable_variables for b in blocks])
            for number, gradients in enumerate(found, start=1):
                if number > stage:
                    assert gradients == [None] * 6
                    continue
                largest = max(np.abs(g).max() for g in gradients)
                assert (largest == 0) == (number == stage and alpha == 0)


def test_active_variables_are_all_but_those_of_blocks_to_come():
    generator = tiny()
    names = {}
    for stage in range(3):
        generator.stage = stage
        names[stage] = {id(v) for v in generator.active_trainable_variables}
    everything = {id(v) for v in generator.trainable_variables}
    first, second = (
        {id(v) for v in block.trainable_variables}
        for block in generator.refinement_blocks
    )
    assert len(first) == len(second) == 6
    assert names[2] == everything
    assert names[1] == everything - second
    assert names[0] == everything - second - first


def test_only_fade_in_alpha_is_left_out_of_the_average():
    generator = tiny()
    left_out = {id(v) for v in generator.weights}
    left_out -= {id(v) for v in generator.averaged_variables}
    assert left_out == {id(generator.fade_in_alpha)}


@pytest.mark.parametrize("stage", [0, 2])
def test_a_generator_survives_its_config_and_a_file_of_weights(tmp_path, inputs, stage):
    generator = tiny(stage=stage, dilated_convolutions="both", name="g")
    generator.fade_in_alpha.assign(0.25)
    for _ in range(2):  # Running statistics that are not the initial ones.
        generator(inputs, training=True)
    path = str(tmp_path / "g.weights.h5")
    generator.save_weights(path)
    tree = keras.saving.serialize_keras_object(generator)
    again = keras.saving.deserialize_keras_object(tree)
    assert again.get_config() == generator.get_config()
    again.build()
    again.load_weights(path)
    assert again.fade_in_alpha.numpy() == 0.25
    np.testing.assert_array_equal(again(inputs), generator(inputs))


def test_in_bfloat16_weights_and_prediction_stay_float32(inputs):
    full = tiny()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    half = tiny()
    half.set_weights(full.get_weights())
    assert {tf.as_dtype(v.dtype) for v in half.weights} == {tf.float32}
    with tf.GradientTape() as tape:
        prediction = half(inputs, training=True)
    assert prediction.dtype == tf.float32
    difference = np.abs(prediction - full(inputs, training=True))
    assert 0 < difference.max() < 0.1
    gradients = tape.gradient(prediction, half.trainable_variables)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        weights.append(tiny().get_weights())
    for one, other in zip(*weights):  # noqa: B905
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "option, wanted",
    [
        ({"resampling": "nearest"}, "strided or interpolated; it is 'nearest'"),
        ({"normalization": "layer"}, "batch or instance; it is 'layer'"),
        ({"dilated_convolutions": "none"}, "first or both; it is 'none'"),
    ],
)
def test_an_unknown_choice_is_named(option, wanted):
    with pytest.raises(ValueError, match=wanted):
        tiny(**option)


@pytest.fixture
def guided_inputs(rng):
    return tf.constant(rng.uniform(-1, 1, [2, 16, 24, 5]), tf.float32)


BOTH = ("inpainted", "harmonized")


@pytest.mark.parametrize("outputs", [BOTH, ("harmonized",)])
def test_named_outputs_are_pictures_and_want_a_foreground(guided_inputs, outputs):
    generator = tiny(outputs=outputs)
    assert generator.input_channels == 5 and tiny().input_channels == 4
    predictions = generator(guided_inputs, training=True)
    assert tuple(predictions) == outputs
    for picture in predictions.values():
        assert picture.shape == (2, 16, 24, 3) and picture.dtype == tf.float32


def test_a_second_output_adds_one_back_end_and_one_input_channel():
    one, two = tiny(), tiny(outputs=BOTH, harmonized_change=False)
    stem = 7 * 7 * 4  # One channel of the first kernel, 4 filters.
    back_end = num_kernel_weights(one.back_ends["inpainted"].weights)
    added = num_kernel_weights(two.weights) - num_kernel_weights(one.weights)
    assert added == stem + back_end
    names = named_weights(two)
    assert set(named_weights(one)) < set(names)
    assert all(
        name.startswith("harmonized_") for name in set(names) - set(named_weights(one))
    )


def test_a_harmonized_picture_starts_with_half_of_the_mismatch(guided_inputs):
    image, hole, foreground = np.split(guided_inputs.numpy(), [3, 4], axis=-1)
    mismatch = boundary_mismatch(image, foreground, hole).numpy()
    assert np.abs(mismatch).max() > 0.1
    before = tiny(outputs=BOTH)(guided_inputs)["harmonized"]
    wanted = np.clip(image + 0.5 * mismatch, -1, 1)
    np.testing.assert_allclose(before, wanted, atol=1e-6)


@pytest.mark.parametrize("share, added", [(1.0, 0.0), (0.6, 0.25)])
def test_a_harmonized_picture_is_an_affine_map_of_colours_and_mismatch(
    guided_inputs, share, added
):
    generator = tiny(outputs=BOTH, change_share=share, mismatch_share=added)
    generator(guided_inputs)
    factors = np.array([[0.0, 0.1, 0.0], [0.0, -0.2, 0.0], [0.3, 0.0, 0.0]])
    offset, trust = np.array([0.05, 0.0, -0.1]), np.array([0.2, 0.4, 0.0])
    bias = np.arctanh(np.concatenate([factors.ravel(), offset, trust]) / 2)
    generator.back_ends["harmonized"].to_image.inner.bias.assign(bias)
    image, hole, foreground = np.split(guided_inputs.numpy(), [3, 4], axis=-1)
    mismatch = boundary_mismatch(image, foreground, hole).numpy()
    wanted = image + share * (image @ factors + offset + trust * mismatch)
    wanted += added * mismatch
    after = generator(guided_inputs)["harmonized"]
    np.testing.assert_allclose(after, np.clip(wanted, -1, 1), atol=1e-6)


def test_an_output_has_no_gradient_in_the_other_ones_back_end(guided_inputs):
    generator = tiny(outputs=BOTH, harmonized_change=False)
    for output, other in (BOTH, BOTH[::-1]):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(generator(guided_inputs, training=True)[output] ** 2)
        own, trunk, foreign = tape.gradient(
            loss,
            [
                generator.back_ends[output].trainable_variables,
                generator.head_blocks[0].trainable_variables,
                generator.back_ends[other].trainable_variables,
            ],
        )
        assert all(np.abs(gradient).max() > 0 for gradient in own + trunk)
        assert foreign == [None] * len(foreign)


def test_two_outputs_survive_their_config(guided_inputs):
    generator = tiny(outputs=BOTH)
    again = rebuilt(generator, stage=2)
    for name, picture in generator(guided_inputs).items():
        np.testing.assert_array_equal(again(guided_inputs)[name], picture)


def test_unknown_outputs_are_named():
    with pytest.raises(ValueError, match=r"outputs must be one of .*\('painted',\)"):
        tiny(outputs=("painted",))
