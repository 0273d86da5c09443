"""Limits of the differences to the baseline."""

import os

import pytest

from export import tflite
from tf_btgmi.evaluation.limits import exceeded, read_limits, without_limits
from tf_btgmi.evaluation.statistics import Estimate
from tf_btgmi.evaluation.summary import Group, Summary
from tf_btgmi.evaluation.tasks import INPAINTING


def summary_of(differences):
    estimates = {
        method: {name: Estimate(value, None, None) for name, value in row.items()}
        for method, row in differences.items()
    }
    group = Group("all", 1, estimates, estimates)
    return Summary({}, {}, "keras", [group], {}, None, {}, [], [], [], {})


@pytest.mark.parametrize(
    "psnr, lpips, num_exceeded", [(-0.2, 0.004, 0), (-0.4, 0.004, 1), (-0.4, 0.006, 2)]
)
@pytest.mark.parametrize("method", ["model-32-int8", "int8"])
def test_a_worse_difference_is_reported(psnr, lpips, num_exceeded, method):
    drops = {"hole_psnr": psnr, "lpips": lpips}
    found = summary_of({"keras": drops, method: drops})
    limits = {"int8": {"hole_psnr": -0.3, "lpips": 0.005}, "float32": {"l1": 0.0}}
    sentences = exceeded(found, limits)
    assert len(sentences) == num_exceeded
    assert all(sentence.startswith(f"{method}: ") for sentence in sentences)
    assert not exceeded(summary_of({"keras": drops, "uint8": drops}), limits)


def test_a_difference_that_is_no_number_is_beyond_every_limit():
    found = summary_of({"int8": {"l1": float("nan"), "hole_psnr": float("nan")}})
    assert len(exceeded(found, {"int8": {"l1": 9.0, "hole_psnr": -9.0}})) == 2


def test_methods_without_limits_are_named_and_limits_of_none_refused():
    limits = {"int8": {"l1": 0.1}, "float32": {"l1": 0.0}}
    assert without_limits(["mine-int8", "uint8", "telea"], limits) == ["uint8", "telea"]
    assert without_limits(["int8"], limits) == []
    with pytest.raises(
        ValueError, match="limits for int8, float32, .* are phone, uint8"
    ):
        without_limits(["phone", "uint8"], limits)
    with pytest.raises(ValueError, match="limits for none, .* are telea"):
        without_limits(["telea"], {})
    with pytest.raises(ValueError, match="limits for int8, .* baseline are none"):
        without_limits([], {"int8": {}})


@pytest.mark.parametrize(
    "text", ["", "[]", '{"int8": {"ssom": 1}}', '{"int8": {"l1": "a"}}']
)
def test_limits_of_another_form_are_a_mistake(tmp_path, text):
    path = tmp_path / "limits.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="limits.json (cannot be used|is not a JSON)"):
        read_limits(str(path), INPAINTING)


def test_the_stored_limits_are_of_every_quantization():
    path = os.path.join(os.path.dirname(tflite.__file__), "tflite_limits.json")
    assert set(read_limits(path, INPAINTING)) == set(tflite.QUANTIZATIONS)
