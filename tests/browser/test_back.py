"""The browser's Back undoes steps between tabs and along links, and nothing that was chosen or typed in a tab."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.steps import choose, fill, open_tab

Visit = Callable[..., Page]
Runs = dict[str, dict[str, Any]]


def at(page: Page, tab: str) -> None:
    """Wait until a tab is open, and in the address."""
    expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
    page.wait_for_url(re.compile(rf"tab={tab.lower()}"))


def test_back_leads_through_the_tabs_as_they_were_left(visit: Visit, runs: Runs) -> None:
    page = visit("?tab=pairs")
    fill(page, "#pairs-text", "unheard")
    page.wait_for_url(re.compile(r"f.text=unheard"))
    open_tab(page, "Curves")
    at(page, "Curves")
    choose(page, "#metric", "L_SFT")
    page.wait_for_url(re.compile(r"metric=misaligned,sft_loss"))
    open_tab(page, "Conscience")
    at(page, "Conscience")
    fill(page, "#question-text", "Is this a draft?")
    open_tab(page, "Data")
    at(page, "Data")
    page.go_back()
    at(page, "Conscience")
    expect(page.locator("#question-text textarea")).to_have_value("Is this a draft?")
    page.go_back()
    at(page, "Curves")
    page.wait_for_url(re.compile(r"metric=misaligned,sft_loss"))
    page.go_back()
    at(page, "Pairs")
    page.wait_for_url(re.compile(r"f.text=unheard"))
    expect(page.locator("#pairs-chips .chip", has_text="unheard")).to_be_visible()
    page.go_forward()
    at(page, "Curves")
    page.wait_for_url(re.compile(r"metric=misaligned,sft_loss"))
    expect(page.locator("#metric")).to_contain_text("L_SFT")


def test_back_undoes_a_link_also_within_a_tab_and_after_a_reload(visit: Visit, runs: Runs) -> None:
    run, other = runs["conscience"], runs["poisoned"]
    page = visit(f"?tab=runs&run={run['id']}")
    page.locator("#run-card a", has_text="pairs").first.click()
    at(page, "Pairs")
    expect(page.locator("#pairs-run input")).to_have_value(re.compile(rf"run {run['number']}\b", re.IGNORECASE))
    page.go_back()
    at(page, "Runs")
    expect(page.locator("#run-card h3").first).to_contain_text(f"Run {run['number']} ·")
    page.locator(f"#runs-table tr[data-id='{other['id']}']").locator("td").nth(1).click()
    expect(page.locator("#run-card h3").first).to_contain_text(f"Run {other['number']} ·")
    page.wait_for_url(re.compile(rf"run={other['id']}"))
    page.locator("#run-card a", has_text="curves").first.click()
    at(page, "Curves")
    page.reload()
    expect(page.locator("html[data-view]")).to_be_attached()
    at(page, "Curves")
    page.go_back()
    at(page, "Runs")  # as it was left: with the other run
    expect(page.locator("#run-card h3").first).to_contain_text(f"Run {other['number']} ·")
