"""Methods of harmonization against numbers worked out by hand."""

import numpy as np
import pytest

from tf_btgmi.evaluation import classical_methods, harmonizers


def block(size=48, low=16, high=32):
    mask = np.zeros((size, size), bool)
    mask[low:high, low:high] = True
    return mask


def textured(size=48, seed=0):
    return np.random.default_rng(seed).integers(60, 200, (size, size, 3), np.uint8)


def run(name, given, mask):
    before = given.copy()
    method = classical_methods.classical_method(name, harmonizers.FILLS)
    result = method.fill(given, mask, "a")
    np.testing.assert_array_equal(given, before)
    assert result.dtype == np.uint8 and result.shape == given.shape
    return result


@pytest.mark.parametrize("name", harmonizers.FILLS)
def test_an_object_of_one_colour_on_that_colour_stays(name):
    given, mask = np.full((48, 48, 3), (90, 140, 60), np.uint8), block()
    np.testing.assert_allclose(run(name, given, mask)[mask], given[mask], atol=1)


def test_the_boundary_mismatch_is_added_by_seven_tenths():
    truth, mask = np.full((48, 48, 3), (90, 140, 60), np.uint8), block()
    given = truth.copy()
    given[mask] = (130, 100, 60)
    result = run("boundary_mismatch", given, mask)
    # 0.7 of the difference all along the edge, hence all over.
    np.testing.assert_allclose(result[mask], [[102, 128, 60]] * mask.sum(), atol=1)
    np.testing.assert_array_equal(result[~mask], truth[~mask])


@pytest.mark.parametrize("name", ["reinhard", "histogram", "seamless_clone"])
def test_a_darker_copy_of_the_surroundings_gets_their_light_back(name):
    truth, mask = textured(), block()
    given = truth.copy()
    given[mask] = given[mask] // 2
    result = run(name, given, mask)
    errors = [
        np.abs(x[mask].astype(float) - truth[mask]).mean() for x in (given, result)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_reinhard_gives_the_surroundings_mean_and_deviation():
    given, mask = textured(), block()
    given[mask] = given[mask] // 2 + 20
    result = run("reinhard", given, mask)
    values = harmonizers._to_opponents(result)
    inside, outside = values[mask], values[~mask]
    np.testing.assert_allclose(inside.mean(0), outside.mean(0), atol=2e-3)
    np.testing.assert_allclose(inside.std(0), outside.std(0), rtol=0.05)


def test_opponent_colours_of_grey_are_known():
    # A grey of 255/255 excites the cones by 0.9996, 0.9993 and 0.9973: the rows' sums.
    white = harmonizers._to_opponents(np.full((1, 1, 3), 255, np.uint8))[0, 0]
    logs = np.log10([0.9996, 0.9993, 0.9973])
    np.testing.assert_allclose(white[0], logs.sum() / np.sqrt(3), atol=1e-6)
    np.testing.assert_allclose(white[2], (logs[0] - logs[1]) / np.sqrt(2), atol=1e-6)
    picture = textured(8)
    back = harmonizers._from_opponents(harmonizers._to_opponents(picture))
    np.testing.assert_array_equal(back, picture)


def test_histogram_matching_takes_over_the_surroundings_values():
    given = np.zeros((4, 4, 3), np.uint8)
    mask = np.zeros((4, 4), bool)
    mask[:2] = True
    given[0], given[1], given[2], given[3] = 10, 20, 100, 200
    result = run("histogram", given, mask)
    assert (result[0] == 100).all() and (result[1] == 200).all()


def test_seamless_clone_leaves_detail_and_takes_the_level_from_the_edge():
    mask = block()
    given = np.full((48, 48, 3), 150, np.uint8)
    detail = np.random.default_rng(0).integers(-20, 21, (16, 16, 1))
    given[16:32, 16:32] = 80 + detail
    result = run("seamless_clone", given, mask).astype(float)
    assert abs(result[mask].mean() - 150) < 8
    before, after = (x[18:30, 18:30, 0].ravel() for x in (given.astype(float), result))
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_objects_at_the_edge_and_specks_are_cloned():
    given = textured()
    for low, high in ((0, 20), (30, 48), (20, 21)):
        run("seamless_clone", given, block(48, low, high))


def test_an_unknown_classical_method_is_named_with_those_of_its_task():
    with pytest.raises(ValueError, match="'telea'; these are: seamless_clone"):
        classical_methods.classical_method("telea", harmonizers.FILLS)
