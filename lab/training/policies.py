"""The policy that a spec asks for: adapters over the base's tensors, or a copy of all of them."""

from __future__ import annotations

from torch import nn

from lab.errors import SpecError
from lab.models import packed
from lab.models.loading import LoadedModel
from lab.models.twin import make_policy, own_weights
from lab.nouns import RunSpec
from lab.training.adapters import lora_knobs
from lab.training.seeds import derive_seed


def policy_of(spec: RunSpec, loaded: LoadedModel) -> nn.Module:
    """A policy that says what its base says, in evaluation mode: nothing is dropped but where a gradient is taken.

    Raises SpecError(field="lora_targets") where the model has no such module or layer.
    """
    if spec.tuning == "full":
        whole = own_weights(loaded.model, trainable=True).eval()
        packed.enable(whole)
        return whole
    knobs = lora_knobs(spec)
    try:
        policy = make_policy(
            loaded.model, rank=spec.lora_rank, alpha=spec.lora_alpha, seed=derive_seed(spec.seed, 0, "adapter"),
            **knobs)
    except ValueError as error:  # peft names what it looked for, over several lines
        linear = [name for name, module in loaded.model.named_modules() if isinstance(module, nn.Linear)]
        names = sorted({name.rpartition(".")[2] for name in linear})
        raise SpecError(
            f"No adapter fits {spec.lora_targets!r} (layers {spec.lora_layers or 'all'}): the linear layers of this "
            f"model are {', '.join(names)}.", field="lora_targets") from error
    return policy.eval()
