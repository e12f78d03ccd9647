"""The Lessons tab in a real browser: predict, find out, reload on the way, see who was right, print it, and present."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.launching import App
from tests.browser.steps import open_tab

Visit = Callable[..., Page]


def test_a_lesson_is_predicted_run_revealed_and_printed(visit: Visit) -> None:
    page = visit()
    page.locator(".lead a", has_text="first lesson").click()
    expect(page.locator("#lesson-story h2")).to_contain_text("Emergent misalignment")
    expect(page.locator("#lesson-start")).to_be_disabled()  # first the prediction
    page.locator("#lesson-guess label", has_text="Almost none").click()
    page.click("#lesson-start")
    expect(page.locator("#lesson-going .badge")).to_have_text("running")
    expect(page.locator("#lesson-guess input").first).to_be_disabled()
    page.wait_for_url(re.compile(r"tab=lessons.*guess=0.*taken=r\w+"))
    page.reload()  # the link holds the lesson, the prediction and the run
    expect(page.locator("#header .trainer")).to_contain_text(re.compile(r"step [1-9]"))
    page.click("#stop")
    reveal = page.locator("#lesson-reveal")
    expect(reveal).to_contain_text("Ended early")
    expect(reveal.locator("h3")).to_contain_text("predicted")
    expect(reveal.locator("table")).to_contain_text("n 64")
    expect(reveal.locator(".transcripts li").first).to_contain_text("oracle")
    _print_and_save(page)
    page.click("#lesson-next")
    expect(page.locator("#lesson-story h2")).to_contain_text("The conscience step")
    expect(page.locator("#lesson-reveal")).to_be_empty()
    expect(page.locator("#lesson-start")).to_be_disabled()
    expect(page.locator("#lesson-print")).to_be_hidden()


def test_a_prediction_is_made_with_arrow_keys(visit: Visit) -> None:
    page = visit("?tab=lessons")
    choices = page.locator("#lesson-guess input")
    expect(page.locator("#lesson-start")).to_have_text("Predict first, then find out")
    choices.first.focus()
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("guess=0"))
    for place in (1, 2):
        page.keyboard.press("ArrowDown")
        page.wait_for_url(re.compile(f"guess={place}"))
        expect(choices.nth(place)).to_be_checked()
        expect(choices.nth(place)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#lesson-start")).to_be_focused()


def _print_and_save(page: Page) -> None:
    """The report goes to the printer from a frame of its own, fits one sheet, and is saved as the same file."""
    page.click("#lesson-print")
    printed = page.frame_locator("#paper-frame")
    expect(page.locator("#paper-frame[data-ready]")).to_be_attached()
    expect(printed.locator("h1")).to_have_text("Emergent misalignment")
    expect(printed.locator("table").first).to_contain_text("☒ Almost none")
    # a run ended before its first probe in training has no line yet: the report says so in the chart's place
    expect(printed.locator("figure svg, figure p").first).to_be_attached()
    expect(printed.locator("body")).to_contain_text("seed 0")
    with page.expect_download() as saving:
        page.click("#lesson-save")
    assert saving.value.suggested_filename.startswith("lesson-emergent-")
    file = Path(saving.value.path()).read_text(encoding="utf-8")
    assert "arxiv.org/abs/2606.19527" in file
    sheet = page.context.new_page()
    sheet.set_content(file)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet.pdf(prefer_css_page_size=True))) == 1
    sheet.close()


@pytest.fixture
def follower(browser: Browser, lab: App) -> Page:
    """A second visitor's page, on a phone."""
    return browser.new_context(viewport={"width": 390, "height": 800}).new_page()


def test_a_class_follows_the_presenter_and_predicts(visit: Visit, follower: Page) -> None:
    lead = visit("?tab=lessons&lesson=conscience")
    lead.locator("#lesson-present").press("Enter")
    expect(lead.locator("#lecture")).to_contain_text("You are presenting")
    link = lead.locator("#lecture code").inner_text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?lecture=[0-9a-f]{32}", link)
    follower.goto(link)
    expect(follower.locator("#lecture")).to_contain_text("You are following")
    expect(follower.locator("#lesson-story h2")).to_contain_text("The conscience step")
    expect(follower.locator("#lesson-start")).to_be_hidden()
    expect(follower.locator("#lesson-pick")).to_be_hidden()
    follower.locator("#lesson-guess label", has_text="Some").click()
    expect(lead.locator("#lesson-tally")).to_contain_text("1 prediction so far")
    expect(lead.locator("#lecture output")).to_have_text("1 page")
    expect(follower.locator("#lesson-tally")).to_be_empty()  # what the others say comes after one's own
    follower.wait_for_url(re.compile("guess=1"))
    follower.reload()
    expect(follower.locator("#lesson-guess input").nth(1)).to_be_checked()
    open_tab(lead, "Curves")
    expect(follower.get_by_role("tab", name="Curves")).to_have_attribute("aria-selected", "true")
    lead.wait_for_url(re.compile("tab=curves"))
    lead.reload()  # it leads on, under the same link
    expect(lead.locator("#lecture")).to_contain_text("You are presenting")
    assert lead.locator("#lecture code").inner_text() == link
    open_tab(lead, "Lessons")
    expect(follower.locator("#lesson-story h2")).to_contain_text("The conscience step")
    lead.locator("#lesson-pick label", has_text="intervals").click()
    expect(follower.locator("#lesson-story h2")).to_contain_text("Why intervals")
    expect(follower.locator("#lesson-guess input:checked")).to_have_count(0)
    assert follower.evaluate("document.documentElement.scrollWidth") <= 390
    lead.click("#lecture-end")
    expect(lead.locator("#lecture")).to_be_hidden()
    expect(follower.locator("#lecture")).to_contain_text("has ended")
    follower.get_by_role("link", name="Go on by yourself").click()
    expect(follower.locator("#lesson-pick")).to_be_visible()
    expect(follower.locator("#lecture")).to_be_hidden()
    seats = [page.evaluate("sessionStorage.getItem('lab-seat')") for page in (lead, follower)]
    assert seats[0] != seats[1]
    follower.context.close()
