"""Who may do what in a public lab, at the studio itself: nothing here knows a page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gradio.context import LocalContext

from lab.errors import LimitError, NotFoundError, OwnerError, RequestError
from lab.nouns import Prompt, Question
from lab.settings import Settings
from lab.studio import PairFilter, Studio, Visitor, owner
from lab.studio.desk import MOST_DESKS, MOST_NOUNS, Desks
from lab.studio.visitors import (
    INNER,
    LOOKING,
    LOOKS,
    PREDICTING,
    SEARCHES,
    SEARCHING,
    TRIES,
    TRYING,
    VOTES,
    VOTING,
    Limiter,
    Limits,
)
from lab.ui.owner import COOKIE, HEADER, Gate
from storage import Store

SECRET = "a secret of more than sixteen characters"


def settings(home: Path, **changes: Any) -> Settings:
    return replace(Settings.from_environment({"LAB_HOME": str(home), "LAB_PUBLIC": "1"}), **changes)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    home = tmp_path_factory.mktemp("visitors")
    opened = Studio(Store.open(home), settings(home))
    yield opened
    opened.close()


def verbs() -> set[str]:
    return {name for name, _ in inspect.getmembers(Studio, inspect.isfunction) if not name.startswith("_")} - INNER


def test_the_lists_name_verbs_that_there_are() -> None:
    assert verbs() >= LOOKING | TRYING | VOTING | PREDICTING
    lists = (LOOKING, TRYING, VOTING, PREDICTING)
    assert sum(map(len, lists)) == len(LOOKING | TRYING | VOTING | PREDICTING)


@pytest.mark.parametrize("name", sorted(verbs() - LOOKING - TRYING - VOTING - PREDICTING))
def test_a_verb_that_no_list_names_is_the_owners(studio: Studio, name: str) -> None:
    with pytest.raises(OwnerError, match="only its owner"):
        getattr(studio, name)()


def test_what_changes_something_is_on_no_list_of_strangers() -> None:
    changing = {"start_run", "stop_run", "resume_run", "decide_pair", "edit_pair", "make_pair", "evaluate", "forecast"}
    assert not changing & (LOOKING | TRYING | VOTING | PREDICTING)


def test_a_lab_of_ones_own_asks_nobody(tmp_path: Path) -> None:
    studio = Studio(Store.open(tmp_path), Settings.from_environment({"LAB_HOME": str(tmp_path)}))
    assert studio.who is owner
    with pytest.raises(RequestError, match="no run"):
        studio.stop_run("r404")
    studio.close()


def test_requests_are_counted_by_address_and_in_all_over_a_minute() -> None:
    now = [0.0]
    limiter = Limiter(lambda: now[0])
    for _ in range(TRIES.each):
        limiter.take("a")
    with pytest.raises(LimitError, match=r"20 requests a minute from you: try again in 60 s"):
        limiter.take("a")
    limiter.take("b")
    now[0] = 60.0
    limiter.take("a")
    now[0] = 120.0
    for i in range(TRIES.all):
        limiter.take(f"address {i}")
    with pytest.raises(LimitError, match="all visitors together"):
        limiter.take("another")


def test_reading_is_counted_too_searches_apart_from_looks_and_from_requests(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    limits = Limits(lambda: now[0])
    for verb, rate in (("pairs", SEARCHES), ("status", LOOKS), ("vote", VOTES)):
        for _ in range(rate.each):
            limits.take("a", verb)
        with pytest.raises(LimitError, match=rf"takes {rate.each:,} {rate.what} a minute from you: try again in 60 s"):
            limits.take("a", verb)
        limits.take("b", verb)
    limits.take("a", "sql")
    now[0] = 60.0
    limits.take("a", "pairs")
    assert SEARCHING <= LOOKING
    monkeypatch.setattr(studio, "_limits", limits)
    monkeypatch.setattr(studio, "who", lambda: Visitor(owner=False, address="c"))
    for _ in range(SEARCHES.each):
        limits.take("c", "curves")
    with pytest.raises(LimitError, match="searches and charts"):
        studio.pairs(PairFilter())
    assert studio.runs() == []
    monkeypatch.setattr(studio, "who", owner)
    assert studio.curves([], []) == []


def test_desks_are_apart_bounded_and_over_the_store(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        published = Question(text="Is it?", aligned_label="yes", flagged_label="no", rewrite="Again.", name="Q")
        store.save(published)
        desks = Desks(store)
        draft = replace(published, text="Is it so?")
        desks.of("one").save(draft)
        assert desks.of("one").questions() == [published, draft]
        assert desks.of("two").questions() == desks.of("").questions() == store.questions() == [published]
        desks.of("").save(draft)
        assert desks.of("").questions() == [published]
        prompts = [Prompt.user(f"prompt {i}") for i in range(MOST_NOUNS)]
        desks.of("one").save(*prompts)
        assert desks.of("one").prompt(prompts[-1].id) == prompts[-1]
        assert desks.of("one").questions() == [published]
        for i in range(MOST_DESKS):
            desks.of(f"later {i}")
        with pytest.raises(RequestError):
            desks.of("one").prompt(prompts[-1].id)


def test_a_fork_is_there_for_the_session_that_made_it_and_for_no_other(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(session: str) -> None:
        monkeypatch.setattr(studio, "who", lambda: Visitor(owner=False, session=session, address=session))

    of("one")
    parent = studio.questions()[0]
    words = {"text": "Is it kind to all?", "aligned_label": "kind", "flagged_label": "cruel", "rewrite": ""}
    fork = studio.fork_question(**words, name="Kindness to all", parent=parent.id)
    draft = studio.save_question(**words | {"text": "Is it kind to many?"}, name="", parent=fork.id)
    assert [fork, draft] == studio.questions()[-2:]
    assert (draft.name, draft.version) == (fork.name, 2)
    assert studio.question_story(draft.id).parent == fork
    for other in ("two", ""):
        of(other)
        assert not {fork.id, draft.id} & {question.id for question in studio.questions()}
        for verb in (studio.question, studio.question_story):
            with pytest.raises(NotFoundError):
                verb(fork.id)
        with pytest.raises(NotFoundError):
            studio.fork_question(**words, name="Theirs", parent=draft.id)
    of("two")
    again = studio.fork_question(**words, name="Kindness to all", parent=parent.id)  # the name is free for them
    assert (again.id, again.version) == (fork.id, 1)
    monkeypatch.setattr(studio, "who", owner)
    assert fork.id not in {question.id for question in studio.questions()}


def asked(gate: Gate, *, headers: dict[str, str] | None = None, cookies: dict[str, str] | None = None,
          person: str = "", host: str = "10.0.0.1", **login: Any) -> Visitor:
    """Who the gate takes a request for. The request stands for Gradio's, of which the gate reads these four things."""
    session = {"oauth_info": {"userinfo": {"preferred_username": person}, **login}} if person else {}
    request = SimpleNamespace(
        headers=headers or {}, cookies=cookies or {}, client=SimpleNamespace(host=host), session_hash="s",
        request=SimpleNamespace(scope={"session": session}),
    )
    token = LocalContext.request.set(request)  # pyright: ignore[reportArgumentType]
    try:
        return gate.visitor()
    finally:
        LocalContext.request.reset(token)


