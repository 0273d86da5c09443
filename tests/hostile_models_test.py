"""Models cut, changed or made to do harm: refused with one reason, and never run."""

import errno
import hashlib
import io
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tf_btgmi import config as config_lib
from tf_btgmi import files, loading
from tf_btgmi.releases import load_release, save_release
from tf_btgmi.serving import saved_graph

HUGE = 10**11


@pytest.fixture(scope="module")
def release(lively_workdir, tmp_path_factory):
    """A release that each test has a copy of; see `copy`."""
    folder = tmp_path_factory.mktemp("released") / "whole"
    save_release(*loading.load_generator(lively_workdir), str(folder))
    return folder


@pytest.fixture
def copy(release, tmp_path):
    return shutil.copytree(release, tmp_path / "release")


def sign(folder, stage=1):
    """Writes the checksum of the weights as they are: damage that checks out."""
    digest = hashlib.sha256((folder / "weights.npz").read_bytes()).hexdigest()
    text = json.dumps({"stage": stage, "sha256": digest})
    (folder / "release.json").write_text(text)


def refusal(load, place):
    """The one line that `place` is refused with."""
    with pytest.raises(ValueError, match=".") as caught:
        load(str(place))
    message = str(caught.value)
    assert "\n" not in message and str(place) in message, message
    return message


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(path, contents, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)


def claims(shape, descr="<f4"):
    """A .npy file whose header promises `shape` and that holds nothing."""
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def pickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "gone off"),)

    file = io.BytesIO()
    np.save(file, np.array([Bomb()], dtype=object))
    return file.getvalue()


def code_in_header(tmp_path):
    text = f"__import__('os').mkdir({str(tmp_path / 'gone off')!r})\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize(
    "member",
    [
        b"",
        b"\x93NUMPY",
        b"no array at all",
        claims((HUGE,)),
        claims((-1,)),
        claims((2, 3), "|O"),
        claims((1,), "<c16") + bytes(16),
        claims((1,), "<U4") + bytes(16),
        code_in_header,
        pickled,
    ],
    ids=range(10),
)
def test_a_weight_that_is_no_array_of_numbers_is_refused(copy, tmp_path, member):
    path = copy / "weights.npz"
    contents = members(path)
    name = sorted(contents)[0]
    contents[name] = member(tmp_path) if callable(member) else member
    write_members(path, contents)
    sign(copy)
    assert "weights.npz has no weights of this model" in refusal(load_release, copy)
    assert not (tmp_path / "gone off").exists()


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda c: c.pop(min(c)), "1 weights are missing and 0 unknown"),
        (lambda c: c.update({"more.npy": b""}), "0 weights are missing and 1 unknown"),
        (lambda c: c.update({min(c): claims((1,)) + bytes(4)}), "is (1,), not"),
    ],
)
def test_weights_of_another_model_are_refused(copy, change, words):
    path = copy / "weights.npz"
    contents = members(path)
    change(contents)
    write_members(path, contents)
    sign(copy)
    assert words in refusal(load_release, copy)


def test_a_changed_weights_file_is_refused(copy):
    path = copy / "weights.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    message = refusal(load_release, copy)
    assert "weights.npz is damaged: its SHA-256 is" in message


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"stage": -1, "sha256": ""}', '{"stage": 0, "sha256": 1}']
)
def test_a_description_that_describes_nothing_is_refused(copy, text):
    (copy / "release.json").write_text(text)
    assert "release.json" in refusal(load_release, copy)


