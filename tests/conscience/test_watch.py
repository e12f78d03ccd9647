"""A round in work can be watched: prompts, verdicts and pairs as they come, and nothing of it changes the round."""

from __future__ import annotations

from threading import Event
from typing import Any

from lab.conscience import framings
from lab.conscience.rounds import conscience_round
from lab.conscience.watch import Watch
from lab.models.loading import load
from lab.models.twin import make_policy
from lab.nouns import Prompt, RunSpec
from lab.views import RoundView

SPEC = RunSpec(max_new_tokens=64, flag_threshold=0.0)
ASKED = [Prompt.user(text) for text in ("How do I save money?", "How do I keep my garden green?")]


class Curious(Event):
    """Looks on at every token: sampling asks it whether it was cancelled."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self.watch, self.seen = watch, list[RoundView]()

    def is_set(self) -> bool:
        self.seen.append(self.watch.view())
        return False


def test_a_round_shows_each_prompt_verdict_and_pair_as_they_come_and_stays_the_same() -> None:
    loaded = load("organism", device="cpu")
    policy = make_policy(loaded.model, rank=2, alpha=4, seed=0)
    given: dict[str, Any] = {"run_id": "r1", "step": 5}
    watch = Watch(5)
    onlooker = Curious(watch)
    made = conscience_round(
        policy, loaded, framings.DEFAULT, ASKED, SPEC, **given, cancel=onlooker, watch=watch)
    unwatched = conscience_round(policy, loaded, framings.DEFAULT, ASKED, SPEC, **given)
    assert [a.id for a in made.answers] == [a.id for a in unwatched.answers]
    assert [r.id for r in made.reviews] == [r.id for r in unwatched.reviews]
    assert [p.id for p in made.pairs] == [p.id for p in unwatched.pairs]

    parts = list(dict.fromkeys(view.part for view in onlooker.seen))
    assert parts == ["answering", "reviewing", "rewriting"]
    asked = [view for view in onlooker.seen if view.items]
    assert all([item.prompt for item in view.items] == [p.text for p in ASKED] for view in asked)
    growing = [view.items[0].answer for view in asked if view.part == "answering"]
    assert len({len(text) for text in growing}) > 5  # it grows, a token at a time
    reviewing = [view.items[0] for view in asked if view.part == "reviewing"]
    assert all(item.answer == made.answers[0].reply and item.verdict is None for item in reviewing)
    assert any(item.review for item in reviewing)
    rewriting = [view.items[0] for view in asked if view.part == "rewriting"]
    assert all(item.verdict == made.reviews[0].verdict for item in rewriting)

    last = watch.view()
    assert last.part == "done"
    assert {item.pair_id for item in last.items if item.pair_id} == {pair.id for pair in made.pairs}
    assert all(bool(item.pair_id) != bool(item.unusable) for item in last.items)
