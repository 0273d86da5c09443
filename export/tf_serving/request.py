"""Fills a hole by REST, with Python's standard library alone.

python export/tf_serving/request.py IMAGE MASK OUTPUT.png [http://HOST:PORT]
"""

import base64
import json
import sys
import urllib.error
import urllib.request


def fill(image: bytes, mask: bytes, server: str) -> bytes:
    """The filled picture as PNG, for the files of a picture and its mask.

    Raises:
        ValueError: the server's reason for which it cannot be filled.
    """
    files = {"image_bytes": image, "mask_bytes": mask}
    example = {
        name: {"b64": base64.b64encode(data).decode()} for name, data in files.items()
    }
    body = json.dumps({"instances": [example]}).encode()
    url = f"{server}/v1/models/btgmi:predict"
    try:
        with urllib.request.urlopen(url, body, timeout=60) as answer:
            (found,) = json.load(answer)["predictions"]
    except urllib.error.HTTPError as error:
        raise ValueError(error.read().decode()) from error
    if found["error"]:
        raise ValueError(found["error"])
    return base64.b64decode(found["composite_bytes"]["b64"])


def main(image, mask, output, server="http://localhost:8501"):
    """Reads the files, asks the server, writes what comes back."""
    with open(image, "rb") as first, open(mask, "rb") as second:
        result = fill(first.read(), second.read(), server)
    with open(output, "wb") as file:
        file.write(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
