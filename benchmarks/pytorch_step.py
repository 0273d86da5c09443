"""The method's training step written plainly in PyTorch: losses, Adam, average.

The step of `training.inpainting_gan` for the tasks `inpainting` and `guided`; nothing
here imports TensorFlow.
"""

import math

import numpy as np
import torch
from torch import nn

from benchmarks import (
    pytorch_graph,
    pytorch_guided,
    pytorch_losses,
    pytorch_weights,
)
from tf_btgmi.schedules import DISCRIMINATOR, GENERATOR, Schedules

_ADAM_EPSILON = 1e-7
# The values that the step knows.
_KNOWN = {
    "task": ("inpainting", "guided"),
    "discriminator.architecture": ("multi_scale",),
    "losses.reconstruction": ("ppl", "perceptual", "l1", "l2"),
    "procedure.optimizer": ("adam",),
}


class TrainingStep:
    """One step of both networks.

    Attributes:
        adversarial_weight: weight of the generator's adversarial term.
        optimizers: Adam of `generator` and `discriminator`, by these names.

    Args:
        generator: of `pytorch_model`.
        average: the same, moved towards it after each step.
        discriminator: of `pytorch_model`.
        lpips: of `pytorch_losses`.
        config: the experiment.
        recorded: whether steps are replayed as CUDA graphs. Adam's epsilon is then the
            same in every step; TensorFlow's is larger in the first thousand.

    Raises:
        ValueError: the config has settings that are not implemented.
    """

    def __init__(
        self, generator, average, discriminator, lpips, config, recorded=False
    ):
        check(config)
        self.generator = generator
        self.average = average
        self.discriminator = discriminator
        self.lpips = lpips
        self.losses = config.losses
        self.patch_labels = config.discriminator.patch_labels
        self.procedure = config.procedure
        self.decay = config.training.ema_decay
        self.device = next(generator.parameters()).device.type
        self.mixed = config.training.precision != "float32"
        self.adversarial_weight = 1.0
        self._weight = torch.ones((), device=self.device)
        self._recorded = pytorch_graph.Recorded(self._train) if recorded else None
        self._networks = {GENERATOR: generator, DISCRIMINATOR: discriminator}
        betas = (self.procedure.adam_beta_1, self.procedure.adam_beta_2)
        self.optimizers, self._counts = {}, {}
        for name, network in self._networks.items():
            rate = self.procedure.learning_rate
            self.optimizers[name] = torch.optim.Adam(
                network.parameters(),
                torch.tensor(rate, device=self.device) if recorded else rate,
                betas,
                _ADAM_EPSILON,
                fused=True,
                capturable=recorded,
            )
            self._counts[name] = 0
        self._averaged = self._averaged_tensors()
        self.begin_stage(generator.stage)

    def begin_stage(self, stage, trained=(GENERATOR, DISCRIMINATOR)) -> None:
        """Sets the refinement blocks that run and the networks that are trained."""
        self.trained = tuple(trained)
        self.generator.stage = self.average.stage = stage
        self.generator.train(GENERATOR in trained)
        self.average.eval()
        self.discriminator.eval()
        self._forget_recordings()

    def restart_generator_optimizer(self) -> None:
        """Resets Adam's moments and step count."""
        self.optimizers[GENERATOR].state.clear()
        self._counts[GENERATOR] = 0
        self._forget_recordings()

    def schedule(self, schedules: Schedules, step: int) -> dict:
        """Sets learning rates, adversarial weight and fade-in of a step.

        Returns:
            The generator's learning rate and the other two by name.
        """
        rate = schedules.learning_rate(step)
        factor = self.procedure.discriminator_learning_rate_factor
        factors = {GENERATOR: 1.0, DISCRIMINATOR: factor}
        for name, optimizer in self.optimizers.items():
            group = optimizer.param_groups[0]
            if self._recorded:
                group["lr"].fill_(rate * factors[name])
            else:
                group["lr"] = rate * factors[name]
        self.adversarial_weight = schedules.adversarial_weight(step)
        alpha = schedules.fade_in_alpha(step)
        for generator in (self.generator, self.average):
            generator.fade_in_alpha.fill_(alpha)
        return {
            "learning_rate": rate,
            "adversarial_weight": self.adversarial_weight,
            "fade_in_alpha": alpha,
        }

    def __call__(self, image, mask, boxes, step: int, jitter=None, guide=None) -> dict:
        """Trains on a batch and returns its losses, undivided, by name.

        Args:
            image: [B, 3, H, W] in [-1, 1].
            mask: [B, 1, H, W], 1 = hole.
            boxes: [B, K, 4].
            step: steps taken before this one.
            jitter: [4] in [0, 1], how far the edges of PPL's boxes move, as shares of
                `ppl_jitter`; None for not at all.
            guide: `pytorch_guided.Guide` of the task `guided`.
        """
        self._weight.fill_(self.adversarial_weight)
        if jitter is None:
            jitter = torch.zeros(4, device=image.device)
        inputs = [image, mask, boxes, jitter, *(guide or ())]
        if self._recorded:
            times = {GENERATOR: 1, DISCRIMINATOR: self.procedure.discriminator_steps}
            for name in self.trained:
                self._counts[name] += times[name]
            losses = self._recorded(*inputs)
        else:
            losses = self._train(*inputs)
        self._update_average(step + 1)
        return losses

    def _train(self, image, mask, boxes, jitter, *guide) -> dict:
        count = len(image)
        if guide:
            guide = pytorch_guided.Guide(*guide)
            inputs = torch.cat([guide.masked_image, mask, guide.foreground], 1)
            image, masked, mask, boxes = pytorch_guided.stacked(
                image, mask, boxes, guide
            )
        else:
            masked = image * (1 - mask)
            inputs = torch.cat([masked, mask], 1)
        masks = pytorch_losses.patch_masks(mask, len(self.discriminator.scales))
        trains_generator = GENERATOR in self.trained
        with torch.set_grad_enabled(trains_generator), self._autocast():
            prediction = self.generator(inputs)
        composite = mask * prediction + (1 - mask) * image
        losses = {}
        if DISCRIMINATOR in self.trained:
            fake = composite.detach()
            for _ in range(self.procedure.discriminator_steps):
                losses.update(
                    self._train_discriminator(image[:count], masked, fake, masks)
                )
        if trains_generator:
            with self._autocast():
                fields = self.losses
                terms = {
                    "reconstruction_loss": pytorch_losses.reconstruction_loss(
                        self.lpips, image, composite, boxes, fields, jitter
                    ),
                    "pixel_loss": pytorch_losses.pixel_loss(
                        image, composite, mask, fields
                    ),
                }
                loss = (
                    fields.reconstruction_weight * terms["reconstruction_loss"]
                    + fields.pixel_weight * terms["pixel_loss"]
                )
                if DISCRIMINATOR in self.trained:
                    # Its gradients are not wanted here.
                    self.discriminator.requires_grad_(False)
                    logits = self.discriminator(torch.cat([masked, composite], 1))
                    self.discriminator.requires_grad_(True)
                    terms["adversarial_loss"] = pytorch_losses.adversarial_loss(
                        logits, self._labels(masks), fields
                    )
                    loss = loss + self._weight * terms["adversarial_loss"]
            losses.update(terms, generator_loss=loss)
            self._apply(GENERATOR, loss)
        return {name: value.detach() for name, value in losses.items()}

    def state(self) -> dict:
        """All networks and Adam's moments (in bfloat16, as int16) as NumPy arrays."""
        arrays = {}
        for prefix, network in (
            ("ema_generator", self.average),
            *self._networks.items(),
        ):
            for name, value in pytorch_weights.to_arrays(network).items():
                arrays[f"{prefix}.{name}"] = value
        for prefix, name, moments, moment in self._moments():
            if moments:
                value = moments[moment].to("cpu", torch.bfloat16).view(torch.int16)
                arrays[f"{prefix}_optimizer.{moment}.{name}"] = value.numpy()
        for prefix, count in self._counts.items():
            arrays[f"{prefix}_optimizer.count"] = np.array(count)
        return arrays

    def restore(self, arrays) -> None:
        """Restores Adam's moments out of `state`, where they are among the arrays."""
        for prefix, name, moments, moment in self._moments():
            value = arrays.get(f"{prefix}_optimizer.{moment}.{name}")
            if value is not None:
                parameter = self._parameters(prefix)[name]
                count = int(arrays[f"{prefix}_optimizer.count"])
                value = torch.from_numpy(np.array(value)).view(torch.bfloat16)
                moments[moment] = torch.empty_like(parameter).copy_(value)
                moments["step"] = torch.tensor(float(count), device=parameter.device)
                self._counts[prefix] = count

    def _parameters(self, prefix):
        named = pytorch_weights.named_tensors(self._networks[prefix])
        return {n: t for n, t in named.items() if isinstance(t, nn.Parameter)}

    def _moments(self):
        for prefix, optimizer in self.optimizers.items():
            for name, parameter in self._parameters(prefix).items():
                for moment in ("exp_avg", "exp_avg_sq"):
                    yield prefix, name, optimizer.state[parameter], moment

    def _forget_recordings(self):
        if self._recorded:
            self._recorded.forget()

    def _labels(self, masks):
        return pytorch_losses.patch_labels(masks, self.patch_labels)

    def _autocast(self):
        return torch.autocast(self.device, torch.bfloat16, enabled=self.mixed)

    def _apply(self, name, loss):
        optimizer = self.optimizers[name]
        if not self._recorded:
            self._counts[name] += 1
            group = optimizer.param_groups[0]
            # Keras adds epsilon before the bias of the second moment is corrected.
            bias = 1 - group["betas"][1] ** self._counts[name]
            group["eps"] = _ADAM_EPSILON / math.sqrt(bias)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def _train_discriminator(self, image, masked, composite, masks):
        # One pair of each image, one of each composite: two outputs give two.
        count, repeats = len(image), len(composite) // len(image)
        real = torch.cat([masked[:count], image], 1)
        pairs = [real, torch.cat([masked, composite], 1)]
        self.discriminator.train()
        loss, result = 0.0, {}
        with self._autocast():
            logits = self.discriminator(torch.cat(pairs, 0))
        self.discriminator.eval()
        labels = self._labels(masks)
        for i, (scale, mask, fakes) in enumerate(zip(logits, masks, labels)):
            real, fake = scale[:count].repeat(repeats, 1, 1, 1), scale[count:]
            loss = loss + pytorch_losses.discriminator_loss(
                real, fake, fakes, self.losses
            )
            right = ((real > fake) * mask).sum() / mask.sum().clamp(min=1)
            result[f"right_pairs_{i}"] = right
        self._apply(DISCRIMINATOR, loss)
        return {"discriminator_loss": loss, **result}

    @torch.no_grad()
    def _update_average(self, step):
        for start, (means, values) in self._averaged.items():
            count = max(step - start, 0)
            pace = 1 - min(self.decay, (1 + count) / (10 + count))
            torch._foreach_lerp_(means, values, pace)

    def _averaged_tensors(self):
        """Tensors of the average and of the generator, by their first step."""
        starts = {
            f"refinement_block_{i}": start
            for i, start in enumerate(Schedules(self.procedure).block_starts)
        }
        means, values = map(
            pytorch_weights.named_tensors, (self.average, self.generator)
        )
        averaged = {}
        for name, mean in means.items():
            part = name.partition(".")[0]
            if part != "fade_in":
                pair = averaged.setdefault(starts.get(part, 0), ([], []))
                pair[0].append(mean)
                pair[1].append(values[name])
        return averaged


def check(config) -> None:
    """Whether the step can train a config.

    Raises:
        ValueError: it cannot; the fields are named.
    """
    fields = {name: name.rpartition(".") for name in _KNOWN}
    values = {
        name: getattr(getattr(config, section) if section else config, leaf)
        for name, (section, _, leaf) in fields.items()
    }
    differing = [
        f"config.{name} must be {' or '.join(_KNOWN[name])}; it is {value}"
        for name, value in values.items()
        if value not in _KNOWN[name]
    ]
    if config.training.precision == "mixed_float16":
        differing.append("config.training.precision must not be mixed_float16")
    if differing:
        raise ValueError(f"PyTorch's step: {'; '.join(differing)}.")
