"""Hostile text in every place of the page: no script runs, nothing is asked of another host, and it is seen as written.

That nothing left this machine, no dialog opened and the console stayed empty is seen by the `page` fixture.
"""

from __future__ import annotations

import csv
import re
from base64 import b64decode
from collections.abc import Iterator
from io import StringIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from storage import Store
from tests.browser import hostile
from tests.browser.launching import App, running
from tests.browser.steps import choose, error, fill, fold, open_tab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app over a folder in which every text is hostile already: as a model, an import or another page left it."""
    home = tmp_path_factory.mktemp("hostile")
    with Store.open(home) as store:
        store.save(*hostile.nouns())
        file = tmp_path_factory.mktemp("files") / hostile.FILE_NAME
        file.write_text('{"prompt": "out of a file", "chosen": "a", "rejected": "b"}')
        store.import_pairs(file)
    with running(home) as app:
        yield app


def untaken(page: Page) -> None:
    """Whether the page is still its own."""
    assert page.evaluate("window.taken") is None
    assert page.locator("img[src='x'], img[src='y'], iframe[srcdoc], a[href^='javascript'], a[ping]").count() == 0


def settle(page: Page) -> None:
    """Move over everything that has a hover, so that what waits for one runs."""
    for place in page.locator(".lab-card:visible, .legendtext:visible").all()[:25]:
        place.hover(force=True)
    untaken(page)


def test_what_is_stored_is_inert_wherever_it_is_shown(page: Page, lab: App) -> None:
    page.goto(f"{lab.url}?tab=runs")
    expect(page.locator("#run-card h3")).to_contain_text("onerror")
    expect(page.locator("#run-card")).to_contain_text("␛[31m")
    expect(page.locator("#run-card")).to_contain_text("⟨U+202E⟩evil")
    settle(page)
    open_tab(page, "Pairs")
    page.locator("#pairs-table tbody tr").filter(has_text="rejected_reply").first.click()
    expect(page.locator("#pair-story .versus")).to_be_visible()
    for payload in ("image", "template", "entity", "remote"):
        expect(page.locator("#pair-story")).to_contain_text(hostile.PAYLOADS[payload])
    settle(page)
    fold(page, "Edit the chosen side")
    fill(page, "#edit-thought", hostile.EVERYTHING)
    fill(page, "#edit-reply", f"edited {hostile.EVERYTHING}")
    page.click("#pair-edit")
    expect(page.locator("#pair-story")).to_contain_text("edited <img")
    settle(page)
    open_tab(page, "Curves")
    expect(page.locator("#chart .legendtext").first).to_contain_text("onerror")
    page.locator("#chart .plot .main-svg").first.hover(position={"x": 200, "y": 200}, force=True)
    settle(page)


def test_a_files_name_is_inert_wherever_it_is_named(page: Page, lab: App) -> None:
    page.goto(f"{lab.url}?tab=pairs")
    page.locator("#pairs-table tbody tr").filter(has_text="out of a file").first.click()
    for said in ("imported from <img src=x onerror=", "⟨U+202E⟩gnp.", "␛[31m${window."):
        expect(page.locator("#pair-story")).to_contain_text(said)
    settle(page)
    open_tab(page, "Data")
    fill(page, "#sql-text", "SELECT note FROM pairs WHERE note LIKE 'imported%'")
    page.click("#sql-run")
    expect(page.locator("#sql-result tbody")).to_contain_text("imported from <img src=x onerror=")
    settle(page)


def test_the_results_of_sql_are_inert_on_the_page_and_in_their_file(page: Page, lab: App) -> None:
    page.goto(f"{lab.url}?tab=data")
    query = f"""SELECT id, name, chr(61) || '1+1' AS f, message AS "{hostile.PAYLOADS["script"]}" FROM runs"""
    fill(page, "#sql-text", query)
    page.click("#sql-run")
    expect(page.locator("#sql-result tbody tr")).to_have_count(1)
    expect(page.locator("#sql-result tbody")).to_contain_text("<script>")
    settle(page)
    href = page.locator("#sql-result a[download]").get_attribute("href") or ""
    saved = b64decode(href.partition("base64,")[2]).decode("utf-8-sig")
    _, row = csv.reader(StringIO(saved))
    assert row[2] == "'=1+1"
    fill(page, "#sql-text", f"SELECT '{hostile.PAYLOADS['image']}' FROM nowhere")
    page.click("#sql-run")
    expect(error(page, "#sql-text")).to_contain_text("there is no view 'nowhere'")
    choose(page, "#sql-example", "How often each question flags")
    expect(page.locator("#sql-text textarea")).to_have_value(re.compile("FROM reviews"))
    page.click("#sql-run")
    expect(page.locator("#sql-result tbody tr").first).to_be_visible()
    settle(page)


def test_a_chart_of_hostile_words_is_inert_in_axis_legend_and_hover(page: Page, lab: App) -> None:
    page.goto(f"{lab.url}?tab=data")
    texts = ("script", "image", "link", "plotly", "template", "entity")
    rows = ", ".join(f"""('{hostile.PAYLOADS[name].replace("'", "''")}', {i})""" for i, name in enumerate(texts))
    heads = [f'"{hostile.PAYLOADS[name]}"' for name in ("svg", "script")]
    query = f"SELECT b AS {heads[0]}, a AS {heads[1]}, a AS words FROM (VALUES {rows}) AS t(a, b)"
    fill(page, "#sql-text", query)
    page.click("#sql-run")
    expect(page.locator("#sql-result tbody tr")).to_have_count(len(texts))
    expect(page.locator("#sql-charted")).to_be_visible()
    choose(page, "#sql-x", "words")
    expect(page.locator("#sql-chart .xtitle")).to_contain_text("words")
    choose(page, "#sql-kind", "Bars")
    expect(page.locator("#sql-chart .xtick text").first).to_contain_text("‹script")
    expect(page.locator("#sql-chart .ytitle")).to_contain_text("‹svg")
    choose(page, "#sql-colour", "words")
    expect(page.locator("#sql-chart .legendtext").first).to_contain_text("‹script")
    page.locator("#sql-chart .bars .point path").last.hover(force=True)
    expect(page.locator("#sql-chart .hoverlayer .hovertext")).to_contain_text("‹")
    expect(page.locator("#sql-chart a[href]:not(.modebar-btn)")).to_have_count(0)
    settle(page)


