"""The Studies tab: a study is written, foretold, run in the background, read, saved and come back to by its link."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.steps import choose, error, fill, open_tab

Visit = Callable[..., Page]
TINY = """
name: tiny
title: Two rates <b>of learning</b>
base: {steps: 2, probe_every: 0, batch_size: 2, lora_rank: 4, max_new_tokens: 32, method: sft}
arms: [{arm: quick}, {arm: slow, learning_rate: 1e-6}]
seeds: [0]
prompts: 4
judge: self
"""


def test_a_study_is_written_run_read_and_come_back_to(visit: Visit) -> None:
    page = visit()
    open_tab(page, "Studies")
    expect(page.locator("#study-text textarea")).to_have_value(re.compile("name: adversarial"))
    choose(page, "#study", "The weight of the conscience")
    expect(page.locator("#study-text textarea")).to_have_value(re.compile("name: lambda"))
    expect(page.locator("#study-report")).to_contain_text("No report yet")
    fill(page, "#study-text", "name: wrong\nbase:\n  stepz: 3\n")
    page.click("#study-start")
    expect(error(page, "#study-text")).to_contain_text("unknown setting 'stepz'")
    expect(error(page, "#study-text")).to_contain_text("(line 3)")
    fill(page, "#study-text", "name: tiny\n  seeds: [")
    page.click("#study-start")
    expect(error(page, "#study-text")).to_contain_text("line 2")

    fill(page, "#study-text", "name: tiny\njudge: endpoint:http://127.0.0.1:9/v1#m\n")
    page.click("#study-start")
    expect(error(page, "#study-text")).to_contain_text("The judge at http://127.0.0.1:9/v1 is not there")

    fill(page, "#study-text", TINY)
    page.click("#study-start")
    expect(page.locator("#study-progress .badge")).to_have_text("finished")
    report = page.locator("#study-report")
    expect(report.locator("table").first).to_contain_text("slow")
    expect(report.locator("h1")).to_have_text("Two rates <b>of learning</b>")
    expect(report).to_contain_text("Misaligned, by domain")
    expect(report).to_contain_text("Judged by 'self'.")
    expect(report).to_contain_text("The judge held to the oracle")
    saved = report.locator("a[download='tiny-table.csv']").get_attribute("href") or ""
    assert base64.b64decode(saved.partition("base64,")[2]).startswith(b"arm,measure,mean")
    page.wait_for_url("**study=tiny*")
    page.reload()
    expect(page.locator("#study-text textarea")).to_have_value(re.compile("Two rates"))
    expect(report.locator("h1")).to_have_text("Two rates <b>of learning</b>")


def test_a_link_to_a_study_that_is_not_there_says_so(visit: Visit) -> None:
    page = visit("?tab=studies&study=../../etc")
    expect(page.locator("#study-report .error")).to_contain_text("There is no study")
