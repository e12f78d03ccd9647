"""Two models reading one completion: gaps from the models themselves, and where the two part."""

from __future__ import annotations

import pytest
import torch

from lab.errors import PromptError
from lab.models.logprobs import token_logprobs
from lab.models.tokenwise import compare
from tests.tiny import tiny_loaded


def test_gaps_are_the_models_own_log_probabilities_and_the_text_is_whole() -> None:
    frozen, policy = tiny_loaded(seed=0), tiny_loaded(seed=1)
    chat, prompt = frozen.chat, [5, 6, 7]
    completion = chat.completion_ids("Kind — of course.", "Café ☕, then.")
    reading = compare(policy.model, frozen.model, chat, prompt, completion, title="The answer")
    for name, model in (("policy", policy.model), ("frozen", frozen.model)):
        with torch.no_grad():
            [expected], _ = token_logprobs(model, [prompt], [completion], chat.tokenizer.pad_token_id)
        found = torch.tensor([getattr(token, name) for token in reading.tokens])
        torch.testing.assert_close(found, expected)
    assert all(token.kl >= 0 for token in reading.tokens)
    text = "".join(token.text for token in reading.tokens)
    assert text == "<think>\nKind — of course.\n</think>\n\nCafé ☕, then.<|im_end|>"
    place = reading.parting
    assert place is not None
    for token in reading.tokens[:place]:
        assert token.policy_would[0][0] == token.frozen_would[0][0]
    assert reading.tokens[place].policy_would[0][0] != reading.tokens[place].frozen_would[0][0]


def test_a_model_and_itself_never_part() -> None:
    loaded = tiny_loaded()
    reading = compare(loaded.model, loaded.model, loaded.chat, [5, 6], loaded.chat.completion_ids("a", "b"), title="")
    assert reading.parting is None
    assert {token.gap for token in reading.tokens} == {0.0}


def test_what_does_not_fit_is_refused() -> None:
    loaded = tiny_loaded()
    with pytest.raises(PromptError, match="context is 512"):
        compare(loaded.model, loaded.model, loaded.chat, [5] * 600, [6], title="")