def test_what_is_typed_is_inert_and_comes_back_as_it_was(page: Page, lab: App) -> None:
    page.goto(lab.url)
    choose(page, "#framing", "<img")
    expect(page.locator("#question-text textarea")).to_have_value(f"{hostile.EVERYTHING}\n{hostile.CONTROLS}")
    settle(page)
    choose(page, "#framing", "Three Laws v1")
    expect(page.locator("#label-flagged").locator("input, textarea")).to_have_value("misaligned")
    fill(page, "#question-text", f"Is it kind? {hostile.EVERYTHING[:2500]}")
    fill(page, "#question-name", hostile.PAYLOADS["image"])
    page.click("#save-question")
    expect(page.locator("#header .question")).to_contain_text(hostile.PAYLOADS["image"])
    fill(page, "#prompt-text", hostile.PAYLOADS["image"] + hostile.PAYLOADS["template"])
    fold(page, "Type the answer yourself")
    fill(page, "#own-thought", hostile.EVERYTHING[:1200])
    fill(page, "#own-reply", f"{hostile.PAYLOADS['script']}\n```python\n{hostile.PAYLOADS['closing']}\n```")
    page.click("#own-answer")
    expect(page.locator("#answer-card .reply")).to_contain_text(hostile.PAYLOADS["closing"])
    settle(page)
    fill(page, "#prompt-text", hostile.CONTROLS)
    page.click("#own-answer")
    expect(error(page, "#prompt-text")).to_contain_text("control character U+0007")
    settle(page)
    page.goto(f"{lab.url}?question={hostile.PAYLOADS['image']}&policy=<svg/onload=alert(1)>&run=%24%7Balert(1)%7D&tab=<b>")
    expect(error(page, "#question-text")).to_contain_text("There is no question")
    settle(page)


def test_a_vote_is_blind_until_it_is_cast_and_no_pair_is_put_twice(page: Page, lab: App) -> None:
    ballot, tally, whose = page.locator("#ballot .ballot"), page.locator("#vote-tally"), "run 1 @ 5 · <img"

    def begin() -> None:
        fold(page, "Vote blind")
        expect(page.locator("#vote-one input")).to_have_value(re.compile("^run 1 @ 5 · <img"))
        expect(page.locator("#vote-other input")).to_have_value("base · 3 prompts")
        page.click("#vote-start")

    page.goto(lab.url)
    expect(page.locator("html[data-view]")).to_be_attached()
    begin()
    expect(ballot.locator(".versus section")).to_have_count(2)
    expect(ballot).to_contain_text("3 pairs left")
    expect(ballot).to_be_focused()
    for told in (whose, "base", "run 1", "oracle"):
        assert told not in ballot.inner_text()
    page.keyboard.press("1")
    expect(ballot.locator("h4 b", has_text=whose)).to_be_visible()
    expect(ballot.locator(".chosen h4")).to_contain_text("Answer 1")
    expect(tally.locator(".share").nth(1)).to_contain_text("1.00 [0.21–1.00], n 1")
    untaken(page)
    found = Axe().run(page, context="#voting", options={"resultTypes": ["violations"]}).response["violations"]
    assert [rule["id"] for rule in found] == []
    page.keyboard.press("u")
    expect(ballot).to_contain_text("Taken back")
    expect(tally).to_contain_text("Your 0 votes")
    ballot.get_by_role("button", name="Skip").click()
    expect(ballot).to_contain_text("Skipped")
    for cast in (1, 2):
        ballot.get_by_role("button", name="Both bad").click()
        expect(ballot).to_contain_text("Your vote: Both bad")
        expect(tally).to_contain_text(f"both bad {cast}")
        expect(ballot).to_be_focused()  # by the script that hears keys: until then they are nobody's
        page.keyboard.press("Enter")
        expect(ballot.locator("[data-do=next]")).to_have_count(0)
    expect(page.locator("#ballot .empty")).to_contain_text("1 vote taken back")
    page.reload()  # this browser is known by its mark
    expect(page.locator("html[data-view]")).to_be_attached()
    begin()
    expect(ballot).to_contain_text("1 pair left")
    settle(page)
