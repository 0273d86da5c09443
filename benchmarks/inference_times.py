"""What `benchmarks.inference` measures, each in a process of its own."""

import os
import statistics
import time

import cv2
import numpy as np
from PIL import Image

from benchmarks import timing
from tf_btgmi import loading
from tf_btgmi.assets import samples_dir
from tf_btgmi.pictures.masks import read_mask
from tf_btgmi.pictures.reader import read_picture
from tf_btgmi.pictures.writer import write_picture


def hole_side(side: int, share: float) -> int:
    """Side of a square hole that takes a share of a square picture."""
    return max(1, round(side * share**0.5))


def make_picture(side: int, hole: int):
    """A bundled photograph, enlarged, with some grain; a square hole in its middle."""
    stored = Image.open(samples_dir() / "train" / "sheep.jpg").convert("RGB")
    image = cv2.resize(np.asarray(stored), (side, side), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    for strip in np.array_split(image, max(1, side // 256)):
        cv2.add(strip, rng.integers(0, 9, strip.shape, np.uint8), dst=strip)
    mask = np.zeros((side, side), bool)
    low = (side - hole) // 2
    mask[low : low + hole, low : low + hole] = True
    return image, mask


def measure_pictures(place, cases, rounds: int) -> dict:
    """`seconds`, medians of the cases, which take turns."""
    predictor = loading.load(place)
    calls = {}
    for position, (side, hole) in enumerate(cases):
        picture = make_picture(side, hole)
        calls[position] = lambda picture=picture: predictor.inpaint(*picture)
    found = timing.medians(timing.in_turn(calls, rounds, warm_up=1))
    return {"seconds": [found[position] for position in range(len(cases))]}


def export(place, folder: str) -> dict:
    """`saved_model`: the folder of the exported model."""
    from export import saved_model

    return {"saved_model": saved_model.export(place, os.path.join(folder, "served"))}


def measure_network(place, folder: str, rounds: int) -> dict:
    """`seconds` by form of the network, and `size` in pixels."""
    import tensorflow as tf

    from export import saved_model, tflite, tflite_runner
    from tf_btgmi.models.folding import fold
    from tf_btgmi.models.inpainter import inpainter

    generator, config = loading.load_generator(place)
    size = config.data.image_size
    inputs = np.zeros([1, size, size, 4], np.float32)
    inputs[..., :3] = np.random.default_rng(0).uniform(-1, 1, inputs[..., :3].shape)
    served = loading.load(saved_model.export(place, os.path.join(folder, "network")))

    def graph(network):
        spec = tf.TensorSpec(inputs.shape, tf.float32)
        run = tf.function(lambda x: network(x, training=False), input_signature=[spec])
        return lambda: run(tf.constant(inputs)).numpy()

    calls = {
        "Keras": graph(inpainter(generator)),
        "folded": graph(fold(inpainter(generator))),
        "SavedModel": lambda: served.predict_fn(_wide(inputs, served)),
    }
    for quantization in ("float32", "dynamic"):
        path = os.path.join(folder, f"{quantization}.tflite")
        with open(path, "wb") as file:
            file.write(tflite.convert(generator, size, quantization))
        runner = tflite_runner.Runner(path)
        calls[f"TFLite {quantization}"] = lambda runner=runner: runner.predict(inputs)
    return {"seconds": timing.medians(timing.in_turn(calls, rounds)), "size": size}


def _wide(inputs, predictor):
    # A network of two outputs wants a foreground, which is empty.
    missing = 1 if len(predictor.outputs) == 2 else 0
    return np.pad(inputs, [(0, 0)] * 3 + [(0, missing)])


def measure_files(place, folder: str, side: int, ending: str, rounds: int) -> dict:
    """`seconds`, medians by part of the way from file to file."""
    Image.MAX_IMAGE_PIXELS = None
    image, mask = make_picture(side, hole_side(side, 0.01))
    source, mask_path, target = (
        os.path.join(folder, name) for name in (f"in.{ending}", "m.png", f"o.{ending}")
    )
    options = {"compress_level": 1} if ending == "png" else {"quality": 92}
    Image.fromarray(image).save(source, **options)
    Image.fromarray(mask.astype(np.uint8) * 255).save(mask_path)
    del image, mask
    predictor = loading.load(place)
    found = {}
    # The first round is not counted.
    for turn in range(rounds + 1):
        marks = [time.perf_counter()]
        picture = read_picture(source)
        marks.append(time.perf_counter())
        hole = read_mask(mask_path, False)
        marks.append(time.perf_counter())
        composite = predictor.inpaint(picture.rgb(), hole)
        marks.append(time.perf_counter())
        filled = picture.filled(composite, hole)
        marks.append(time.perf_counter())
        write_picture(filled, target)
        marks.append(time.perf_counter())
        names = ("read the picture", "read the mask", "fill", "paste", "write")
        for name, start, end in zip(names, marks, marks[1:]):
            found.setdefault(name, []).append(end - start)
        if not turn:
            found.clear()
    seconds = {name: statistics.median(values) for name, values in found.items()}
    return {"seconds": {**seconds, "all": sum(seconds.values())}}
