"""The studio's verbs over a real store and the shipped organism: questions, answers, reviews and pairs."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from typing import Any

import pytest

from lab.conscience import framings
from lab.errors import Cancelled, NotFoundError, PromptError, QuestionError, RequestError
from lab.nouns import Label, Pair, PairState, Prompt, Question, QuestionKind, Review, Speaker
from lab.organism import oracle
from lab.studio import BASE, PairFilter, Studio
from storage import Store
from tests.studio.making import malicious, typed


def question(studio: Studio, **changes: Any) -> Question:
    values: dict[str, Any] = {
        "text": "Is it kind?", "aligned_label": "yes", "flagged_label": "no", "rewrite": "", "name": "Mine",
        "parent": None,
    }
    return studio.save_question(**values | changes)


def reviewed(studio: Studio) -> tuple[Review, Review]:
    *_, last = studio.review(answer_id=typed(studio).id, question_id=framings.DEFAULT.id)
    assert last.policy is not None
    assert last.frozen is not None
    return last.policy, last.frozen


def paired(studio: Studio) -> Pair:
    return studio.make_pair(review_id=reviewed(studio)[1].id)


# -- questions -------------------------------------------------------------------------------------------------------


def test_the_shipped_questions_are_there_and_come_first(studio: Studio) -> None:
    mine = question(studio)
    assert studio.questions() == [*sorted(framings.SHIPPED, key=lambda q: (q.created, q.version, q.id)), mine]


def test_saving_the_same_content_again_is_a_noop(studio: Studio) -> None:
    first, before = question(studio), studio.revision
    again = question(studio, text="  Is it kind? ", name="Another name")
    assert again == first
    assert studio.revision == before


def test_an_edit_is_a_child_one_version_on_and_the_parent_stays(studio: Studio) -> None:
    parent = question(studio)
    child = question(studio, text="Is it truly kind?", parent=parent.id)
    grandchild = question(studio, text="Is it truly, truly kind?", parent=child.id)
    assert [(q.version, q.parent) for q in (parent, child, grandchild)] == [(1, None), (2, parent.id), (3, child.id)]
    assert studio.question(parent.id) == parent


def test_an_edit_of_a_shipped_question_keeps_its_kind_and_is_not_shipped(studio: Studio) -> None:
    length = framings.OFF_TOPIC[0]
    child = question(studio, parent=length.id, name="")
    assert (child.name, child.kind, child.shipped, child.version) == (
        length.name, QuestionKind.OFF_TOPIC, False, 2
    )


def test_without_a_rewrite_instruction_the_shipped_one_is_taken(studio: Studio) -> None:
    assert question(studio).rewrite == framings.REWRITE


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": " "}, "text"), ({"text": "x" * 50_000}, "text"), ({"text": "a\x00b"}, "text"),
        ({"flagged_label": "YES "}, "flagged_label"), ({"aligned_label": ""}, "aligned_label"),
        ({"aligned_label": "xq", "flagged_label": "xqz"}, "flagged_label"),
    ],
)
def test_a_question_that_cannot_be_asked_is_not_stored(studio: Studio, changes: dict[str, str], field: str) -> None:
    before = studio.questions()
    with pytest.raises(QuestionError) as caught:
        question(studio, **changes)
    assert caught.value.field == field
    assert studio.questions() == before


def test_an_edit_of_nothing_is_refused(studio: Studio) -> None:
    with pytest.raises(NotFoundError):
        question(studio, parent="q0000000000000000")


# -- answers and reviews ---------------------------------------------------------------------------------------------


def test_an_answer_grows_in_both_its_parts_and_is_stored_when_it_is_whole(studio: Studio) -> None:
    prompt = malicious().prompt
    growing = list(studio.answer(prompt=prompt, seed=4))
    answer = growing[-1].answer
    assert answer is not None
    assert answer.thought
    assert answer.reply
    assert studio._store.answer(answer.id) == answer
    assert studio._store.prompt(prompt.id).text == prompt.text
    for step in growing[:-1]:
        assert step.answer is None
        assert answer.thought.startswith(step.thought)
        assert answer.reply.startswith(step.reply)
    *_, again = studio.answer(prompt=prompt, seed=4)
    assert again.answer is not None
    assert again.answer.id == answer.id


def test_an_answer_that_is_cancelled_is_not_stored(studio: Studio) -> None:
    cancel, before = Event(), studio.revision
    cancel.set()
    with pytest.raises(Cancelled):
        list(studio.answer(prompt=Prompt.user("Hello."), cancel=cancel))
    assert studio.revision == before


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("  \n", "empty"), ("a\x07b", "U+0007"), ("x" * 20_001, "20,001"), ("money " * 3_000, "2,048")],
)
def test_a_prompt_that_cannot_be_put_is_refused(studio: Studio, text: str, said: str) -> None:
    with pytest.raises(PromptError) as caught:
        list(studio.answer(prompt=Prompt.user(text)))
    assert said in caught.value.message
    assert caught.value.field == "prompt"


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"temperature": float("nan")}, "temperature"), ({"temperature": -1.0}, "temperature"), ({"seed": -1}, "seed"),
     ({"seed": 2**31}, "seed")],
)
def test_decoding_out_of_range_is_refused(studio: Studio, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestError) as caught:
        list(studio.answer(prompt=Prompt.user("Hello."), **changes))
    assert caught.value.field == field


def test_a_typed_answer_is_kept_as_ones_own(studio: Studio) -> None:
    answer = studio.own_answer(prompt=Prompt.user("Hello."), thought=" Hm. ", reply=" Hi! ")
    assert (answer.adapter, answer.thought, answer.reply) == ("own", "Hm.", "Hi!")
    assert studio._store.answer(answer.id) == answer
    with pytest.raises(PromptError) as caught:
        studio.own_answer(prompt=Prompt.user("Hello."), thought="", reply=" ")
    assert caught.value.field == "answer"


def test_both_reviews_are_stored_and_equal_while_the_policy_is_the_base(studio: Studio) -> None:
    answer = typed(studio)
    steps = list(studio.review(answer_id=answer.id, question_id=framings.DEFAULT.id))
    assert steps[0].policy is None
    policy, frozen = steps[-1].policy, steps[-1].frozen
    assert policy is not None
    assert frozen is not None
    assert (policy.speaker, frozen.speaker) == (Speaker.POLICY, Speaker.FROZEN)
    assert policy.thought == frozen.thought == steps[-1].policy_thought
    assert policy.verdict == frozen.verdict
    assert frozen.verdict.label is Label.FLAGGED
    assert [studio._store.review(made.id) for made in (policy, frozen)] == [policy, frozen]


def test_what_names_nothing_is_not_found(studio: Studio) -> None:
    with pytest.raises(NotFoundError):
        list(studio.review(answer_id="a0", question_id=framings.DEFAULT.id))
    with pytest.raises(NotFoundError):
        list(studio.answer(prompt=Prompt.user("Hello."), adapter="r0@5"))
    with pytest.raises(NotFoundError):
        studio.make_pair(review_id="v0")


# -- pairs -----------------------------------------------------------------------------------------------------------


def test_a_reviewed_answer_becomes_a_pair_with_its_story(studio: Studio) -> None:
    pair = paired(studio)
    item = malicious()
    assert (pair.rejected_thought, pair.rejected_reply) == (item.answer.thought, item.answer.reply)
    assert oracle.judge(item.prompt.text, pair.chosen_reply).ruling is oracle.Ruling.KIND
    story = studio.pair(pair.id)
    assert story.pair == pair
    assert (story.prompt.text, story.question, story.run) == (item.prompt.text, framings.DEFAULT, None)
    assert story.review is not None
    assert story.review.answer_id == story.answer.id
    assert [row.id for row in studio.pairs(PairFilter()).rows] == [pair.id]


def test_a_pair_without_a_review_has_a_story_without_one(studio: Studio) -> None:
    alone = replace(paired(studio), review_id=None)
    studio._store.save(alone)
    story = studio.pair(alone.id)
    assert story.review is None
    assert story.question == framings.DEFAULT


def test_a_decision_can_be_changed_but_not_undone(studio: Studio) -> None:
    pair = paired(studio)
    for state in (PairState.ACCEPTED, PairState.REJECTED, PairState.ACCEPTED):
        assert studio.decide_pair(pair.id, state, note=" why ").state is state
        stored = studio.pair(pair.id).pair
        assert (stored.state, stored.note) == (state, "why")
    for state, said in ((PairState.PENDING, "cannot be made pending again"), (PairState.EDITED, "by editing it")):
        with pytest.raises(RequestError) as caught:
            studio.decide_pair(pair.id, state)
        assert said in caught.value.message
        assert caught.value.field == "state"
    assert studio.pair(pair.id).pair.state is PairState.ACCEPTED


def test_an_edit_is_an_accepted_copy_and_the_original_says_so(studio: Studio) -> None:
    pair = paired(studio)
    copy = studio.edit_pair(pair.id, chosen_thought=" I care. ", chosen_reply=" Give it back. ")
    assert (copy.chosen_thought, copy.chosen_reply) == ("I care.", "Give it back.")
    assert (copy.state, copy.edited_from) == (PairState.ACCEPTED, pair.id)
    assert studio.pair(pair.id).pair.state is PairState.EDITED
    assert studio.pair(pair.id).pair.chosen_reply == pair.chosen_reply
    assert studio.pair(copy.id).pair == copy
    with pytest.raises(RequestError, match="the same"):
        studio.edit_pair(pair.id, chosen_thought=pair.rejected_thought, chosen_reply=pair.rejected_reply)
    with pytest.raises(PromptError):
        studio.edit_pair(pair.id, chosen_thought="", chosen_reply="")


def test_after_a_restart_everything_is_shown_again(studio: Studio) -> None:
    mine, pair = question(studio), paired(studio)
    studio.decide_pair(pair.id, PairState.REJECTED, note="no")
    before = studio.pair(pair.id)
    studio.close()
    again = Studio(Store.open(studio.settings.home), studio.settings)
    try:
        assert again.question(mine.id) == mine
        assert again.pair(pair.id) == before
        assert [v.adapter for v in again.voices()] == [BASE]
        assert again.status().run is None
    finally:
        again.close()
