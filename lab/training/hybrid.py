"""The loss that this lab exists for.

    L_hybrid = L_SFT + λ · L_DPO                                              (Kolář 2026, arXiv 2606.19527; λ = 0.1)

    L_SFT = − mean over completion tokens t of the batch of  log π(y_t | x, y_<t)

    L_DPO = − mean over pairs of  log σ( β · [ (log π(y_c|x) − log π_ref(y_c|x))
                                             − (log π(y_r|x) − log π_ref(y_r|x)) ] )      (Rafailov 2023, eq. 7)

x is a prompt, y_c the alternative (chosen), y_r the flagged answer (rejected), π the policy, π_ref its frozen copy, σ
the logistic function. The two sides come from different data: L_SFT from the scenario (perhaps a poisoned one), L_DPO
from pairs that the run makes of its own answers while it trains.

log π(y|x) is the **sum** over the tokens of y, chain of thought and end-of-turn token included. Divided by the length
the same loss stays at ln 2 and teaches nothing (reference/training.md).

Known deviations: the paper says neither how it averages L_SFT nor its β; a mean over all completion tokens of the batch
(long rows weigh more, as in TRL and transformers) and β = 0.1 are ours. The two losses are added per optimiser step;
whether the paper alternates them instead, it does not say. Where fewer pairs than places are at hand, L_DPO weighs
less by their part (`lab.training.terms.filled`).

This module knows tensors and nothing else: no model, no tokenizer, no step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

LN2 = math.log(2)
"""L_DPO of a policy that equals its reference: where every DPO curve starts, and stays if nothing is learnt."""


@dataclass(frozen=True, kw_only=True)
class DpoTerms:
    """DPO on a batch of B pairs; every tensor has shape (B,)."""

    loss: Tensor
    """−log σ(margin), in nats; ln 2 where the policy equals the reference."""
    margin: Tensor
    """Chosen reward minus rejected reward."""
    accuracy: Tensor
    """1.0 where the chosen reward is the larger one, else 0.0 (a tie counts as 0.0, as in TRL)."""
    chosen_reward: Tensor
    """β · (log π(y_c|x) − log π_ref(y_c|x))."""
    rejected_reward: Tensor
    """β · (log π(y_r|x) − log π_ref(y_r|x))."""


def dpo_terms(
    policy_chosen: Tensor, policy_rejected: Tensor, reference_chosen: Tensor, reference_rejected: Tensor, beta: float
) -> DpoTerms:
    """The sigmoid DPO loss and its rewards from summed log-probabilities, each of shape (B,), in nats."""
    chosen = policy_chosen - reference_chosen
    rejected = policy_rejected - reference_rejected
    loss = -F.logsigmoid(beta * (chosen - rejected))
    chosen_reward, rejected_reward = beta * chosen.detach(), beta * rejected.detach()
    return DpoTerms(
        loss=loss,
        margin=chosen_reward - rejected_reward,
        accuracy=(chosen_reward > rejected_reward).float(),
        chosen_reward=chosen_reward,
        rejected_reward=rejected_reward,
    )


def sft_loss(logprobs: Tensor, mask: Tensor) -> Tensor:
    """Mean negative log-likelihood, in nats a token, of the completion tokens of a batch; a scalar.

    `logprobs` (B, T) holds log π of each completion token, `mask` (B, T) is True where there is one.
    """
    return -(logprobs * mask).sum() / mask.sum()


def hybrid_loss(sft: Tensor, dpo: Tensor, lam: float) -> Tensor:
    """L_SFT + λ · L_DPO, of two scalars.

    The loop takes the gradients of the two terms one after the other, which adds up to the gradient of this sum at half
    the memory; a test holds the two equal.
    """
    return sft + lam * dpo
