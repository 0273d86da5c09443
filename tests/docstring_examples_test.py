"""The examples in docstrings run and print what they say."""

import doctest
import importlib
import inspect

import pytest

# Every public class of these modules that has an example of its own, and `load`.
CLASSES = [
    "config.schema.Config",
    "data.masks.MaskSampler",
    "inference.predictor.Predictor",
    "layers.back_end.BackEnd",
    "layers.convolution.NormalizedConvolution",
    "layers.convolution.ReflectedConvolution",
    "layers.convolution.Resampling",
    "layers.residual.DilatedResidualBlock",
    "layers.residual.RefinementBlock",
    "layers.spectral.SpectralConvolution",
    "load",
    "losses.lpips.LPIPSDistance",
    "losses.objective.Objective",
    "losses.perceptual.PatchPerceptualLoss",
    "models.baseline_discriminators.GlobalDiscriminator",
    "models.baseline_discriminators.GlobalLocalDiscriminator",
    "models.baselines.CompletionNetwork",
    "models.baselines.ContextEncoder",
    "models.discriminator.MultiScaleDiscriminator",
    "models.generator.Generator",
    "models.selector.Selector",
    "schedules.Schedules",
    "schedules.StagePlan",
]


@pytest.mark.parametrize("place", CLASSES)
def test_the_example_of_a_class_runs(place):
    module_name, _, name = f"tf_btgmi.{place}".rpartition(".")
    module = importlib.import_module(module_name)
    subject = getattr(module, name)
    test = doctest.DocTestParser().get_doctest(
        inspect.getdoc(subject), dict(vars(module)), name, module.__file__, 0
    )
    assert test.examples, f"{name} has no example"
    report = []
    result = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not result.failed, "".join(report)
