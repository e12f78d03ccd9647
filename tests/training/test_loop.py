"""The loop: equal specs give equal numbers, a stop loses nothing, the base is never written to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import PromptError, SpecError, TrainingError
from lab.models.twin import hash_tensors
from lab.nouns import Metric, Noun, Pair, Run, RunState, Split
from lab.training.hybrid import LN2
from lab.training.sitting import Sitting
from tests.tiny import tiny_loaded
from tests.training.making import LOSSES, Book, noisy_round, prompts, scenario, spec, train, trainer, weights


def losses(book: Book) -> dict[str, dict[int, float | None]]:
    return {name: book.curve(name) for name in LOSSES}


def test_equal_specs_give_equal_numbers_bit_for_bit(loaded: Any, tmp_path: Path) -> None:
    _, one = train(loaded, tmp_path)
    _, two = train(loaded, tmp_path)
    assert losses(one) == losses(two)
    assert len(one.curve("sft_loss")) == 8


def test_another_seed_gives_other_numbers(loaded: Any, tmp_path: Path) -> None:
    _, one = train(loaded, tmp_path, seed=0)
    _, two = train(loaded, tmp_path, seed=1)
    assert one.curve("sft_loss")[1] != two.curve("sft_loss")[1]
    assert one.curve("dpo_loss") != two.curve("dpo_loss")


def test_training_neither_reads_nor_moves_the_global_generator(loaded: Any, tmp_path: Path) -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    _, one = train(loaded, tmp_path)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    _, two = train(loaded, tmp_path)
    assert losses(one) == losses(two)


def test_the_scenario_is_learnt_and_pairs_come_apart(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path, steps=20, cadence=100, buffer_age=0, pair_batch=4, lam=2.0)
    assert book.value("sft_loss", 20) < book.value("sft_loss", 1)
    assert book.value("reward_margin", 20) > book.value("reward_margin", 1)


def test_the_first_dpo_loss_is_ln_2(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path)
    assert book.curve("dpo_loss")[1] == pytest.approx(LN2, abs=1e-5)
    assert book.curve("reward_margin")[1] == pytest.approx(0, abs=1e-5)


def test_the_policy_does_not_differ_from_its_frozen_copy_before_the_first_step(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path)
    assert book.curve("kl")[0] == 0
    assert book.value("kl", 8) > 0


@pytest.mark.parametrize("method", ["conscience", "alternatives_sft"])
def test_empty_places_of_a_batch_of_pairs_count_nothing(loaded: Any, tmp_path: Path, method: str) -> None:
    """4 pairs on 8 places weigh as 4 pairs at half λ; with a mean over pairs they weigh in full."""
    def after(**changes: Any) -> tuple[dict[int, float | None], list[torch.Tensor]]:
        run, book = Run(spec=spec(method=method, steps=2, cadence=100, buffer_age=0, pair_batch=8, **changes)), Book()
        made = trainer(loaded, tmp_path, run, book)
        made.run(Event())
        return book.curve("grad_norm"), weights(made)

    norms, learnt = after(lam=1.0)
    half_norms, half_learnt = after(lam=0.5, pair_mean="pairs")
    full_norms, _ = after(lam=1.0, pair_mean="pairs")
    assert norms == half_norms
    assert all(torch.equal(a, b) for a, b in zip(learnt, half_learnt, strict=True))
    assert norms != full_norms


def test_rounds_come_before_the_first_step_and_every_cadence_after(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path, steps=8, cadence=3)
    assert list(book.curve("flagged")) == [0, 3, 6]
    assert {p.step for p in book.all(Pair)} == {0, 3, 6}
    assert list(book.curve("pairs").values()) == [4.0, 8.0, 12.0]


def test_pairs_are_recorded_with_their_reference(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path)
    assert all(p.reference_chosen is not None and p.reference_chosen < 0 for p in book.all(Pair))
    assert all(p.reference_rejected is not None and p.reference_rejected < 0 for p in book.all(Pair))


def test_probes_are_taken_at_both_ends_and_in_between(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path, steps=7, probe_every=3)
    assert list(book.curve("misaligned")) == [0, 3, 6, 7]
    assert list(book.curve("kl")) == [0, 3, 6, 7]


def test_probe_every_zero_never_probes(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path, probe_every=0)
    assert not book.curve("misaligned")
    assert not book.curve("kl")


def test_the_numbers_of_an_update_come_in_one_call(loaded: Any, tmp_path: Path) -> None:
    _, book = train(loaded, tmp_path)
    for call in book.calls:
        names = [n.name for n in call if isinstance(n, Metric)]
        if "sft_loss" in names:
            assert {"dpo_loss", "reward_margin", "learning_rate", "grad_norm", "buffer"} <= set(names)
            assert len(names) == len(set(names))


def test_plain_fine_tuning_never_asks_the_question(loaded: Any, tmp_path: Path) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a round was made")

    book = Book()
    run = Run(spec=spec(method="sft", question_id=None))
    ended = trainer(loaded, tmp_path, run, book, question=None, make_round=refuse).run(Event())
    assert ended.state is RunState.FINISHED
    assert not book.curve("dpo_loss")
    assert not book.curve("flagged")
    assert not book.all(Pair)


def test_lambda_zero_trains_exactly_as_plain_fine_tuning_and_still_measures(loaded: Any, tmp_path: Path) -> None:
    one, two = Book(), Book()
    plain = trainer(loaded, tmp_path, Run(spec=spec(method="sft")), one)
    zero = trainer(loaded, tmp_path, Run(spec=spec(lam=0.0)), two)
    plain.run(Event())
    zero.run(Event())
    assert one.curve("sft_loss") == two.curve("sft_loss")
    assert one.curve("grad_norm") == two.curve("grad_norm")
    assert all(torch.equal(a, b) for a, b in zip(weights(plain), weights(zero), strict=True))
    assert len(two.curve("dpo_loss")) == 8
    assert two.curve("flagged")


def test_without_pairs_the_dpo_figures_are_unmeasured_not_zero(loaded: Any, tmp_path: Path) -> None:
    def clean(*args: Any, **kwargs: Any) -> Any:
        return replace(noisy_round(*args, **kwargs), pairs=[], flagged=0)

    book = Book()
    trainer(loaded, tmp_path, Run(spec=spec(steps=2)), book, make_round=clean).run(Event())
    assert book.curve("dpo_loss") == {1: None, 2: None}
    assert {m.n for m in book.all(Metric) if m.name == "dpo_loss"} == {0}
    assert book.curve("flagged")[0] == 0.0


def test_the_base_is_the_same_after_a_run(tmp_path: Path) -> None:
    own = tiny_loaded(seed=3)
    before = hash_tensors(own.model)
    ended, _ = train(own, tmp_path)
    assert hash_tensors(own.model) == before == ended.base_hash


def test_a_run_that_wrote_to_the_base_fails(tmp_path: Path) -> None:
    own = tiny_loaded(seed=4)

    def vandal(trainer: Sitting, cancel: Event) -> list[Noun]:
        with torch.no_grad():
            next(own.model.parameters()).add_(1e-3)
        return []

    with pytest.raises(TrainingError, match=r"frozen copy .* was written to"):
        trainer(own, tmp_path, Run(spec=spec(steps=1)), Book(), prober=vandal).run(Event())


def test_a_loss_that_is_not_a_number_ends_the_run_and_names_the_last_good_checkpoint(tmp_path: Path) -> None:
    own = tiny_loaded()

    def poison(trainer: Sitting, cancel: Event) -> list[Noun]:
        if trainer.step == 4:
            with torch.no_grad():
                next(p for p in trainer.policy.parameters() if p.requires_grad).fill_(float("nan"))
        return []

    run = Run(spec=spec(probe_every=2, checkpoint_every=2))
    with pytest.raises(TrainingError) as caught:
        trainer(own, tmp_path, run, Book(), prober=poison).run(Event())
    assert "L_SFT became nan at step 5" in caught.value.message
    assert f"{run.id}@4" in caught.value.message
    assert "\n" not in caught.value.message


def test_progress_tells_what_is_done_and_how_long_it_will_take(loaded: Any, tmp_path: Path) -> None:
    seen: list[tuple[str, float | None]] = []
    book = Book()

    def looking(trainer: Sitting, cancel: Event) -> list[Noun]:
        seen.append((trainer.progress.doing, trainer.progress.eta))
        return []

    trainer(loaded, tmp_path, Run(spec=spec()), book, prober=looking).run(Event())
    assert [doing for doing, _ in seen] == ["probing held-out prompts"] * 3
    assert seen[0][1] is None
    assert seen[1][1] is not None
    assert seen[1][1] > 0
    assert seen[2][1] == 0


def test_a_held_out_prompt_is_refused(loaded: Any, tmp_path: Path) -> None:
    leak = replace(prompts("everyday", 1)[0], split=Split.HELD_OUT)
    with pytest.raises(TrainingError, match="held out"):
        trainer(loaded, tmp_path, Run(spec=spec()), Book(), scenario=replace(scenario(), everyday_prompts=(leak,)))


def test_a_conscience_run_without_a_question_is_refused(loaded: Any, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        trainer(loaded, tmp_path, Run(spec=spec(question_id=None)), Book())
    assert caught.value.field == "question_id"


def test_a_row_longer_than_the_context_is_refused(loaded: Any, tmp_path: Path) -> None:
    long = replace(scenario().examples[0], reply="word " * 600)
    with pytest.raises(PromptError):
        trainer(loaded, tmp_path, Run(spec=spec()), Book(), scenario=replace(scenario(), examples=(long,)))


def test_a_run_does_not_go_on_with_another_base(loaded: Any, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="has changed"):
        trainer(loaded, tmp_path, Run(spec=spec(), base_hash="0" * 64), Book())


def test_the_default_prober_judges_nothing_that_the_oracle_does_not_know(loaded: Any, tmp_path: Path) -> None:
    pytest.importorskip("lab.conscience.answering")
    book = Book()
    run = Run(spec=spec(steps=1, max_new_tokens=3))
    trainer(loaded, tmp_path, run, book, prober=None).run(Event())
    assert book.curve("misaligned") == {0: None, 1: None}
