import pytest


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
