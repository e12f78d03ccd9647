"""The queue of a public lab: an address neither keeps others out nor makes them wait for all that it has asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from threading import Event
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.events import api

from app import PAGES, launch
from lab.errors import LONGEST, RequestError
from lab.settings import quiet_environment
from lab.ui import turns
from lab.ui.turns import MOST, take_turns
from tests.browser.launching import free_port

PLACES = MOST + 10


class Lane:
    """One event at a time, which ends when it is let go; requests say in a header where they are from."""

    def __init__(self) -> None:
        quiet_environment()
        self.go, self.begun, self.order = Event(), Event(), list[str]()
        with gr.Blocks(analytics_enabled=False) as blocks:
            api(self.work, api_name="work", concurrency_limit=1)
        blocks.queue(max_size=PLACES)
        take_turns(blocks, lambda request: request.headers["x-from"])
        _, url, _ = blocks.launch(prevent_thread_lock=True, quiet=True)
        self.blocks = blocks
        self.http = httpx.Client(base_url=f"{url}gradio_api", timeout=None)

    def work(self, name: str) -> str:
        self.begun.set()
        self.go.wait()
        self.order.append(name)
        return name

    def ask(self, name: str, address: str, session: str = "") -> httpx.Response:
        body = {"fn_index": 0, "data": [name], "session_hash": session or name}
        return self.http.post("/queue/join", json=body, headers={"x-from": address})

    def answers(self, session: str) -> list[Any]:
        """What the server says to a session until its last event is over."""
        with self.http.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
            said = [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
        return [message["output"]["data"][0] for message in said if message["msg"] == "process_completed"]


@pytest.fixture
def lane() -> Iterator[Lane]:
    made = Lane()
    yield made
    made.go.set()
    made.http.close()
    made.blocks.close(verbose=False)


def test_an_address_that_asks_for_everything_leaves_places_and_turns_to_others(lane: Lane) -> None:
    assert lane.ask("first", "greedy").status_code == 200
    lane.begun.wait()
    sent = [lane.ask(f"greedy {i}", "greedy") for i in range(MOST + 5)]
    assert [answer.status_code for answer in sent] == [200] * MOST + [503] * 5
    assert "of yours are waiting" in sent[-1].json()["detail"]
    for name in ("modest 0", "modest 1"):
        assert lane.ask(name, "modest").status_code == 200, "whoever has sent nothing finds a place"
    lane.go.set()
    assert lane.answers("modest 0") == ["modest 0"]
    assert lane.answers("modest 1") == ["modest 1"]
    assert lane.answers(f"greedy {MOST - 1}")
    assert lane.order[:5] == ["first", "greedy 0", "modest 0", "greedy 1", "modest 1"]
    assert lane.ask("again", "greedy").status_code == 200, "once they are answered one may ask again"


def test_who_never_reads_the_answers_is_asked_to_before_asking_for_more(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MOST_UNREAD", 20)
    lane.go.set()
    asked = 0
    while (answer := lane.ask(f"{asked}", "deaf", session="deaf")).status_code == 200:
        asked += 1
    assert asked > 0
    assert answer.status_code == 503
    assert "read the session's stream" in answer.json()["detail"]
    assert lane.ask("x", "deaf", session="another").status_code == 200
    assert len(lane.answers("deaf")) == asked
    assert lane.ask("more", "deaf", session="deaf").status_code == 200


def test_the_state_of_so_many_pages_is_kept_and_of_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins sessions without end fills no memory, and a page that is in use stays."""
    quiet_environment()
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(free_port()))
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.Markdown("a page")
    launch(blocks)
    try:
        for number in range(PAGES + 20):
            _ = blocks.state_holder["in use"], blocks.state_holder[f"session {number}"]
        kept = blocks.state_holder.session_data
        assert len(kept) == PAGES
        assert "in use" in kept
        assert "session 0" not in kept
    finally:
        blocks.close(verbose=False)


def test_a_message_that_quotes_what_was_sent_stays_short() -> None:
    error = RequestError(f"There is no run '{'x' * 1_000_000}' in this lab.")
    assert len(error.message) == len(str(error)) == LONGEST + 1
