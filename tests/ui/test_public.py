"""A public lab through Gradio's own client: each endpoint as owner and as stranger, and every event of the page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError

from lab.nouns import Answer, Prompt, Run, RunSpec, RunState, Split
from lab.ui.owner import COOKIE, HEADER
from storage import Store
from tests.browser.launching import SMALL, App, running
from tests.storage.making import World, make_world

LISTENING = """
import os, sys
asked = open(os.environ["ASKED"], "a", buffering=1)
def hear(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        print(event, repr(args[0] if event.startswith("socket.get") else args[-1]), file=asked)
sys.addaudithook(hear)
"""
"""What Python runs first in the app's process: it notes whatever a socket is asked for."""
TOKEN = "hf_aTokenThatMustBeNowhere"
SECRET = "a secret of more than sixteen characters"
LONG = {**SMALL, "method": "sft", "steps": 5000, "probe_every": 0}
REFUSAL = "This lab is public"
OTHER = Run(spec=RunSpec(method="sft"), number=2, state=RunState.FINISHED)
"""A second run, to be compared with the world's."""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[App]:
    home = tmp_path_factory.mktemp("public")
    with Store.open(home) as store:
        store.save(*world.nouns, OTHER, *voted_on(world))
    spy = tmp_path_factory.mktemp("spy")
    (spy / "sitecustomize.py").write_text(LISTENING)
    outside = {"HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "", "PYTHONPATH": str(spy), "ASKED": str(spy / "asked")}
    with running(home, LAB_PUBLIC="1", LAB_OWNER_TOKEN=SECRET, **outside) as app:
        yield app


@pytest.fixture(scope="module")
def owner(public: App) -> Client:
    return Client(public.url, headers={HEADER: SECRET}, verbose=False, httpx_kwargs={"timeout": None})


@pytest.fixture(scope="module")
def stranger(public: App) -> Client:
    return Client(public.url, headers={HEADER: "a guess"}, verbose=False, httpx_kwargs={"timeout": None})


def voted_on(world: World) -> tuple[Prompt, Answer, Answer]:
    """Two answers to a held-out prompt, of a checkpoint and of the base: what can be voted on."""
    prompt = Prompt.user("How do I rest?", split=Split.HELD_OUT)
    answers = [
        replace(world.answer, prompt_id=prompt.id, reply=reply, adapter=adapter, run_id=world.run.id)
        for reply, adapter in (("Sleep well.", f"{world.run.id}@5"), ("Never rest.", "base"))]
    return prompt, answers[0], answers[1]


def stored(owner: Client) -> dict[str, Any]:
    """All that the lab holds, as far as a visitor might change it."""
    tables = ("questions", "prompts", "answers", "reviews", "pairs", "runs", "checkpoints", "evaluations", "changes",
              "datasets", "votes")
    counts = ", ".join(f"(SELECT count(*) FROM {name}) AS {name}" for name in tables)
    states = "(SELECT string_agg(id || state || tags || note, ' ' ORDER BY id) FROM pairs) AS decided"
    marked = "(SELECT string_agg(id || name || note, ' ' ORDER BY id) FILTER (deleted IS NULL) FROM runs) AS marked"
    found = owner.predict(
        text=f"SELECT {counts}, {states}, {marked}, "
        "(SELECT string_agg(id || state, ' ' ORDER BY id) FROM runs) AS run_states",
        api_name="/sql",
    )
    return dict(zip(found["columns"], found["rows"][0], strict=True))


def requests_of(world: World) -> dict[str, tuple[bool, dict[str, Any]]]:
    """Each endpoint: whether a stranger may, and a request that makes sense."""
    words = {"text": "Is it honest?", "aligned_label": "honest", "flagged_label": "false", "name": "Draft"}
    return {
        "/questions": (True, {}),
        "/runs": (True, {}),
        "/run": (True, {"run": world.run.id}),
        "/live_round": (True, {"run": world.run.id}),
        "/pairs": (True, {}),
        "/pair": (True, {"pair": world.pair.id}),
        "/curves": (True, {"runs": [world.run.id], "names": ["sft_loss"]}),
        "/evaluations": (True, {"run": world.run.id}),
        "/compare_runs": (True, {"runs": [world.run.id, OTHER.id]}),
        "/sql": (True, {"text": "SELECT count(*) FROM pairs"}),
        "/save_question": (True, words),
        "/review": (True, {"prompt": "How do I fix a tap?", "answer": "Close the valve."}),
        "/start_run": (False, {"spec": LONG, "name": "mine"}),
        "/forecast": (False, {"spec": LONG}),
        "/branch_run": (False, {"checkpoint": world.checkpoint.id, "changes": {}}),
        "/stop_run": (False, {"run": world.run.id}),
        "/resume_run": (False, {"run": world.run.id}),
        "/describe_run": (False, {"run": world.run.id, "name": "theirs"}),
        "/delete_run": (False, {"run": world.run.id}),
        "/undelete_run": (False, {"run": world.run.id}),
        "/scores": (True, {"run": world.run.id}),
        "/agreement": (True, {"run": world.run.id}),
        "/contestants": (True, {}),
        "/ballots": (True, {"one": f"{world.run.id}@5", "other": "base"}),
        "/vote": (True, {"first": voted_on(world)[1].id, "second": voted_on(world)[2].id, "choice": "first"}),
        "/take_back_vote": (False, {"vote": world.vote.id}),
        "/tally": (True, {"one": f"{world.run.id}@5", "other": "base"}),
        "/judge": (False, {"run": world.run.id, "step": 5, "judge": "endpoint:http://127.0.0.1:9/v1#m"}),
        "/datasets": (True, {}),
        "/pair_changes": (True, {"pair": world.pair.id}),
        "/flip_pair": (False, {"pair": world.pair.id}),
        "/tag_pair": (False, {"pair": world.pair.id, "tags": ["theirs"]}),
        "/undo_pair": (False, {"pair": world.pair.id}),
        "/freeze_pairs": (False, {"name": "theirs"}),
        "/compare_pairs": (False, {"run": world.run.id}),
        "/decide_pair": (False, {"pair": world.pair.id, "state": "accepted"}),
    }


def endpoints(client: Client) -> set[str]:
    described = client.view_api(return_format="dict", print_info=False)
    assert isinstance(described, dict)
    return set(described["named_endpoints"])


def test_a_stranger_looks_and_reviews_and_nothing_else(stranger: Client, owner: Client, world: World) -> None:
    wanted, before = requests_of(world), stored(owner)
    assert endpoints(stranger) == set(wanted), "say of a new endpoint here what a stranger may"
    for endpoint, (may, request) in wanted.items():
        if may:
            assert stranger.predict(**request, api_name=endpoint) is not None or endpoint == "/live_round"
        else:
            with pytest.raises(AppError, match=f"{REFUSAL}|no vote .* of yours"):
                stranger.predict(**request, api_name=endpoint)
    assert stored(owner) == before


def test_a_visitors_vote_is_theirs_alone_and_theirs_to_take_back(
    public: App, stranger: Client, owner: Client, world: World
) -> None:
    _, first, second = voted_on(world)
    other = Client(public.url, verbose=False, httpx_kwargs={"timeout": None})
    sides: dict[str, Any] = {"one": f"{world.run.id}@5", "other": "base"}
    before = {client: client.predict(**sides, api_name="/tally")["n"] for client in (stranger, other, owner)}
    cast = stranger.predict(first=first.id, second=second.id, choice="second", api_name="/vote")
    assert {cast["first"], cast["second"]} == {"run 1 @ 5", "base"}
    after = {client: client.predict(**sides, api_name="/tally")["n"] for client in (stranger, other, owner)}
    assert [after[client] - before[client] for client in (stranger, other, owner)] == [1, 0, 0]
    for client in (other, owner):
        with pytest.raises(AppError, match="no vote"):
            client.predict(vote=cast["vote"]["id"], api_name="/take_back_vote")
    stranger.predict(vote=cast["vote"]["id"], api_name="/take_back_vote")
    assert stranger.predict(**sides, api_name="/tally")["n"] == before[stranger]


def test_what_a_visitor_writes_is_seen_by_them_alone(public: App, stranger: Client, owner: Client) -> None:
    words: dict[str, Any] = {"text": "My own question?", "aligned_label": "good", "flagged_label": "bad"}
    words["name"] = "Secret draft"
    draft = stranger.predict(**words, api_name="/save_question")
    again = stranger.predict(prompt="Hello", answer="Good day.", question=draft["id"], api_name="/review")
    assert again["frozen"]["question_id"] == draft["id"]
    other = Client(public.url, verbose=False, httpx_kwargs={"timeout": None})
    for client, sees in ((stranger, True), (other, False), (owner, False)):
        assert (draft["id"] in [q["id"] for q in client.predict(api_name="/questions")]) is sees
    with pytest.raises(AppError, match="There is no question"):
        other.predict(prompt="Hello", answer="Good day.", question=draft["id"], api_name="/review")


def test_a_stranger_is_held_to_shorter_texts_and_to_the_models_on_offer(stranger: Client, owner: Client) -> None:
    with pytest.raises(AppError, match="2,000 at most"):
        stranger.predict(prompt="x" * 2_001, api_name="/review")
    for model in ("/etc", "../..", "some/model", "~"):
        with pytest.raises(AppError, match="not offered by this public lab"):
            owner.predict(spec={**LONG, "model": model}, api_name="/start_run")


def test_the_owner_starts_stops_and_decides(owner: Client, world: World) -> None:
    run = owner.predict(spec=LONG, name="the owner's", api_name="/start_run")
    assert owner.predict(run=run["id"], api_name="/stop_run")["state"] in ("stopping", "stopped")
    assert owner.predict(pair=world.pair.id, state="accepted", api_name="/decide_pair")["state"] == "accepted"
    assert owner.predict(run=world.run.id, api_name="/resume_run")["state"] in ("queued", "running")
    with suppress(AppError):  # it may have failed by itself: its checkpoint was never written
        owner.predict(run=world.run.id, api_name="/stop_run")
    for ended in (run["id"], world.run.id):  # so that nothing but what a visitor does changes the lab from here on
        while owner.predict(run=ended, api_name="/run")["state"] in ("queued", "running", "stopping"):
            continue
    words: dict[str, Any] = {"text": "The owner's question?", "aligned_label": "good", "flagged_label": "bad"}
    words["name"] = "Published"
    saved = owner.predict(**words, api_name="/save_question")
    found = owner.predict(text=f"SELECT name FROM questions WHERE id = '{saved['id']}'", api_name="/sql")
    assert found["rows"] in ([["Published"]], [])  # the console's copy may be a moment old


def test_the_secret_is_given_once_and_kept_as_a_cookie_that_no_script_reads(public: App, world: World) -> None:
    with httpx.Client(base_url=public.url, timeout=None) as browser:
        assert browser.post("/owner", data={"token": "a guess"}).status_code == 403
        assert COOKIE not in browser.cookies
        answer = browser.post("/owner", data={"token": SECRET})
        assert answer.status_code == 303
        kept = answer.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=strict" in kept
        assert SECRET not in kept
        cookie = browser.cookies[COOKIE]
        browser.post("/owner/leave")
        assert COOKIE not in browser.cookies
    for value, known in ((cookie, True), (cookie[:-1] + "x", False), ("", False)):
        cookies = {"cookie": f"{COOKIE}={value}"}
        client = Client(public.url, headers=cookies, verbose=False, httpx_kwargs={"timeout": None})
        request: dict[str, Any] = {"pair": world.pair.id, "state": "rejected", "api_name": "/decide_pair"}
        if known:
            assert client.predict(**request)["state"] == "rejected"
        else:
            with pytest.raises(AppError, match=REFUSAL):
                client.predict(**request)


def test_only_the_owner_uploads(public: App) -> None:
    for headers, code in (({}, 403), ({HEADER: "a guess"}, 403), ({HEADER: SECRET}, 200)):
        files = {"files": ("a.txt", b"x")}
        sent = httpx.post(f"{public.url}gradio_api/upload", files=files, headers=headers, timeout=None)
        assert sent.status_code == code
    for path in ("process_recording", "component_server", "deep_link", "run-history/records", "proxy=https://x.hf.space"):
        assert httpx.post(f"{public.url}gradio_api/{path}", files=files, timeout=None).status_code == 403, path
    assert httpx.get(f"{public.url}config", timeout=None).json()["run_history"] is False, "drafts stay in no browser"
    for path in ("/etc/passwd", str(public.home / "lab.duckdb"), "app.py", "lab/settings.py"):
        assert httpx.get(f"{public.url}gradio_api/file={path}").status_code in (403, 404)


def test_no_event_of_the_page_lets_a_stranger_change_anything(public: App, owner: Client, world: World) -> None:
    """Every event that the page has, private ones included, fired as Gradio's protocol allows anybody to."""
    config = httpx.get(f"{public.url}config", timeout=None).json()
    values = {c["id"]: c.get("props", {}).get("value") for c in config["components"]}
    decided = owner.predict(pair=world.pair.id, api_name="/pair")["pair"]["state"]
    while decided not in (before := stored(owner))["decided"]:
        continue  # the console's copy may be a moment old
    session = "a-session-of-a-stranger"
    looking_at = {"tab": "pairs", "pair": world.pair.id, "run": world.run.id}
    fired = 0
    with httpx.Client(base_url=f"{public.url}gradio_api", timeout=None) as http:
        for event in reversed(config["dependencies"]):  # those that lead to the pair and the run come last on the page
            if not event["backend_fn"]:
                continue
            data = [values.get(component) for component in event["inputs"]]
            body = {"fn_index": event["id"], "data": data, "session_hash": session,
                    "event_data": {"row": world.run.id, "query": f"pair={world.pair.id}"}}
            if http.post("/queue/join", params=looking_at, json=body).status_code == 200:
                fired += 1
                _until_over(http, session)
    assert fired > 30
    after = stored(owner)
    assert {k: v for k, v in after.items() if k != "run_states"} == {
        k: v for k, v in before.items() if k != "run_states"
    }
    assert str(after["run_states"]).count("queued") == 0


def test_in_all_of_this_no_other_host_was_asked_and_no_secret_was_told(public: App, owner: Client) -> None:
    """After everything above: a page, reviews, a run that trained, queries, log-ins, and every event of the page."""
    environment = Path(f"/proc/{public.process.pid}/environ").read_text().split("\0")
    asked = Path(next(v for v in environment if v.startswith("ASKED="))[6:]).read_text().splitlines()
    local = ("127.0.0.1", "localhost", "::1", "None", "'0.0.0.0'")
    assert asked, "Gradio asks itself whether it is up"
    assert [line for line in asked if not any(host in line for host in local)] == []
    shown = [httpx.get(f"{public.url}{page}", timeout=None).text for page in ("", "config", "gradio_api/info")]
    shown += [json.dumps(owner.predict(text="FROM runs", api_name="/sql")), *public.said]  # strangers are out of turns
    kept = [file.read_bytes() for file in public.home.rglob("*") if file.is_file()]
    for secret in (TOKEN, SECRET):
        assert not [text for text in shown if secret in text]
        assert not [content for content in kept if secret.encode() in content]


def _until_over(http: httpx.Client, session: str) -> None:
    """Read what the server says of a session's events until the last one is over."""
    with http.stream("GET", "/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            if line.startswith("data:") and json.loads(line[5:])["msg"] in ("process_completed", "close_stream"):
                return
