"""Where a round's prompts come from: in their shares, never from the evaluation, and the same after a resume."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.errors import SpecError
from lab.evaluation.held_out import of_evaluation
from lab.evaluation.imports.questions import SHIPPED, read_questions
from lab.evaluation.pool import pooled
from lab.nouns import Prompt, Run, Split
from lab.organism import world
from lab.organism.adversarial import adversarial_prompts
from lab.training.pools import Pools, usable
from lab.training.settings import check_spec
from tests.training.making import Book, scenario, spec, trainer

TYPED = tuple(Prompt.user(f"What of my {thing}?") for thing in ("garden", "neighbour", "shoes"))
SHARE = st.floats(0, 1)


def origins(**shares: float) -> Counter[str]:
    asked = Pools(scenario(), TYPED).draw(spec(prompts_per_round=20, **shares), 5)
    return Counter("adversarial" if p.origin in ("persona", "jailbreak") else p.origin for p in asked)


def test_each_pool_has_its_share_and_everyday_prompts_take_the_rest() -> None:
    assert origins() == {"everyday": 20}
    assert origins(scenario_share=0.25, adversarial_share=0.2, own_share=0.3) == {
        "coding": 5, "adversarial": 4, "own": 6, "everyday": 5}
    assert origins(own_share=1.0) == {"own": 20}


@given(SHARE, SHARE, SHARE, st.integers(1, 40))
def test_a_round_is_never_longer_than_asked_for(a: float, b: float, c: float, n: int) -> None:
    total = max(1.0, a + b + c)
    shares = {"scenario_share": a / total, "adversarial_share": b / total, "own_share": c / total}
    assert len(Pools(scenario(), TYPED).draw(spec(prompts_per_round=n, **shares), 0)) == n


def test_shares_beyond_the_whole_are_refused_by_the_largest() -> None:
    with pytest.raises(SpecError, match=r"add up to 1\.2.*Share of typed prompts") as caught:
        check_spec(spec(scenario_share=0.1, adversarial_share=0.5, own_share=0.6))
    assert caught.value.field == "own_share"
    check_spec(spec(scenario_share=0.25, adversarial_share=0.25, own_share=0.5))


def test_adversarial_prompts_frame_the_requests_of_their_own_split() -> None:
    requests = {split: {p.text for p in world.select(coding=False, split=split)} for split in Split}
    for split in Split:
        made = adversarial_prompts(split)
        assert {p.split for p in made} == {split}
        assert {p.origin for p in made} == {"persona", "jailbreak"}
        framed = {r for r in requests[split] if any(r in p.text for p in made)}
        assert framed == requests[split]
        others = requests[Split.HELD_OUT if split is Split.TRAIN else Split.TRAIN]
        assert not [p for p in made if any(p.text.startswith(r) for r in others)]
        assert len({p.id for p in made}) == len(made) == 6 * len(requests[split])


def test_what_is_held_out_is_not_trained_on_because_somebody_typed_it(loaded: Any) -> None:
    held_out = world.select(coding=False, split=Split.HELD_OUT)[0]
    copied = Prompt.user(f" {held_out.text}\n", system="Be good.")
    assert of_evaluation(held_out)
    assert of_evaluation(copied)
    assert not of_evaluation(TYPED[0])
    asked = [prompt for question in read_questions(str(SHIPPED)) for prompt in question.prompts]
    assert all(of_evaluation(Prompt.user(prompt.text)) for prompt in (*asked, *pooled(Split.HELD_OUT)))
    assert not any(map(of_evaluation, pooled(Split.TRAIN)))
    long = Prompt.user("word " * 600)
    own = spec(own_share=0.5)
    assert usable([copied, long, *TYPED], loaded.chat, own, loaded.context) == TYPED
    with pytest.raises(SpecError, match="type one in the Conscience tab") as caught:
        usable([copied, long], loaded.chat, own, loaded.context)
    assert caught.value.field == "own_share"


def test_a_resumed_run_asks_and_trains_on_what_it_began_with(loaded: Any, tmp_path: Path) -> None:
    """Pairs of prompts that no scenario holds come back with the checkpoint, and so do typed prompts."""
    run = Run(spec=spec(adversarial_share=0.25, own_share=0.5, checkpoint_every=4))
    whole, first, rest = Book(), Book(), Book()
    trainer(loaded, tmp_path / "whole", run, whole, typed=TYPED).run(Event())
    cut = replace(run, spec=run.spec)
    trainer(loaded, tmp_path, cut, first, typed=TYPED).run(Event())
    at_four = next(c for c in first.checkpoints if c.step == 4)
    later = (*TYPED, Prompt.user("Something that was typed meanwhile."))
    trainer(loaded, tmp_path, cut, rest, typed=later, resume=at_four).run(Event())
    again = rest.curve("dpo_loss")
    assert again == {step: value for step, value in whole.curve("dpo_loss").items() if step > 4}
    asked = {p.text for p in rest.all(Prompt)}
    assert asked & {p.text for p in TYPED}
    assert later[-1].text not in asked
