"""What a person does on the page, as functions for the browser tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect

MARKUP = "<img src=x onerror=alert(1)> ${7*7} {{value}} **bold**"


def open_tab(page: Page, name: str) -> None:
    """Open a tab; on a narrow page those that have no room are in a menu."""
    hidden = page.locator(".overflow-dropdown button", has_text=name)
    if hidden.count() and not page.get_by_role("tab", name=name).count():
        page.get_by_label("More tabs").click()
        hidden.click()
    else:
        page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def fill(page: Page, field: str, text: str) -> None:
    """Put text into a field as a paste does; again, if the field was just being shown and came up with its old text."""
    entry = page.locator(field).locator("input, textarea").first
    entry.fill(text)
    for _ in range(2):
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        if entry.input_value() != text:
            entry.fill(text)


def fold(page: Page, title: str) -> None:
    """Open or close a fold of settings."""
    page.locator(".settings > button:visible").filter(has_text=title).click()


def unfold(page: Page) -> None:
    """Open every fold that can be seen, the page's own and those of its cards, and those that they hold."""
    shut = ".settings > button:visible:not(.open)"
    while page.locator(shut).count():
        page.locator(shut).first.click()
    page.evaluate("""() => document.querySelectorAll(".lab-card details:not([open])").forEach(
        (fold) => { if (fold.checkVisibility()) fold.open = true; })""")


def error(page: Page, field: str) -> Locator:
    """The error line that stands next after a field."""
    slot = f"xpath=//*[@id='{field[1:]}']/following::*[contains(@class, 'error-slot')][1]"
    return page.locator(slot).locator(".error")


def answer(page: Page) -> None:
    """Have the policy answer, to the end."""
    page.click("#answer")
    expect(page.locator("#answer-card .fine")).to_contain_text("in all")


def review(page: Page) -> None:
    """Have both review the answer, to the end."""
    page.click("#review")
    expect(page.locator("#agreement .badge")).to_be_visible()


def choose(page: Page, field: str, option: str) -> None:
    """Choose in a dropdown."""
    page.locator(f"{field} input").click()
    page.get_by_role("option", name=option).first.click()


@contextmanager
def unanswered(page: Page) -> Iterator[None]:
    """What is done in here is done faster than answers come: what it asks of the lab is asked when all is done."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/queue/join*", hold)
    yield
    while held:
        asked = held.pop(0)
        asked.fulfill(response=asked.fetch())  # one after the other: in the order in which they were made
    page.unroute("**/queue/join*", hold)


def serious(page: Page) -> list[tuple[str, object]]:
    """What axe-core finds serious or critical on the page: rule and element."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (rule["id"], node["target"]) for rule in found if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def axis(page: Page) -> list[float]:
    """The range of the chart's x axis now."""
    return page.evaluate("document.querySelector('#chart .plot')._fullLayout.xaxis.range.map(Number)")


def points(page: Page) -> int:
    """How many points all curves of the chart have now."""
    lines = "document.querySelector('#chart .plot').data.filter(trace => trace.showlegend !== false)"
    return page.evaluate(f"{lines}.reduce((sum, trace) => sum + trace.x.length, 0)")


def stands_still(page: Page) -> None:
    """Nothing moves while two rounds are answered, reviewed and rewritten, and steps are made between them."""
    page.evaluate("""() => {
        window.moved = [];
        const told = ({node}) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 90);
        const note = (shift) => { if (!shift.hadRecentInput) moved.push([shift.value, ...shift.sources.map(told)]); };
        new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({type: "layout-shift"});
    }""")
    title = page.locator("#run-card .round h4", has_text="after step")
    expect(title).to_be_visible()
    for _ in range(2):
        before = re.search(r"step \d+", title.inner_text())
        assert before is not None
        expect(title).not_to_contain_text(re.compile(rf"{before[0]}\b"))
    moved = page.evaluate("window.moved")
    assert moved == [], moved
