"""Pages that lead and follow a presentation, at the page's own handlers and over the wire; nothing here draws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gradio.context import LocalContext
from gradio_client import Client

from lab.errors import OwnerError
from lab.nouns import Run, RunSpec, RunState
from lab.settings import Settings
from lab.studio import Studio, token_of
from lab.ui.curriculum import lesson
from lab.ui.links import View
from lab.ui.page import FOLLOWING_SECONDS, Page
from storage import Store
from tests.browser.launching import App

LEADER, ONE, TWO = ("a" * 32, "b" * 32, "c" * 32)
LINK = {"lecture": token_of(LEADER)}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    home = tmp_path_factory.mktemp("following")
    studio = Studio(Store.open(home), Settings.from_environment({"LAB_HOME": str(home)}))
    yield Page(studio)
    studio.close()


@contextmanager
def session(name: str, **query: str) -> Iterator[Any]:
    """A request of the page with this session name. It stands for Gradio's, of which the page reads these three."""
    request = SimpleNamespace(session_hash=name, query_params=query, client=SimpleNamespace(host="10.0.0.1"))
    token = LocalContext.request.set(request)  # pyright: ignore[reportArgumentType]
    try:
        yield request
    finally:
        LocalContext.request.reset(token)


def load(page: Page, name: str, seat: str, **query: str) -> View:
    """What a page looks at once it was loaded at a link."""
    with session(name, **query) as request:
        return page.arrive(seat, request)[page.view]


def leading(page: Page, **query: str) -> View:
    """The leader's page, presenting what a link names."""
    view = load(page, "leader", LEADER, tab="lessons", **query)
    with session("leader"):
        return page.lessons.present(view)[page.view]


def test_who_leads_and_who_follows_is_told_by_the_seat(page: Page) -> None:
    lead = leading(page, lesson="lambda")
    assert lead.leads
    assert lead.lecture == LINK["lecture"]
    assert LEADER not in lead.query()
    follower = load(page, "one", ONE, **LINK)
    assert follower.follows
    assert (follower.tab, follower.lesson) == ("lessons", "lambda")
    again = load(page, "leader's, loaded again", LEADER, **LINK)
    assert again.leads
    assert load(page, "no seat", "", **LINK).follows
    assert load(page, "alone", TWO, tab="lessons").lecture == ""


def test_a_page_that_follows_goes_where_the_leader_goes_and_keeps_its_own_prediction(page: Page) -> None:
    lead = leading(page, lesson="emergent")
    one = load(page, "one", ONE, **LINK)
    with session("one"):
        one = page.lessons.predict(2, one)[page.view]
    assert one.guess == "2"
    with session("leader"):
        page.lecture.tell(replace(lead, taken=("r1",), guess="0"))
    with session("one"):
        there = page.lecture.catch_up(one)
        assert (there.taken, there.guess, there.seat, there.follows) == (("r1",), "2", ONE, True)
        late = page.lessons.predict(1, there)
        assert page.view not in late, "predictions are closed"
    assert load(page, "one, loaded again", ONE, **LINK).guess == "2"
    with session("leader"):
        page.lecture.tell(replace(lead, tab="curves", metrics=("task",)))
    with session("one"):
        assert (page.lecture.catch_up(there).tab, page.lecture.catch_up(there).metrics) == ("curves", ("task",))
    with session("leader"):
        page.lecture.end(lead)
    with session("one"):
        assert page.lecture.catch_up(there) == there, "what was shown last stays"
        assert "has ended" in page.lecture.draw(there)[page.lecture.strip]


def test_after_a_restart_the_same_link_goes_on_and_predictions_come_back(page: Page) -> None:
    held = {**LINK, "tab": "lessons", "lesson": "question", "guess": "1"}
    waiting = load(page, "one", ONE, **{**held, "lecture": token_of(TWO)})
    with session("one"):
        assert "Nobody presents" in page.lecture.draw(waiting)[page.lecture.strip]
    assert (waiting.lesson, waiting.guess) == ("question", "1")
    leading(page, lesson="question")
    assert load(page, "one", ONE, **held).guess == "1"
    assert page.studio.lecture(LINK["lecture"], LEADER).tally == (0, 1)
    for nonsense in ("9999999999", "seven", "-1"):
        assert load(page, "two", TWO, **{**held, "guess": nonsense}).follows
    assert page.studio.lecture(LINK["lecture"], LEADER).tally == (0, 1)


