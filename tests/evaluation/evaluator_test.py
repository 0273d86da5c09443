"""From pictures to rows to numbers: what is measured is what was filled."""

import functools
import json
import re

import numpy as np
import pytest
from PIL import Image

from tf_btgmi.evaluation import examples, summary, tables
from tf_btgmi.evaluation.classical_methods import Method, classical_method
from tf_btgmi.evaluation.deep_metrics import DeepMetrics
from tf_btgmi.evaluation.evaluator import evaluate
from tf_btgmi.evaluation.hole_masks import DrawnMasks
from tf_btgmi.evaluation.picture_sets import open_pictures
from tf_btgmi.evaluation.report import page as report
from tf_btgmi.evaluation.report.gallery import choose
from tf_btgmi.evaluation.store import Store

SETTINGS = {
    "mask_kind": "rectangles",
    "seed": 0,
    "image_size": 32,
    "metric_version": "1",
}


@functools.lru_cache(1)
def loaded():
    return DeepMetrics()


def run(folder, photos, methods, limit=0, baseline="mean_fill"):
    identities = {method.name: method.identity for method in methods}
    store = Store(str(folder), SETTINGS, identities)
    masks = DrawnMasks("rectangles", 0)
    prepared = examples.prepare(store, open_pictures(photos, limit), masks, 32)
    evaluate(store, prepared.names, methods, loaded())
    found = summary.summarize(store, identities, baseline, prepared)
    return store, prepared.names, found


def test_known_pixels_are_the_truth_whatever_a_method_gives(tmp_path, photos):
    seen = []

    def red(holed, mask, name):
        seen.append((holed.copy(), mask.copy()))
        # A method may work in place: its arguments are its own.
        holed[:], mask[:] = (255, 0, 0), True
        return holed

    methods = [Method("red", red, "red"), classical_method("mean_fill")]
    store, names, _ = run(tmp_path / "out", photos, methods)
    for name, (holed, mask) in zip(names, seen):
        image, composite = store.read_image(name), store.read_composite("red", name)
        np.testing.assert_array_equal(composite[~mask], image[~mask])
        assert (composite[mask] == (255, 0, 0)).all()
        # Nothing of the truth in the hole is there to be seen.
        assert (holed[mask] == 128).all()


def test_a_method_that_knows_the_truth_is_perfect(tmp_path, photos):
    store = None

    def perfect(holed, mask, name):
        return store.read_image(name)

    methods = [Method("perfect", perfect, "p"), classical_method("mean_fill")]
    identities = {method.name: method.identity for method in methods}
    store = Store(str(tmp_path / "out"), SETTINGS, identities)
    _, _, found = run(tmp_path / "out", photos, methods)
    values = found.groups[0].values["perfect"]
    wanted = {"psnr": 100.0, "hole_psnr": 100.0, "ssim": 1.0, "hole_ssim": 1.0}
    for name, estimate in values.items():
        assert estimate.value == pytest.approx(wanted.get(name, 0.0), abs=1e-6)
    # The scores of one method are not those of another.
    for name, estimate in found.groups[0].values["mean_fill"].items():
        assert abs(estimate.value - wanted.get(name, 0.0)) > 1e-3
    distances = found.distances["features"]
    assert distances["perfect"].frechet < 1e-3 < distances["mean_fill"].frechet
    assert distances["perfect"].kernel == pytest.approx(0.0, abs=1e-5)


def test_a_rerun_measures_what_is_missing_only(tmp_path, photos):
    calls = []

    def counted(holed, mask, name):
        calls.append(name)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return holed

    methods = [Method("counted", counted, "c"), classical_method("mean_fill")]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "out", photos, methods)
    _, names, first = run(tmp_path / "out", photos, methods)
    assert calls == names[:3] + names[2:]
    _, _, again = run(tmp_path / "out", photos, methods)
    assert len(calls) == len(names) + 1 and again == first


def test_a_weave_in_the_fills_is_reported(tmp_path, photos):
    # Holes of 32-pixel pictures leave no room for windows; these are larger.
    big = tmp_path / "big"
    big.mkdir()
    for name in ("1", "2", "3"):
        Image.open(f"{photos}/{name}.png").resize((96, 96)).save(big / f"{name}.png")
    store, size = None, 96

    def woven(holed, mask, name):
        pattern = 12 * np.cos(np.arange(size) * 2 * np.pi / 4)[:, None]
        return (store.read_image(name) + pattern).clip(0, 255).astype(np.uint8)

    def perfect(holed, mask, name):
        return store.read_image(name)

    methods = [Method("woven", woven, "w"), Method("perfect", perfect, "p")]
    identities = {method.name: method.identity for method in methods}
    store = Store(str(tmp_path / "out"), SETTINGS, identities)
    masks = DrawnMasks("large", 0)
    prepared = examples.prepare(store, open_pictures(str(big)), masks, size)
    evaluate(store, prepared.names, methods, loaded())
    found = summary.summarize(store, identities, "perfect", prepared)
    assert found.weave["perfect"].weave == pytest.approx(1.0)
    assert found.weave["woven"].weave > 3.0
    assert found.weave["woven"].period == pytest.approx(4.0)
    inside = tables.totals(found)[0]
    place = inside.headings.index("weave ↓")
    assert [row[place].detail for row in inside.rows][0] == "at 4.0 px"
    assert summary.to_json(found)["methods"]["woven"]["weave"]["period"] == 4.0


