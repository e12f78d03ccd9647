"""The Pairs tab, and results of SQL drawn, in a real browser, over two short runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gradio_client import Client
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.steps import MARKUP, choose, error, fill, fold

Visit = Callable[..., Page]
Runs = dict[str, dict[str, Any]]


def test_pairs_are_filtered_and_one_is_shown_in_full(visit: Visit, runs: Runs, client: Client) -> None:
    run = runs["conscience"]
    total = client.predict(run=run["id"], api_name="/pairs")["total"]
    assert total > 0
    page = visit(f"?tab=pairs&run={run['id']}")
    expect(page.locator("#pairs-count")).to_contain_text(f"of {total} pair")
    expect(page.locator("#pairs-table tbody tr")).to_have_count(min(total, 50))
    page.locator("#pairs-table tbody tr").first.click()
    story = page.locator("#pair-story")
    expect(story).to_contain_text(f"run {run['number']}")
    expect(story).to_contain_text("Length v1")
    expect(story.locator("del, ins").first).to_be_visible()
    expect(story.locator(".verdict .badge")).to_contain_text("lengthy")
    fold(page, "What its run learnt of it")
    expect(page.locator("#trace-card tbody tr")).to_have_count(3)  # the frozen copy, and checkpoints at steps 2 and 4
    expect(page.locator("#trace-card .badge")).to_have_text(re.compile("learned|flipped"))
    fill(page, "#pairs-text", "no pair holds these words")
    expect(page.locator("#pairs-count")).to_contain_text("No pair fits")
    fill(page, "#pairs-text", "")
    fill(page, "#pairs-from", "not a step")
    expect(error(page, "#pairs-text")).to_contain_text("is no step")
    fill(page, "#pairs-from", str(run["step"] + 1))
    expect(page.locator("#pairs-count")).to_contain_text("No pair fits")
    fill(page, "#pairs-from", "")
    choose(page, "#pairs-verdict", "aligned")
    expect(page.locator("#pairs-count")).to_contain_text("No pair fits")


def test_a_pair_is_accepted_rejected_and_edited(visit: Visit, runs: Runs, client: Client) -> None:
    found = client.predict(run=runs["conscience"]["id"], api_name="/pairs")["rows"][-1]
    page = visit(f"?pair={found['id']}")
    state = page.locator("#pair-story .facts .badge")
    for button, word in (("#pair-accept", "accepted"), ("#pair-reject", "rejected")):
        page.click(button)
        expect(state).to_have_text(word)
        assert client.predict(pair=found["id"], api_name="/pair")["pair"]["state"] == word
    fold(page, "Edit the chosen side")
    fill(page, "#edit-reply", "")
    page.click("#pair-edit")
    expect(error(page, "#edit-reply")).to_contain_text("is empty")
    fill(page, "#edit-reply", "Ask a friend.")
    page.click("#pair-edit")
    expect(page.locator("#pair-story")).to_contain_text("Edited from")
    expect(page.locator("#pair-story .chosen .reply")).to_contain_text("Ask a friend.")
    assert client.predict(pair=found["id"], api_name="/pair")["pair"]["state"] == "edited"
    page.locator("#pairs-state label", has_text="edited").click()
    expect(page.locator("#pairs-table tbody")).to_contain_text("replaced")


def test_chips_histograms_and_surgery(visit: Visit, runs: Runs, client: Client) -> None:
    run = runs["conscience"]
    rows = client.predict(run=run["id"], api_name="/pairs")["rows"]
    page = visit(f"?tab=pairs&f.run={run['id']}&f.text=nowhere+to+be+found")
    chips, count = page.locator("#pairs-chips .chip"), page.locator("#pairs-count")
    expect(chips).to_have_count(3)  # run, text, and "clear all"
    chips.filter(has_text="Text").click()
    expect(count).to_contain_text(f"of {len(rows)} pair")
    page.wait_for_url(re.compile(rf"f.run={run['id']}$"))
    fold(page, "How they are spread")
    expect(page.locator("#spread-text li").last).to_contain_text(f"Step: {len(rows)} pair")
    bar = page.locator("#spread-step .point path").first
    bar.dispatch_event("mousemove")
    box = bar.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(chips.filter(has_text="Step")).to_be_visible()
    chips.filter(has_text="Clear all").click()
    expect(chips).to_have_count(0)
    page.locator("#pairs-table tbody tr").first.click()
    story = page.locator("#pair-story")
    state = story.locator(".facts .badge").first
    expect(state).to_be_visible()
    before = state.inner_text()  # other tests may have decided on it
    page.click("#pair-flip")
    expect(story).to_contain_text("flipped by a person")
    expect(page.locator("#pair-log li")).to_contain_text("owner")
    expect(page.locator("#pair-compare")).to_be_visible()
    fill(page, "#pair-tags", "odd, <img src=x onerror=alert(1)>")
    page.click("#pair-tag")
    expect(story.locator(".tag").first).to_be_visible()
    fold(page, "Datasets, export, import")
    fill(page, "#set-name", MARKUP)
    page.click("#set-freeze")
    expect(page.locator("#set-list")).to_contain_text(f"{MARKUP} v1")
    page.click("#set-export")
    with page.expect_download() as saved:
        page.click("#set-file")
    assert '"chosen"' in saved.value.path().read_text(encoding="utf-8")
    name = "<img src=x onerror=alert(1)>.jsonl"
    wrong: FilePayload = {"name": name, "mimeType": "text/plain", "buffer": b"{}\nnothing\n"}
    page.locator("#set-import").locator("xpath=..").locator("input[type=file]").set_input_files(wrong)
    expect(page.locator(".error-slot .error")).to_contain_text("Nothing was taken in")
    page.click("#pair-undo")
    expect(story.locator(".tag")).to_have_count(0)
    page.click("#pair-undo")
    expect(story).not_to_contain_text("flipped by a person")
    expect(state).to_have_text(before)


def test_a_link_to_a_pair_that_is_not_there_says_so(visit: Visit) -> None:
    page = visit("?pair=d404")
    expect(page.locator("#pair-story .error")).to_contain_text("d404")
    expect(page.locator("#pair-accept")).to_be_hidden()


def test_a_result_of_sql_is_drawn_and_drawn_otherwise(visit: Visit, runs: Runs) -> None:
    page = visit("?tab=data")
    expect(page.locator("#sql-charted")).to_be_hidden()
    example = page.locator("#sql-example input")
    example.focus()
    expect(page.get_by_role("option").first).to_be_visible()
    example.press("ArrowDown")
    expect(example).to_have_attribute("aria-activedescendant", re.compile("option-1$"))
    example.press("Enter")  # the second one, by the keyboard
    expect(page.locator("#sql-text textarea")).to_have_value(re.compile("AS misaligned"))
    page.click("#sql-run")
    legend = page.locator("#sql-chart .legendtext")
    for run in runs.values():
        expect(legend.filter(has_text=f"run {run['number']}")).to_have_count(1)
    expect(page.locator("#sql-kind input")).to_have_value("Line")
    expect(page.locator("#sql-chart-note")).to_contain_text(re.compile(r"\d+ of \d+ rows\."))
    choose(page, "#sql-colour", "none")
    expect(legend).to_have_count(0)
    choose(page, "#sql-kind", "Histogram")
    expect(page.locator("#sql-y")).to_be_hidden()
    expect(page.locator("#sql-chart .ytitle")).to_have_text("rows")
    choose(page, "#sql-x", "misaligned")
    expect(page.locator("#sql-chart .xtitle")).to_have_text("misaligned")
    page.wait_for_url(re.compile("sql=SELECT.*chart=histogram,1,"))
    page.reload()
    expect(page.locator("#sql-about")).to_contain_text("came with the link")
    expect(page.locator("#sql-text textarea")).to_have_value(re.compile("AS misaligned"))
    expect(page.locator("#sql-charted")).to_be_hidden()  # what strangers send is not run
    page.click("#sql-run")
    expect(page.locator("#sql-kind input")).to_have_value(re.compile("Histogram"))
    expect(page.locator("#sql-chart .xtitle")).to_have_text("misaligned")
    expect(page.locator("#sql-about")).to_be_empty()
    fill(page, "#sql-text", "SELECT reply FROM answers WHERE false")
    page.click("#sql-run")
    expect(page.locator("#sql-no-chart")).to_contain_text("nothing to draw")
    expect(page.locator("#sql-charted")).to_be_hidden()
    fill(page, "#sql-text", "SELECT count(*) AS runs FROM runs")
    page.click("#sql-run")
    expect(page.locator("#sql-chart-note")).to_contain_text("one row is one mark")
    expect(page.locator("#sql-chart .bars .point")).to_have_count(1)


def test_rows_stay_where_they_are_until_what_has_changed_is_asked_for(
    visit: Visit, runs: Runs, client: Client
) -> None:
    run = runs["conscience"]["id"]
    rows = client.predict(run=run, api_name="/pairs")["rows"]
    page = visit(f"?tab=pairs&f.run={run}")
    shown, changed = page.locator("#pairs-table tbody tr"), page.locator("#pairs-changed")
    expect(shown).to_have_count(len(rows))
    expect(changed).to_be_disabled()
    pending = (row for row in rows if row["state"] == "pending")
    untouched = next(  # one that was flipped and taken back has its copy already: no row would come
        row for row in pending if not client.predict(pair=row["id"], api_name="/pair_changes"))
    flipped = client.predict(pair=untouched["id"], api_name="/flip_pair")
    expect(changed).to_be_enabled()
    expect(changed).to_have_text("Show what has changed")
    expect(shown).to_have_count(len(rows))
    changed.click()
    expect(shown).to_have_count(len(rows) + 1)
    expect(changed).to_be_disabled()
    client.predict(pair=flipped["id"], api_name="/undo_pair")
