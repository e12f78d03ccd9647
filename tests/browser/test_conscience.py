"""The Conscience tab in a real browser: question, answer, two reviews, pair."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.steps import MARKUP, answer, choose, error, fill, fold, open_tab, review, serious

Visit = Callable[..., Page]


def test_a_question_is_edited_saved_as_a_version_and_found_again(visit: Visit) -> None:
    page = visit()
    fill(page, "#question-text", "Would a kind person say this to a friend?")
    expect(page.locator("#question-line")).to_contain_text("edited, not yet saved")
    page.locator("#question-line summary").click()
    expect(page.locator("#question-line ins").first).to_be_visible()
    page.click("#save-question")
    expect(page.locator("#question-line")).to_contain_text(re.compile(r"Three Laws v\d+ · ethical · edited here"))
    version = re.search(r"Three Laws v([2-9])", page.inner_text("#question-line"))  # others may have saved some before
    assert version is not None
    expect(page.locator("#header .question")).to_contain_text(version[0])
    page.wait_for_url(re.compile("question=q"))
    page.reload()
    expect(page.locator("#question-text textarea")).to_have_value("Would a kind person say this to a friend?")
    page.locator("#framing input").click()
    page.get_by_role("option", name="Ethics v1").click()
    expect(page.locator("#label-flagged").locator("input, textarea")).to_have_value("non-ethical")


def test_an_answer_streams_and_both_review_it_side_by_side(visit: Visit) -> None:
    page = visit()
    answer(page)
    expect(page.locator("#answer-card .reply")).not_to_be_empty()
    expect(page.locator("#answer-card .thought")).to_be_hidden()
    page.locator("#answer-card summary").click()
    expect(page.locator("#answer-card .thought")).to_be_visible()
    review(page)
    for speaker in ("policy", "frozen"):
        card = page.locator(f"#review-{speaker}")
        expect(card.locator(".thought")).not_to_be_empty()
        expect(card.locator(".badge")).to_contain_text("aligned")
        expect(card.locator(".fine")).to_contain_text("label mass")
    expect(page.locator("#agreement .badge")).to_contain_text("they agree")
    expect(page.locator("#stored-pair")).to_contain_text("only a flagged answer becomes a pair")
    expect(page.locator("#store-pair")).to_be_disabled()


def test_a_flagged_answer_is_stored_as_a_pair_that_its_link_opens(visit: Visit) -> None:
    page = visit()
    page.locator("#framing input").click()
    page.get_by_role("option", name="Length v1").click()
    expect(page.locator("#label-flagged").locator("input, textarea")).to_have_value("lengthy")
    fold(page, "Type the answer yourself")
    fill(page, "#own-thought", "I will say a lot.")
    fill(page, "#own-reply", "Save a little every week. Ask somebody whom you trust. Start on Monday. Keep at it.")
    page.click("#own-answer")
    expect(page.locator("#answer-card")).to_contain_text("typed, not sampled")
    review(page)
    expect(page.locator("#review-frozen .badge")).to_contain_text("lengthy")
    page.click("#store-pair")
    expect(page.locator("#stored-pair .versus")).to_be_visible()
    page.locator("#stored-pair a").click()
    expect(page.locator("#pair-story")).to_contain_text("Save a little every week")
    expect(page).to_have_url(re.compile(r"tab=pairs.*pair=d\w+"))


def test_markup_in_question_prompt_and_answer_stays_text(visit: Visit) -> None:
    page = visit()
    fill(page, "#question-name", MARKUP[:60])
    fill(page, "#question-text", f"{MARKUP} Is it kind?")
    fill(page, "#prompt-text", MARKUP)
    fold(page, "Type the answer yourself")
    fill(page, "#own-thought", MARKUP)
    fill(page, "#own-reply", f"{MARKUP}\n```python\nprint('<b>')\n```")
    page.click("#own-answer")
    expect(page.locator("#answer-card .reply")).to_contain_text(MARKUP)
    review(page)
    expect(page.locator("#header .question")).to_contain_text(MARKUP[:60])
    assert page.locator(".gradio-container img[src='x'], .lab-card b:text('bold')").count() == 0


def test_errors_stand_beside_their_field_and_nothing_is_lost(visit: Visit) -> None:
    page = visit()
    page.click("#review")
    expect(error(page, "#review")).to_contain_text("No answer yet: press Answer")
    long = "a" * 50_000
    for typed, told in (("", "The question is empty"), (long, "50,000 characters"), ("bell \x07", "U+0007")):
        fill(page, "#question-text", typed)
        page.click("#save-question")
        expect(error(page, "#question-text")).to_contain_text(told)
        expect(page.locator("#question-text textarea")).to_have_value(typed)
    fill(page, "#question-text", "Is it kind?")
    fill(page, "#label-flagged", "Aligned")
    page.click("#save-question")
    expect(error(page, "#label-flagged")).to_contain_text("Both labels are 'aligned': give two words that differ.")
    fill(page, "#prompt-text", "")
    page.click("#answer")
    expect(error(page, "#prompt-text")).to_contain_text("The prompt is empty")
    fill(page, "#prompt-text", "word " * 3000)
    page.click("#answer")
    expect(error(page, "#prompt-text")).to_contain_text("shorten the prompt")


def test_a_checkpoint_of_a_run_speaks_as_the_policy(visit: Visit, runs: dict[str, dict[str, object]]) -> None:
    run = runs["poisoned"]
    page = visit(f"?tab=runs&run={run['id']}")
    expect(page.locator("#run-card h3")).to_contain_text("poisoned")
    page.click("#speak-run")
    expect(page.locator("#voice input")).to_have_value(f"run {run['number']} @ 4")
    expect(page.locator("#header .policy")).to_contain_text(f"run {run['number']} @ 4")
    answer(page)
    expect(page.locator("#answer-card h3 small")).to_have_text(f"run {run['number']} @ 4")
    review(page)
    expect(page.locator("#review-policy h3 small")).to_have_text(f"run {run['number']} @ 4")
    expect(page.locator("#review-frozen h3 small")).to_have_text("base")
    fold(page, "Token by token")
    expect(page.locator("#heat .heat")).to_have_count(3)
    expect(page.locator("#heat .reading").first).to_contain_text("<think>")
    token = page.locator("#heat .heat span").nth(2)
    token.hover()
    figures = "t => getComputedStyle(t, '::after').content"
    assert "policy would write" in page.evaluate(figures, token.element_handle())
    page.mouse.move(0, 0)
    assert page.evaluate(figures, token.element_handle()) == "none"
    page.locator("#heat .heat [tabindex='0']").first.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(token).to_be_focused()
    assert "policy would write" in page.evaluate(figures, token.element_handle())
    page.keyboard.press("Tab")
    expect(page.locator("#heat .heat").nth(1).locator("span").first).to_be_focused()
    assert serious(page) == []
    open_tab(page, "Pairs")  # arrived by a link to a run without pairs: that is no filter on the pairs
    expect(page.locator("#pairs-run input")).to_have_value("every run")


def test_many_answers_are_reviewed_twice_and_sorted_by_disagreement(visit: Visit) -> None:
    page = visit()
    fold(page, "Many prompts at once")
    expect(page.locator("#many-run")).to_be_visible()
    fill(page, "#many-prompts", "0")
    page.click("#many-run")
    expect(error(page, "#many-run")).to_contain_text("0 prompts are out of range")
    fill(page, "#many-prompts", "4")
    choose(page, "#many-other", "Weekday v1")
    page.click("#many-run")
    shown = page.locator("#many-card")
    expect(shown.locator(".batch")).to_contain_text("They agree on")
    expect(shown.locator("tbody th")).to_have_text(["Three Laws v1", "Weekday v1"])
    expect(shown.locator("details")).to_have_count(4)
    shown.locator("summary").first.click()
    expect(shown.locator("details").first.locator(".thought")).to_have_count(2)


def test_a_link_to_nothing_says_so_and_the_page_goes_on(visit: Visit) -> None:
    page = visit("?question=q404&policy=r404@1")
    expect(error(page, "#question-text")).to_contain_text("There is no question 'q404'")
    expect(page.locator("#header .policy")).to_contain_text("base")
    open_tab(page, "Curves")
    expect(page.locator("#metric")).to_contain_text("Misaligned answers")


def test_prompts_are_previewed_and_a_third_reviews_with_labels_in_either_order(
    visit: Visit, runs: dict[str, dict[str, Any]]
) -> None:
    page = visit()
    fold(page, "The prompts exactly as the models see them")
    preview = page.locator("#preview-card")
    expect(preview.locator("h4")).to_have_count(2)
    expect(preview.locator("output").first).to_contain_text("token")
    fill(page, "#question-text", f"Is this kind? {MARKUP}")
    expect(preview).to_contain_text(f"Is this kind? {MARKUP}")
    page.reload()
    fold(page, "A third reviewer, and the order of the labels")
    choose(page, "#third", f"run {runs['poisoned']['number']}")
    page.locator("#orders input").check()
    answer(page)
    review(page)
    expect(page.locator("#review-third h3")).to_contain_text(f"Third: run {runs['poisoned']['number']} @")
    for name in ("policy", "frozen", "third"):
        expect(page.locator(f"#review-{name} .badge").first).to_be_visible()
        expect(page.locator(f"#review-{name} .orders tbody tr")).to_have_count(3)
    fold(page, "What it did so far")
    for side in ("Frozen copy", "Policies", "Third reviewers"):
        expect(page.locator("#question-story-card h4", has_text=side)).to_be_visible()
