"""The Lessons tab in a real browser: predict, find out, reload on the way, and see who was right."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

Visit = Callable[..., Page]


def test_a_lesson_is_predicted_run_and_revealed(visit: Visit) -> None:
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
    page.click("#lesson-next")
    expect(page.locator("#lesson-story h2")).to_contain_text("The conscience step")
    expect(page.locator("#lesson-reveal")).to_be_empty()
    expect(page.locator("#lesson-start")).to_be_disabled()
