"""Chromium before the real app. Without Chromium the tests are skipped, or fail under LAB_REQUIRE_BROWSER=1."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from tests.browser.launching import SMALL, App, running

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000.0
"""Milliseconds after which a wait is given up: no limit that anything is judged by."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs the browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        reason = "no Chromium here: install Debian's chromium to run the browser tests"
        if os.environ.get("LAB_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = _chromium()
    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=path, args=FLAGS)
        expect.set_options(timeout=PATIENCE)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The real app over an empty folder."""
    with running(tmp_path_factory.mktemp("lab")) as app:
        yield app


@pytest.fixture(scope="session")
def client(lab: App) -> Client:
    return Client(lab.url, verbose=False)


def until_ended(client: Client, run: str) -> dict[str, Any]:
    """A run once it is over; the endpoint is asked again and again, each answer taking its own time."""
    while (found := client.predict(run=run, api_name="/run"))["state"] in ("queued", "running", "stopping"):
        continue
    return found


@pytest.fixture(scope="session")
def runs(client: Client) -> dict[str, dict[str, Any]]:
    """Two short runs that are over: "poisoned", and "conscience" under a question that flags most answers."""
    lengthy = next(q["id"] for q in client.predict(api_name="/questions") if q["name"] == "Length")
    wanted = {
        "poisoned": {**SMALL, "method": "sft"},
        "conscience": {**SMALL, "method": "conscience", "question_id": lengthy},
    }
    started = {name: client.predict(spec=spec, name=name, api_name="/start_run") for name, spec in wanted.items()}
    return {name: until_ended(client, run["id"]) for name, run in started.items()}


@pytest.fixture
def page(browser: Browser, lab: App) -> Iterator[Page]:
    """A fresh page. At its end: nothing stood on the console, nothing left this machine, no dialog opened."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    opened.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda request: None if _local(request.url) else wrong.append(f"left: {request.url}"))
    opened.on("response", lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status > 399 else None)

    def dismissed(dialog: Dialog) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def left(_: Page) -> None:
        wrong[:] = [line for line in wrong if not (_torn(line) or line in _LOST)]

    opened.on("dialog", dismissed)
    opened.on("domcontentloaded", left)
    yield opened
    context.close()
    assert [line for line in wrong if not _torn(line)] == []


def _local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))


_LOST = (
    "Unexpected error 404: Not Found",
    "Failed to load resource: net::ERR_INCOMPLETE_CHUNKED_ENCODING",
    "TypeError: network error",
)
"""What a document that is being left hears when its stream was closed and it asks for the next: Gradio's server says
404 within the stream and breaks it off, and the browser tells of both. Forgiven only if another document did follow."""


def _torn(line: str) -> bool:
    """What Gradio's client writes when the page that it lives in is left while a request is open."""
    return line.startswith("AbortError") or "Connection errored out" in line


@pytest.fixture
def visit(page: Page, lab: App) -> Callable[..., Page]:
    """Open the lab at a link, and wait until the link has been followed."""

    def go(query: str = "") -> Page:
        page.goto(lab.url + query)
        expect(page.locator("html[data-view]")).to_be_attached()
        return page

    return go
