"""What somebody types is not lost to what happens elsewhere, and what cannot be is told beside its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import until_ended
from tests.browser.launching import SMALL, App
from tests.browser.steps import choose, error, fill, fold, open_tab, unfold

Visit = Callable[..., Page]
Runs = dict[str, dict[str, Any]]


@pytest.fixture
def other(browser: Browser, lab: App) -> Iterator[Page]:
    """A second page, of somebody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def written(page: Page, field: str) -> str:
    """What stands in a field."""
    return page.locator(field).locator("input, textarea").first.input_value()


def test_a_stretch_that_holds_nothing_is_told_beside_its_ends_and_they_stay(visit: Visit, runs: Runs) -> None:
    page = visit(f"?tab=curves&runs={runs['poisoned']['id']}&metric=sft_loss")
    fold(page, "Smoothing, axes, order")
    expect(page.locator("#curve-from input")).to_have_value("")
    expect(page.locator("#curve-to input")).to_have_value("")
    page.locator("#curve-from input").press_sequentially("3")
    page.keyboard.press("Tab")  # the other end may come next: the chart shows what is known so far
    page.wait_for_url(re.compile(r"span=3.0,4.0"))
    expect(page.locator("#curve-to input")).to_have_value("")
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    expect(error(page, "#curve-to")).to_contain_text("Nothing lies from 3 to 1: give the smaller end first")
    page.locator("#curve-to input").press("Enter")
    assert (written(page, "#curve-from"), written(page, "#curve-to")) == ("3", "1")
    fill(page, "#curve-from", "0")
    page.locator("#curve-from input").press("Enter")
    page.wait_for_url(re.compile(r"span=0.0,1.0"))
    expect(error(page, "#curve-to")).to_have_count(0)
    expect(page.locator(".toast-body")).to_have_count(0)


def test_smoothing_is_set_by_arrow_keys_and_held_to_its_ends_where_it_is_typed(visit: Visit, runs: Runs) -> None:
    page = visit(f"?tab=curves&runs={runs['poisoned']['id']}&metric=sft_loss")
    expect(page.locator("#curve-table tbody tr")).to_have_count(1)  # all is laid that the link asks for
    fold(page, "Smoothing, axes, order")
    page.locator("#curve-smooth input[type=range]").press("ArrowRight")
    page.wait_for_url(re.compile(r"smooth=0.05"))
    number = page.locator("#curve-smooth input[type=number]")
    for typed, held in (("5", "0.95"), ("-3", ""), ("0.5", "0.5"), ("", "")):
        number.fill(typed)
        number.press("Enter")
        page.wait_for_url(re.compile(rf"smooth={held}$" if held else "^((?!smooth).)*$"))
        expect(number).to_have_value(held or "0")
    expect(page.locator(".toast-body")).to_have_count(0)


def test_a_note_that_is_being_written_survives_what_others_do(
    visit: Visit, other: Page, lab: App, runs: Runs, client: Client
) -> None:
    spec = {**SMALL, "method": "sft", "steps": 1}
    mine = until_ended(client, client.predict(spec=spec, name="written of", api_name="/start_run")["id"])
    page = visit("?tab=runs")  # the newest run comes into view by itself
    expect(page.locator("#run-card h3").first).to_contain_text("written of")
    fold(page, "Name, note, delete")
    expect(page.locator("#shelf-name").locator("input, textarea")).to_have_value("written of")
    page.wait_for_url(re.compile(rf"run={mine['id']}"))
    fill(page, "#shelf-note", "two hours of thought")
    another = client.predict(spec=spec, name="another", api_name="/start_run")
    until_ended(client, another["id"])
    expect(page.locator("#runs-table tbody tr").first).to_contain_text("another")
    expect(page.locator("#run-card h3").first).to_contain_text("written of")
    other.goto(f"{lab.url}?tab=runs&run={mine['id']}")
    fold(other, "Name, note, delete")
    fill(other, "#shelf-note", "what somebody else thinks")
    fill(other, "#shelf-name", "renamed")
    other.click("#describe-run")
    expect(page.locator("#run-card h3").first).to_contain_text("renamed")
    assert written(page, "#shelf-note") == "two hours of thought"
    page.locator("#describe-run").press("Enter")
    expect(error(page, "#shelf-note")).to_contain_text("changed elsewhere meanwhile, to “what somebody else thinks”")
    assert written(page, "#shelf-note") == "two hours of thought"
    page.locator("#describe-run").press("Enter")
    expect(page.locator("#run-card")).to_contain_text("two hours of thought")
    expect(page.locator("#run-card h3").first).to_contain_text("renamed")  # of which this page changed nothing
    open_tab(page, "Data")
    open_tab(page, "Runs")
    page.locator("#runs-table tbody tr", has_text="another").locator("td").nth(1).click()
    expect(page.locator("#shelf-name").locator("input, textarea")).to_have_value("another")
    expect(page.locator("#shelf-note").locator("input, textarea")).to_have_value("")