def test_the_owner_is_known_by_the_secret_alone(tmp_path: Path) -> None:
    gate = Gate(settings(tmp_path, owner_token=SECRET))
    assert asked(gate, headers={HEADER: SECRET}).owner
    assert asked(gate, cookies={COOKIE: gate.cookie()}).owner
    assert not asked(gate).owner
    assert not asked(gate, headers={HEADER: SECRET[:-1]}).owner
    assert not asked(gate, headers={HEADER: "ünïcode"}).owner
    assert not asked(gate, cookies={COOKIE: SECRET}).owner
    assert not asked(gate, person="somebody").owner
    assert not gate.visitor().owner, "outside of a request"
    other = Gate(settings(tmp_path, owner_token=SECRET + "!"))
    assert not asked(other, cookies={COOKIE: gate.cookie()}).owner
    for none in (None, ""):
        nobody = Gate(settings(tmp_path, owner_token=none))
        assert not asked(nobody, headers={HEADER: ""}, cookies={COOKIE: ""}).owner


def test_on_a_space_the_owner_is_known_by_the_hub(tmp_path: Path) -> None:
    gate = Gate(settings(tmp_path, space="ada/lab", owner_name="ada", oauth=True))
    assert asked(gate, person="ada").owner
    assert not asked(gate, person="Ada").owner
    assert not asked(gate, person="ada", expires_at=1).owner
    assert not asked(gate, person="ada", headers={"origin": "https://elsewhere.invalid", "host": "lab"}).owner
    assert not asked(gate).owner
    assert not asked(Gate(settings(tmp_path, owner_name="ada", oauth=False)), person="ada").owner
    forwarded = {"x-forwarded-for": "1.1.1.1, 2.2.2.2"}
    assert asked(gate, headers=forwarded).address == "2.2.2.2"
    assert asked(Gate(settings(tmp_path)), headers=forwarded).address == "10.0.0.1"


def test_a_secret_is_long_and_in_no_text_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="5 characters"):
        Gate(settings(tmp_path, owner_token="short"))
    assert SECRET not in repr(settings(tmp_path, owner_token=SECRET))