def test_rows_without_a_new_metric_are_completed_not_filled_again(tmp_path, photos):
    calls = []

    def counted(holed, mask, name):
        calls.append(name)
        return holed

    methods = [Method("counted", counted, "c"), classical_method("mean_fill")]
    store, names, first = run(tmp_path / "out", photos, methods)
    for method in ("counted", "mean_fill"):
        path = tmp_path / "out" / "rows" / f"{method}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        del rows[1]["log_power_ratio"], rows[2]["hole_ssim"]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    _, _, again = run(tmp_path / "out", photos, methods)
    assert len(calls) == len(names)
    assert again.costs == first.costs
    for method in ("counted", "mean_fill"):
        ours, before = (s.groups[0].values[method] for s in (again, first))
        for name, estimate in before.items():
            assert ours[name].value == pytest.approx(estimate.value, abs=1e-6)


def test_groups_and_times_are_of_their_own_rows(tmp_path, photos):
    store, _, found = run(tmp_path / "out", photos, [classical_method("mean_fill")])
    rows = store.rows("mean_fill").values()
    times = np.quantile([row["milliseconds"] for row in rows], [0.5, 0.25, 0.75])
    assert found.costs["mean_fill"].milliseconds == pytest.approx(tuple(times))
    assert len(found.groups) > 2
    for group in found.groups:
        low, high = map(int, re.findall(r"\d+", group.label) or (0, 100))
        errors = [r["l1"] for r in rows if low < 100 * r["hole_ratio"] <= high]
        value = group.values["mean_fill"]["l1"].value
        assert (group.num, value) == (len(errors), pytest.approx(np.mean(errors)))


def test_a_method_added_later_stands_beside_the_others(tmp_path, photos):
    first = run(tmp_path / "out", photos, [classical_method("mean_fill")])[2]
    both = [classical_method("telea"), classical_method("mean_fill")]
    second = run(tmp_path / "out", photos, both)[2]
    fill = "mean_fill"
    assert second.groups[0].values[fill] == first.groups[0].values[fill]
    ours, before = (s.distances["features"]["mean_fill"] for s in (second, first))
    assert ours == before


@pytest.mark.parametrize("limit", [0, 1])
def test_no_report_holds_nan_or_infinity(tmp_path, photos, limit):
    methods = [
        classical_method("telea"),
        classical_method("mean_fill"),
        classical_method("holed"),
    ]
    store, names, found = run(tmp_path / "out", photos, methods, limit)
    every = [*tables.totals(found), *tables.differences(found)]
    every.append(tables.by_hole_ratio(found))
    page = report.render(store, found, names, 3)
    numbers = json.dumps(summary.to_json(found), allow_nan=False)
    page = re.sub(
        r"<style>.*?</style>|<script>.*?</script>|base64,[^\"]*", "", page, flags=re.S
    )
    csv = tables.rows_csv(store, found, names)
    for text in (tables.to_markdown(every), csv, page):
        assert not re.search(r"\b(nan|inf|none)\b", text, re.I)
    assert f'"n": {len(names)}' in numbers
    for table in every:
        assert table.rows and all(len(r) == len(table.headings) for r in table.rows)
        assert all(r[-1].text == "rectangles, seed 0, v1" for r in table.rows)


def test_one_method_alone_has_no_differences(tmp_path, photos):
    store, names, found = run(tmp_path / "out", photos, [classical_method("mean_fill")])
    assert tables.differences(found) == []
    assert "Against" not in report.render(store, found, names, 24)


def test_the_page_is_one_file_with_its_text_escaped(tmp_path, photos):
    identity = "<script>alert(1)</script>"
    methods = [
        Method("odd", lambda h, m, n: h, identity),
        classical_method("mean_fill"),
    ]
    store, names, found = run(tmp_path / "out", photos, methods)
    page = report.render(store, found, names, 2)
    assert identity not in page and "&lt;script&gt;" in page
    assert page.count("<figure ") == 2 and page.count("<svg") == 4
    for outside in ("http:", "https:", 'src="/', "<link", "@import"):
        assert outside not in page


def test_shown_pictures_go_from_the_worst_to_the_best():
    differences = {str(i): float(i) for i in range(9)}
    assert choose(differences, True, 3) == ["0", "4", "8"]
    assert choose(differences, False, 3) == ["8", "4", "0"]
    assert choose(differences, False, 1) == ["8"]
    assert len(choose(differences, True, 99)) == 9
