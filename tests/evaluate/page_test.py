"""The report's page in a real browser."""

import os

from PIL import Image

from tests.evaluate.running import run
from tf_btgmi import assets, evaluate

PROGRAM_MODULE = evaluate
# A picture of `grey` differs from the truth, one of `truth` does not.
RESULTS = {"Mine": "truth", "mine": "grey"}


def test_pictures_are_sorted_by_the_chosen_method_and_its_measure(folder, browser):
    """Also of methods whose names differ in case alone."""
    names = "abc"
    for name, sample in zip(names, assets.sample_pictures("test")):
        Image.open(sample).resize((48, 48)).save(f"photos/{name}.jpg")
    run()
    for method, kind in RESULTS.items():
        os.mkdir(method + "_files")
        for name in names:
            truth = Image.open(f"out/images/{name}.png")
            grey = Image.new("RGB", truth.size, (128, 128, 128))
            (truth if kind == "truth" else grey).save(f"{method}_files/{name}.png")
    run(results=[f"{method}={method}_files" for method in RESULTS])
    page = browser.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"file://{os.path.abspath('out/report.html')}")
    shown = {}
    for method in RESULTS:
        page.select_option("#method", method)
        for end in ("worst", "best"):
            page.select_option("#end", end)
            captions = page.locator("#gallery figure").evaluate_all(
                "figures => figures.map((figure) => ["
                "figure.querySelector('b').textContent,"
                "figure.querySelector('.difference').textContent.slice(2)])"
            )
            values = [float(text.replace("−", "-")) for _, text in captions]
            higher = page.locator("#measure option:checked").get_attribute("data-up")
            assert values == sorted(values, reverse=(higher == "1") == (end == "best"))
            assert sorted(name for name, _ in captions) == list(names)
            shown[method, end] = values
    assert shown["Mine", "worst"] != shown["mine", "worst"]
    assert not problems
    page.close()
