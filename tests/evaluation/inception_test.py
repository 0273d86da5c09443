"""FID with networks of the right shapes and random weights: no real ones are here."""

import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_btgmi.evaluation import fid
from tf_btgmi.evaluation.fid import inception_distances
from tf_btgmi.evaluation.inception import Inception
from tf_btgmi.evaluation.store import Store
from tf_btgmi.metrics.frechet import frechet_distance


def old_graph(path):
    """A graph as that of 2015: its names, its age, an operation withdrawn since."""
    graph = tf.compat.v1.GraphDef()
    graph.versions.producer = 8

    def constant(name, value):
        value = np.asarray(value)
        node = graph.node.add(name=name, op="Const")
        node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))

    def add(name, op, inputs, **attributes):
        node = graph.node.add(name=name, op=op, input=inputs)
        node.attr["T"].type = tf.float32.as_datatype_enum
        for key, value in attributes.items():
            node.attr[key].CopyFrom(value)

    value = tf.compat.v1.AttrValue
    constant("Cast", np.zeros([4, 4, 3], np.float32))
    constant("ExpandDims/dim", np.int32(0))
    add("ExpandDims", "ExpandDims", ["Cast", "ExpandDims/dim"])
    constant("ResizeBilinear/size", np.array([299, 299], np.int32))
    add("ResizeBilinear", "ResizeBilinear", ["ExpandDims", "ResizeBilinear/size"])
    constant("axes", np.array([1, 2], np.int32))
    keep = value(b=True)
    add("mean", "Mean", ["ResizeBilinear", "axes"], keep_dims=keep)
    weights = np.random.default_rng(0).normal(size=[1, 1, 3, 2048])
    constant("weights", weights.astype(np.float32))
    strides = value(list=value.ListValue(i=[1, 1, 1, 1]))
    add(
        "conv", "Conv2D", ["mean", "weights"], strides=strides, padding=value(s=b"SAME")
    )
    for name in ("m", "v", "beta", "gamma"):
        constant(name, np.full(2048, float(name == "v"), np.float32))
    add(
        "pool_3",
        "BatchNormWithGlobalNormalization",
        ["conv", "m", "v", "beta", "gamma"],
        variance_epsilon=value(f=1e-3),
        scale_after_normalization=value(b=False),
    )
    with open(path, "wb") as file:
        file.write(graph.SerializeToString())
    return weights[0, 0]


def pictures(num, size=40):
    return np.random.default_rng(1).integers(0, 256, (num, size, size, 3), np.uint8)


def test_the_graph_of_2015_gets_pictures_of_0_to_255(tmp_path):
    path = str(tmp_path / "classify_image_graph_def.pb")
    weights = old_graph(path)
    network = Inception(path)
    flat = np.ones([2, 8, 8, 3], np.uint8) * np.uint8([[[[10, 20, 250]]]])
    found = network.features(list(flat))
    assert found.shape == (2, 2048) and found.dtype == np.float32
    wanted = np.array([10, 20, 250]) @ weights / np.sqrt(1.001)
    np.testing.assert_allclose(found[1], wanted, rtol=1e-4, atol=1e-3)
    assert network.identity.startswith("Inception of 2015, ")


@pytest.mark.parametrize(
    "name, text",
    [
        ("none.pb", "there is no file"),
        ("broken.pb", "is not the Inception of 2015"),
        ("empty.pb", "is not the Inception of 2015"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path, name, text):
    (tmp_path / "broken.pb").write_bytes(b"nothing")
    (tmp_path / "empty.pb").write_bytes(b"")
    with pytest.raises(ValueError, match=text) as error:
        Inception(str(tmp_path / name))
    assert "\n" not in str(error.value)


def finished(folder, num):
    """An evaluation of a method that is right and one that is black in the hole."""
    store = Store(str(folder), {}, {"right": "r", "black": "b"})
    mask = np.zeros([40, 40], bool)
    mask[10:30, 10:30] = True
    for name, image in enumerate(pictures(num)):
        store.write_example(str(name), image, mask)
        store.write_composite("right", str(name), image)
        black = np.where(mask[..., None], np.uint8(0), image)
        store.write_composite("black", str(name), black)
    return store, [str(name) for name in range(num)]


def test_fid_is_the_plain_distance_of_the_features(tmp_path, monkeypatch):
    monkeypatch.setattr(fid, "_CHUNK", 2)
    path = str(tmp_path / "graph.pb")
    old_graph(path)
    network = Inception(path)
    store, names = finished(tmp_path / "out", 5)
    found = inception_distances(store, names, ["right", "black"], network).by_method
    assert found["right"] == pytest.approx(0.0, abs=1e-3)
    composites = [store.read_composite("black", name) for name in names]
    wanted = frechet_distance(
        network.features(list(pictures(5))), network.features(composites), shrunk=False
    )
    assert found["black"] == pytest.approx(wanted, rel=1e-9) and wanted > 1.0


def test_features_are_kept_and_made_again_for_other_weights_or_pictures(tmp_path):
    path = str(tmp_path / "graph.pb")
    old_graph(path)
    network = Inception(path)
    store, names = finished(tmp_path / "out", 3)
    first = inception_distances(store, names, ["black"], network)
    # What is kept is not computed again: the pictures may be gone.
    os.rename(tmp_path / "out" / "images", tmp_path / "out" / "away")
    os.rename(tmp_path / "out" / "composites", tmp_path / "out" / "gone")
    assert inception_distances(store, names, ["black"], network) == first
    os.rename(tmp_path / "out" / "away", tmp_path / "out" / "images")
    os.rename(tmp_path / "out" / "gone", tmp_path / "out" / "composites")
    network.identity = "another"
    Image.new("RGB", (40, 40)).save(tmp_path / "out" / "composites" / "black" / "0.png")
    assert inception_distances(store, names, ["black"], network) != first
    # The name was given to another model.
    again = inception_distances(store, names, ["black"], network)
    store.identities["black"] = "another model"
    Image.new("RGB", (40, 40)).save(tmp_path / "out" / "composites" / "black" / "1.png")
    assert inception_distances(store, names, ["black"], network) != again
    kept = tmp_path / "out" / "inception" / "black.npz"
    kept.write_bytes(b"cut")
    fewer = inception_distances(store, names[:2], ["black"], network)
    assert np.isfinite(fewer.by_method["black"])
