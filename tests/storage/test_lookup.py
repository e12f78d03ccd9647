"""What was saved is found by id, its beginning or its number, and in order; what is not there is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from lab.errors import NotFoundError
from lab.nouns import Checkpoint, Choice, Question, Ruling, Run, RunSpec
from storage import Store
from tests.storage.making import MOMENT, World, make_world


def test_a_score_is_found_by_what_was_judged_and_replaced_by_the_next_one(store: Store, world: World) -> None:
    unreached = replace(
        world.score, label=Ruling.UNREACHED, aligned=None, coherent=None, raw="", reason="no answer in 5 s")
    other = replace(world.score, answer_id="a2")
    store.save(unreached)
    assert store.scores_with([world.score.key, "k0"]) == {world.score.key: unreached}
    store.save(world.score, other)
    assert store.scores_of([world.answer.id]) == [world.score]
    assert store.scores_of([world.answer.id], "human") == []
    assert set(store.scores_with([other.key])) == {world.score.key}  # the same text has one key, whoever wrote it


def test_votes_keep_the_places_and_are_found_by_both_answers(store: Store, world: World) -> None:
    turned = replace(world.vote, first="a2", choice=Choice.FIRST)
    store.save(world.vote, turned)
    assert turned.chosen == "a2"
    assert {vote.id for vote in store.votes()} == {world.vote.id, turned.id}
    assert store.votes([world.answer.id]) == [world.vote]
    assert store.votes([]) == []
    assert store.votes_on(["a2"]) == [*store.votes_of("r404", None), turned] == [turned]
    assert store.forget_vote(turned.id) == turned
    assert store.votes() == [world.vote]
    with pytest.raises(NotFoundError, match="no vote"):
        store.forget_vote(turned.id)


def test_runs_are_found_by_id_beginning_and_number(store: Store) -> None:
    runs = [Run(spec=RunSpec(), id=name) for name in ("rabc111", "rabc222", "rxyz333")]
    store.save(*runs, Checkpoint(run_id="rxyz333", step=50, path="p", sha256="s", size=1))
    assert store.run("rabc111").number == store.run("1").number == 1
    assert store.run("rx").id == "rxyz333"
    assert store.checkpoint("3@50") == store.checkpoint("rx@50") == store.checkpoint("rxyz333@50")
    with pytest.raises(NotFoundError, match=r"several runs \(rabc111, rabc222"):
        store.run("rabc")


@pytest.mark.parametrize(
    "given", ["rnothing", "%", "r%", "_", "7", "0", "", "9" * 30, "x" * 50_000, "r'; DROP TABLE runs", "²"]
)
def test_an_id_that_names_nothing_is_said_in_one_short_line(store: Store, world: World, given: str) -> None:
    store.save(*world.nouns)
    for read in (store.run, store.pair, store.question, store.prompt, store.answer, store.review, store.checkpoint):
        with pytest.raises(NotFoundError) as caught:
            read(given)
        assert given[:20] in caught.value.message
        assert len(caught.value.message) < 200
        assert "\n" not in caught.value.message


def test_a_checkpoint_that_is_not_there_names_those_that_are(store: Store, world: World) -> None:
    store.save(world.run, world.checkpoint)
    with pytest.raises(NotFoundError, match="Run 1 has no checkpoint at step 6; it has some at steps 5"):
        store.checkpoint("1@6")


def test_questions_are_listed_shipped_first_then_by_age(store: Store) -> None:
    def question(name: str, minute: int, *, shipped: bool) -> Question:
        created = MOMENT + timedelta(minutes=minute)
        return Question(
            text=name, aligned_label="y", flagged_label="n", rewrite="", name=name, shipped=shipped, created=created
        )

    own, second, first = (
        question("own", 0, shipped=False),
        question("b", 2, shipped=True),
        question("c", 1, shipped=True),
    )
    store.save(own, second, first)
    assert store.questions() == [first, second, own]


def test_the_newest_reviews_of_a_run_are_found(store: Store) -> None:
    run = Run(spec=RunSpec())
    worlds = [make_world(reply=f"reply {step}", step=step, minute=step, run=run) for step in range(6)]
    for made in worlds:
        store.save(*made.nouns)
    recent = store.recent_reviews(worlds[0].run.id, 2)
    assert recent == [(w.prompt, w.answer, w.review) for w in (worlds[5], worlds[4])]
    assert store.recent_reviews("nobody", 2) == []
