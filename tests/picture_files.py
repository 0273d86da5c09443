"""Picture files made of arrays."""

import io

from PIL import Image


def file_of(pixels, form="PNG", **options) -> bytes:
    """The bytes of a picture file.

    Args:
        pixels: an array, or Pillow's picture.
        form: Pillow's name of the format.
        **options: of Pillow's `save`.
    """
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()
