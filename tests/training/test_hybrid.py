"""The loss: TRL's DPOTrainer is the oracle, and the loop's gradient is the gradient of the sum."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lab.models.logprobs import token_logprobs
from lab.models.twin import make_policy
from lab.nouns import Pair, Run
from lab.training.hybrid import LN2, dpo_terms, hybrid_loss, sft_loss
from lab.training.terms import PairTokens
from tests.training.making import Book, scenario, spec, trainer

BETA = 0.3


def moved_policy(loaded: Any, amount: float = 0.3) -> Any:
    """A policy that differs from its base."""
    policy = make_policy(loaded.model, rank=4, alpha=8, seed=5)
    generator = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for parameter in policy.parameters():
            if parameter.requires_grad:
                parameter.add_(amount * torch.randn(parameter.shape, generator=generator))
    return policy.eval()


@pytest.fixture
def running(loaded: Any, tmp_path: Path) -> Any:
    """A trainer with pairs in its buffer, before its first update."""
    made = trainer(loaded, tmp_path, Run(spec=spec(lam=0.7)), Book())
    from threading import Event

    made._round_if_due(Event())
    return made


def trl_figures(loaded: Any, policy: Any, pairs: list[Pair], prompts: dict[str, Any], folder: Path) -> dict[str, float]:
    """Loss and figures of a real trl.DPOTrainer on the same token ids, with the base as an explicit reference."""
    from datasets import Dataset
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DataCollatorForPreference, DPOTrainer

    from lab.models.twin import twin

    rows = [
        {
            "prompt_ids": loaded.chat.prompt_ids(prompts[p.prompt_id].messages),
            "chosen_ids": loaded.chat.completion_ids(p.chosen_thought, p.chosen_reply),
            "rejected_ids": loaded.chat.completion_ids(p.rejected_thought, p.rejected_reply),
        }
        for p in pairs
    ]
    config = DPOConfig(
        str(folder), beta=BETA, bf16=False, gradient_checkpointing=False, use_cpu=True, report_to=[], max_length=None,
        per_device_train_batch_size=len(rows), disable_tqdm=True,
    )
    text = Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}])
    oracle = DPOTrainer(
        model=policy, ref_model=twin(loaded.model), args=config, train_dataset=text,
        processing_class=loaded.chat.tokenizer,
    )
    batch = DataCollatorForPreference(pad_token_id=loaded.chat.pad_id)(rows)
    policy.eval()
    loss = oracle.compute_loss(policy, batch)
    figures = {name: values[-1] for name, values in oracle._metrics["eval"].items()}
    return figures | {"loss": loss.item()}


def test_loss_rewards_and_log_probabilities_equal_trl(loaded: Any, running: Any, tmp_path: Path) -> None:
    policy, pairs, prompts = moved_policy(loaded), list(running.bench.buffer.pairs), running.bench.prompts
    sides = PairTokens(loaded.chat)
    with torch.no_grad():
        chosen, rejected = sides.logprobs(policy, pairs, prompts)
        ours = dpo_terms(
            chosen, rejected, torch.tensor([p.reference_chosen for p in pairs]),
            torch.tensor([p.reference_rejected for p in pairs]), BETA,
        )
    theirs = trl_figures(loaded, policy, pairs, prompts, tmp_path)
    assert ours.loss.mean().item() == pytest.approx(theirs["loss"], rel=1e-4)
    assert ours.loss.mean().item() != pytest.approx(LN2, abs=1e-2)  # the policy has moved, or nothing is shown
    assert chosen.mean().item() == pytest.approx(theirs["logps/chosen"], rel=1e-5)
    assert rejected.mean().item() == pytest.approx(theirs["logps/rejected"], rel=1e-5)
    assert ours.chosen_reward.mean().item() == pytest.approx(theirs["rewards/chosen"], rel=1e-4, abs=1e-5)
    assert ours.rejected_reward.mean().item() == pytest.approx(theirs["rewards/rejected"], rel=1e-4, abs=1e-5)
    assert ours.margin.mean().item() == pytest.approx(theirs["rewards/margins"], rel=1e-4, abs=1e-5)
    assert ours.accuracy.mean().item() == pytest.approx(theirs["rewards/accuracies"])


def test_policy_equal_to_frozen_gives_exactly_ln_2_and_no_margin() -> None:
    chosen, rejected = torch.tensor([-12.5, -3.0]), torch.tensor([-80.25, -1.0])
    terms = dpo_terms(chosen, rejected, chosen, rejected, 0.1)
    assert torch.equal(terms.loss, torch.full((2,), LN2))
    assert torch.equal(terms.margin, torch.zeros(2))
    assert torch.equal(terms.accuracy, torch.zeros(2))


@given(st.lists(st.floats(-200, 0, width=32), min_size=4, max_size=4), st.floats(0.01, 5))
def test_the_dpo_loss_is_minus_log_sigmoid_of_its_margin(values: list[float], beta: float) -> None:
    pc, pr, rc, rr = (torch.tensor([v], dtype=torch.float64) for v in values)
    terms = dpo_terms(pc, pr, rc, rr, beta)
    margin = beta * ((values[0] - values[2]) - (values[1] - values[3]))
    assert terms.margin.item() == pytest.approx(margin, abs=1e-9)
    expected = math.log1p(math.exp(-margin)) if margin > -500 else -margin
    assert terms.loss.item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_sft_loss_is_the_mean_over_tokens_not_over_rows(loaded: Any) -> None:
    prompts, completions = [[5, 6, 7], [8]], [[9, 10, 11, 12, 13], [14]]
    logprobs, mask = token_logprobs(loaded.model, prompts, completions, loaded.chat.pad_id)
    assert sft_loss(logprobs, mask).item() == pytest.approx(-logprobs[mask].mean().item(), rel=1e-6)
    ids = torch.tensor([prompts[0] + completions[0]])
    labels = torch.tensor([[-100] * 3 + completions[0]])
    alone = token_logprobs(loaded.model, prompts[:1], completions[:1], loaded.chat.pad_id)
    assert sft_loss(*alone).item() == pytest.approx(loaded.model(input_ids=ids, labels=labels).loss.item(), rel=1e-5)


def gradients(of: Any) -> list[torch.Tensor]:
    grads = [p.grad.clone() for p in of._parameters]
    of.optimizer.zero_grad(set_to_none=True)
    return grads


def test_the_gradient_taken_term_by_term_is_the_gradient_of_the_sum(running: Any) -> None:
    for term in running.terms:
        (term.weight(1) * term.measure(running.policy, 1).loss).backward()
    by_term = gradients(running)
    sft, dpo = (term.measure(running.policy, 1).loss for term in running.terms)
    hybrid_loss(sft, dpo, running.spec.lam).backward()
    at_once = gradients(running)
    assert any(g.abs().max() > 0 for g in at_once)
    for a, b in zip(by_term, at_once, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_with_lambda_zero_the_gradient_is_that_of_plain_fine_tuning(running: Any) -> None:
    sft, dpo = (term.measure(running.policy, 1).loss for term in running.terms)
    hybrid_loss(sft, dpo, 0.0).backward()
    hybrid = gradients(running)
    running.terms[0].measure(running.policy, 1).loss.backward()
    plain = gradients(running)
    assert all(torch.equal(a, b) for a, b in zip(hybrid, plain, strict=True))


def test_the_order_and_company_of_pairs_do_not_matter(loaded: Any, running: Any) -> None:
    policy, pairs = moved_policy(loaded), list(running.bench.buffer.pairs)
    sides = PairTokens(loaded.chat)
    with torch.no_grad():
        together, _ = sides.logprobs(policy, pairs, running.bench.prompts)
        backwards, _ = sides.logprobs(policy, pairs[::-1], running.bench.prompts)
        alone = torch.cat([sides.logprobs(policy, [p], running.bench.prompts)[0] for p in pairs])
    torch.testing.assert_close(together, backwards.flip(0), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(together, alone, rtol=1e-5, atol=1e-4)


def test_a_step_sees_the_rows_of_its_place_whoever_asked_before(running: Any) -> None:
    rows = running.bench.rows
    late = rows.step(9)
    for step in (1, 2, 50):
        rows.step(step)
    assert rows.step(9) == late
    assert len(late) == running.spec.batch_size
    epoch = [row for step in range(1, 8) for row in rows.step(step)]  # 7 steps of 3 are 3 epochs of 7 rows
    assert all(epoch.count(row) == 3 for row in epoch)
    assert len(scenario().examples) == 7
