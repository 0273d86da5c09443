"""Fills a hole through the REST API, with the standard library only.

python export/tf_serving/request.py IMAGE MASK OUTPUT.png [http://HOST:PORT]
"""

import argparse
import base64
import json
import sys
import urllib.error
import urllib.request


def fill(image: bytes, mask: bytes, server: str) -> bytes:
    """Fills the hole of a picture file and returns a PNG file.

    Raises:
        ValueError: the server refused the request; the message is the server's.
    """
    files = {"image_bytes": image, "mask_bytes": mask}
    example = {
        name: {"b64": base64.b64encode(data).decode()} for name, data in files.items()
    }
    body = json.dumps({"instances": [example]}).encode()
    url = f"{server}/v1/models/btgmi:predict"
    try:
        with urllib.request.urlopen(url, body, timeout=60) as answer:
            (prediction,) = json.load(answer)["predictions"]
    except urllib.error.HTTPError as error:
        raise ValueError(error.read().decode()) from error
    if prediction["error"]:
        raise ValueError(prediction["error"])
    return base64.b64decode(prediction["composite_bytes"]["b64"])


def main(image, mask, output, server):
    """Reads the files, sends the request and writes the result."""
    with open(image, "rb") as first, open(mask, "rb") as second:
        result = fill(first.read(), second.read(), server)
    with open(output, "wb") as file:
        file.write(result)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("image", "mask", "output"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("server", nargs="?", default="http://localhost:8501")
    try:
        main(**vars(parser.parse_args()))
    except (OSError, ValueError) as error:
        sys.exit(f"request.py: {error}")
