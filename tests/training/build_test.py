import operator

import pytest

from tf_btgmi.config import ProcedureConfig
from tf_btgmi.training.build import scheduled_callbacks

# Of a model: the field that an attribute has the value of, and a value that no default
# has.
FIELDS = {
    "objective.reconstruction_weight": ("losses__reconstruction_weight", 7.0),
    "objective.pixel_weight": ("losses__pixel_weight", 0.5),
    "objective.pixel_region": ("losses__pixel_region", "hole"),
    "objective.adversarial": ("losses__adversarial", "hinge"),
    "objective.discriminator_patches": ("losses__discriminator_patches", "hole"),
    "objective.patch_labels": ("discriminator__patch_labels", "all_fake"),
    "objective.patch_perceptual_loss.patch_size": ("losses__ppl_patch_size", 33),
    "objective.patch_perceptual_loss.context_margin": ("losses__ppl_context_margin", 2),
    "objective.patch_perceptual_loss.jitter": ("losses__ppl_jitter", 3.0),
    "discriminator_steps": ("procedure__discriminator_steps", 2),
    "ema_decay": ("training__ema_decay", 0.9),
    "seed": ("training__seed", 5),
    "generator.base_filters": ("generator__base_filters", 3),
    "generator.max_filters": ("generator__max_filters", 7),
    "generator.num_downsamplings": ("generator__num_downsamplings", 1),
    "generator.num_head_blocks": ("generator__num_head_blocks", 2),
    "generator.num_refinement_blocks": ("procedure__num_refinement_blocks", 2),
    "generator.dilation": ("generator__dilation", 3),
    "generator.dilated_convolutions": ("generator__dilated_convolutions", "both"),
    "generator.refinement_start": ("generator__refinement_start", "identity"),
    "generator.normalization": ("generator__normalization", "instance"),
    "generator.resampling": ("generator__resampling", "interpolated"),
    "generator.harmonized_change": ("generator__harmonized_change", False),
    "ema_generator.change_share": ("generator__change_share", 0.6),
    "ema_generator.mismatch_share": ("generator__mismatch_share", 0.3),
    "discriminator.base_filters": ("discriminator__base_filters", 3),
    "discriminator.num_scales": ("discriminator__num_scales", 1),
    "discriminator.normalization": ("discriminator__normalization", "none"),
}


def test_fields_of_the_config_arrive_in_the_model(make_model):
    model = make_model(**dict(FIELDS.values()))
    found = {place: operator.attrgetter(place)(model) for place in FIELDS}
    assert found == {place: value for place, (_, value) in FIELDS.items()}


def test_the_calibration_of_a_release_is_not_trained_with(make_model):
    model = make_model(generator__change_share=0.6, generator__mismatch_share=0.3)
    assert (model.generator.change_share, model.generator.mismatch_share) == (1.0, 0.0)


def test_the_seed_decides_the_initial_weights(make_model):
    changes = {"losses__reconstruction": "l1", "discriminator__num_scales": 1}
    first, other = (
        make_model(training__seed=seed, **changes).get_weights() for seed in (1, 2)
    )
    kernels = [pair for pair in zip(first, other) if pair[0].ndim == 4]  # noqa: B905
    assert len(kernels) > 20
    assert all((one != two).any() for one, two in kernels)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("betas", [None, (0.3, 0.9)])
def test_both_optimizers_are_adam_with_the_configs_decay_rates(
    make_model, precision, betas
):
    changes = {"losses__reconstruction": "l1", "discriminator__num_scales": 1}
    if betas:
        changes.update(zip(("procedure__adam_beta_1", "procedure__adam_beta_2"), betas))
    model = make_model(training__precision=precision, **changes)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        assert (inner is optimizer) == (precision == "float32")
        assert type(inner).__name__ == "Adam"
        assert (inner.beta_1, inner.beta_2) == (betas or (0.5, 0.999))
    # Validation is in float32 whatever the policy; XLA is for GPUs.
    assert model.lpips.compute_dtype == "float32"
    assert not model.jit_compile


def test_globally_locallys_discriminator_is_made_for_its_pictures(make_model):
    model = make_model(
        losses__reconstruction="l1",
        discriminator__architecture="global_local",
        discriminator__base_filters=3,
    )
    found = model.discriminator
    assert (found.image_size, found.base_filters, found.num_features) == (32, 3, 48)


def test_adadelta_has_its_authors_constants(make_model):
    changes = {"losses__reconstruction": "l1", "discriminator__num_scales": 1}
    model = make_model(procedure__optimizer="adadelta", **changes)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert type(optimizer).__name__ == "Adadelta"
        assert (optimizer.rho, optimizer.epsilon) == (0.95, 1e-6)


def test_values_are_scheduled_by_name_and_fade_in_where_there_are_blocks():
    names = [callback.name for callback in scheduled_callbacks(ProcedureConfig())]
    assert names == ["adversarial_weight", "learning_rate", "fade_in_alpha"]
    head = ProcedureConfig(num_refinement_blocks=0)
    assert [callback.name for callback in scheduled_callbacks(head)] == names[:2]
