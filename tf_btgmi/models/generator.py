"""The generator: a ResNet head (Sec. 3.1) and its refinement blocks (Sec. 3.3).

Input [B, H, W, 4]: the masked image in [-1, 1] with its hole at 0, then the mask.
Output [B, H, W, 3] in [-1, 1]. H and W are multiples of `size_multiple`.

With a `harmonized` output (Sec. 3.4) the input has a fifth channel, the foreground,
whose colours in the masked image are wrong. Every output has its own back end, and the
result is a dict of pictures by output name. To keep detail, the harmonizing back end
predicts, per pixel, an affine map of the masked image's colours and of their mismatch
across the foreground's edge, which the front end sees as well.

All refinement blocks are built at the start, and `stage` is the number of active ones:
a block added later would be silently missing from traced functions and from the
optimizer.
"""

import math

import keras
import tensorflow as tf

from tf_btgmi.layers.back_end import OUTPUT_CHANNELS, BackEnd
from tf_btgmi.layers.configuration import ConfigFromArguments
from tf_btgmi.layers.convolution import (
    INIT_STDDEV,
    NormalizedConvolution,
    ReflectedConvolution,
    Resampling,
)
from tf_btgmi.layers.residual import DilatedResidualBlock, RefinementBlock
from tf_btgmi.ops.mismatch import boundary_mismatch
from tf_btgmi.outputs import HARMONIZED, INPAINTED

# Combinations of outputs that a generator may have.
OUTPUT_SETS = ((INPAINTED,), (HARMONIZED,), (INPAINTED, HARMONIZED))
# An affine map of three channels, and factors of their mismatch.
_MAP_CHANNELS = OUTPUT_CHANNELS * (OUTPUT_CHANNELS + 2)
# Initial share of the mismatch: the best of .5, .7, .85 and 1 on training pictures with
# hard changes.
FIRST_TRUST = 0.5


