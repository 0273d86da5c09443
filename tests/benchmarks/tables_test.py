import pytest

from benchmarks import inference, timing


def test_a_hole_of_one_per_cent_is_a_tenth_of_the_side():
    assert inference.hole_side(4000, 0.01) == 400
    assert inference.hole_side(100, 0.25) == 50
    _, mask = inference.make_picture(100, 10)
    assert mask.sum() == 100 and mask[45:55, 45:55].all()


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
