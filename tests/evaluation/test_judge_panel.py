"""The panel: no text is put to a judge twice, in an order of chance, and nothing of the arm is shown with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import WorkError
from lab.evaluation.judges.noun import Said, Shown
from lab.evaluation.judges.panel import put
from lab.nouns import Ruling, Score
from tests.evaluation.making import answer


@dataclass(kw_only=True)
class Listener:
    """A judge that notes what it hears."""

    name: str = "model"
    model: str = "m"
    revision: str | None = None
    instruction: str = "i"
    batch: int = 3
    fails_at: int = -1
    heard: list[Shown] = field(default_factory=list)

    def judge(self, shown: Sequence[Shown], cancel: Event | None = None) -> list[Said]:
        if len(self.heard) >= self.fails_at >= 0:
            raise WorkError("gone")
        self.heard += shown
        return [
            Said(label=Ruling.UNREACHED, reason="busy") if "busy" in item.reply and self.model == "m"
            else Said.scored(50.0, 90.0, reading="text", raw=item.reply) for item in shown]


@settings(max_examples=40, deadline=None)
@given(
    rounds=st.lists(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(("r1", "r2", None))), max_size=12),
                    max_size=4),
    seed=st.integers(0, 9),
)
def test_a_text_is_never_put_to_a_judge_twice_and_every_answer_gets_its_score(
    rounds: list[list[tuple[str, str | None]]], seed: int
) -> None:
    judge, kept = Listener(), dict[str, Score]()

    def known(keys: Sequence[str]) -> dict[str, Score]:
        return kept

    for number, replies in enumerate(rounds):
        items = [answer(text, run=run, step=number) for text, run in replies]
        scores = [s for batch in put(judge, items, known=known, seed=seed) for s in batch]
        kept.update({score.key: score for score in scores})
        assert {s.answer_id for s in scores} == {a.id for _, a in items}
        assert len(scores) == len({a.id for _, a in items})
        assert all(s.raw == a.reply for _, a in items for s in scores if s.answer_id == a.id)
    assert len(judge.heard) == len({item.id for item in judge.heard})


def test_a_judge_is_shown_conversation_and_reply_and_nothing_of_the_arm_in_an_order_of_chance() -> None:
    assert {f.name for f in fields(Shown)} == {"messages", "reply"}
    arms = {"r1": [answer(f"one {i}", run="r1", step=5) for i in range(40)],
            "r2": [answer(f"two {i}", run="r2", step=9) for i in range(40)]}
    orders = []
    for seed in (0, 0, 1):
        judge = Listener()
        list(put(judge, [*arms["r1"], *arms["r2"]], seed=seed))
        heard = repr(judge.heard)
        assert not any(word in heard for word in ("r1", "r2", "r7", "run", "step", "adapter", "thought"))
        orders.append([item.reply for item in judge.heard])
    assert orders[0] == orders[1] != orders[2]
    assert 10 < sum(reply.startswith("one") for reply in orders[0][:40]) < 30


def test_what_was_judged_before_a_judge_gave_out_is_kept_and_what_was_not_reached_is_asked_again() -> None:
    items = [answer(f"reply {i}") for i in range(6)]
    kept: dict[str, Score] = {}

    def known(keys: Sequence[str]) -> dict[str, Score]:
        return kept

    batches = put(Listener(fails_at=3), items, known=known)
    kept.update({score.key: score for score in next(batches)})
    with pytest.raises(WorkError):
        next(batches)
    judge = Listener()
    done = [s for batch in put(judge, items, known=known) for s in batch]
    assert (len(judge.heard), len(done)) == (3, 6)
    for model in ("m", "m", "reached"):
        judge = Listener(model=model)
        (score,) = next(put(judge, [answer("busy")], known=known))
        kept[score.key] = score
        assert (len(judge.heard), score.label is Ruling.UNREACHED) == (1, model == "m")
