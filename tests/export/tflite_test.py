import collections
import json
import os

import numpy as np
import pytest

from export import evaluate_tflite, tflite, tflite_runner
from tf_btgmi import assets, loading
from tf_btgmi.cli import program
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.summary import Group, Summary

PROGRAM_MODULE = evaluate_tflite
S = 32


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
    runner = tflite_runner.Runner(files["float32"])
    for inputs in pictures[:3]:
        wanted = generator(inputs).numpy()
        assert np.ptp(wanted) > 0.5
        np.testing.assert_allclose(runner.predict(inputs), wanted, atol=1e-4)


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
    runner = tflite_runner.Runner(files["int8"])
    error = runner.predict(pictures[0]) - generator(pictures[0]).numpy()
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
        found = tflite.read_metadata(file.read())
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
            tflite_runner.Runner(str(path))


def test_networks_are_timed_in_turn():
    order = []
    runs = [lambda _: order.append(0), lambda _: order.append(1)]
    found = tflite_runner.latencies(runs, None, 4)
    assert order[6:] == [0, 1] * 4
    assert all(t.low <= t.median <= t.high for t in found)


def summary_of(differences):
    estimates = {
        method: {name: Estimate(value, None, None) for name, value in row.items()}
        for method, row in differences.items()
    }
    group = Group("all", 1, estimates, estimates)
    return Summary({}, {}, "keras", [group], {}, {}, None, {}, [], [])


@pytest.mark.parametrize(
    "psnr, lpips, num_broken", [(-0.2, 0.004, 0), (-0.4, 0.004, 1), (-0.4, 0.006, 2)]
)
def test_a_drop_beyond_its_limit_is_told(psnr, lpips, num_broken):
    drops = {"hole_psnr": psnr, "lpips": lpips}
    found = summary_of({"keras": drops, "model-32-int8": drops})
    limits = {"int8": {"hole_psnr": -0.3, "lpips": 0.005}, "float32": {"l1": 0.0}}
    assert len(evaluate_tflite.broken_limits(found, limits)) == num_broken


@pytest.mark.parametrize(
    "text", ["", "[]", '{"int9": {}}', '{"int8": {"ssom": 1}}', '{"int8": {"l1": "a"}}']
)
def test_limits_of_another_form_are_a_mistake(tmp_path, text):
    path = tmp_path / "limits.json"
    path.write_text(text)
    with pytest.raises(program.UsageError, match="limits.json cannot be used"):
        evaluate_tflite._read_limits(str(path))


def test_the_program_writes_the_table(files, lively_workdir, tmp_path, capsys):
    limits = tmp_path / "limits.json"
    limits.write_text(json.dumps({"int8": {"hole_psnr": 40.0}}))
    flags = [f"--tflite={path}" for path in files.values()]
    flags += [f"--model={lively_workdir}", f"--output={tmp_path / 'out'}"]
    flags += [f"--data={assets.samples_dir() / 'test'}", "--limit=3"]
    flags += ["--latency_rounds=2", f"--limits={limits}"]
    evaluate_tflite.FLAGS(["evaluate_tflite", *flags])
    with pytest.raises(program.ProgramFailure, match=r"PSNR, dB \(hole_psnr\) changed"):
        evaluate_tflite.main(["evaluate_tflite"])
    table = (tmp_path / "out" / "table.md").read_text()
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert [row.split("|")[1].strip() for row in rows] == [
        "file",
        "keras",
        "lively-32-float32",
        "lively-32-int8",
    ]
    with open(tmp_path / "out" / "summary.json") as file:
        found = json.load(file)
    methods = found["methods"]
    float_change = methods["lively-32-float32"]["groups"]["all"]["differences"]
    assert abs(float_change["hole_psnr"]["value"]) < 0.01
    size = os.path.getsize(files["int8"])
    assert found["tflite"]["lively-32-int8"]["num_bytes"] == size


def test_the_stored_limits_are_known_measures_of_every_quantization():
    path = os.path.join(os.path.dirname(tflite.__file__), "tflite_limits.json")
    assert set(evaluate_tflite._read_limits(path)) == set(tflite.QUANTIZATIONS)


@pytest.mark.slow
def test_the_bundled_model_keeps_its_quality_within_the_stored_limits(tmp_path, capsys):
    """Six pictures: enough to see a broken file, not to tell a tenth of a decibel."""
    if not assets.model_names():
        pytest.skip("no model is bundled")
    generator, config = loading.load_generator()
    size = config.data.image_size
    train = tflite.representative_inputs(str(assets.samples_dir() / "train"), size)
    flags = [f"--data={assets.samples_dir() / 'test'}", "--latency_rounds=0"]
    for name in tflite.QUANTIZATIONS:
        data = train if name == "int8" else None
        path = tmp_path / f"bundled-{size}-{name}.tflite"
        path.write_bytes(tflite.convert(generator, size, name, data))
        flags.append(f"--tflite={path}")
    limits = os.path.join(os.path.dirname(tflite.__file__), "tflite_limits.json")
    flags += [f"--limits={limits}", f"--output={tmp_path / 'out'}"]
    for name in ("model", "tflite", "limit"):
        evaluate_tflite.FLAGS[name].unparse()
    evaluate_tflite.FLAGS(["evaluate_tflite", *flags])
    assert evaluate_tflite.main(["evaluate_tflite"]) == 0
