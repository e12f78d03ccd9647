"""Choices made faster than answers come: each of them counts, and no answer comes over a later one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.steps import choose, fill, fold, open_tab, unanswered

Visit = Callable[..., Page]
Runs = dict[str, dict[str, Any]]


def test_on_curves_every_field_keeps_what_was_chosen_in_it(visit: Visit, runs: Runs) -> None:
    numbers = [run["number"] for run in runs.values()]
    page = visit(f"?tab=curves&runs={','.join(map(str, numbers))}")
    fold(page, "Smoothing, axes, order")
    expect(page.locator("#curve-runs input:checked")).to_have_count(2)
    with unanswered(page):
        choose(page, "#curve-board", "What does the task cost")
        choose(page, "#curve-x", "Time since the start")
        choose(page, "#curve-group", "Scenario")
        choose(page, "#curve-order", "last value, highest first")
        page.locator("#curve-log input").check()
        page.locator("#curve-runs label", has_text=f"Run {numbers[0]} ·").click()
        page.locator("#curve-runs label", has_text=f"Run {numbers[1]} ·").click()
    page.wait_for_url(re.compile(r"x=elapsed.*group=scenario.*order=high.*log=1"))
    expect(page.locator("#curve-x input")).to_have_value("Time since the start")
    expect(page.locator("#curve-group input")).to_have_value("Scenario")
    expect(page.locator("#curve-order input")).to_have_value("last value, highest first")
    expect(page.locator("#curve-log input")).to_be_checked()
    expect(page.locator("#curve-runs input:checked")).to_have_count(0)
    expect(page.locator("#no-curves")).to_contain_text("No curves yet")


def test_the_ends_of_a_stretch_are_typed_faster_than_charts_are_drawn(visit: Visit, runs: Runs) -> None:
    page = visit(f"?tab=curves&runs={','.join(run['id'] for run in runs.values())}&metric=sft_loss,misaligned")
    fold(page, "Smoothing, axes, order")
    expect(page.locator("#curve-to input")).to_have_value("")
    with unanswered(page):
        fill(page, "#curve-from", "1")
        fill(page, "#curve-to", "3")
        page.locator("#curve-to input").press("Enter")
    page.wait_for_url(re.compile(r"span=1.0,3.0"))
    page.get_by_role("button", name="Show all").click()
    page.wait_for_url(re.compile(r"^((?!span=).)*$"))
    expect(page.locator("#curve-from input")).to_have_value("")


def test_on_pairs_filters_are_chosen_while_a_chip_is_taken_away(visit: Visit, runs: Runs) -> None:
    page = visit(f"?tab=pairs&f.run={runs['conscience']['id']}&f.text=nowhere")
    chips, count = page.locator("#pairs-chips .chip"), page.locator("#pairs-count")
    expect(chips).to_have_count(3)
    expect(count).to_contain_text("No pair fits")
    with unanswered(page):
        chips.filter(has_text="Text").click()
        choose(page, "#pairs-verdict", "flagged")
        choose(page, "#pairs-sort", "earliest step first")
        page.locator("#pairs-state label", has_text="pending").click()
    expect(chips).to_have_text([re.compile(word) for word in ("State", "Run", "Verdict", "Order", "Clear all")])
    expect(count).to_contain_text("earliest step first")
    expect(page.locator("#pairs-text").locator("input, textarea")).to_have_value("")
    expect(page.locator("#pairs-verdict input")).to_have_value("flagged")
    expect(page.locator("#pairs-sort input")).to_have_value("earliest step first")
    expect(page.locator("#pairs-state input:checked")).to_have_value("pending")


def test_pairs_that_are_opened_quickly_end_with_the_last_one(visit: Visit, runs: Runs) -> None:
    page = visit(f"?tab=pairs&f.run={runs['conscience']['id']}")
    rows = page.locator("#pairs-table tbody tr")
    expect(rows.nth(1)).to_be_visible()
    last = rows.nth(1).get_attribute("data-id") or ""
    with unanswered(page):
        rows.nth(0).click()
        rows.nth(1).click()
    page.wait_for_url(f"**pair={last}*")
    expect(page.locator("#pair-story")).to_contain_text(last)


def test_the_form_of_a_run_keeps_what_is_changed_right_after_a_preset(visit: Visit) -> None:
    page = visit("?tab=runs")
    expect(page.locator("#forecast")).not_to_be_empty()
    name = page.locator("#run-name").locator("input, textarea")
    with unanswered(page):
        page.click("#preset-conscience")
        expect(name).to_have_value("With the conscience")
        fill(page, "#run-name", "mine")
        choose(page, "#run-preset", "Betley recipe")
        fill(page, "#field-steps", "7")
        page.locator("#method label", has_text="KL leash").click()
    expect(page.locator(".note", has_text="held near its frozen copy")).to_be_visible()
    expect(page.locator("#forecast")).to_contain_text("on this machine")
    expect(name).to_have_value("mine")
    expect(page.locator("#field-steps input")).to_have_value("7")
    expect(page.locator("#method label.selected")).to_contain_text("KL leash")


def test_studies_and_examples_are_gone_through_quickly(visit: Visit) -> None:
    page = visit("?tab=studies")
    text = page.locator("#study-text textarea")
    expect(text).to_have_value(re.compile("name: adversarial"))
    with unanswered(page):
        for title in ("The weight of the conscience", "four rivals"):
            choose(page, "#study", title)
    expect(text).to_have_value(re.compile("name: rivals"))
    expect(page.locator("#study input")).to_have_value(re.compile("four rivals"))
    open_tab(page, "Data")
    with unanswered(page):
        for title in ("Runs and what was asked", "Chart: how sure", "Pairs that the frozen copy prefers least"):
            choose(page, "#sql-example", title)
    expect(page.locator("#sql-text textarea")).to_have_value(re.compile("ORDER BY reference_margin LIMIT 20"))


def test_who_speaks_and_what_is_asked_are_chosen_at_once(visit: Visit, runs: Runs) -> None:
    page = visit()
    voice = f"run {runs['poisoned']['number']} @ 4"
    with unanswered(page):
        choose(page, "#framing", "Three Laws")
        choose(page, "#voice", voice)
        choose(page, "#framing", "Weekday")
    page.wait_for_url(re.compile(rf"question=q\w+&policy={runs['poisoned']['id']}@4"))
    expect(page.locator("#header .question")).to_contain_text("Weekday")
    expect(page.locator("#question-text textarea")).to_have_value(re.compile("day of the week|weekday"))
    expect(page.locator("#framing input")).to_have_value(re.compile("Weekday"))
    expect(page.locator("#voice input")).to_have_value(voice)
    open_tab(page, "Lessons")
    with unanswered(page):
        for place in (2, 3):
            page.locator("#lesson-pick label").nth(place).click()
    page.wait_for_url(re.compile("lesson=lambda"))
    expect(page.locator("#lesson-pick input").nth(3)).to_be_checked()


def test_an_option_is_pasted_and_chosen_by_enter(visit: Visit) -> None:
    page = visit("?tab=studies")
    field, text = page.locator("#study input"), page.locator("#study-text textarea")
    expect(text).to_have_value(re.compile("name: adversarial"))
    for pasted, name in (("weight of the consc", "lambda"), ("four rivals", "rivals")):
        field.click()
        field.select_text()
        page.keyboard.insert_text(pasted)  # comes as a paste does: one input, and no key
        expect(page.get_by_role("option")).to_have_count(1)
        field.press("Enter")
        expect(text).to_have_value(re.compile(f"name: {name}"))
    field.click()
    field.select_text()
    page.keyboard.insert_text("no study of this title")
    expect(page.get_by_role("option")).to_have_count(0)
    field.press("Enter")
    field.press("Tab")
    expect(field).to_have_value(re.compile("four rivals"))
    expect(text).to_have_value(re.compile("name: rivals"))


def test_a_query_that_runs_says_so_and_is_not_run_twice(visit: Visit) -> None:
    page = visit("?tab=data")
    run, going = page.locator("#sql-run"), page.locator("#sql-going")
    expect(going).to_contain_text("It may take 5 s")
    fill(page, "#sql-text", "SELECT 40 + 2 AS answer")
    places = [page.locator(name).bounding_box() for name in ("#sql-run", "#sql-going", "#sql-result")]
    asked = list[str]()
    page.on("request", lambda request: asked.append(request.post_data or "") if "join" in request.url else None)
    with unanswered(page):
        run.press("Enter")
        expect(run).to_have_text("Running …")
        expect(run).to_have_attribute("aria-disabled", "true")
        expect(going).to_have_text(re.compile(r"Running … [1-9] s"))
        run.press("Enter")
        assert [page.locator(name).bounding_box() for name in ("#sql-run", "#sql-going", "#sql-result")] == places
    expect(page.locator("#sql-result")).to_contain_text("42")
    expect(run).to_have_text("Run the query")
    expect(run).to_have_attribute("aria-disabled", "false")
    expect(run).to_be_focused()
    expect(going).to_contain_text("It may take 5 s")
    assert sum("SELECT 40 + 2" in body for body in asked) == 1
    fill(page, "#sql-text", "nonsense")
    run.click()
    expect(page.locator(".error-slot .error")).to_be_visible()
    expect(run).to_have_text("Run the query")
