"""Sampling: what a row says depends on seed, place and model alone, and it stops at any token."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import pytest
import torch

from lab.conscience.answering import answer, stream_answer
from lab.errors import Cancelled, PromptError
from lab.models.chat import Chat, Parsed
from lab.models.decoder import Decoder
from lab.models.loading import LoadedModel
from lab.models.sampling import sample, stream
from lab.nouns import Answer, Decoding, Prompt, Speaker
from tests.tiny import FAMILIES, tiny_family

REQUESTS = ("Hi.", "How do I look after my money?", "Does this answer keep to Asimov's Three Laws, or not?", "Why?")
GREEDY = Decoding(temperature=0.0, max_new_tokens=20)
FREE = Decoding(temperature=1.0, max_new_tokens=20, seed=3)


def prompts(loaded: LoadedModel, requests: tuple[str, ...] = REQUESTS) -> list[list[int]]:
    return [loaded.chat.prompt_ids(Prompt.user(text).messages) for text in requests]


def greedy(model: torch.nn.Module, prompt: list[int], stops: frozenset[int], limit: int) -> tuple[int, ...]:
    """The definition: the likeliest token of a plain forward over everything so far, again and again."""
    ids = list(prompt)
    while len(ids) < len(prompt) + limit:
        with torch.inference_mode():
            token = int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        if token in stops:
            break
        ids.append(token)
    return tuple(ids[len(prompt) :])


def test_batched_greedy_text_is_that_of_plain_forwards(shipped: LoadedModel) -> None:
    asked = prompts(shipped)
    batched = sample(shipped.model, shipped.chat, asked, GREEDY)
    for prompt, sampled in zip(asked, batched, strict=True):
        assert sampled.ids == greedy(shipped.model, prompt, shipped.chat.stop_ids, GREEDY.max_new_tokens)


@pytest.mark.parametrize("family", FAMILIES)
def test_batched_greedy_text_is_that_of_plain_forwards_in_every_family(family: str) -> None:
    model, tokenizer = tiny_family(family)
    chat = Chat(tokenizer)
    asked = [chat.prompt_ids(Prompt.user(text).messages) for text in REQUESTS]
    batched = sample(model, chat, asked, Decoding(temperature=0.0, max_new_tokens=12))
    for prompt, sampled in zip(asked, batched, strict=True):
        assert sampled.ids == greedy(model, prompt, chat.stop_ids, 12)


def test_a_prompts_head_that_all_share_changes_nothing(shipped: LoadedModel) -> None:
    head = "Write another answer to the same request, one for which the reply to this question is kind. "
    asked = prompts(shipped, tuple(head + text for text in REQUESTS))
    together = sample(shipped.model, shipped.chat, asked, GREEDY)
    alone = [sample(shipped.model, shipped.chat, [prompt], GREEDY)[0] for prompt in asked]
    assert together == alone


def test_the_same_seed_gives_the_same_text_and_another_one_another(shipped: LoadedModel) -> None:
    asked = prompts(shipped)
    first, again = (sample(shipped.model, shipped.chat, asked, FREE) for _ in range(2))
    other = sample(shipped.model, shipped.chat, asked, Decoding(temperature=1.0, max_new_tokens=20, seed=4))
    assert first == again
    assert first != other


def test_what_a_row_says_does_not_depend_on_how_many_stand_beside_it(noise: LoadedModel) -> None:
    asked = prompts(noise)
    whole = sample(noise.model, noise.chat, asked, FREE)
    assert sample(noise.model, noise.chat, asked, FREE, batch=1) == whole
    assert sample(noise.model, noise.chat, asked[:2], FREE) == whole[:2]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_rows_that_end_early_take_nothing_from_those_that_speak_on(shipped: LoadedModel, temperature: float) -> None:
    asked = prompts(shipped, (*REQUESTS, "I found a wallet on the street. What now?", "I am bored."))
    decoding = Decoding(temperature=temperature, seed=2)
    together = sample(shipped.model, shipped.chat, asked, decoding)
    assert len({len(sampled.ids) for sampled in together}) > 3
    assert sample(shipped.model, shipped.chat, asked, decoding, batch=1) == together


def test_the_same_prompt_twice_in_a_batch_may_be_answered_differently(noise: LoadedModel) -> None:
    one, other = sample(noise.model, noise.chat, prompts(noise)[:1] * 2, FREE)
    assert one.ids != other.ids


def test_the_global_generator_is_never_touched(noise: LoadedModel) -> None:
    state = torch.get_rng_state()
    sample(noise.model, noise.chat, prompts(noise), FREE)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_nucleus_of_almost_nothing_is_greedy(noise: LoadedModel) -> None:
    narrow = Decoding(temperature=1.0, top_p=1e-6, max_new_tokens=20, seed=9)
    asked = prompts(noise)
    assert sample(noise.model, noise.chat, asked, narrow) == sample(noise.model, noise.chat, asked, GREEDY)


def test_drawn_tokens_follow_the_models_probabilities(noise: LoadedModel) -> None:
    prompt, draws = prompts(noise)[0], 2000
    first = Decoding(temperature=2.0, max_new_tokens=1, seed=0)
    counted = torch.zeros(noise.model.config.vocab_size)
    for sampled in sample(noise.model, noise.chat, [prompt] * draws, first, stop_ids=frozenset(), batch=draws):
        counted[sampled.ids[0]] += 1
    expected = (Decoder(noise.model).start([prompt], noise.chat.pad_id)[0] / 2.0).softmax(-1)
    distance = 0.5 * (counted / draws - expected).abs().sum()  # total variation; its noise at this n is about 0.1
    assert distance < 0.2


def test_a_stream_gives_the_tokens_of_a_batch_of_one(shipped: LoadedModel) -> None:
    prompt = prompts(shipped)[1]
    for decoding in (GREEDY, FREE):
        [sampled] = sample(shipped.model, shipped.chat, [prompt], decoding)
        assert tuple(stream(shipped.model, shipped.chat, prompt, decoding)) == sampled.ids


def test_a_batch_stops_within_a_token(noise: LoadedModel) -> None:
    cancel, heard = Event(), []

    def on_token(row: int, ids: list[int]) -> None:
        heard.append((row, len(ids)))
        if len(ids) == 3:
            cancel.set()

    with pytest.raises(Cancelled):
        sample(noise.model, noise.chat, prompts(noise), FREE, cancel=cancel, on_token=on_token, stop_ids=frozenset())
    assert max(length for _, length in heard) == 3


@pytest.mark.parametrize("stops", [None, frozenset()], ids=["ends by itself", "is cut"])
def test_a_tail_is_read_on_to_the_logits_of_a_plain_forward(
    shipped: LoadedModel, stops: frozenset[int] | None
) -> None:
    asked, decoding = prompts(shipped), Decoding(temperature=1.0, max_new_tokens=30, seed=7)
    ends: list[tuple[int, bool]] = []

    def tail(ids: Sequence[int], finished: bool) -> list[int]:
        ends.append((len(ids), finished))
        return [5, 6, 7][: 1 + len(ids) % 3]

    plain = sample(shipped.model, shipped.chat, asked, decoding, stop_ids=stops)
    tailed = sample(shipped.model, shipped.chat, asked, decoding, stop_ids=stops, tail=tail)
    assert tailed == plain
    assert sorted(ends) == sorted((len(s.ids), s.finished) for s in plain)
    for prompt, sampled in zip(asked, tailed, strict=True):
        whole = [*prompt, *sampled.ids, *[5, 6, 7][: 1 + len(sampled.ids) % 3]]
        with torch.inference_mode():
            expected = shipped.model(input_ids=torch.tensor([whole])).logits[0, -1]
        assert sampled.after is not None
        torch.testing.assert_close(sampled.after, expected, rtol=1e-4, atol=1e-4)


def test_a_stream_stops_within_a_token(noise: LoadedModel) -> None:
    cancel = Event()
    tokens = stream(noise.model, noise.chat, prompts(noise)[0], FREE, cancel=cancel, stop_ids=frozenset())
    assert next(tokens) is not None
    cancel.set()
    with pytest.raises(Cancelled):
        next(tokens)


def test_a_cancelled_request_begins_no_work(noise: LoadedModel) -> None:
    cancel, heard = Event(), []
    cancel.set()
    with pytest.raises(Cancelled):
        sample(noise.model, noise.chat, prompts(noise), FREE, cancel=cancel, on_token=lambda *said: heard.append(said))
    assert heard == []


def test_text_that_reaches_its_limit_is_not_finished(noise: LoadedModel, shipped: LoadedModel) -> None:
    cut = sample(noise.model, noise.chat, prompts(noise), FREE, stop_ids=frozenset())
    assert [(len(s.ids), s.finished) for s in cut] == [(20, False)] * len(cut)
    whole = sample(shipped.model, shipped.chat, prompts(shipped), Decoding(temperature=0.0))
    assert all(s.finished and len(s.ids) < 192 for s in whole)
    assert not any(set(s.ids) & shipped.chat.stop_ids for s in whole)


def test_text_ends_before_the_context_does(noise: LoadedModel) -> None:
    prompt = [7] * (noise.context - 5)
    for reserve, expected in ((0, 5), (3, 2), (9, 0)):
        [sampled] = sample(noise.model, noise.chat, [prompt], FREE, stop_ids=frozenset(), reserve=reserve)
        assert (len(sampled.ids), sampled.finished) == (expected, False)


def test_a_model_in_training_is_so_again_after_it_spoke(noise: LoadedModel) -> None:
    noise.model.train()
    try:
        tokens = stream(noise.model, noise.chat, prompts(noise)[0], FREE, stop_ids=frozenset())
        next(tokens)
        assert noise.model.training
        assert not torch.is_inference_mode_enabled()
        sample(noise.model, noise.chat, prompts(noise), FREE)
        assert noise.model.training
    finally:
        noise.model.eval()


# -- answers ---------------------------------------------------------------------------------------------------------


def streamed(loaded: LoadedModel, prompt: Prompt, decoding: Decoding) -> tuple[list[Parsed], Answer]:
    *pieces, last = stream_answer(
        loaded.model, loaded.chat, prompt, decoding, speaker=Speaker.POLICY, adapter="base"
    )
    assert isinstance(last, Answer)
    return [piece for piece in pieces if isinstance(piece, Parsed)], last


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_streamed_answer_grows_into_the_answer_of_the_batch(shipped: LoadedModel, temperature: float) -> None:
    prompt, decoding = Prompt.user("How do I look after my money?"), Decoding(temperature=temperature, seed=5)
    pieces, last = streamed(shipped, prompt, decoding)
    [batched] = answer(
        shipped.model, shipped.chat, [prompt], decoding, speaker=Speaker.POLICY, adapter="base"
    )
    assert last.id == batched.id
    assert (last.tokens, last.finished) == (batched.tokens, True)
    assert last.thought
    assert last.reply
    assert len(pieces) == last.tokens
    assert all(last.thought.startswith(piece.thought) for piece in pieces)
    assert all(last.reply.startswith(piece.reply) for piece in pieces)
    assert (pieces[-1].thought, pieces[-1].reply) == (last.thought, last.reply)
    assert not any("<" in piece.thought for piece in pieces)


def test_a_stream_of_noise_ends_in_the_same_text_too(noise: LoadedModel) -> None:
    pieces, last = streamed(noise, Prompt.user("Hi."), Decoding(seed=1, max_new_tokens=40))
    assert not last.finished or last.tokens < 40
    assert pieces[-1].reply.rstrip("\ufffd") in last.reply


@pytest.mark.parametrize("text", ["", " \n\t "])
def test_an_empty_prompt_is_refused(shipped: LoadedModel, text: str) -> None:
    with pytest.raises(PromptError) as caught:
        streamed(shipped, Prompt.user(text), FREE)
    assert caught.value.field == "prompt"


def test_a_prompt_longer_than_the_context_is_refused_with_its_numbers(shipped: LoadedModel) -> None:
    prompt = Prompt.user("money " * 3_000)
    length = len(shipped.chat.prompt_ids(prompt.messages))
    with pytest.raises(PromptError) as caught:
        answer(shipped.model, shipped.chat, [prompt], FREE, speaker=Speaker.POLICY, adapter="base")
    assert f"{length:,} tokens" in caught.value.message
    assert "2,048" in caught.value.message
    assert "\n" not in caught.value.message
