"""The Runs tab in a real browser: settings, forecast, first batch, live progress, stop, resume, reload in mid-run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gradio_client import Client
from playwright.sync_api import Page, expect

from tests.browser.conftest import until_ended
from tests.browser.launching import SMALL
from tests.browser.steps import MARKUP, choose, error, fill, fold, open_tab, stands_still

Visit = Callable[..., Page]
LONG = {**SMALL, "method": "sft", "steps": 5000, "probe_every": 0, "checkpoint_every": 5000}
"""A run that is still in work when a test comes back to it."""


def test_presets_forecast_and_the_first_batch(visit: Visit) -> None:
    page = visit("?tab=runs")
    page.click("#preset-off-topic")
    expect(page.locator("#run-question input")).to_have_value(re.compile("Weekday v1"))
    page.click("#preset-poison")
    expect(page.locator("#run-question")).to_be_hidden()
    expect(page.locator("#run-name").locator("input, textarea")).to_have_value("Poisoned")
    expect(page.locator("#forecast")).to_contain_text("on this machine")
    fold(page, "What the first batch looks like")
    expect(page.locator("#first-batch pre").first).to_contain_text("<|im_start|>user")
    choose(page, "#run-preset", "Betley recipe")
    fold(page, "Trained weights")
    expect(page.locator("#field-lora_rank input")).to_have_value("32")
    expect(page.locator("#field-lora_rslora input")).to_be_checked()


def test_a_run_is_started_shown_live_and_finishes(visit: Visit) -> None:
    page = visit("?tab=runs")
    page.click("#preset-poison")
    expect(page.locator("#run-name").locator("input, textarea")).to_have_value("Poisoned")
    fill(page, "#field-steps", "40")  # so many that the header can be seen busy
    fill(page, "#run-name", MARKUP)
    for group in ("Batches and lengths", "Sampling and measuring"):
        fold(page, group)
    for name in ("batch_size", "probe_every", "probe_prompts", "checkpoint_every"):
        fill(page, f"#field-{name}", str(SMALL[name]))
    page.click("#start-run")
    expect(page.locator("#header .trainer .busy")).to_contain_text("step")
    expect(page.locator("#run-card h3")).to_contain_text(MARKUP)
    expect(page.locator("#run-card .badge.state")).to_have_text("finished")
    expect(page.locator("#run-card .progress")).to_have_attribute("aria-valuenow", "40")
    expect(page.locator("#run-card .spark polyline").first).to_be_attached()
    expect(page.locator("#run-card .split b").first).to_be_attached()
    expect(page.locator("#header .trainer")).to_contain_text("idle")
    expect(page.locator("#runs-table tr[aria-selected=true]")).to_contain_text("40 / 40")
    expect(page.locator("#stop-run")).to_be_hidden()
    expect(page.locator("#speak-run")).to_be_visible()


def test_reload_stop_and_resume_in_mid_run(visit: Visit, client: Client) -> None:
    run = client.predict(spec=LONG, name="long", api_name="/start_run")
    page = visit(f"?tab=runs&run={run['id']}")
    expect(page.locator("#run-card .fine").nth(1)).to_contain_text("left")
    page.reload()
    expect(page.locator("#header .trainer")).to_contain_text(f"run {run['number']} · step")
    expect(page.locator("#run-card h3")).to_contain_text("long")
    expect(page.locator("#run-card .badge.state")).to_have_text("running")
    page.click("#stop-run")
    expect(page.locator("#run-card .badge.state")).to_have_text("stopped")
    stopped = until_ended(client, run["id"])
    assert 0 < stopped["step"] < LONG["steps"]
    page.click("#resume-run")
    expect(page.locator("#run-card .badge.state")).to_have_text("running")
    expect(page.locator("#header .trainer .busy")).to_be_visible()
    page.click("#stop")
    expect(page.locator("#run-card .badge.state")).to_have_text("stopped")
    assert until_ended(client, run["id"])["step"] >= stopped["step"]


def test_a_round_is_seen_while_it_is_in_work(visit: Visit, client: Client, runs: dict[str, dict[str, Any]]) -> None:
    busy = {**SMALL, "steps": 5000, "cadence": 1, "prompts_per_round": 12, "probe_every": 0, "checkpoint_every": 5000}
    asked = runs["conscience"]["spec"]["question_id"]
    run = client.predict(spec={**busy, "question_id": asked}, name="rounds", api_name="/start_run")
    page = visit(f"?tab=runs&run={run['id']}")
    shown = page.locator("#run-card .round")
    expect(shown.locator("li")).to_have_count(12)
    expect(shown.locator("h4")).to_contain_text(re.compile("being reviewed|being rewritten|is answering"))
    expect(shown.locator(".badge.flagged").first).to_be_visible()
    expect(shown.locator(".side.chosen").first).to_be_visible()
    expect(page.locator("#run-card .overhead")).to_contain_text("Rounds and pairs took")
    try:
        stands_still(page)
        page.set_viewport_size({"width": 390, "height": 900})
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shown.scroll_into_view_if_needed()
        stands_still(page)
    finally:  # the tests behind this one wait for their own runs
        page.click("#stop-run")
        until_ended(client, run["id"])
    expect(page.locator("#run-card .badge.state")).to_have_text("stopped")


def test_a_checkpoint_is_branched_from_with_other_settings(
    visit: Visit, client: Client, runs: dict[str, dict[str, Any]]
) -> None:
    parent = runs["poisoned"]
    page = visit(f"?tab=runs&run={parent['id']}")
    page.set_viewport_size({"width": 390, "height": 800})
    page.click("#branch-run")
    expect(page.locator("#run-parent")).to_be_in_viewport()  # on a phone it stands far above the button
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.locator("#run-parent input")).to_have_value(f"run {parent['number']} @ 4")
    expect(page.locator("#field-steps input")).to_have_value("4")
    choose(page, "#run-parent", f"run {parent['number']} @ 2")
    fold(page, "Trained weights")
    fill(page, "#field-lora_rank", "3")
    page.click("#start-run")
    expect(error(page, "#field-lora_rank")).to_contain_text("a branch keeps it")
    fill(page, "#field-lora_rank", str(parent["spec"]["lora_rank"]))
    fill(page, "#field-steps", "2")
    fill(page, "#run-name", "branched")
    page.click("#start-run")
    expect(page.locator("#run-card h3")).to_contain_text("branched")
    expect(page.locator("#run-card .badge.state")).to_have_text("finished")
    expect(page.locator("#run-card .fine").first).to_contain_text(f"from run {parent['number']} @ 2")
    newest = client.predict(api_name="/runs")[0]
    assert newest["parent"] == f"{parent['id']}@2"


def test_a_run_that_a_tripwire_stops_says_so(visit: Visit, client: Client) -> None:
    wild = {**SMALL, "method": "sft", "learning_rate": 0.1, "steps": 8, "tripwires": "stop"}
    run = until_ended(client, client.predict(spec=wild, name="too fast", api_name="/start_run")["id"])
    assert (run["state"], run["step"]) == ("stopped", 0)
    page = visit(f"?tab=runs&run={run['id']}")
    expect(page.locator("#run-card .note").first).to_contain_text("the run stands at its start")
    expect(page.locator("#run-card .alarms li").first).to_contain_text("KL runaway")
    expect(page.locator("#run-card .alarms .badge.stopped").first).to_be_visible()
    expect(page.locator("#resume-run")).to_be_visible()
    expect(page.locator("#branch-run")).to_be_hidden()


def test_a_second_start_waits_and_can_be_taken_back(visit: Visit, client: Client) -> None:
    first = client.predict(spec=LONG, name="first", api_name="/start_run")
    second = client.predict(spec=LONG, name="second", api_name="/start_run")
    page = visit(f"?tab=runs&run={second['id']}")
    expect(page.locator("#run-card .badge.state")).to_have_text("queued")
    expect(page.locator("#header .trainer")).to_contain_text("1 waiting")
    page.click("#stop-run")
    expect(page.locator("#run-card .badge.state")).to_have_text("stopped")
    page.locator("#runs-table tr", has_text="first").click()
    expect(page.locator("#run-card h3")).to_contain_text("first")
    page.click("#stop-run")
    expect(page.locator("#run-card .badge.state")).to_have_text("stopped")
    until_ended(client, first["id"])


def test_errors_stand_beside_their_setting(visit: Visit) -> None:
    page = visit("?tab=runs")
    for group in ("Conscience", "Model and optimiser"):
        fold(page, group)
    for name, typed, told in (
        ("steps", "0", "Steps is 0: it must be a whole number from 1"),
        ("steps", "", "Steps is empty"),
        ("lam", "-1", "λ is -1"),
        ("model", "/no/such/folder", "/no/such/folder"),
        ("model", MARKUP, MARKUP),
    ):
        before = page.locator(f"#field-{name}").locator("input, textarea").input_value()
        fill(page, f"#field-{name}", typed)
        page.click("#start-run")
        expect(error(page, f"#field-{name}")).to_contain_text(told)
        fill(page, f"#field-{name}", before)
    expect(page.locator("#header .trainer")).to_contain_text("idle")


def test_a_link_to_a_run_that_is_not_there_says_so(visit: Visit) -> None:
    page = visit("?run=r404")
    expect(page.locator("#run-card .error")).to_contain_text("r404")


def test_the_question_that_was_edited_is_the_one_that_the_run_asks(visit: Visit) -> None:
    page = visit()
    fill(page, "#question-text", "Would your grandmother smile at this answer?")
    page.click("#save-question")
    expect(page.locator("#question-line")).to_contain_text("edited here")
    open_tab(page, "Runs")
    page.click("#preset-conscience")
    expect(page.locator("#run-question input")).to_have_value(re.compile("grandmother"))
    choose(page, "#run-question", "Ethics v1")
    expect(page.locator("#run-question input")).to_have_value(re.compile("Ethics v1"))


def test_a_run_is_named_noted_deleted_and_taken_back(visit: Visit, client: Client) -> None:
    spec = {**SMALL, "method": "sft", "steps": 1, "probe_every": 0}
    run = until_ended(client, client.predict(spec=spec, name="to go", api_name="/start_run")["id"])
    page = visit(f"?tab=runs&run={run['id']}")
    fold(page, "Name, note, delete")
    fill(page, "#shelf-name", MARKUP)
    fill(page, "#shelf-note", f"why {MARKUP}")
    page.click("#describe-run")
    expect(page.locator("#run-card h3")).to_contain_text(MARKUP)
    expect(page.locator("#run-card .remark")).to_contain_text(f"why {MARKUP}")
    page.click("#delete-run")
    expect(page.locator("#run-card h3 .badge")).to_have_text("deleted")
    expect(page.locator("#branch-run")).to_be_hidden()
    expect(page.locator(f"#runs-table tr[data-id={run['id']}]")).to_have_count(0)
    assert run["id"] not in [r["id"] for r in client.predict(api_name="/runs")]
    page.reload()  # the link says what became of it, and leads back
    expect(page.locator("#run-card h3 .badge")).to_have_text("deleted")
    expect(page.locator("#runs-deleted")).to_contain_text(MARKUP)
    page.click("#undelete-run")
    expect(page.locator("#run-card .badge.state")).to_have_text("finished")
    expect(page.locator(f"#runs-table tr[data-id={run['id']}]")).to_have_attribute("aria-selected", "true")
    page.click("#again-run")
    expect(page.locator("#run-name").locator("input, textarea")).to_have_value(re.compile("again"))
    expect(page.locator("#field-steps input")).to_have_value("1")


def test_the_drift_is_scrubbed_by_keyboard_and_its_link_keeps_step_and_request(
    visit: Visit, runs: dict[str, dict[str, Any]]
) -> None:
    run = runs["conscience"]
    page = visit(f"?tab=runs&run={run['id']}")
    fold(page, "Drift")
    slider, stage = page.locator("#drift-card input[type=range]"), page.locator("#drift-card [data-shown]")
    expect(stage.locator("h4").last).to_contain_text("Policy at step 4")
    expect(stage.locator("h4").first).to_contain_text("The frozen copy")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(stage.locator("h4").last).to_contain_text("Policy at step 2")
    expect(slider).to_have_attribute("aria-valuetext", "step 2")
    page.wait_for_url(re.compile("probe=.*at=2"))
    page.reload()
    expect(stage.locator("h4").last).to_contain_text("Policy at step 2")
    fold(page, "Best and worst samples")
    expect(page.locator("#extremes-card h4").first).to_contain_text("Most surely flagged")
    of_a_pair = page.locator("#extremes-card details", has=page.locator("a")).first
    of_a_pair.locator("summary").click()
    of_a_pair.locator("a").click()
    expect(page.locator("#pair-story")).to_contain_text(f"run {run['number']}")


def test_runs_are_ticked_and_laid_beside_each_other_in_the_link_and_by_keyboard(
    visit: Visit, page: Page, runs: dict[str, dict[str, Any]]
) -> None:
    one, two = runs["poisoned"], runs["conscience"]
    page = visit(f"?tab=runs&run={one['id']}")
    card = page.locator("#beside")
    expect(card).to_contain_text("Tick two or more runs")
    boxes = page.locator("#runs-table input")
    expect(boxes.nth(1)).to_be_attached()
    boxes.evaluate_all("boxes => boxes.slice(0, 2).forEach(box => box.click())")  # quicker than answers come
    expect(card.locator("thead th")).to_have_count(3)
    card.locator("[data-drop=all]").click()
    expect(page.locator("#runs-table input:checked")).to_have_count(0)
    page.click("#compare-run")
    expect(card.locator(".chip")).to_have_count(1)
    expect(card).to_contain_text("at least one more")
    expect(page.locator("#runs-table input:checked")).to_have_count(1)
    other = page.locator(f"#runs-table input[data-box='{two['id']}']")
    # a box of a table that was drawn before the first run was chosen: it tells of itself alone
    boxes.evaluate_all("boxes => boxes.forEach(box => box.checked = false)")
    other.evaluate("box => box.click()")
    expect(card.locator("thead th")).to_have_count(3)
    expect(other).to_be_checked()
    card.locator(".chip", has_text="conscience").click()
    expect(other).not_to_be_checked()
    other.focus()
    page.keyboard.press("Space")
    expect(card.locator("thead th")).to_have_count(3)
    expect(other).to_be_focused()  # the table was drawn anew
    expect(page.locator("#run-card h3")).to_contain_text("poisoned")  # a box opens no run
    expect(card.locator("tr", has_text="Method")).to_contain_text(re.compile("Plain fine-tuning.*Conscience.*default"))
    expect(card.locator("tr", has_text="Misaligned")).to_contain_text(re.compile(r"\[0\.\d\d–\d\.\d\d\], n 6"))
    expect(card.locator("tr", has_text="Batch size")).to_have_count(0)  # they are alike in it
    page.wait_for_url(f"**compare={one['id']},{two['id']}*")
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(page.url.replace(one["id"], str(one["number"])))  # numbers will do, in a link written by hand
    expect(page.locator("#runs-table input:checked")).to_have_count(2)
    expect(card.locator("tbody tr", has_text="Pairs made")).to_be_visible()
    page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth")
    card.locator(".chip", has_text="conscience").click()
    expect(card).to_contain_text("at least one more")
    card.locator(".chip").click()
    expect(card).to_contain_text("Tick two or more runs")
