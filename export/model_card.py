"""Model card of an exported model, for whoever finds it on a server."""

import os

import keras
import tensorflow as tf

import tf_btgmi
from tf_btgmi.config import MASK_KINDS, Config
from tf_btgmi.models.generator import Generator
from tf_btgmi.outputs import HARMONIZED, INPAINTED

PLACE = os.path.join("assets.extra", "model_card.md")

_TEXT = """# {name}

{does}: the generator of Yang et al. 2018 (arXiv:1803.08943) as tf_btgmi
implements it.

| | |
|---|---|
| Exported from | {source} |
| Fingerprint | {fingerprint} |
| Trained at | {size} x {size} pixels |
| Parameters | {parameters:,} |
| Refinement blocks | {stage} |
| Training pictures | {data} |
| Holes in training | {masks} |
| Written by | tf_btgmi {version}, TensorFlow {tensorflow}, Keras {keras} |

- Intended for photographs like those of its training. Fills are invented, not
  recovered: do not use the model where a picture is evidence.
- Masks: 128 to 255 is the hole. Known pixels do not change.
- Holes that are larger than {size} pixels with their surroundings are filled at {size}
  pixels and enlarged, so they look soft.
- Evaluate the quality on your own pictures: `python -m tf_btgmi.evaluate
  --model=FOLDER`. The complete config is in `config.json`.
"""


_DOES = {
    INPAINTED: "fills holes in photographs",
    HARMONIZED: "gives pasted objects the colours of their surroundings",
}


def write(folder: str, source: str, generator: Generator, config: Config) -> str:
    """Writes the card of a generator, not folded, into a folder; returns its path."""
    path = os.path.join(folder, PLACE)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    fingerprint = tf.saved_model.experimental.read_fingerprint(folder)
    weights = {kind: getattr(config.masks, kind) for kind in MASK_KINDS}
    masks = [f"{kind} {weight:g}" for kind, weight in weights.items() if weight]
    does = " and ".join(_DOES[name] for name in generator.output_names)
    text = _TEXT.format(
        name=config.name or "tf_btgmi",
        does=does[0].upper() + does[1:],
        source=source,
        fingerprint=f"`{fingerprint.singleprint()}`",
        size=config.data.image_size,
        parameters=generator.count_params(),
        stage=generator.stage,
        data=os.path.basename(config.data.source.rstrip("/")) or "not recorded",
        masks=", ".join(masks),
        version=tf_btgmi.__version__,
        tensorflow=tf.__version__,
        keras=keras.__version__,
    )
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path
