import pytest

from benchmarks import inference_times, input_pipeline, timing


def test_a_hole_of_one_per_cent_is_a_tenth_of_the_side():
    assert inference_times.hole_side(4000, 0.01) == 400
    assert inference_times.hole_side(100, 0.25) == 50
    _, mask = inference_times.make_picture(100, 10)
    assert mask.sum() == 100 and mask[45:55, 45:55].all()


@pytest.mark.parametrize(
    "measured, rate, wanted",
    [
        (100.0, 20.0, "20 | 5.0 | met: at least 5"),
        (99.0, 20.0, "20 | 5.0 | not met: at least 5"),
        (100.0, None, "| |"),
    ],
)
def test_the_pipeline_should_be_five_times_as_fast_as_the_step(measured, rate, wanted):
    assert input_pipeline.verdict(measured, rate) == wanted


def test_a_source_that_is_no_folder_is_measured_as_it_is(tmp_path):
    found = input_pipeline.sources_of("tfds:mnist", ["folder", "file"], str(tmp_path))
    assert found == {"tfds": "tfds:mnist"}


def test_functions_take_turns_after_their_warm_up():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "ab"}
    seconds = timing.in_turn(calls, rounds=2, warm_up=1)
    assert order == ["a", "b", "a", "b", "a", "b"]
    assert [len(found) for found in seconds.values()] == [2, 2]


def test_a_ratio_is_the_median_of_those_of_each_turn():
    assert timing.ratio([2.0, 9.0, 8.0], [1.0, 3.0, 2.0]) == 3.0
    assert timing.medians({"a": [3.0, 1.0, 2.0]}) == {"a": 2.0}


@pytest.mark.parametrize(
    "seconds, text", [(0.00061, "0.61"), (0.0123, "12.3"), (0.4567, "457")]
)
def test_milliseconds_have_the_digits_that_mean_something(seconds, text):
    assert timing.milliseconds(seconds) == text
