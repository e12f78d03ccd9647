"""The Curves tab in a real browser, over two short runs and one that trains."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from typing import Any

from gradio_client import Client
from playwright.sync_api import Page, expect

from tests.browser.conftest import until_ended
from tests.browser.launching import SMALL, App
from tests.browser.steps import axis, choose, fill, fold, open_tab, points

Visit = Callable[..., Page]
Runs = dict[str, dict[str, Any]]


def test_several_runs_lie_over_each_other_with_n_and_interval(visit: Visit, runs: Runs) -> None:
    ids = ",".join(run["id"] for run in runs.values())
    page = visit(f"?tab=curves&runs={ids}")
    legend = page.locator("#chart .legendtext")
    expect(legend).to_have_count(2)
    rows = page.locator("#curve-table tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("n 6")
    dot = page.locator("#chart .points path").last.bounding_box()
    assert dot is not None
    page.mouse.move(dot["x"] - 4, dot["y"] + 4)
    page.mouse.move(dot["x"] + 4, dot["y"] + 4, steps=3)
    expect(page.locator("#chart .hoverlayer")).to_contain_text("n 6")
    expect(page.locator("#chart .hoverlayer")).to_contain_text("[0.")
    page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    expect(page.locator("#behind h3")).to_contain_text("Behind step 4 of run")
    expect(page.locator("#behind .transcripts li")).to_have_count(9)  # 6 everyday prompts and 3 to code
    fold(page, "Judges: who else says so")
    expect(page.locator("#judges-about")).to_contain_text("step 4 of")
    for judge, judges in (("bandit", 1), ("oracle", 2)):
        choose(page, "#judge", judge)
        page.click("#judge-run")
        expect(page.locator("#judges-card table").first.locator("tbody tr")).to_have_count(judges)
    expect(page.locator("#judge-progress")).to_contain_text("9 of 9 answers")
    expect(page.locator("#judges-card table").last).to_contain_text("bandit")
    expect(page.locator("#judge-run")).to_be_enabled()
    fold(page, "Settings: what these runs differ in")
    beside = page.locator("#curve-beside .beside")
    expect(beside.locator("thead th")).to_have_count(3)
    expect(beside.get_by_role("row", name="Method")).to_contain_text("Conscience")
    expect(page.locator("#curve-commands code").last).to_contain_text("python -m lab run --method conscience")
    page.locator("#curve-commands button").last.click()
    expect(page.locator("#curve-commands button").last).to_have_text(re.compile("Copied|Selected"))
    choose(page, "#curve-group", "Scenario")
    expect(legend).to_have_text(["Scenario Insecure code · 2 runs"])
    expect(page.locator("#curve-table")).to_contain_text("mean of 2 runs")
    rows.get_by_role("button").click()
    expect(page.locator("#behind h3")).to_have_count(2)  # of both runs
    fold(page, "Smoothing, axes, order")
    page.locator("#curve-log input").check()
    page.wait_for_url(re.compile(r"group=scenario.*log=1"))
    page.reload()
    expect(page.locator("#curve-group input")).to_have_value("Scenario")
    page.wait_for_function("document.querySelector('#chart .plot')?._fullLayout?.yaxis.type == 'log'")
    choose(page, "#curve-group", "nothing")
    expect(legend).to_have_count(2)
    page.locator("#metric").locator(".token-remove").first.click()
    expect(page.locator("#no-curves")).to_contain_text("No measure chosen")
    choose(page, "#metric", "L_DPO")
    page.locator("#metric input").press("Escape")  # a list of several stays open, over the runs
    expect(page.locator("#chart .annotation-text")).to_contain_text("ln 2")
    expect(page.locator("#meaning")).to_contain_text("log σ(margin)")
    page.locator("#curve-runs label", has_text=f"Run {runs['conscience']['number']} ·").click()
    expect(page.locator("#no-curves")).to_be_empty()


def test_measures_stand_under_each_other_and_are_zoomed_together(visit: Visit, runs: Runs) -> None:
    ids = ",".join(run["id"] for run in runs.values())
    page = visit(f"?tab=curves&runs={ids}&metric=sft_loss,misaligned")
    expect(page.locator("#chart .annotation-text")).to_have_text(
        ["L_SFT (nats per token)", "Misaligned answers (share)"])
    choose(page, "#metric", "Insecure coding answers")
    choose(page, "#metric", "Incoherent answers")
    expect(page.locator("#chart .annotation-text")).to_have_count(4)
    page.locator("#metric input").press("Backspace")
    page.get_by_role("button", name="Remove Insecure coding answers").press("Space")
    page.wait_for_url(re.compile("metric=sft_loss,misaligned$"))
    expect(page.locator("#curve-table thead th")).to_have_text(["Last value", "L_SFT", "Misaligned answers"])
    expect(page.locator("#chart .annotation-text")).to_have_count(2)  # drawn: else it is not zoomed
    page.locator("#chart .nsewdrag").last.hover()  # which waits until it stands still
    whole = axis(page)
    area = page.locator("#chart .nsewdrag").last.bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.7, middle, steps=4)
    page.mouse.up()
    page.wait_for_url(re.compile(r"span=[\d.]+,[\d.]+"))
    zoomed = axis(page)
    assert whole[0] < zoomed[0] < zoomed[1] < whole[1]
    linked = [float(end) for end in page.url.split("span=")[1].split("&")[0].split(",")]
    assert linked == zoomed
    expect(page.locator("#chart [clip-path]").first).to_be_attached()
    assert page.locator("#chart [clip-path*='http']").count() == 0  # of an address that has changed: nothing is painted
    choose(page, "#metric", "KL to the frozen copy")
    expect(page.locator("#chart .annotation-text")).to_have_count(3)
    assert axis(page) == zoomed
    page.wait_for_url(re.compile("misaligned,kl"))
    page.reload()
    expect(page.locator("#chart .annotation-text")).to_have_count(3)
    assert axis(page) == zoomed
    page.locator("#curve-actions").get_by_role("button", name="Show all").click()
    page.wait_for_url(re.compile(r"^((?!span=).)*$"))
    page.wait_for_function("document.querySelector('#chart .plot')._fullLayout.xaxis.autorange")
    fold(page, "Smoothing, axes, order")
    fill(page, "#curve-from", "1")
    fill(page, "#curve-to", "3")
    page.locator("#curve-to input").press("Enter")
    page.wait_for_url(re.compile(r"span=1.0,3.0"))
    expect(page.locator("#curve-to input")).to_have_value("3")
    page.wait_for_function("document.querySelector('#chart .plot')._fullLayout.xaxis.range.join() === '1,3'")
    choose(page, "#curve-order", "last value, highest first")
    page.wait_for_url(re.compile("order=high"))


def test_a_measure_over_another_and_all_of_it_as_files_and_as_a_link(visit: Visit, runs: Runs, lab: App) -> None:
    page = visit(f"?tab=curves&runs={runs['poisoned']['number']}&metric=sft_loss")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    title = page.locator("#chart .xtitle")
    expect(title).to_have_text("step")
    choose(page, "#curve-x", "Misaligned answers")
    expect(title).to_have_text("Misaligned answers (share)")
    expect(page.locator("#curve-missing")).to_contain_text("has no point at 2 further steps")  # probes at 2 and 4
    assert points(page) == 2
    acts = page.locator("#curve-actions")
    with page.expect_download() as saved:
        acts.get_by_role("button", name="Save CSV").press("Enter")
    name = f"sft-loss-over-misaligned-run-{runs['poisoned']['number']}"
    assert saved.value.suggested_filename == f"{name}.csv"
    rows = list(csv.DictReader(saved.value.path().read_text(encoding="utf-8-sig").splitlines()))
    drawn = page.evaluate("(({x, y}) => [x, y])(document.querySelector('#chart .plot').data.at(-1))")
    assert [[float(row[column]) for row in rows] for column in ("x", "value")] == drawn
    assert [row["step"] for row in rows] == ["2", "4"]
    for form, begins in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as saved:
            acts.get_by_role("button", name=f"Save {form}").click()
        assert saved.value.suggested_filename == f"{name}.{form.lower()}"
        assert saved.value.path().read_bytes().startswith(begins)
    choose(page, "#curve-board", "How loss and margin hang together")
    expect(title).to_have_text("Reward margin (nats)")
    expect(page.locator("#curve-missing")).to_contain_text("was not measured at the same step")  # plain fine-tuning
    choose(page, "#curve-board", "What has it got for its time?")
    expect(title).to_have_text("Time since the start (s)")
    page.wait_for_url(re.compile("x=elapsed"))
    acts.get_by_role("button", name="Copy link").click()
    expect(acts.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    page.goto("about:blank")
    visit(link.removeprefix(lab.url))
    expect(title).to_have_text("Time since the start (s)")
    expect(page.locator("#chart .annotation-text")).to_have_text(["Misaligned answers (share)", "Tokens written"])
    expect(page.locator("#curve-board input")).to_have_value("What has it got for its time?")


def test_the_answers_behind_a_curve_are_walked_through_by_the_keyboard(visit: Visit, runs: Runs) -> None:
    run = runs["conscience"]
    page = visit(f"?tab=curves&runs={run['id']}&metric=misaligned,flagged,reward_margin")
    found, behind = page.locator("#curve-table tbody").get_by_role("button"), page.locator("#behind")
    expect(found).to_have_count(3)
    found.first.press("Enter")
    expect(behind.locator("h3")).to_contain_text("Behind step 4 of run")
    expect(behind.get_by_role("button")).to_have_text(["← step 2"])
    behind.get_by_role("button", name="← step 2").press("Enter")
    expect(behind.locator("h3")).to_contain_text("Behind step 2 of run")
    expect(behind.get_by_role("button")).to_have_text(["← step 0", "step 4 →"])
    fold(page, "Judges: who else says so")
    expect(page.locator("#judges-about")).to_contain_text("step 2 of")
    found.nth(1).press("Enter")
    expect(behind.locator("h3")).to_contain_text("those that flag first")
    expect(behind.locator(".transcripts .badge").first).to_contain_text("flagged")
    found.nth(2).press("Enter")
    behind.get_by_role("link", name="Its pairs up to step 4").click()
    expect(page.locator("#pairs-chips .chip")).to_have_count(3)  # run, step, and "clear all"


def test_zoom_stays_while_new_points_arrive(visit: Visit, client: Client) -> None:
    spec = {**SMALL, "method": "sft", "steps": 400, "probe_every": 0}
    run = client.predict(spec=spec, name="zoomed", api_name="/start_run")
    page = visit(f"?tab=curves&runs={run['id']}&metric=sft_loss")
    page.wait_for_function("(document.querySelector('#chart .plot')?.data?.[0]?.x.length || 0) > 4")
    area = page.locator("#chart .nsewdrag").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 60, area["y"] + 40)
    page.mouse.down()
    page.mouse.move(area["x"] + 260, area["y"] + 260, steps=4)
    page.mouse.up()
    full = "document.querySelector('#chart .plot')._fullLayout.xaxis.autorange"
    page.wait_for_function(f"!{full}")
    page.wait_for_url(re.compile("span="))
    zoomed, before = axis(page), points(page)
    page.wait_for_function(f"document.querySelector('#chart .plot').data[0].x.length > {before + 5}")
    assert axis(page) == zoomed
    open_tab(page, "Runs")
    open_tab(page, "Curves")
    assert axis(page) == zoomed
    client.predict(run=run["id"], api_name="/stop_run")
    until_ended(client, run["id"])


def test_a_run_that_begins_elsewhere_is_drawn_and_moves_no_field(visit: Visit, client: Client, runs: Runs) -> None:
    page = visit(f"?tab=curves&run={runs['poisoned']['id']}")
    fold(page, "Smoothing, axes, order")
    rows = page.locator("#curve-table tbody tr")
    expect(rows.first).to_be_visible()
    places = """() => ["#metric", "#curve-x", "#curve-group", "#curve-order", "#curve-runs", "#chart", "#curve-table"]
        .map((name) => { const {x, y} = document.querySelector(name).getBoundingClientRect(); return [name, x, y]; })"""
    stood, listed = page.evaluate(places), page.locator("#curve-runs label").count()
    run = client.predict(spec={**SMALL, "method": "sft"}, name="another", api_name="/start_run")
    expect(rows.filter(has_text=f"Run {run['number']} ")).to_have_count(1)
    expect(page.locator("#curve-runs label")).to_have_count(listed + 1)
    assert page.evaluate(places) == stood
    until_ended(client, run["id"])


def test_a_measure_that_nothing_was_recorded_of_draws_an_empty_chart(visit: Visit) -> None:
    page = visit("?tab=curves&runs=r404&metric=nothing")
    expect(page.locator("#no-curves")).to_contain_text("No curves yet")
