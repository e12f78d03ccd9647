"""Which addresses of the server who reaches: every route that Gradio has is open to strangers or is not, by this table;
a lab of one's own answers its own pages alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import gradio as gr
import pytest
from fastapi.testclient import TestClient
from gradio.routes import App
from starlette.middleware import Middleware

from lab.settings import Settings
from lab.ui.doors import MOST_SENT, OPEN, own_pages
from lab.ui.owner import HEADER, Gate

SECRET = "a secret of more than sixteen characters"
CLOSED = {
    "/gradio_api/upload", "/gradio_api/upload_progress", "/gradio_api/process_recording", "/gradio_api/deep_link",
    "/gradio_api/component_server", "/gradio_api/component_server/", "/gradio_api/proxy={}", "/gradio_api/file/{}",
    "/gradio_api/custom_component/{}/{}/{}/{}", "/gradio_api/stream/{}", "/gradio_api/stream/{}/close",
    "/gradio_api/stream/{}/{}/{}/playlist.m3u8", "/gradio_api/stream/{}/{}/{}/{}.{}",
    "/gradio_api/stream/{}/{}/{}/playlist-file", "/gradio_api/runs", "/gradio_api/runs/",
    "/gradio_api/run-history/connect", "/gradio_api/run-history/buckets", "/gradio_api/run-history/records",
    "/gradio_api/run-history/records/{}/{}/assets/{}", "/gradio_api/dev/reload", "/gradio_api/token",
    "/gradio_api/token/", "/gradio_api/vibe-edit", "/gradio_api/vibe-edit/", "/gradio_api/undo-vibe-edit",
    "/gradio_api/undo-vibe-edit/", "/gradio_api/vibe-code", "/gradio_api/vibe-code/",
    "/gradio_api/vibe-starter-queries", "/gradio_api/vibe-starter-queries/", "/login", "/login/", "/monitoring",
    "/monitoring/summary", "/monitoring/{}", "/openapi.json",
}
"""What a stranger does not reach; routes of Gradio that are neither here nor in `OPEN` fail the first test."""


def app(middleware: list[Middleware]) -> App:
    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.Markdown("a page")
    blocks.max_file_size = None  # which launching would set
    return App.create_app(blocks, app_kwargs={"middleware": middleware})


@pytest.fixture(scope="module")
def public() -> Iterator[TestClient]:
    gate = Gate(Settings.from_environment({"LAB_PUBLIC": "1", "LAB_OWNER_TOKEN": SECRET}))
    built = app(gate.middleware)
    gate.install(built)
    with TestClient(built, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


def routes(client: TestClient) -> dict[str, set[str]]:
    """Paths of the app, "{}" for what varies, with their methods."""
    found: dict[str, set[str]] = {}
    waiting = list(client.app.routes)  # type: ignore[attr-defined]
    while waiting:
        route = waiting.pop()
        waiting += getattr(getattr(route, "original_router", None), "routes", ())
        if path := getattr(route, "path", ""):
            found.setdefault(re.sub(r"\{[^}]*\}", "{}", path), set()).update(getattr(route, "methods", None) or ())
    return found


def test_every_address_that_the_server_has_is_open_to_strangers_or_closed(public: TestClient) -> None:
    found = set(routes(public))
    assert {"/", "/config", "/gradio_api/queue/join", "/gradio_api/upload", "/owner"} <= found
    undecided = {path for path in found - CLOSED if not OPEN.fullmatch(path.replace("{}", "x"))}
    assert found >= CLOSED
    assert undecided == set(), "say of a new address in lab/ui/doors.py or here whether strangers reach it"
    assert not {path for path in CLOSED if OPEN.fullmatch(path.replace("{}", "x"))}


@pytest.mark.parametrize("path", sorted(CLOSED))
def test_a_stranger_is_refused_before_anything_is_read(public: TestClient, path: str) -> None:
    for method in ("GET", "POST", "HEAD"):
        for headers in ({}, {HEADER: "a guess"}):
            answer = public.request(method, path.replace("{}", "x"), headers=headers, content=b"x")
            assert answer.status_code == 403, path
            assert method == "HEAD" or "Only the owner" in answer.text


@pytest.mark.parametrize("path", [
    "/gradio_api/../gradio_api/upload", "//gradio_api/upload", "/gradio_api/%75pload", "/gradio_api/upload?x=/",
    "/gradio_api/upload/", "/GRADIO_API/upload", "/gradio_api/queue/join/../../upload",
    "/gradio_api/process_recording/", "/static/../gradio_api/upload", "/x", "/gradio_api/file/=x",
])  # fmt: skip
def test_no_other_spelling_of_an_address_is_a_way_in(public: TestClient, path: str) -> None:
    answer = public.post(path, files={"files": ("a.txt", b"x"), "video": ("a.mp4", b"x")})
    assert answer.status_code in (403, 404, 405), path


def test_the_owner_passes_and_strangers_reach_the_page(public: TestClient) -> None:
    sent = public.post("/gradio_api/upload", files={"files": ("a.txt", b"x")}, headers={HEADER: SECRET})
    assert sent.status_code == 200
    for path in ("/", "/config", "/gradio_api/info", "/theme.css", "/gradio_api/startup-events"):
        assert public.get(path).status_code != 403, path


@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/call/x", "/gradio_api/run/x",
                                  "/gradio_api/cancel", "/gradio_api/reset", "/owner", "/config"])  # fmt: skip
def test_a_stranger_cannot_fill_the_memory_with_what_is_sent(public: TestClient, path: str) -> None:
    """Neither said to be long nor sent in pieces without a length; what is no longer than allowed is read as it was."""

    def in_pieces() -> Iterator[bytes]:
        for _ in range(MOST_SENT // 2**10 + 1):
            yield b'"' * 2**10

    for headers in ({}, {HEADER: "a guess"}):
        said = public.post(path, content=b'"' * (MOST_SENT + 1), headers=headers)
        assert said.status_code == 413
        assert f"{MOST_SENT // 1024} KB" in said.json()["detail"]
        assert public.post(path, content=in_pieces(), headers=headers).status_code == 413
        assert public.post(path, content=b'"' * MOST_SENT, headers=headers).status_code != 413
    assert public.post(path, content=b'"' * (MOST_SENT + 1), headers={HEADER: SECRET}).status_code != 413


@pytest.mark.parametrize(("headers", "code"), [
    ({}, 200), ({"host": "localhost:7860"}, 200), ({"host": "[::1]:7860"}, 200), ({"host": "LOCALHOST"}, 200),
    ({"host": "lab.example"}, 200), ({"host": "evil.example"}, 403), ({"host": "127.0.0.1.evil.example:7860"}, 403),
    ({"host": "evil.example@127.0.0.1.evil.example"}, 403), ({"host": ""}, 403), ({"host": "[::1"}, 403),
    ({"origin": "http://127.0.0.1:7860"}, 200), ({"origin": "https://lab.example"}, 200),
    ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({"origin": ""}, 403),
])  # fmt: skip
def test_a_lab_of_ones_own_answers_its_own_pages_alone(headers: dict[str, str], code: int) -> None:
    """Other sites' pages, and names that somebody made to mean 127.0.0.1."""
    hosts = Settings.from_environment({"LAB_HOSTS": " Lab.example, "}).hosts
    with TestClient(app(own_pages("127.0.0.1", hosts)), base_url="http://127.0.0.1:7860") as client:
        answer = client.get("/config", headers=headers)
        assert answer.status_code == code
        assert code == 200 or "LAB_HOSTS" in answer.text


def test_a_lab_that_was_opened_to_a_network_goes_by_whatever_name_it_has_there() -> None:
    assert own_pages("0.0.0.0", frozenset()) == []
