import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from export import tflite
from tests.programs import ROOT, run_program
from tf_btgmi import assets, evaluate, loading
from tf_btgmi.cli import program
from tf_btgmi.serving.tflite_file import TFLiteFile, read_metadata

PROGRAM_MODULE = evaluate
S = 32
LIMITS = os.path.join(os.path.dirname(tflite.__file__), "tflite_limits.json")


@pytest.fixture(scope="module")
def generator(lively_workdir):
    return loading.load_generator(lively_workdir)[0]


@pytest.fixture(scope="module")
def pictures():
    return tflite.representative_inputs(str(assets.samples_dir() / "test"), S)


@pytest.fixture(scope="module")
def files(generator, pictures, tmp_path_factory):
    """Paths by quantization."""
    folder = tmp_path_factory.mktemp("tflite")
    paths = {}
    for quantization in ("float32", "int8"):
        data = pictures if quantization == "int8" else None
        path = folder / f"lively-{S}-{quantization}.tflite"
        path.write_bytes(tflite.convert(generator, S, quantization, data))
        paths[quantization] = str(path)
    return paths


def operators(path):
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if k.isupper()}
    model = flatbuffer_utils.read_model(path)
    (graph,) = model.subgraphs
    codes = [code.builtinCode for code in model.operatorCodes]
    return collections.Counter(names[codes[o.opcodeIndex]] for o in graph.operators)


def test_float32_is_keras_to_1e_minus_4(files, generator, pictures):
    network = TFLiteFile(files["float32"])
    for inputs in pictures[:3]:
        wanted = generator(inputs).numpy()
        assert np.ptp(wanted) > 0.5
        np.testing.assert_allclose(network.predict(inputs), wanted, atol=1e-4)


def test_threads_may_share_a_network(files, pictures):
    network = TFLiteFile(files["float32"])
    wanted = [network.predict(inputs) for inputs in pictures[:4]]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda i: network.predict(pictures[i % 4]), range(80)):
            assert any(np.array_equal(found, each) for each in wanted)


def test_a_file_is_a_model_that_fills_as_keras_does(files, lively_workdir):
    path = files["float32"]
    keras = loading.load(lively_workdir, retouched=False)
    lite = loading.load(path, retouched=False)
    assert lite.image_size == S and lite.outputs == ("inpainted",)
    # Larger than the window of the network, and of several windows.
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (70, 90, 3), np.uint8)
    mask = np.zeros((70, 90), bool)
    mask[10:60, 20:75] = True
    filled = lite.inpaint(image, mask)
    difference = np.abs(filled.astype(int) - keras.inpaint(image, mask))
    assert difference.max() <= 1 and np.ptp(filled[mask]) > 50
    np.testing.assert_array_equal(filled[~mask], image[~mask])


def test_a_file_is_told_by_its_content_and_is_no_keras_model(files, tmp_path):
    described = {loading.describe(path) for path in files.values()}
    assert len(described) == 2
    assert all(text.startswith(f"TFLite file lively-{S}-") for text in described)
    copy = shutil.copy(files["int8"], tmp_path)
    assert loading.describe(copy) == loading.describe(files["int8"])
    assert loading.num_bytes(copy) == os.path.getsize(copy)
    with open(copy, "ab") as file:
        file.write(b"another")
    assert loading.describe(copy) != loading.describe(files["int8"])
    with pytest.raises(ValueError, match="is a TFLite file; give a release or"):
        loading.load_generator(copy)
    with pytest.raises(ValueError, match="There is no file .*none.tflite"):
        loading.load(str(tmp_path / "none.tflite"))


def test_inpaint_fills_with_a_file(files, tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 48, 3), np.uint8)).save(
        tmp_path / "a.png"
    )
    mask = np.zeros((40, 48), np.uint8)
    mask[10:30, 10:30] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    output = tmp_path / "out.png"
    command = [f"--image={tmp_path / 'a.png'}", f"--mask={tmp_path / 'm.png'}"]
    command += [f"--output={output}", f"--model={files['int8']}", "--noretouched"]
    run = [sys.executable, "-m", "tf_btgmi.inpaint", *command]
    subprocess.run(run, check=True, cwd=ROOT, stderr=subprocess.DEVNULL)
    wanted = loading.load(files["int8"], retouched=False)
    image, filled = (np.asarray(Image.open(p)) for p in (tmp_path / "a.png", output))
    np.testing.assert_array_equal(filled, wanted.inpaint(image, mask > 0))


def test_a_conversion_prints_nothing_unless_it_fails(generator, pictures, capfd):
    capfd.readouterr()
    tflite.convert(generator, S, "int8", pictures[:2])
    assert capfd.readouterr().err == ""
    with pytest.raises(RuntimeError), tflite.native_messages_of_errors_only():
        os.write(2, b"the converter's reason\n")
        raise RuntimeError
    assert capfd.readouterr().err == "the converter's reason\n"
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_the_operators_are_those_that_accelerators_know(files):
    # Stem, 2 down, 2 blocks of two, to_image; a sum a block; a ReLU is part of its
    # convolution, and dilation one of its attributes.
    wanted = {"MIRROR_PAD": 2, "CONV_2D": 8, "ADD": 2, "TRANSPOSE_CONV": 2, "TANH": 1}
    # Around the first and the last convolution, which take 2x2 pixels at once.
    wanted.update({"SPACE_TO_DEPTH": 2, "DEPTH_TO_SPACE": 2})
    float_operators = operators(files["float32"])
    rest = set(float_operators) - set(wanted)
    # What follows a transposed convolution, on one converter or the other.
    assert rest <= {"RELU", "ADD"}
    for name, count in wanted.items():
        assert float_operators[name] >= count, float_operators
    assert sum(float_operators.values()) <= sum(wanted.values()) + 4
    more = set(operators(files["int8"])) - set(float_operators)
    assert more <= {"QUANTIZE", "DEQUANTIZE"}