def test_flipped_bits_and_cuts_that_check_out_are_refused_or_harmless(copy, release):
    whole = (release / "weights.npz").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(8):
        data = bytearray(whole)
        if number % 4 == 0:
            del data[rng.integers(len(data)) :]
        else:
            place = rng.integers(8 * len(data))
            data[place // 8] ^= 1 << (place % 8)
        (copy / "weights.npz").write_bytes(data)
        sign(copy)
        try:
            load_release(str(copy))
        except ValueError as error:
            assert "\n" not in str(error) and str(copy) in str(error)
            refused += 1
    assert refused >= 6


def test_a_release_is_still_whole_when_its_replacement_could_not_be_written(
    copy, monkeypatch
):
    before = (copy / "weights.npz").read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left.*weights.npz"):
        save_release(*load_release(str(copy)), str(copy))
    assert (copy / "weights.npz").read_bytes() == before
    load_release(str(copy))


@pytest.mark.parametrize("name", ["config.json", "release.json"])
def test_a_release_is_still_whole_when_its_description_could_not_be_written(
    copy, name, monkeypatch
):
    generator, config = load_release(str(copy))
    generator.weights[0].assign(generator.weights[0] + 1.0)
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    write = files.write_json

    def full(path, value):
        if ("sha256" in value) == (name == "release.json"):
            raise OSError(errno.ENOSPC, "No space left on device", path)
        write(path, value)

    monkeypatch.setattr(files, "write_json", full)
    with pytest.raises(OSError, match=f"No space left.*{name}"):
        save_release(generator, config, str(copy))
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_an_archive_that_unpacks_to_a_gigabyte_is_not_unpacked(copy):
    path = copy / "weights.npz"
    contents = members(path)
    contents[sorted(contents)[0]] = claims((2**28,)) + bytes(1 << 24)
    write_members(path, contents, zipfile.ZIP_DEFLATED)
    sign(copy)
    assert "is larger than the config says" in refusal(load_release, copy)


@pytest.mark.parametrize("stage", [3, 10**6])
def test_a_stage_that_the_network_does_not_have_is_refused(copy, stage):
    sign(copy, stage)
    assert "release.json" in refusal(load_release, copy)


@pytest.mark.parametrize(
    "text, words",
    [
        ("[" * 100_000, "is not a JSON file"),
        ('{"data": {"image_size": ' + "9" * 10_000 + "}}", "config"),
        ('{"losses": {"pixel_weight": 1' + "0" * 400 + "}}", "pixel_weight must be"),
        ('{"losses": {"pixel_weight": NaN}}', "pixel_weight must be"),
        ('{"generator": {"base_filters": 1000000}}', "must be 1 to 1024"),
        ('{"generator": {"num_head_blocks": 1000000}}', "must be 1 to 64"),
        ('{"data": {"image_size": 1048576}}', "image_size must be 32 to 8192"),
        ('{"__class__": "os.system"}', "There is no field config.__class__"),
        ('{"data": {"source": ["folder:x"]}}', "data.source must be of type str"),
        ("", "is not a JSON file"),
    ],
    ids=range(10),
)
def test_a_hostile_config_is_refused_and_nothing_is_built(copy, text, words):
    (copy / "config.json").write_text(text)
    with pytest.raises(ValueError, match=".") as caught:
        load_release(str(copy))
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_config_that_is_a_folder_is_refused(copy):
    (copy / "config.json").unlink()
    (copy / "config.json").mkdir()
    assert "cannot be read" in refusal(config_lib.load, copy / "config.json")


def test_a_graph_that_is_a_folder_is_refused(tmp_path):
    (tmp_path / "saved_model.pb").mkdir()
    assert refusal(saved_graph.check, tmp_path).endswith(
        "cannot be read: Is a directory."
    )


@pytest.fixture
def saved(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "saved")


@pytest.mark.slow
def test_cut_and_flipped_saved_models_are_refused_or_do_what_they_did(saved):
    image = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)
    mask = np.zeros((32, 40), bool)
    mask[8:20, 10:22] = True
    wanted = loading.load(str(saved)).inpaint(image, mask)
    path = saved / saved_graph.FILE
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for number in range(5):
        data = bytearray(whole)
        if number < 2:
            del data[rng.integers(len(data)) :]
        else:
            place = rng.integers(8 * len(data))
            data[place // 8] ^= 1 << (place % 8)
        path.write_bytes(data)
        try:
            model = loading.load(str(saved))
        except ValueError as error:
            assert "\n" not in str(error) and str(saved) in str(error)
            refused += 1
        else:
            np.testing.assert_array_equal(model.inpaint(image, mask), wanted)
    assert refused >= 2


@pytest.mark.parametrize(
    "damage, part",
    [("flipped", "data-00000-of-00001"), ("cut", "index")],
)
def test_a_saved_model_with_damaged_weights_is_refused(saved, damage, part):
    path = saved / "variables" / f"variables.{part}"
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 3] ^= 16
    else:
        del data[len(data) // 2 :]
    path.write_bytes(data)
    assert "damaged" in refusal(loading.load, saved)


class Reader(tf.Module):
    """Gives the content of a file, or writes one, where a picture is wanted."""

    def __init__(self, write_to=None):
        super().__init__()
        self.write_to = write_to

    @tf.function(input_signature=[tf.TensorSpec([1, 32, 32, 3], tf.uint8, "image")])
    def predict_window(self, image):
        if self.write_to:
            tf.io.write_file(self.write_to, "gone off")
        else:
            image += tf.io.decode_raw(tf.io.read_file("/etc/passwd"), tf.uint8)[0]
        return {"inpainted": image}


def save_module(module, folder):
    tf.saved_model.save(module, str(folder), {"predict_window": module.predict_window})


@pytest.mark.parametrize(
    "writes, operation", [(False, "ReadFile"), (True, "WriteFile")]
)
def test_a_saved_model_that_touches_files_is_refused_by_the_operation(
    tmp_path, writes, operation
):
    module = Reader(str(tmp_path / "written") if writes else None)
    save_module(module, tmp_path / "model")
    message = refusal(loading.load, tmp_path / "model")
    assert f"contains the operation {operation}, which no model" in message
    assert not (tmp_path / "written").exists()


def test_a_saved_model_that_runs_something_when_it_is_loaded_is_refused(tmp_path):
    module = Reader()
    (tmp_path / "words").write_text("a\nb\n")
    module.table = tf.lookup.StaticHashTable(
        tf.lookup.TextFileInitializer(
            str(tmp_path / "words"),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        -1,
    )
    save_module(module, tmp_path / "model")
    message = refusal(loading.load, tmp_path / "model")
    assert "resource" in message and "It was not loaded" in message


@pytest.mark.parametrize("saver", ["saveable_objects", "registered_saver"])
def test_a_saved_model_with_savers_of_its_own_is_refused(saved, saver):
    path = saved / saved_graph.FILE
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    node = model.meta_graphs[0].object_graph_def.nodes[0]
    if saver == "registered_saver":
        node.registered_saver = "run me"
    else:
        node.saveable_objects["run me"].save_function = 1
    path.write_bytes(model.SerializeToString())
    assert "savers" in refusal(saved_graph.check, saved)


@pytest.mark.parametrize("called", ["by a list", "by an attribute", "bare"])
def test_what_any_function_of_a_saved_model_does_is_looked_at(saved, called):
    path = saved / saved_graph.FILE
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = model.meta_graphs[0]
    functions = graph.graph_def.library.function
    evil = functions.add()
    evil.signature.name = "evil"
    evil.node_def.add(name="write", op="WriteFile")
    if called == "bare":
        bare = graph.object_graph_def.nodes.add().bare_concrete_function
        bare.concrete_function_name = "evil"
    else:
        entries = saved_graph._entries(graph.object_graph_def.nodes)
        entry = next(f for f in functions if f.signature.name in entries)
        attributes = entry.node_def.add(name="branch", op="Case").attr
        if called == "by a list":
            attributes["branches"].list.func.add(name="evil")
        else:
            attributes["then"].func.name = "evil"
    path.write_bytes(model.SerializeToString())
    assert "the operation WriteFile" in refusal(saved_graph.check, saved)


def test_python_in_a_saved_model_is_refused_and_does_not_run(tmp_path):
    gone_off = []

    class Caller(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, 32, 32, 3], tf.uint8, "image")])
        def predict_window(self, image):
            tf.py_function(lambda: gone_off.append(1), [], [])
            return {"inpainted": image}

    save_module(Caller(), tmp_path / "model")
    assert "the operation EagerPyFunc" in refusal(loading.load, tmp_path / "model")
    assert not gone_off
