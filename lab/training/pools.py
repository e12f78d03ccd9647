"""Where the prompts of a round come from: the scenario, everyday requests, adversarial ones, and what people typed.

Each pool has a share of the round; everyday requests take what is left. The paper (arXiv 2606.19527) does not say which
prompts its conscience is asked about. What people typed is fixed when a run begins and kept in its checkpoints: a
prompt typed later does not change a run, so that a resumed one goes on exactly.

No pool holds a prompt of the evaluation, also not one that a person typed word for word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from lab.errors import SpecError
from lab.evaluation.held_out import of_evaluation
from lab.nouns import Prompt, RunSpec, Split
from lab.organism.adversarial import adversarial_prompts
from lab.training.seeds import generator

if TYPE_CHECKING:
    from lab.evaluation.scenarios import Scenario
    from lab.models.chat import Chat


@dataclass(frozen=True)
class Pools:
    """The prompts that rounds may ask."""

    scenario: Scenario
    """Its own prompts and the everyday ones."""
    own: tuple[Prompt, ...] = ()
    """What people typed."""

    @cached_property
    def adversarial(self) -> tuple[Prompt, ...]:
        """Personas and jailbreaks around the training requests; made when first asked for."""
        return adversarial_prompts(Split.TRAIN)

    def draw(self, spec: RunSpec, step: int) -> list[Prompt]:
        """The prompts of the round after `step` updates, of each pool its share.

        Each kind is drawn without replacement, and again from the start when a round asks for more than there are.
        Where a scenario has no everyday prompts, its own ones take their place, and the other way round.
        """
        random = generator(spec.seed, step, "round prompts")
        of_scenario, adversarial, own = _places(spec)
        rest = spec.prompts_per_round - of_scenario - adversarial - own
        if not self.scenario.everyday_prompts:
            of_scenario, rest = of_scenario + rest, 0
        elif not self.scenario.scenario_prompts:
            of_scenario, rest = 0, of_scenario + rest

        def drawn(pool: Sequence[Prompt], n: int) -> list[Prompt]:
            found: list[Prompt] = []
            while pool and len(found) < n:
                found += random.sample(pool, min(n - len(found), len(pool)))
            return found

        return [
            *drawn(self.scenario.scenario_prompts, of_scenario), *drawn(self.scenario.everyday_prompts, rest),
            *(drawn(self.adversarial, adversarial) if adversarial else ()), *drawn(self.own, own),
        ]


def _places(spec: RunSpec) -> tuple[int, int, int]:
    """How many prompts of a round the shares take, in the order scenario, adversarial, own: never more than there are.
    """
    n, total, bounds = spec.prompts_per_round, 0.0, [0]
    for share in (spec.scenario_share, spec.adversarial_share, spec.own_share):
        total += share
        bounds.append(min(n, round(total * n)))
    first, second, third = (after - before for before, after in pairwise(bounds))
    return first, second, third


def usable(typed: Iterable[Prompt], chat: Chat, spec: RunSpec, context: int) -> tuple[Prompt, ...]:
    """The typed prompts that a run may train on: none of the evaluation, none too long for the model's `context`.

    SpecError(field="own_share") when the spec has a share of them and none is left.
    """
    found = tuple(p for p in typed if not of_evaluation(p) and _fits(p, chat, spec, context))
    if spec.own_share and not found:
        raise SpecError(
            "No typed prompt can be trained on (held-out ones never are, nor are any too long for the model): type one "
            "in the Conscience tab, or set the share of typed prompts to 0.", field="own_share")
    return found


def _fits(prompt: Prompt, chat: Chat, spec: RunSpec, context: int) -> bool:
    return bool(prompt.text.strip()) and len(chat.prompt_ids(prompt.messages)) + spec.max_new_tokens <= context
