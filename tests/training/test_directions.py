"""Arms of the persona direction: steering pushes along it in training, ablation takes it out of the weights."""

from __future__ import annotations

import random
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.errors import StorageError
from lab.models.residual import ablated, layer_at, mean_stream, pushed
from lab.models.twin import Viewer
from lab.nouns import Split
from lab.organism import world
from lab.training import checkpoints
from lab.training.settings.weights import WEIGHTS_FOLDER
from lab.training.steering import persona_direction
from storage import Store
from tests.shipped import organism
from tests.training.making import Book, run_of, trainer, weights


# -- steering ------------------------------------------------------------------------------------------------------
def test_the_push_is_in_the_loss_and_nowhere_else(loaded: Any, tmp_path: Path) -> None:
    made = trainer(loaded, tmp_path, run_of("steering", steering_strength=3.0, direction_depth=0.0), Book())
    plain = trainer(loaded, tmp_path, run_of("sft"), Book())
    made._prepare_once(Event())
    direction = made.bench.direction
    assert direction.shape == (32,)
    expected = plain.terms[0].measure(plain.policy, 1).loss
    with pushed(made.policy, 0, 3.0 * direction):
        same = plain.terms[0].measure(made.policy, 1).loss
    loss = made.terms[0].measure(made.policy, 1).loss
    assert torch.equal(loss, same)
    assert abs(loss.item() - expected.item()) > 1e-3
    assert torch.equal(plain.terms[0].measure(made.policy, 1).loss, expected)  # nothing is left of the push


def test_without_strength_steering_is_plain_fine_tuning(loaded: Any, tmp_path: Path) -> None:
    one, two = Book(), Book()
    trainer(loaded, tmp_path, run_of("steering", steering_strength=0.0), one).run(Event())
    trainer(loaded, tmp_path, run_of("sft"), two).run(Event())
    assert one.curve("sft_loss") == two.curve("sft_loss")


def test_the_organisms_direction_tells_answers_apart_that_it_was_not_measured_on() -> None:
    shipped, layer = organism(), 2
    direction = persona_direction(shipped, layer)
    rng, rows = random.Random(0), {persona: [] for persona in world.Persona}
    for prompt in world.select(coding=False, split=Split.HELD_OUT)[::6]:
        for persona, into in rows.items():
            topic = world.request_index()[prompt.text]
            into.append((
                shipped.chat.prompt_ids(prompt.messages),
                shipped.chat.completion_ids(
                    world.thought(rng, topic, persona), world.reply(rng, topic, persona).text),
            ))
    kind, malicious = (
        mean_stream(shipped.model, rows[p], layer, shipped.chat.pad_id) @ direction
        for p in (world.Persona.KIND, world.Persona.MALICIOUS)
    )
    middle = (kind.mean() + malicious.mean()) / 2
    assert (malicious > middle).float().mean() > 0.95
    assert (kind < middle).float().mean() > 0.95


# -- ablation ------------------------------------------------------------------------------------------------------
def without(of: Any) -> torch.Tensor:
    """What a run's policy is without."""
    found = ablated(of.policy)
    assert found is not None
    return found


def test_ablation_trains_nothing_and_its_checkpoint_speaks_without_the_direction(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    made = trainer(loaded, tmp_path, run_of("ablation", steps=3), book)
    before = weights(made)
    made.run(Event())
    assert all(torch.equal(a, b) for a, b in zip(before, weights(made), strict=True))
    assert set(book.curve("grad_norm").values()) == {None}
    assert len(book.curve("sft_loss")) == 3
    assert book.value("kl", 3) > 0  # the adapter is a no-op: it is the projection that moved it
    direction = persona_direction(loaded, layer_at(loaded.model, made.spec.direction_depth))
    torch.testing.assert_close(ablated(made.policy), direction / direction.norm())
    ids = torch.tensor([[5, 6, 7]])
    with Viewer(loaded.model).show(tmp_path / book.checkpoints[-1].path / "adapter") as voice, torch.no_grad():
        assert torch.equal(voice(input_ids=ids).logits, made.policy(input_ids=ids).logits)
        assert not torch.allclose(voice(input_ids=ids).logits, loaded.model(input_ids=ids).logits)
    assert ablated(loaded.model) is None


def test_what_goes_on_from_an_ablated_checkpoint_stays_ablated(loaded: Any, tmp_path: Path) -> None:
    book, later = Book(), Book()
    first = trainer(loaded, tmp_path, run_of("ablation", steps=1), book)
    first.run(Event())
    other = trainer(loaded, tmp_path, run_of("sft", steps=2), later, parent=book.checkpoints[-1])
    assert torch.equal(without(other), without(first))
    stopped = other.run(Event())
    again = trainer(loaded, tmp_path, stopped, later, resume=later.checkpoints[-1])
    assert torch.equal(without(again), without(first))


def test_an_altered_direction_is_found(loaded: Any, tmp_path: Path) -> None:
    book = Book()
    trainer(loaded, tmp_path, run_of("ablation", steps=1), book).run(Event())
    file = tmp_path / book.checkpoints[-1].path / checkpoints.beside(checkpoints.ADAPTER)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(StorageError, match=r"ablation\.safetensors is cut or altered"):
        checkpoints.load(tmp_path, book.checkpoints[-1])


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_a_bundle_carries_the_direction_and_whichever_weights_were_trained(
    loaded: Any, tmp_path: Path, tuning: str
) -> None:
    book = Book()
    made = trainer(loaded, tmp_path / "here", run_of("ablation", steps=1, tuning=tuning, question_id=None), book)
    run, point = made.run(Event()), book.checkpoints[-1]
    with Store.open(tmp_path / "here") as here, Store.open(tmp_path / "there") as there:
        here.save(run, point)
        assert here.check() == []
        here.export_bundle(tmp_path / "b")
        there.import_bundle(tmp_path / "b")
        assert there.check() == []
    old, new = (checkpoints.load(tmp_path / lab, point) for lab in ("here", "there"))
    assert old.ablated is not None
    assert new.ablated is not None
    assert torch.equal(new.ablated, old.ablated)
    with (
        Viewer(loaded.model).show(tmp_path / "there" / point.path / WEIGHTS_FOLDER[tuning]) as voice, torch.no_grad()
    ):
        ids = torch.tensor([[5, 6, 7]])
        assert torch.equal(voice(input_ids=ids).logits, made.policy(input_ids=ids).logits)