def test_an_edit_survives_what_else_is_done_to_its_pair(visit: Visit, runs: Runs) -> None:
    page = visit(f"?tab=pairs&f.run={runs['conscience']['id']}")
    page.locator("#pairs-table tbody tr").first.click()
    state = page.locator("#pair-story .badge.state")
    expect(state).to_have_text("pending")
    fold(page, "Edit the chosen side")
    fill(page, "#edit-reply", "What I would have said.")
    fill(page, "#pair-tags", "mine, to do")
    page.click("#pair-accept")
    expect(state).to_have_text("accepted")
    assert written(page, "#edit-reply") == "What I would have said."
    assert written(page, "#pair-tags") == "mine, to do"
    page.click("#pair-tag")
    expect(page.locator("#pair-log")).to_contain_text("tagged: mine, to do")
    page.locator("#pair-story").get_by_role("link", name=re.compile("^run")).first.click()
    expect(page.get_by_role("tab", name="Runs")).to_have_attribute("aria-selected", "true")
    open_tab(page, "Pairs")
    assert written(page, "#edit-reply") == "What I would have said."
    page.click("#pair-flip")  # it would open the copy over it
    expect(error(page, "#pair-flip")).to_contain_text("edited and is not saved")
    assert written(page, "#edit-reply") == "What I would have said."
    page.click("#pair-undo")
    expect(page.locator("#pair-tags").locator("input, textarea")).to_have_value("")
    page.click("#pair-undo")
    expect(state).to_have_text("pending")
    page.locator("#pairs-table tbody tr").nth(1).click()
    expect(page.locator("#edit-reply textarea")).not_to_have_value("What I would have said.")


def test_what_a_row_opens_is_shown_on_a_phone(visit: Visit, page: Page, runs: Runs) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    visit(f"?tab=pairs&f.run={runs['conscience']['id']}")
    page.locator("#pairs-table tbody tr").nth(1).click()
    expect(page.locator("#pair-story")).to_contain_text("Rejected")
    expect(page.locator("#pair-story")).to_be_in_viewport()
    visit("?tab=runs")
    number = f"Run {runs['poisoned']['number']} ·"
    row = page.locator(f"#runs-table tbody tr[data-id='{runs['poisoned']['id']}']")
    row.focus()
    expect(page.locator("#run-card")).not_to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#run-card h3").first).to_contain_text(number)
    expect(page.locator("#run-card")).to_be_in_viewport()


def test_weights_that_are_deleted_while_they_are_chosen_are_told_beside_their_fields(
    visit: Visit, other: Page, lab: App, runs: Runs, client: Client
) -> None:
    spec = {**SMALL, "method": "sft", "steps": 1, "probe_every": 0}
    gone = until_ended(client, client.predict(spec=spec, name="soon gone", api_name="/start_run")["id"])
    kept = runs["poisoned"]
    page = visit(f"?tab=curves&runs={gone['id']},{kept['id']}&policy={gone['id']}@1")
    expect(page.locator("#curve-runs input:checked")).to_have_count(2)
    open_tab(page, "Runs")
    choose(page, "#run-parent", f"run {gone['number']} @ 1")
    fill(page, "#field-steps", "1")
    other.goto(f"{lab.url}?tab=runs&run={gone['id']}")
    fold(other, "Name, note, delete")
    other.locator("#delete-run").press("Enter")
    expect(page.locator("#runs-deleted")).to_contain_text("soon gone")
    before = len(client.predict(api_name="/runs"))
    page.locator("#start-run").press("Enter")
    expect(error(page, "#run-parent")).to_contain_text("its run was deleted: choose another")
    assert len(client.predict(api_name="/runs")) == before
    open_tab(page, "Conscience")
    page.locator("#answer").press("Enter")
    expect(error(page, "#voice")).to_contain_text("their run was deleted: choose others")
    open_tab(page, "Curves")
    expect(page.locator("#curve-runs label", has_text="soon gone")).to_have_count(0)  # what stood under it has moved up
    page.locator("#curve-runs label", has_text=f"Run {kept['number']} ·").click()
    expect(page.locator("#no-curves")).to_contain_text("tick one or more")
    expect(page.locator(".toast-body")).to_have_count(0)


def test_a_link_to_what_is_not_here_says_so(visit: Visit, runs: Runs) -> None:
    page = visit("?tab=pairs&f.run=r404&f.question=q404")
    expect(page.locator("#pairs-count")).to_contain_text("No pair fits")
    expect(page.locator("#pairs-run input")).to_have_value("r404: not here, or deleted")
    page.locator("#pairs-chips .chip", has_text="r404").click()
    expect(page.locator("#pairs-run input")).to_have_value("every run")
    page = visit("?policy=r404@4")
    expect(error(page, "#voice")).to_contain_text("“r404@4” are not here")
    expect(page.locator("#voice input")).to_have_value("base")


def test_a_text_that_no_address_can_hold_is_told_and_the_page_goes_on(visit: Visit, runs: Runs) -> None:
    page = visit("?tab=pairs")
    expect(page.locator("#pairs-table tbody tr").first).to_be_visible()
    fill(page, "#pairs-text", "unheard " * 12_500)
    expect(error(page, "#pairs-text")).to_contain_text("Text has 99,999 characters: give 200 at most")
    fill(page, "#pairs-text", "")
    expect(error(page, "#pairs-text")).to_have_count(0)
    visit("?tab=runs&find=code")
    expect(page.locator("#runs-table tbody tr").first).to_be_visible()
    fill(page, "#runs-find", "unheard " * 12_500)
    expect(page.locator("#runs-table")).to_contain_text("None of the runs fits")
    page.locator("#runs-find").locator("input, textarea").fill("")  # and is gone, among so few runs
    expect(page.locator("#runs-table tbody tr").first).to_be_visible()


def test_no_name_of_a_column_lies_over_its_meaning_on_a_phone(visit: Visit, page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    visit("?tab=data")
    unfold(page)
    names = page.locator("#sql-views dt")
    expect(names.first).to_be_visible()
    over = "all => all.filter(name => name.scrollWidth > name.clientWidth).map(name => name.innerText)"
    assert names.evaluate_all(over) == []