def test_a_page_that_follows_may_start_nothing_in_a_lab_of_ones_own(page: Page) -> None:
    leading(page, lesson="emergent")
    one = load(page, "one", ONE, **LINK)
    with session("one"):
        assert page.view not in page.lessons.start(replace(one, guess="1"))
        for verb in (lambda: page.studio.stop_run("1"), lambda: page.studio.lead(ONE, "?", "", taking=True)):
            with pytest.raises(OwnerError, match="follows a presentation"):
                verb()
        assert not page.lessons.draw(one)[page.lessons.start_button]["visible"]
    with session("another"):
        assert page.studio.who().owner
    assert page.studio.runs() == []


def test_those_who_follow_are_drawn_once_for_all(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    leading(page, lesson="emergent")
    drawn: list[View] = []
    live = page._live
    monkeypatch.setattr(page, "_live", lambda view, status: drawn.append(view) or live(view, status))
    for number in range(12):
        seat = f"{number + 1:032x}"
        view = load(page, f"follower {number}", seat, **LINK)
        with session(f"follower {number}"):
            mark, moved = page.beat(view)
            page.tick(view, {})
            assert page.beat(view) == (mark, moved), "nothing new"
    assert len(drawn) == 1
    with session("leader"):
        assert page.studio.lecture(LINK["lecture"], LEADER).followers >= 12
    assert 1.0 < FOLLOWING_SECONDS < 3.0


def test_over_the_wire_no_button_of_a_page_that_follows_changes_anything(app: App, client: Client) -> None:
    """Every button of the page, fired in the session of a page that follows; a beat with nothing new is small."""
    config = httpx.get(f"{app.url}config", timeout=None).json()
    values = {c["id"]: c.get("props", {}).get("value") for c in config["components"]}
    buttons = {c["id"] for c in config["components"] if c["type"] == "button"}
    events = [(event, {tuple(target) for target in event["targets"]}) for event in config["dependencies"]]
    [arriving] = [event for event, targets in events if event["js"] and {t[1] for t in targets} == {"load"}]
    [beating] = [event for event, targets in events if {t[1] for t in targets} == {"tick"}]
    clicks = [event for event, targets in events if targets & {(button, "click") for button in buttons}]
    before = [client.predict(api_name=name) for name in ("/runs", "/questions", "/pairs", "/datasets")]
    with httpx.Client(base_url=f"{app.url}gradio_api", timeout=None) as http:

        def fire(event: dict[str, Any], data: list[Any]) -> str:
            body = {"fn_index": event["id"], "data": data, "session_hash": "a-page-that-follows"}
            http.post("/queue/join", params=LINK, json=body).raise_for_status()
            return _until_over(http, "a-page-that-follows")

        assert json.loads(fire(arriving, [ONE]))["success"]
        fire(beating, [None])
        assert len(fire(beating, [None])) < 1_000
        for event in clicks:
            fire(event, [values.get(component) for component in event["inputs"]])
    assert len(clicks) > 20
    assert [client.predict(api_name=name) for name in ("/runs", "/questions", "/pairs", "/datasets")] == before


def _until_over(http: httpx.Client, name: str) -> str:
    """What the server says of a session's event when it is over."""
    with http.stream("GET", "/queue/data", params={"session_hash": name}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:") and json.loads(line[5:])["msg"] in ("process_completed", "close_stream"):
                return line[5:]
    raise AssertionError("the stream ended before the event")


def test_a_visitor_of_a_public_lab_finds_out_from_what_its_owner_ran(tmp_path: Path) -> None:
    settings = Settings.from_environment({"LAB_HOME": str(tmp_path), "LAB_PUBLIC": "1"})
    studio = Studio(Store.open(tmp_path), settings)
    page = Page(studio)
    taken = load(page, "visitor", ONE, tab="lessons", lesson="lambda", guess="1")
    specs = [RunSpec(model=settings.model, **arm) for _, arm in lesson("lambda").arms]
    runs = [Run(spec=spec, state=RunState.FINISHED, step=75) for spec in specs]
    with session("visitor"):
        assert not studio.who().owner
        studio._store.save(runs[0], Run(spec=specs[1], state=RunState.STOPPED, step=7))
        told = page.lessons.start(taken)
        assert page.view not in told, "one of its two runs did not finish"
        assert any("only its owner starts" in str(update) for update in told.values())
        studio._store.save(runs[1])
        assert page.lessons.start(taken)[page.view].taken == tuple(run.id for run in runs)
    assert len(studio.runs()) == 3
    studio.close()
