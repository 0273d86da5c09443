"""Extracts the part of a network with two outputs that fills holes."""

from tf_btgmi.models.generator import Generator
from tf_btgmi.models.naming import named_weights
from tf_btgmi.outputs import INPAINTED

_STEM = "stem."


def inpainter(generator: Generator) -> Generator:
    """A generator of 4 input channels with the output `inpainted` alone.

    The foreground of a picture to be inpainted is 0 everywhere, so its channel adds
    nothing and is left out, and so is the back end of the other output.

    Args:
        generator: built; returned unchanged if it only inpaints.

    Raises:
        ValueError: it does not inpaint.
    """
    if generator.output_names == (INPAINTED,):
        return generator
    if INPAINTED not in generator.output_names:
        raise ValueError(
            f"This network's outputs are {', '.join(generator.output_names)}; it does "
            "not fill holes. Take one of the task inpainting, object_removal or guided."
        )
    smaller = type(generator).from_config(
        {**generator.get_config(), "outputs": [INPAINTED]}
    )
    smaller.build()
    sources = named_weights(generator)
    for name, target in named_weights(smaller).items():
        value = sources[name].numpy()
        if name.startswith(_STEM) and value.ndim == 4:
            value = value[:, :, : smaller.input_channels]
        target.assign(value)
    return smaller
