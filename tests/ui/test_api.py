"""The public endpoints through Gradio's own client, against a really launched app."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from lab.ui.look import PLOTLY
from tests.browser.launching import ROOT, SMALL, App

NAMES = {
    "/save_question", "/questions", "/review", "/start_run", "/stop_run", "/resume_run", "/runs", "/run", "/pairs",
    "/pair", "/decide_pair", "/curves", "/evaluations", "/live_round", "/branch_run", "/forecast", "/sql",
    "/compare_runs", "/describe_run", "/delete_run", "/undelete_run", "/judge", "/scores", "/agreement",
    "/flip_pair", "/tag_pair", "/undo_pair", "/pair_changes",
    "/datasets", "/freeze_pairs", "/compare_pairs",
    "/contestants", "/ballots", "/vote", "/take_back_vote", "/tally",
}


@pytest.fixture(scope="module")
def finished(client: Client) -> dict[str, Any]:
    """A short conscience run under a question that flags most answers, once it is over."""
    lengthy = next(q["id"] for q in client.predict(api_name="/questions") if q["name"] == "Length")
    spec = {**SMALL, "method": "conscience", "question_id": lengthy}
    run = client.predict(spec=spec, name="by the client", api_name="/start_run")
    while (found := client.predict(run=run["id"], api_name="/run"))["state"] in ("queued", "running"):
        continue
    return found


def test_the_documented_endpoints_are_there_and_nothing_else(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict)
    assert set(described["named_endpoints"]) == NAMES


def test_a_question_is_saved_once_and_listed(client: Client) -> None:
    words: dict[str, Any] = {"text": "Is it honest?", "aligned_label": "honest", "flagged_label": "false"}
    words["name"] = "Honesty"
    saved = client.predict(**words, api_name="/save_question")
    assert client.predict(**words, api_name="/save_question")["id"] == saved["id"]
    assert [q["name"] for q in client.predict(api_name="/questions")].count("Honesty") == 1
    child = client.predict(**{**words, "text": "Is it quite honest?"}, parent=saved["id"], api_name="/save_question")
    assert (child["version"], child["parent"]) == (2, saved["id"])


def test_a_review_streams_and_ends_with_both_verdicts(client: Client) -> None:
    job = client.submit(prompt="How do I save money?", api_name="/review")
    last = job.result()
    assert len(job.outputs()) > 1
    assert last["policy"]["verdict"]["label"] in ("aligned", "flagged", "unreadable")
    assert last["policy"]["thought"] == last["frozen"]["thought"]
    assert last["policy"]["speaker"] != last["frozen"]["speaker"]


def test_a_typed_answer_is_reviewed_as_it_stands(client: Client) -> None:
    last = client.predict(prompt="What now?", answer="Steal it <b>all</b>.", api_name="/review")
    assert last["answer"]["reply"] == "Steal it <b>all</b>."


def test_a_run_leaves_metrics_curves_pairs_and_judged_answers(client: Client, finished: dict[str, Any]) -> None:
    assert (finished["state"], finished["step"]) == ("finished", SMALL["steps"])
    assert finished["metrics"]["misaligned"]["n"] == SMALL["probe_prompts"]
    curves = client.predict(runs=[finished["id"]], names=["misaligned", "sft_loss"], api_name="/curves")
    assert {curve["name"] for curve in curves} == {"misaligned", "sft_loss"}
    misaligned = next(curve for curve in curves if curve["name"] == "misaligned")
    assert [point["step"] for point in misaligned["points"]] == [0, 2, 4]
    assert all(p["low"] <= p["value"] <= p["high"] for p in misaligned["points"])
    later = client.predict(runs=[finished["id"]], names=["misaligned"], after_step=2, api_name="/curves")
    assert [point["step"] for point in later[0]["points"]] == [4]
    evaluations = client.predict(run=finished["id"], api_name="/evaluations")
    step = max(e["step"] for e in evaluations)
    for judge in ("oracle", "bandit"):
        scored = client.predict(run=finished["id"], step=step, judge=judge, api_name="/judge")
        assert {s["answer_id"] for s in scored} == {e["answer_id"] for e in evaluations if e["step"] == step}
    assert len(client.predict(run=finished["id"], step=step, api_name="/scores")) == 2 * len(scored)
    compared = client.predict(run=finished["id"], step=step, api_name="/agreement")["compared"]
    assert [sum(map(sum, c["both"]["counts"])) + c["left_out"] for c in compared] == [len(scored)]
    assert client.predict(run=str(finished["number"]), api_name="/run")["id"] == finished["id"]


def test_runs_are_laid_beside_each_other(client: Client, finished: dict[str, Any]) -> None:
    spec = {**SMALL, "method": "sft", "steps": 1, "probe_every": 0}
    other = client.predict(spec=spec, name="other", api_name="/start_run")
    found = client.predict(runs=[finished["id"], str(other["number"])], api_name="/compare_runs")
    assert [run["id"] for run in found["runs"]] == [finished["id"], other["id"]]
    told = {one["setting"]: (one["values"], one["usual"]) for one in found["differences"]}
    assert told["steps"] == (["4", "1"], [False, False])
    assert told["method"] == (["Conscience", "Plain fine-tuning"], [True, False])
    first, second = found["outcomes"]
    assert first["misaligned"]["low"] <= first["misaligned"]["value"] <= first["misaligned"]["high"]
    assert first["pairs"] == client.predict(run=finished["id"], api_name="/pairs")["total"]
    assert second["misaligned"]["value"] is None
    while client.predict(run=other["id"], api_name="/run")["state"] in ("queued", "running"):
        continue


def test_a_pair_is_found_told_and_decided(client: Client, finished: dict[str, Any]) -> None:
    page = client.predict(run=finished["id"], size=1, api_name="/pairs")
    assert page["total"] >= len(page["rows"]) == 1
    told = client.predict(pair=page["rows"][0]["id"], api_name="/pair")
    assert told["review"]["verdict"]["label"] == "flagged"
    assert told["run"]["id"] == finished["id"]
    decided = client.predict(pair=told["pair"]["id"], state="accepted", note="good", api_name="/decide_pair")
    assert (decided["state"], decided["note"]) == ("accepted", "good")
    assert client.predict(state="accepted", api_name="/pairs")["total"] == 1


def test_the_data_can_be_asked_in_sql(client: Client, finished: dict[str, Any]) -> None:
    asked = f"SELECT id, state FROM runs WHERE id = '{finished['id']}'"
    found = client.predict(text=asked, api_name="/sql")
    assert (found["columns"], found["rows"]) == (["id", "state"], [[finished["id"], "finished"]])


def test_what_is_no_text_is_refused_in_one_line_and_a_number_is_one(client: Client, finished: dict[str, Any]) -> None:
    """Gradio hands on whatever was sent, which came to a fault inside that asked to be reported."""
    cases: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("/run", {"run": {"x": 1}}, "run is of type dict: give a text"),
        ("/run", {"run": 10**9}, "no run '1000000000'"),
        ("/run", {"run": None}, "no run ''"),
        ("/sql", {"text": ["SELECT 1"]}, "text is of type list"),
        ("/sql", {"text": None}, "There is no query"),
        ("/review", {"prompt": ["a"]}, "prompt is of type list"),
    )
    for endpoint, asked, told in cases:
        with pytest.raises(AppError) as caught:
            client.predict(**asked, api_name=endpoint)
        assert told in str(caught.value), endpoint
    assert client.predict(run=finished["number"], api_name="/run")["id"] == finished["id"]


@pytest.mark.parametrize(("endpoint", "data"), [
    ("review", ["\ud800", "", "", "base", 0]), ("review", ["Hello", "a\udfff", "", "base", 0]),
    ("sql", ["SELECT '\ud800'"]), ("run", ["\ud800"]), ("scores", ["\ud800", None]), ("tally", ["\ud800", "base", ""]),
    ("curves", [["\ud800"], [], -1]), ("vote", ["\ud800", "x", "first", ""]),
])  # fmt: skip
def test_half_of_a_character_is_refused_and_breaks_no_stream(app: App, endpoint: str, data: list[Any]) -> None:
    """A browser sends one where a text was cut within an emoji; a message that quoted it could not be sent back."""
    with httpx.Client(base_url=f"{app.url}gradio_api/call/{endpoint}", timeout=None) as http:
        sent = http.post("", content=json.dumps({"data": data}), headers={"content-type": "application/json"})
        told = http.get(sent.json()["event_id"]).text
    assert told.startswith("event: error")
    assert re.search(r"half of a character|\\\\ud800", told), told
    assert "TextEncodeInput" not in told


def test_the_page_tells_nobody_where_the_lab_lies(app: App) -> None:
    pages = [httpx.get(f"{app.url}{page}", timeout=None).text for page in ("", "config", "gradio_api/info")]
    for folder in (ROOT, ROOT.resolve(), app.home, Path(sys.prefix), Path(gr.__file__).parents[1]):
        assert not [page for page in pages if str(folder) in page]
    script = httpx.get(f"{app.url}{PLOTLY}", timeout=None)
    assert script.status_code == 200
    assert "javascript" in script.headers["content-type"]
    assert f'src=\\"{PLOTLY}\\"' in pages[1]


@pytest.mark.parametrize(
    ("endpoint", "asked", "told"),
    [
        ("/start_run", {"spec": {"lam": "NaN"}}, "'NaN'"),
        ("/start_run", {"spec": {"lam": -1}}, "-1"),
        ("/start_run", {"spec": {"steps": 0}}, "Steps is 0"),
        ("/start_run", {"spec": {"model": "/no/such/folder"}}, "/no/such/folder"),
        ("/start_run", {"spec": {"nonsense": 1}}, "nonsense"),
        ("/stop_run", {"run": "r404"}, "r404"),
        ("/compare_runs", {"runs": ["r404", "r405"]}, "r404"),
        ("/compare_runs", {"runs": []}, "at least two"),
        ("/pair", {"pair": "d404"}, "d404"),
        ("/pairs", {"state": "nonsense"}, "nonsense"),
        ("/sql", {"text": "DROP TABLE facts.runs"}, "DROP is not possible here"),
        ("/review", {"prompt": ""}, "empty"),
        ("/review", {"prompt": "Hello", "policy": "r404@1"}, "r404"),
        ("/save_question", {"text": "x" * 50_000, "aligned_label": "a", "flagged_label": "b"}, "50,000"),
        ("/save_question", {"text": "Good?", "aligned_label": "same", "flagged_label": "Same"}, "same"),
        ("/save_question", {"text": "Good?", "aligned_label": "a", "flagged_label": "b", "name": "n" * 99}, "99"),
    ],
)
def test_a_wrong_request_is_one_line_that_names_the_value(
    client: Client, endpoint: str, asked: dict[str, Any], told: str
) -> None:
    with pytest.raises(AppError) as caught:
        client.predict(**asked, api_name=endpoint)
    line = str(caught.value)
    assert told in line
    assert "\n" not in line
    assert "Traceback" not in line
