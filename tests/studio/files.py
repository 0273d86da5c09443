"""Picture files made of arrays."""

import io

from PIL import Image


def file_of(pixels, form="PNG", **options):
    """The bytes of a picture file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()
