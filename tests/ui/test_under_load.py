"""Many tabs at once: what they have in common is worked out once, and the bench's tab speaks the page's protocol."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from gradio_client import Client

from lab.bench.browsing import Tab
from lab.errors import WorkError
from lab.nouns import Run, RunSpec
from lab.settings import Settings, quiet_environment
from lab.studio import Studio, Visitor
from lab.studio.visitors import SEARCHES, Limits
from lab.ui.links import View
from lab.ui.page import Page
from lab.ui.shared import MOST, Shared
from lab.ui.sparing import SparingBlocks
from storage import Store
from tests.browser.launching import App


def test_twenty_who_ask_at_once_are_answered_by_one_piece_of_work() -> None:
    shared, together, made = Shared(), Barrier(20), list[int]()

    def ask(i: int) -> int:
        together.wait()
        return shared.get("a key", lambda: made.append(i) or i)

    with ThreadPoolExecutor(20) as tabs:
        assert set(tabs.map(ask, range(20))) == set(made)
    assert len(made) == 1
    for i in range(MOST):
        assert shared.get(i, lambda i=i: i) == i
    assert shared.get("a key", lambda: 7) == 7, "only the newest are kept"


def test_work_that_failed_is_done_again() -> None:
    shared = Shared()
    with pytest.raises(ZeroDivisionError):
        shared.get("a key", lambda: 1 // 0)
    assert shared.get("a key", lambda: 1) == 1


def test_events_that_hide_their_progress_hand_no_loading_state_to_any_component(client: Client) -> None:
    """Else each event costs the browser a search of all components for every output of every event so far."""
    hidden = [event for event in client.config["dependencies"] if event["show_progress"] == "hidden"]
    assert len(hidden) > 100
    assert [event["id"] for event in hidden if event["show_progress_on"] != []] == []


def test_lists_of_pairs_are_answered_in_the_order_in_which_they_were_asked_for(tmp_path: Path) -> None:
    """Else a list that was asked for before a filter changed can arrive last, and stay under the new filter."""
    studio = Studio(Store.open(tmp_path), Settings.from_environment({"LAB_HOME": str(tmp_path)}))
    page = Page(studio)
    listing = [event for event in page.blocks.fns.values() if page.pairs.table in event.outputs]
    assert len(listing) > 5
    assert {(event.concurrency_id, event.concurrency_limit) for event in listing} == {("pairs", 1)}
    studio.close()


def test_two_tabs_get_the_same_whole_page_and_a_poll_with_nothing_new_is_one_small_answer(app: App) -> None:
    with Tab(app.url) as one, Tab(app.url) as two:
        drawn = []
        for tab in (one, two):
            tab.fire("tabitem runs", "select")
            first = tab.fire("timer", "tick")[1]
            (pulse,) = first["changed_state_ids"]
            drawn.append(tab._fire_on(pulse, "change", None)[1]["data"])
            again = tab.fire("timer", "tick")[1]
            assert not again.get("changed_state_ids")
            assert len(str(again)) < 1_000
        assert drawn[0] == drawn[1]
        assert "class=" in str(drawn[0])
        assert len(one.call("pairs", size=1)["rows"]) <= 1
        with pytest.raises(WorkError, match="no event 'dance'"):
            one.fire("timer", "dance")


def test_no_event_sums_up_the_events_before_it() -> None:
    quiet_environment()
    queue = gr.Blocks().queue()._queue
    queue.events_recorded = 1_000
    assert queue.compute_analytics_summary([{"function": "tick"}]) == {"functions": {}}


@pytest.mark.parametrize("said", ["updates", "one", "nothing", "a list", "an empty state", "no output"])
def test_an_event_is_answered_as_gradio_does_and_nothing_is_made_anew_that_it_did_not_touch(said: str) -> None:
    answers, made = [], []
    for kind in (gr.Blocks, SparingBlocks):
        with kind() as blocks:
            state, elsewhere = gr.State(1), gr.Button("elsewhere")
            text, button, card, choice = gr.Textbox(), gr.Button("go"), gr.HTML(), gr.Dropdown(["a"])
            outputs = [state, text, button, card, choice]
            says = {
                "updates": {choice: gr.update(choices=["a", "b"]), state: {"x": 1}, button: gr.update(visible=False)},
                "one": {card: "<b>new</b>"}, "nothing": gr.skip(), "a list": [2, "t", "b", gr.skip(), "a"],
                "an empty state": {}, "no output": {elsewhere: "x", card: ""},
            }[said]
            button.click(lambda says=says: says, None, [state] if said == "an empty state" else outputs)
        session = SessionState(blocks)
        try:
            with ThreadPoolExecutor(1) as apart:  # a browser that is open in this process has a loop in this thread
                answering = blocks.process_api(blocks.fns[0], [], session)
                found = apart.submit(asyncio.run, answering).result()["data"]
            # of a gr.HTML Gradio says that it has no new props, even in an update of nothing
            found = [gr.skip() if told == {"props": gr.skip(), **gr.skip()} else told for told in found]
        except ValueError as error:
            found = [type(error).__name__, str(error).split(">")[-1]]
        answers.append((found, session[state._id]))
        made.append({c for c in outputs if c._id in session and session[c._id] is not c} - {state})
    assert answers[0] == answers[1]
    assert made[1] == {"updates": {choice, button}, "a list": {card}}.get(said, set())


def test_curves_that_a_public_lab_refuses_are_not_told_as_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(Store.open(tmp_path), Settings.from_environment({"LAB_HOME": str(tmp_path)}))
    studio._store.save(Run(spec=RunSpec()))
    curves, limits = Page(studio).curves, Limits(lambda: 0.0)
    assert "was not measured" in curves.draw(View(tab="curves"))[curves.missing]
    for _ in range(SEARCHES.each):
        limits.take("a", "curves")
    monkeypatch.setattr(studio, "_limits", limits)
    monkeypatch.setattr(studio, "who", lambda: Visitor(owner=False, address="a"))
    for told in (curves.draw(View(tab="curves")), curves.saved(View()), curves.ends_chosen(1.0, None, View())):
        assert "searches and charts" in told[curves.missing]
        assert "not measured" not in told[curves.missing]
    studio.close()