def test_int8_is_a_quarter_of_the_size_and_near(files, generator, pictures):
    sizes = [os.path.getsize(files[name]) for name in ("int8", "float32")]
    assert sizes[0] < 0.6 * sizes[1]
    network = TFLiteFile(files["int8"])
    error = network.predict(pictures[0]) - generator(pictures[0]).numpy()
    assert np.sqrt(np.mean(error**2)) < 0.05


def test_representative_inputs_are_masked_as_the_network_s(pictures):
    assert len(pictures) == 6
    for inputs in pictures:
        mask = inputs[..., 3]
        assert inputs.shape == (1, S, S, 4) and set(np.unique(mask)) == {0.0, 1.0}
        assert (inputs[mask > 0][:, :3] == 0).all()
        assert np.abs(inputs[..., :3]).max() <= 1.0
        assert 0.5 < np.abs(inputs[..., :3]).max()


def test_the_file_says_what_goes_in_and_out(files):
    with open(files["int8"], "rb") as file:
        found = read_metadata(file.read())
    assert found["input"]["shape"] == [1, S, S, 4]
    assert found["output"]["shape"] == [1, S, S, 3]
    assert found["quantization"] == "int8"
    assert "1 in the hole" in found["input"]["channels"]


def test_a_size_that_the_network_cannot_halve_is_said(generator):
    with pytest.raises(ValueError, match="--size must be a multiple of 4; it is 30"):
        tflite.convert(generator, 30, "float32")


def test_another_file_is_said(tmp_path):
    path = tmp_path / "other.tflite"
    for content in (b"", b"no TFLite file at all"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="other.tflite cannot be used"):
            loading.load(str(path))


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.999])
def test_a_file_cut_off_is_said(files, tmp_path, share):
    content = pathlib.Path(files["float32"]).read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="cannot be used: It is incomplete or damaged"):
        loading.load(str(path))


def test_the_ending_of_a_file_may_be_in_capitals(files, tmp_path):
    path = str(tmp_path / "MINE.TFLITE")
    shutil.copy(files["float32"], path)
    assert loading.load(path).image_size == S
    assert loading.short_name(path) == "MINE"


def test_a_file_of_another_program_is_said(files, tmp_path):
    with open(files["float32"], "rb") as file:
        content = file.read()
    path = tmp_path / "other.tflite"
    path.write_bytes(content.replace(b"tf_btgmi", b"of_other"))
    with pytest.raises(ValueError, match="not one of export.tflite"):
        loading.load(str(path))


def test_evaluate_measures_files_beside_their_model(
    files, lively_workdir, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "limits.json").write_text('{"int8": {"hole_psnr": 40.0}}')
    flags = [f"--data={assets.samples_dir() / 'test'}", "--mask_kind=rectangles"]
    flags += [
        f"--model={path}" for path in (f"keras={lively_workdir}", *files.values())
    ]
    flags += ["--methods=", "--noretouched", "--baseline=keras", "--limit=3"]
    flags += [f"--image_size={S}", "--output=out", "--limits=limits.json"]
    evaluate.FLAGS(["evaluate", *flags])
    with pytest.raises(
        program.ProgramFailure, match=r"^lively-32-int8: PSNR, dB \(hole"
    ):
        evaluate.main(["evaluate"])
    with open("out/summary.json", encoding="utf-8") as file:
        methods = json.load(file)["methods"]
    assert list(methods) == ["keras", "lively-32-float32", "lively-32-int8"]
    changes = [
        methods[name]["groups"]["all"]["differences"]["hole_psnr"]["value"]
        for name in list(methods)[1:]
    ]
    assert abs(changes[0]) < 0.01 and changes[1] != changes[0]
    sizes = [methods[name]["num_bytes"] for name in methods]
    assert sizes == [None, *map(os.path.getsize, files.values())]
    for method in methods.values():
        times = method["milliseconds"]
        assert 0 < times["low"] <= times["value"] <= times["high"]
    table = pathlib.Path("out/table.md").read_text(encoding="utf-8")
    text = table.split("## Time and size")[1]
    cells = re.search(r"\| lively-32-int8 \| ([\d.]+) \[.*?\] \| ([\d.]+) \|", text)
    assert float(cells[1]) == pytest.approx(times["value"], abs=0.06)
    assert float(cells[2]) == pytest.approx(sizes[-1] / 1e6, abs=0.006)


@pytest.mark.slow
def test_the_bundled_model_keeps_its_quality_within_the_stored_limits(tmp_path):
    """Six pictures: enough to see a broken file, not to tell a tenth of a decibel."""
    if not assets.model_names():
        pytest.skip("no model is bundled")
    generator, config = loading.load_generator()
    size = config.data.image_size
    train = tflite.representative_inputs(str(assets.samples_dir() / "train"), size)
    flags = [f"--data={assets.samples_dir() / 'test'}", "--mask_kind=rectangles"]
    flags += [f"--image_size={size}", f"--model=keras={assets.model_names()[0]}"]
    for name in tflite.QUANTIZATIONS:
        data = train if name == "int8" else None
        path = tmp_path / f"bundled-{size}-{name}.tflite"
        path.write_bytes(tflite.convert(generator, size, name, data))
        flags.append(f"--model={path}")
    flags += ["--methods=", "--noretouched", "--baseline=keras"]
    flags.append(f"--output={tmp_path / 'out'}")
    # In its own process: here, flags of an earlier test would be added to.
    ran = run_program("tf_btgmi.evaluate", *flags, f"--limits={LIMITS}")
    assert ran.returncode == 0, ran.stderr
