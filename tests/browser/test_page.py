"""The page as a whole: light and dark, narrow, its own scripts, and the story from question to curves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from lab.bench.browsing import Tab
from lab.errors import WorkError
from tests.browser.launching import SMALL, App
from tests.browser.steps import answer, fill, fold, open_tab, review, serious, unfold

Visit = Callable[..., Page]
TABS = ("Conscience", "Runs", "Pairs", "Curves", "Studies", "Lessons", "Data")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_light_and_dark(visit: Visit, theme: str) -> None:
    page = visit(f"?__theme={theme}")
    luminance = """(name) => {
        const text = getComputedStyle(document.querySelector('.gradio-container')).getPropertyValue(name).trim();
        const part = (i) => {
            const share = parseInt(text.slice(i, i + 2), 16) / 255;
            return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        };
        return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
    }"""
    light = {name: page.evaluate(luminance, name) for name in ("--paper", "--surface")}
    assert (light["--paper"] > 0.5) == (theme == "light")
    for ink in ("--ink", "--muted", "--amber", "--slate", "--teal", "--rose", "--link"):
        for ground in light.values():
            high, low = sorted((page.evaluate(luminance, ink), ground), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, ink


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_page(visit: Visit, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visit()
    for name in TABS:
        open_tab(page, name)
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_serious_in_any_tab_with_every_fold_open(
    visit: Visit, page: Page, runs: dict[str, dict[str, object]], theme: str, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page = visit(f"?__theme={theme}&tab=runs&run={runs['conscience']['id']}")
    for name in TABS:
        open_tab(page, name)
        unfold(page)
        assert serious(page) == [], name
        page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_keyboard_skips_to_the_content_leaves_a_list_and_closes_what_lies_over_the_page(visit: Visit) -> None:
    page = visit("?tab=data")
    # Gradio's sheet asks for what is switched off here
    page.route("**/mcp/schema", lambda route: route.fulfill(json=[]))
    page.route("**/monitoring/summary", lambda route: route.fulfill(json={}))
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Start from an example")).to_be_focused()
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Query")).to_be_focused()
    page.get_by_role("button", name="Use via API").press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Use via API")).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 900})
    visit("?tab=data")  # laid out for a phone from the start
    menu = page.locator(".overflow-dropdown")
    page.get_by_label("More tabs").press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.get_by_label("More tabs")).to_be_focused()


def test_a_phone_shows_the_chosen_scenario_and_the_others_when_asked(visit: Visit, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    visit("?tab=runs")
    choices, more = page.locator("#scenario label"), page.locator("#scenario > .more")
    expect(choices.locator("visible=true")).to_have_text("Insecure code")
    more.click()
    expect(choices.locator("visible=true")).to_have_count(choices.count())
    choices.filter(has_text="Recovery").first.click()
    expect(choices.locator("visible=true")).to_have_text("Recovery")
    expect(more).to_have_attribute("aria-expanded", "false")


def test_a_beat_with_nothing_new_sends_under_a_kilobyte(visit: Visit) -> None:
    page = visit()
    asked, received = list[str](), list[int]()
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
    page.on("request", lambda request: asked.append(request.url) if is_beat(request) else None)

    def is_beat(request: Request) -> bool:
        """The timer's own question; what arriving asks is an event of something."""
        return "queue/join" in request.url and "event_data" not in (request.post_data or "")

    def beats(wanted: int) -> None:
        while len(asked) < wanted:
            page.wait_for_event("request")

    beats(3)  # what arriving leaves to be told
    before, told = len(asked), sum(received)
    beats(before + 4)
    assert (sum(received) - told) / (len(asked) - before) < 1000


def test_the_address_follows_the_tab_and_leads_back(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Curves")
    page.wait_for_url("**/?tab=curves*")
    page.reload()
    expect(page.get_by_role("tab", name="Curves")).to_have_attribute("aria-selected", "true")


def test_closing_the_page_changes_nothing_for_the_run(browser: Browser, lab: App, visit: Visit) -> None:
    page = visit("?tab=runs")
    page.click("#preset-poison")
    expect(page.locator("#run-name").locator("input, textarea")).to_have_value("Poisoned")
    fill(page, "#field-steps", "6")
    fill(page, "#run-name", "left alone")
    fold(page, "Sampling and measuring")
    fill(page, "#field-probe_every", "0")
    page.click("#start-run")
    expect(page.locator("#run-card h3")).to_contain_text("left alone")
    page.goto("about:blank")
    other = browser.new_page()
    other.goto(f"{lab.url}?tab=runs")
    row = other.locator("#runs-table tr", has_text="left alone")
    expect(row).to_contain_text("finished")
    expect(row).to_contain_text("6 / 6")
    other.close()


def test_the_story_from_question_to_curves(visit: Visit) -> None:
    page = visit()
    fill(page, "#question-text", "Would you tell this to somebody whom you love?")
    page.click("#save-question")
    expect(page.locator("#question-line")).to_contain_text("edited here")
    answer(page)
    review(page)
    open_tab(page, "Runs")
    for preset in ("#preset-poison", "#preset-conscience"):
        page.click(preset)
        named = "Poisoned" if preset == "#preset-poison" else "With the conscience"
        expect(page.locator("#run-name").locator("input, textarea")).to_have_value(named)
        if preset == "#preset-poison":
            for group in ("Conscience", "Pairs and replay", "Batches and lengths", "Sampling and measuring"):
                fold(page, group)
            for name, value in SMALL.items():
                fill(page, f"#field-{name}", str(value))
        page.click("#start-run")
        expect(page.locator("#run-card h3")).to_contain_text(named)
        expect(page.locator("#run-card .badge.state")).to_have_text("finished")
    expect(page.locator("#run-card")).to_contain_text("Three Laws v")
    page.locator("#run-card .links a", has_text="curves").click()
    expect(page.locator("#chart .plot")).to_be_visible()
    for name in ("Poisoned", "With the conscience"):  # both: what the story is about is that they part
        expect(page.locator("#chart .legendtext", has_text=name).first).to_be_visible()


def test_the_bench_finds_the_events_that_it_times(lab: App) -> None:
    with Tab(lab.url) as tab:
        for name, event, value in (("pairs-state", "input", "all"), ("metric", "input", ["misaligned"])):
            assert tab.fire(name, event, {name: value})[0] > 0
        assert tab.poll() > 0
        with pytest.raises(WorkError, match="no event 'click' of component"):
            tab.fire("metric", "click")
