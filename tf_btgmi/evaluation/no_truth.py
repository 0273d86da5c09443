"""A page of results on composites without known truth.

Pictures keep their proportions; their longer side has the size of the evaluation.
"""

import numpy as np

from tf_btgmi.data.transforms import reduced
from tf_btgmi.evaluation.classical_methods import Method
from tf_btgmi.evaluation.examples import Example, prepare, unreadable_note
from tf_btgmi.evaluation.hole_masks import MaskFiles
from tf_btgmi.evaluation.report import gallery, page
from tf_btgmi.evaluation.store import Store
from tf_btgmi.progress_bar import progress_bar

_TITLE = "Composites without truth"


class ObjectMasks(MaskFiles):
    """Masks of the objects in composites; see `MaskFiles`."""

    kind = "real composites"

    def __init__(self, *files):
        super().__init__(*files)
        self.identity = f"whole {self.identity}"

    def example(self, name: str, image: np.ndarray, side: int) -> Example:
        """A composite and its mask, scaled down to `side` if necessary.

        Raises:
            ValueError: the mask has another size, is empty or covers the picture.
        """
        mask = self.whole(name, *image.shape[:2])
        image = reduced(image, side)
        mask = reduced(mask.astype(np.float32), side) >= 0.5
        if not mask.any() or mask.all():
            raise ValueError(f"The mask of {name} is empty or covers the picture.")
        return Example(image, mask, image)


def show(
    store: Store, pictures, masks: ObjectMasks, methods: list[Method], side: int
) -> None:
    """Harmonizes every picture with every method and writes report.html.

    Args:
        store: gets the pictures, the results and the page.
        pictures: a set of `picture_sets`, composites.
        masks: masks of their objects.
        methods: methods of harmonization.
        side: maximum length of the longer side of a picture.

    Raises:
        ValueError: too many damaged pictures, or an unusable mask.
    """
    names, _, unreadable = prepare(store, pictures, masks, side)
    methods = [method for method in methods if method.name != "copy_paste"]
    figures = []
    for name in progress_bar(names, unit="picture"):
        image, mask = store.read_image(name), store.read_mask(name)
        shown = np.repeat(mask[..., None].astype(np.uint8) * 255, 3, axis=-1)
        tiles = [
            gallery.tile("copy_paste", "", image),
            gallery.tile("object", "", shown),
        ]
        for method in methods:
            result = method.fill(image.copy(), mask.copy(), name)
            result = np.where(mask[..., None], result, image)
            store.write_composite(method.name, name, result)
            tiles.append(gallery.tile(method.name, "", result))
        figures.append((name, tiles))
    notes = unreadable_note(unreadable)
    text = page.render_without_truth(_TITLE, figures, notes)
    path = store.write_text("report.html", text)
    for note in notes:
        print(note)
    print(f"Report: {path}")
