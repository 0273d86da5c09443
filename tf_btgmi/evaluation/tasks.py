"""Kinds of evaluations: their metrics, and the words of their reports."""

from typing import NamedTuple, Sequence

from tf_btgmi.evaluation import report_metrics
from tf_btgmi.evaluation.report_metrics import Metric

# Key of the settings: identity of the weights of LPIPS-VGG.
JUDGE = "lpips_vgg"
# Keys of rows: `metrics.weave.log_power_ratio`, and `DeepMetrics.features` of AlexNet
# and VGG16.
POWER_RATIO = "log_power_ratio"
FEATURES, VGG_FEATURES = "features", "features_vgg"
# Key of rows: time of the fill.
MILLISECONDS = "milliseconds"


class Task(NamedTuple):
    """A kind of evaluation.

    Attributes:
        name: as `--task` takes it.
        title: of the report.
        region: the evaluated region, as in "PSNR in the hole".
        ratio: heading of the region's share of the picture.
        ratio_label: the word after a percentage.
        set_heading: heading of the column of kind and seed.
        inside: metrics of the region.
        whole: metrics of the picture.
        charted: names of metrics shown as bars.
        orders: metrics to sort pictures by; the first also selects them.
        captions: the two metrics below a picture.
        why_left_out: reason for leaving out a picture, for notes.
        baseline: default method that the others are compared with.
        untouched: the method that returns its input, shown as the input.
        has_weave: whether fills are searched for periodic artifacts.
        features: keys of rows: features whose distributions are compared.
    """

    name: str
    title: str
    region: str
    ratio: str
    ratio_label: str
    set_heading: str
    inside: Sequence[Metric]
    whole: Sequence[Metric]
    charted: Sequence[str]
    orders: tuple[Metric, ...]
    captions: tuple[Metric, Metric]
    why_left_out: str
    baseline: str
    untouched: str
    has_weave: bool
    features: tuple[str, ...] = (FEATURES,)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All of them, those of the region first."""
        return tuple(self.inside) + tuple(self.whole)

    @property
    def row_keys(self) -> set[str]:
        """Keys that the row of a picture must have."""
        sources = {metric.source for metric in self.metrics}
        return sources | set(self.features) | set([POWER_RATIO] * self.has_weave)


def _named(chosen: Sequence[Metric], *names: str) -> tuple:
    return tuple(m for name in names for m in chosen if m.name == name)


INPAINTING = Task(
    name="inpainting",
    title="Evaluation of inpainting",
    region="in the hole",
    ratio="hole ratio",
    ratio_label="hole",
    set_heading="masks",
    inside=report_metrics.HOLE,
    whole=report_metrics.PICTURE,
    charted=("hole_psnr", "hole_ssim", "box_lpips", "hole_l1"),
    orders=_named(report_metrics.HOLE, "box_lpips", "hole_psnr"),
    captions=_named(report_metrics.HOLE, "hole_psnr", "box_lpips"),
    why_left_out="in the square crop their mask is empty or leaves nothing known",
    baseline="telea",
    untouched="holed",
    has_weave=True,
)
# The hole has the shape of an object, and the truth below it is known.
OBJECT_REMOVAL = INPAINTING._replace(
    name="object_removal", title="Evaluation of object removal"
)
HARMONIZATION = Task(
    name="harmonization",
    title="Evaluation of harmonization",
    region="on the object",
    ratio="object ratio",
    ratio_label="object",
    set_heading="composites",
    inside=report_metrics.OBJECT,
    whole=report_metrics.COMPOSITE,
    charted=("fmse", "fpsnr", "fssim", "box_lpips"),
    orders=_named(report_metrics.OBJECT, "fmse", "box_lpips"),
    captions=_named(report_metrics.OBJECT, "fpsnr", "box_lpips"),
    why_left_out="their object is too small or too large in the square crop",
    baseline="copy_paste",
    untouched="copy_paste",
    has_weave=False,
)
TASKS = {task.name: task for task in (INPAINTING, OBJECT_REMOVAL, HARMONIZATION)}


def task_of(settings) -> Task:
    """The task of a store's settings; inpainting where they name none.

    With the weights of the judge it also reports LPIPS-VGG, which then chooses the
    pictures to show, and distances of VGG16's features.
    """
    task = TASKS[settings.get("task", INPAINTING.name)]
    if not settings.get(JUDGE):
        return task
    return task._replace(
        inside=(*task.inside, report_metrics.VGG_BOX),
        whole=(*task.whole, report_metrics.VGG_PICTURE),
        charted=(*task.charted, report_metrics.VGG_BOX.name),
        orders=(report_metrics.VGG_BOX, *task.orders),
        captions=(task.captions[0], report_metrics.VGG_BOX),
        features=(FEATURES, VGG_FEATURES),
    )
