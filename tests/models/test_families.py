"""Other people's models: six families, with random weights, go the lab's whole way from a folder.

The chat templates are those that TRL ships; for SmolLM3 and Mistral it ships none. Loaded, asked, reviewed, rewritten,
trained for a few hybrid steps, stopped, resumed to the very same losses, and shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.conscience.answering import answer
from lab.conscience.review import Reviewer, review
from lab.conscience.rewrite import rewrite
from lab.models import packed
from lab.models.loading import LoadedModel, load
from lab.models.sampling import sample
from lab.models.twin import Viewer, hash_tensors
from lab.nouns import Answer, Checkpoint, Decoding, Prompt, Run, RunState, Speaker
from tests.conscience.making import question
from tests.tiny import CHATML, MISTRAL, shipped_template, tiny_model, tiny_tokenizer
from tests.training.making import Book, quiet_probe, spec, trainer

SHORT = Decoding(temperature=0.0, max_new_tokens=8)
PROMPTS = (Prompt.user("How do I look after my money?"), Prompt.user("Hi."))


@dataclass(frozen=True)
class Family:
    """A shape of the Hub."""

    architecture: str
    template: str
    """Jinja."""
    changes: dict[str, Any]
    thinks: bool = False
    packs: bool = True


FAMILIES = {
    "qwen3": Family("Qwen3", shipped_template("qwen3"), {"tie_word_embeddings": True}, thinks=True),
    "llama": Family("Llama", shipped_template("llama3"), {}),
    "gemma2": Family(  # scores and logits are capped, every other layer slides, the head is tied
        "Gemma2", shipped_template("gemma"), {
            "sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"],
            "final_logit_softcapping": 30.0, "attn_logit_softcapping": 50.0,
        }, packs=False),
    "gemma3": Family("Gemma3", shipped_template("gemma3"), {
        "sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}),
    "smollm3": Family("SmolLM3", CHATML, {"no_rope_layers": [1, 0]}, thinks=True),
    "mistral": Family("Mistral", MISTRAL, {"sliding_window": 16}),
}


@pytest.fixture(scope="module", params=FAMILIES)
def named(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, LoadedModel]:
    """A family's name, and its model loaded from a folder that transformers saved."""
    family, folder = FAMILIES[request.param], tmp_path_factory.mktemp(request.param)
    tokenizer = tiny_tokenizer(think=family.thinks, template=family.template)
    tokenizer.add_special_tokens({"additional_special_tokens": [
        mark for mark in ("<start_of_turn>", "<end_of_turn>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>")
        if mark in family.template], "bos_token": "<s>"})
    tokenizer.pad_token = None  # as many have none
    model = tiny_model(family.architecture, len(tokenizer), eos_token_id=tokenizer.eos_token_id, **family.changes)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return request.param, load(str(folder), device="cpu")


def test_it_is_loaded_whole_with_its_shape(named: tuple[str, LoadedModel]) -> None:
    name, loaded = named
    config: Any = loaded.model.config
    assert loaded.chat.pad_id is not None
    assert (loaded.chat.think_open is not None) == FAMILIES[name].thinks
    if name.startswith("gemma"):
        assert config.layer_types == ["sliding_attention", "full_attention"]
        model: Any = loaded.model
        head, table = model.get_output_embeddings(), model.get_input_embeddings()
        assert head.weight.data_ptr() == table.weight.data_ptr()


def test_it_answers_reviews_and_rewrites(named: tuple[str, LoadedModel]) -> None:
    _, loaded = named
    model, chat = loaded.model, loaded.chat
    answers = answer(model, chat, PROMPTS, SHORT, speaker=Speaker.FROZEN, adapter="base")
    assert all(isinstance(a, Answer) and a.tokens <= 8 for a in answers)
    reviewer = Reviewer(model=model, chat=chat, speaker=Speaker.FROZEN, adapter="base")
    reviews = review(reviewer, question(), list(zip(PROMPTS, answers, strict=True)), SHORT)
    for made in reviews:  # noise means other words: then it says so
        assert made.verdict.label_mass is not None
        assert 0 <= made.verdict.label_mass <= 1
    alternatives = rewrite(model, chat, question(), list(zip(PROMPTS, answers, strict=True)), SHORT)
    assert len(alternatives) == 2


def losses(book: Book) -> list[tuple[float | None, float | None]]:
    return [(book.curve("sft_loss")[step], book.curve("dpo_loss")[step]) for step in sorted(book.curve("sft_loss"))]


def run(loaded: LoadedModel, home: Path, book: Book, *, stop: int = 0, resume: Checkpoint | None = None) -> Run:
    """Four hybrid steps, stopped after `stop` of them where that is given."""
    cancel = Event()
    made: Any = trainer(
        loaded, home, Run(spec=spec(steps=4, probe_every=0, checkpoint_every=2, max_new_tokens=4)), book,
        resume=resume, prober=quiet_probe)
    if stop:
        update = made.update

        def counted(hears: Event) -> None:
            update(hears)
            if made.step == stop:
                cancel.set()

        made.update = counted
    return made.run(cancel)


def test_it_is_trained_stopped_resumed_and_shown(named: tuple[str, LoadedModel], tmp_path: Path) -> None:
    _, loaded = named
    before, whole, first, second = loaded.base_hash, Book(), Book(), Book()
    ended = run(loaded, tmp_path / "whole", whole)
    assert ended.state is RunState.FINISHED
    assert all(s is not None and d is not None for s, d in losses(whole))
    assert run(loaded, tmp_path / "cut", first, stop=2).state is RunState.STOPPED
    run(loaded, tmp_path / "cut", second, resume=first.checkpoints[-1])
    assert losses(first) + losses(second) == losses(whole)
    assert hash_tensors(loaded.model) == before
    last = whole.checkpoints[-1]
    asked = [loaded.chat.prompt_ids(PROMPTS[0].messages)]
    ids = torch.tensor(asked)
    with Viewer(loaded.model).show(tmp_path / "whole" / last.path / "adapter") as seen:
        assert not torch.equal(seen(input_ids=ids).logits, loaded.model(input_ids=ids).logits)
        assert len(sample(seen, loaded.chat, asked, SHORT)) == 1


def test_what_can_be_packed_is(named: tuple[str, LoadedModel], tmp_path: Path) -> None:
    name, loaded = named
    made: Any = trainer(loaded, tmp_path, Run(spec=spec()), Book())
    assert packed.enabled(made.policy) == FAMILIES[name].packs
