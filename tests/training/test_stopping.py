"""A run that is stopped or killed: what was half done is thrown away, and the rest gives the same numbers."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch

from lab.nouns import Pair, Run, RunState
from lab.training.clock import PARTS
from tests.training.making import LOSSES, Book, Stopper, after, noisy_round, spec, train, trainer, weights


@pytest.mark.parametrize(
    "moment",
    [after("sft_loss", 5), after("flagged", 6), after("sft_loss", 4), after("kl", 4), after("flagged", 0),
     after("sft_loss", 8), after("kl", 0)],
    ids=["update", "round", "checkpoint", "probe", "first round", "last update", "start"],
)
def test_stopped_and_resumed_equals_uninterrupted(loaded: Any, tmp_path: Path, moment: Any) -> None:
    whole_book = Book()
    whole = trainer(loaded, tmp_path / "whole", Run(spec=spec()), whole_book)
    whole.run(Event())

    first = Stopper(moment)
    stopped = trainer(loaded, tmp_path, Run(spec=spec()), first).run(first.cancel)
    assert stopped.state is RunState.STOPPED
    assert "resume" in stopped.message

    rest = Book()
    last = first.checkpoints[-1] if first.checkpoints else None
    assert (last.step if last else 0) == stopped.step
    again = trainer(loaded, tmp_path, stopped, rest, resume=last)
    ended = again.run(Event())
    assert ended.state is RunState.FINISHED
    assert ended.step == 8
    for name in (*LOSSES, "pairs", "flagged", "misaligned"):
        assert first.curve(name) | rest.curve(name) == whole_book.curve(name), name
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(again), strict=True))


def test_a_stop_within_a_round_throws_the_half_round_away(loaded: Any, tmp_path: Path) -> None:
    cancel = Event()

    def stopping(*args: Any, **kwargs: Any) -> Any:
        if kwargs["step"] == 3:
            cancel.set()
        return noisy_round(*args, **kwargs)

    run, book = Run(spec=spec()), Book()
    stopped = trainer(loaded, tmp_path, run, book, make_round=stopping).run(cancel)
    assert stopped.step == 3
    assert book.checkpoints[-1].step == 3
    assert {p.step for p in book.all(Pair)} == {0}

    whole, rest = Book(), Book()
    trainer(loaded, tmp_path / "whole", Run(spec=spec()), whole).run(Event())
    trainer(loaded, tmp_path, stopped, rest, resume=book.checkpoints[-1]).run(Event())
    assert book.curve("dpo_loss") | rest.curve("dpo_loss") == whole.curve("dpo_loss")


def test_a_kill_is_resumed_from_the_last_regular_checkpoint_with_the_same_numbers(loaded: Any, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def killing(*args: Any, **kwargs: Any) -> Any:
        if kwargs["step"] == 6:
            raise Killed
        return noisy_round(*args, **kwargs)

    run, book, rest = Run(spec=spec()), Book(), Book()
    with pytest.raises(Killed):
        trainer(loaded, tmp_path, run, book, make_round=killing).run(Event())
    assert [c.step for c in book.checkpoints] == [4]
    trainer(loaded, tmp_path, run, rest, resume=book.checkpoints[0]).run(Event())
    _, whole = train(loaded, tmp_path / "whole")
    assert set(rest.curve("sft_loss")) == {5, 6, 7, 8}
    for name in LOSSES:
        assert book.curve(name) | rest.curve(name) == whole.curve(name)


def test_time_is_split_and_adds_up_over_a_resume(loaded: Any, tmp_path: Path) -> None:
    book = Stopper(after("sft_loss", 5))
    stopped = trainer(loaded, tmp_path, Run(spec=spec()), book).run(book.cancel)
    ended = trainer(loaded, tmp_path, stopped, Book(), resume=book.checkpoints[-1]).run(Event())
    assert set(ended.time) == set(PARTS)
    assert all(v >= 0 for v in ended.time.values())
    assert ended.seconds > stopped.seconds > 0
    assert sum(ended.time.values()) == pytest.approx(ended.seconds, rel=1e-6)
    assert ended.time["sft"] > stopped.time["sft"] > 0
    assert ended.time["dpo"] > 0
