"""A later choice stands: what an event changed is merged into the view, and what can be told before is laid at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from lab.ui.dashboards import DASHBOARDS, LAID, NAMED
from lab.ui.links import View
from lab.ui.sparing import SparingBlocks, without_drawings


def apart(work: Coroutine[Any, Any, Any]) -> Any:
    """What it comes to, in a thread of its own: in this one a browser's loop may be running since a test before."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_an_event_changes_of_the_view_what_it_changed_and_what_hangs_on_that() -> None:
    given = View(tab="curves", group="seed")
    now = replace(given, order="high", tab="runs")
    assert now.merged(given, replace(given, smooth=0.5)) == replace(now, smooth=0.5)
    assert now.merged(given, given) == now
    assert now.merged(given, replace(given, order="")) == now, "it was told what it was given"
    predicted = View(lesson="one", guess="2")
    opened = View(lesson="two", guess="")
    assert predicted.merged(View(lesson="one"), opened) == opened, "a guess is one of its lesson"
    assert opened.merged(View(lesson="one"), predicted) == opened


def test_the_browser_lays_and_names_the_dashboards_that_there_are() -> None:
    for one in DASHBOARDS:
        assert json.dumps({one.id: [list(one.metrics), one.x]})[1:-1] in LAID
        assert json.dumps({one.id: [list(one.metrics), one.x]})[1:-1] in NAMED
    assert len({(one.metrics, one.x) for one in DASHBOARDS}) == len(DASHBOARDS)


@pytest.mark.parametrize("alone", [True, False])
def test_of_two_events_at_once_neither_undoes_what_the_other_changed(alone: bool) -> None:
    begun, over = Event(), Event()

    def slow(view: View) -> dict[object, object]:
        begun.set()
        over.wait()
        return {state: replace(view, group="seed"), card: "drawn"}

    with SparingBlocks() as blocks:
        state, card, one, other = gr.State(View(runs=("r1",))), gr.HTML(), gr.Button("one"), gr.Button("other")
        one.click(slow, state, [state, card])
        told = state if alone else [state, card]
        other.click(lambda v: replace(v, order="high") if alone else {state: replace(v, order="high")}, state, told)
    session = SessionState(blocks)

    async def both() -> None:
        first = asyncio.create_task(blocks.process_api(blocks.fns[0], [None], session))
        await asyncio.to_thread(begun.wait)
        answer = await blocks.process_api(blocks.fns[1], [None], session)
        assert answer["changed_state_ids"] == []  # nobody listens
        over.set()
        assert (await first)["data"][0] is None

    apart(both())
    assert session[state._id] == View(runs=("r1",), group="seed", order="high")


def test_what_a_tick_drew_is_forgotten_and_what_stands_in_fields_is_not() -> None:
    with SparingBlocks() as blocks:
        card, field = gr.HTML(), gr.Textbox()
    assert without_drawings(blocks, {0: "mark", card._id: "drawn", field._id: "laid"}) == {field._id: "laid"}


def test_an_event_that_changes_nothing_says_so_by_an_empty_dict() -> None:
    with SparingBlocks() as blocks:
        card, field, button = gr.HTML(), gr.Textbox(), gr.Button("go")
        button.click(dict, None, [card, field])
    answer = apart(blocks.process_api(blocks.fns[0], [], SessionState(blocks)))
    assert answer["data"] == [gr.skip(), gr.skip()]


def test_a_choice_that_is_gone_reaches_whoever_is_asked_for_it() -> None:
    heard: list[object] = []
    with SparingBlocks() as blocks:
        one, several, button = gr.Dropdown(["a"]), gr.CheckboxGroup(["a", "b"]), gr.Button("go")
        button.click(lambda *chosen: heard.extend(chosen), [one, several], None)
    apart(blocks.process_api(blocks.fns[0], ["gone", ["b", "gone"]], SessionState(blocks)))
    assert heard == ["gone", ["b", "gone"]]