@keras.saving.register_keras_serializable("tf_btgmi")
class Generator(ConfigFromArguments, keras.Model):
    """Front end, residual blocks, refinement blocks and back end.

    Attributes:
        output_names: the argument `outputs`.
        stage: number of active refinement blocks, a Python number: set it before the
            functions that call the generator are traced, or retrace them.
        fade_in_alpha: variable, weight of the newest of them; the older ones are at 1.

    Args:
        base_filters: filters of the first convolution.
        max_filters: maximum number of filters of later convolutions.
        num_downsamplings: halvings of the resolution.
        num_head_blocks: residual blocks of the head.
        num_refinement_blocks: blocks that stages 1, 2, ... add.
        dilation: of the residual blocks.
        dilated_convolutions: `first` or `both` of a block.
        refinement_start: `random` or `identity`, see `RefinementBlock`.
        normalization: `batch` or `instance`.
        resampling: `strided` (convolutions of stride 2) or `interpolated`
            (convolution and max-pool; bilinear and convolution).
        stage: initial value of the attribute. Default: all blocks.
        outputs: one of `OUTPUT_SETS`.
        harmonized_change: whether the harmonized picture is predicted as a change of
            the masked image's colours, instead of directly.
        change_share: factor on that change.
        mismatch_share: constant added to the factor of the mismatch.
        init_stddev: standard deviation of initial kernels and scales.

    Raises:
        ValueError: `resampling`, `normalization` or `outputs` is unknown.

    Example:
        >>> generator = Generator(base_filters=8, num_head_blocks=1)
        >>> generator(tf.zeros([1, 64, 64, 4])).shape
        TensorShape([1, 64, 64, 3])
    """

    def __init__(
        self,
        base_filters=64,
        max_filters=512,
        num_downsamplings=3,
        num_head_blocks=9,
        num_refinement_blocks=3,
        dilation=2,
        dilated_convolutions="first",
        refinement_start="random",
        normalization="batch",
        resampling="strided",
        stage=None,
        outputs=(INPAINTED,),
        harmonized_change=True,
        change_share=1.0,
        mismatch_share=0.0,
        init_stddev=INIT_STDDEV,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if tuple(outputs) not in OUTPUT_SETS:
            raise ValueError(
                f"outputs must be one of {', '.join(map(str, OUTPUT_SETS))}; it is "
                f"{outputs!r}."
            )
        self.base_filters = base_filters
        self.max_filters = max_filters
        self.num_downsamplings = num_downsamplings
        self.num_head_blocks = num_head_blocks
        self.num_refinement_blocks = num_refinement_blocks
        self.dilation = dilation
        self.dilated_convolutions = dilated_convolutions
        self.refinement_start = refinement_start
        self.normalization = normalization
        self.resampling = resampling
        self.stage = num_refinement_blocks if stage is None else stage
        # Keras uses the name `outputs` otherwise.
        self.output_names = tuple(outputs)
        self.harmonized_change = harmonized_change
        self.change_share = change_share
        self.mismatch_share = mismatch_share
        self.init_stddev = init_stddev
        self._make_layers()

    def _make_layers(self):
        filters = [
            min(self.base_filters * 2**level, self.max_filters)
            for level in range(self.num_downsamplings + 1)
        ]
        options = {
            "normalization": self.normalization,
            "init_stddev": self.init_stddev,
        }
        block_options = {
            "filters": filters[-1],
            "dilation": self.dilation,
            "dilated_convolutions": self.dilated_convolutions,
            **options,
        }
        self.stem = NormalizedConvolution(
            ReflectedConvolution(self.base_filters, init_stddev=self.init_stddev),
            **options,
        )
        self.front_end = [
            NormalizedConvolution(
                Resampling(count, "down", self.resampling, self.init_stddev), **options
            )
            for count in filters[1:]
        ]
        self.head_blocks = [
            DilatedResidualBlock(**block_options) for _ in range(self.num_head_blocks)
        ]
        self.refinement_blocks = [
            RefinementBlock(start=self.refinement_start, **block_options)
            for _ in range(self.num_refinement_blocks)
        ]
        self.back_ends = {
            name: BackEnd(
                filters[-2::-1],
                resampling=self.resampling,
                channels=_MAP_CHANNELS if self._maps_colors(name) else OUTPUT_CHANNELS,
                **options,
            )
            for name in self.output_names
        }
        # SavedModel takes no name that starts with an underscore.
        self._fade_in = _FadeIn(name="fade_in")

    @property
    def fade_in_alpha(self):
        """The variable, a scalar in [0, 1]."""
        return self._fade_in.alpha

    @property
    def parts(self) -> dict:
        """The layers that make up the network, by name."""
        parts = {"stem": self.stem, "fade_in": self._fade_in}
        for name, layers in (
            ("front_end", self.front_end),
            ("head_block", self.head_blocks),
            ("refinement_block", self.refinement_blocks),
        ):
            parts.update({f"{name}_{i}": layer for i, layer in enumerate(layers)})
        for output, back_end in self.back_ends.items():
            # `inpainted` has no prefix: its names are those of a network with one
            # output.
            prefix = "" if output == INPAINTED else f"{output}_"
            parts[f"{prefix}to_image"] = back_end.to_image
            for i, layer in enumerate(back_end.upsamplings):
                parts[f"{prefix}back_end_{i}"] = layer
        return parts

    @property
    def input_channels(self) -> int:
        """4 (masked image and mask), or 5 with the foreground."""
        return 5 if HARMONIZED in self.output_names else 4

    def _maps_colors(self, output):
        return output == HARMONIZED and self.harmonized_change

    @property
    def size_multiple(self) -> int:
        """Divisor of height and width, in pixels."""
        return 2**self.num_downsamplings

    @property
    def active_trainable_variables(self) -> list:
        """Trainable variables of the head and the active refinement blocks."""
        idle = {
            id(variable)
            for block in self.refinement_blocks[self.stage :]
            for variable in block.trainable_variables
        }
        return [v for v in self.trainable_variables if id(v) not in idle]

    @property
    def averaged_variables(self) -> list:
        """Variables that a moving average follows: all but `fade_in_alpha`."""
        return [v for v in self.weights if v is not self.fade_in_alpha]

    def build(self, input_shape=None):
        """Builds all blocks, including those that `call` leaves out at this stage."""
        if self.built:
            return
        side = 4 * self.size_multiple
        with tf.init_scope():
            blank = tf.zeros([1, side, side, self.input_channels])
            self._run(blank, self.num_refinement_blocks, training=False)
            if self._maps_colors(self.output_names[-1]):
                last = self.back_ends[HARMONIZED].to_image.inner
                last.kernel.assign(tf.zeros(last.kernel.shape))
                last.bias.assign(_first_coefficients())
        self.built = True

    def call(self, inputs, training=None):
        """The prediction: [B, H, W, 3] in [-1, 1], or a dict of such by output name.

        Args:
            inputs: [B, H, W, 4], or 5 channels with the foreground; see above.
            training: whether batch normalization takes the batch's statistics.

        Raises:
            ValueError: H or W is no multiple of `size_multiple`.
        """
        for side in inputs.shape[1:3]:
            if side is not None and side % self.size_multiple:
                raise ValueError(
                    f"Height and width must be multiples of {self.size_multiple}; they "
                    f"are {inputs.shape[1]} and {inputs.shape[2]}. See "
                    "image_ops.pad_to_multiple."
                )
        return self._run(inputs, self.stage, training)

    def get_config(self) -> dict:
        """Returns the arguments of the constructor."""
        return {**super().get_config(), "outputs": list(self.output_names)}

    def _run(self, inputs, num_blocks, training):
        if self._maps_colors(self.output_names[-1]):
            image, hole, foreground = tf.split(inputs, [3, 1, 1], axis=-1)
            mismatch = boundary_mismatch(image, foreground, hole)
            inputs = tf.concat([inputs, tf.cast(mismatch, inputs.dtype)], axis=-1)
        hidden = self.stem(inputs, training=training)
        for layer in self.front_end:
            hidden = layer(hidden, training=training)
        for block in self.head_blocks:
            hidden = block(hidden, training=training)
        for block in self.refinement_blocks[:num_blocks]:
            newest = block is self.refinement_blocks[num_blocks - 1]
            alpha = tf.convert_to_tensor(self.fade_in_alpha) if newest else 1.0
            hidden = block(hidden, fade_in_alpha=alpha, training=training)
        pictures = {
            name: back_end(hidden, training=training)
            for name, back_end in self.back_ends.items()
        }
        if self._maps_colors(self.output_names[-1]):
            image = tf.cast(image, tf.float32)
            pictures[HARMONIZED] = _mapped(
                image,
                mismatch,
                pictures[HARMONIZED],
                self.change_share,
                self.mismatch_share,
            )
        return pictures[INPAINTED] if self.output_names == (INPAINTED,) else pictures


def _mapped(image, mismatch, coefficients, change_share, mismatch_share):
    """Applies an affine colour map to every pixel of the image.

    Args:
        image: [B, H, W, 3] in [-1, 1].
        mismatch: [B, H, W, 3].
        coefficients: [B, H, W, 15] in [-1, 1], half of the map: three factors for each
            channel of the image, then the offset, then the factors of the mismatch.
        change_share: factor on the coefficients.
        mismatch_share: constant added to the factors of the mismatch.
    """
    # Twice the range of tanh, since black may have to become white.
    *factors, offset, trust = tf.split(2.0 * change_share * coefficients, 5, axis=-1)
    channels = tf.split(image, OUTPUT_CHANNELS, axis=-1)
    change = tf.add_n([f * channel for f, channel in zip(factors, channels)])
    changed = image + change + offset + (trust + mismatch_share) * mismatch
    return tf.clip_by_value(changed, -1.0, 1.0)


def _first_coefficients():
    # Before tanh: no change of the image, and a part of the mismatch.
    rest = [0.0] * (_MAP_CHANNELS - OUTPUT_CHANNELS)
    return rest + [math.atanh(FIRST_TRUST / 2.0)] * OUTPUT_CHANNELS


class _FadeIn(keras.layers.Layer):
    """Holder of the variable `fade_in_alpha`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.alpha = self.add_weight(
            name="fade_in_alpha", shape=(), initializer="ones", trainable=False
        )
        self.built = True
