"""The login with the Hub as Gradio itself does it on a Space: its routes, its signed cookie, its session, and our gate.

What is not here is the Hub: nobody is sent there, and what it would say of a person is put into Gradio's cookie.
"""

from __future__ import annotations

import hashlib
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi.testclient import TestClient
from gradio import oauth
from gradio.routes import App
from itsdangerous import TimestampSigner

from lab.settings import Settings
from lab.ui.owner import Gate

HOST = "ada-lab.hf.space"
SPACE = {
    "SYSTEM": "spaces", "SPACE_ID": "ada/lab", "SPACE_AUTHOR_NAME": "ada", "SPACE_HOST": HOST, "LAB_PUBLIC": "1",
    "OAUTH_CLIENT_ID": "an id", "OAUTH_CLIENT_SECRET": "a secret", "OAUTH_SCOPES": "openid profile",
    "OPENID_PROVIDER_URL": "https://outside.invalid",
}


@pytest.fixture(scope="module")
def page() -> Iterator[TestClient]:
    """A page with Gradio's login button and one verb that says who asks."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SPACE.items():
            patch.setenv(name, value)
            if hasattr(oauth, name):
                patch.setattr(oauth, name, value)  # read by Gradio when it is imported
        gate = Gate(Settings.from_environment(SPACE))
        with gr.Blocks(analytics_enabled=False) as blocks:
            gr.LoginButton()
            said = gr.Textbox()
            gr.Button().click(lambda: str(gate.visitor().owner), None, said, api_name="whose", queue=False)
        blocks.max_file_size = None  # which launching would set
        app = App.create_app(blocks, app_kwargs={"middleware": gate.middleware})
        gate.install(app)
        with TestClient(app, base_url=f"https://{HOST}", follow_redirects=False) as client:
            yield client


def login(name: str, **changes: Any) -> str:
    """The cookie that Gradio keeps after the Hub has said who somebody is."""
    person = {"name": "N", "preferred_username": name, "profile": "", "picture": ""}
    info = {"access_token": "t", "expires_at": int(time.time()) + 3600, "userinfo": person, **changes}
    secret = hashlib.sha256(f"{SPACE['OAUTH_CLIENT_SECRET']}-v4".encode()).hexdigest()
    return TimestampSigner(secret).sign(b64encode(json.dumps({"oauth_info": info}).encode())).decode()


def whose(page: TestClient, cookie: str, **headers: str) -> str:
    page.cookies.clear()
    sent = {"cookie": f"session={cookie}", "origin": f"https://{HOST}", **headers}
    answer = page.post("/gradio_api/run/whose", json={"data": []}, headers=sent)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]


def test_the_hubs_login_of_the_spaces_author_is_the_owner_and_no_other(page: TestClient) -> None:
    assert whose(page, login("ada")) == "True"
    assert whose(page, login("ada"), origin="https://ADA-lab.hf.space") == "True"
    assert whose(page, login("eve")) == "False"
    assert whose(page, login("ada") + "x") == "False"
    assert whose(page, "") == "False"


def test_a_login_that_is_over_is_none(page: TestClient) -> None:
    assert whose(page, login("ada", expires_at=int(time.time()) - 1)) == "False"


@pytest.mark.parametrize("origin", ["https://evil.invalid", "null", f"https://{HOST}.evil.invalid",
                                    f"https://evil.invalid/{HOST}", f"https://{HOST}@evil.invalid"])
def test_a_page_of_another_site_is_not_the_owner_whatever_cookie_it_sends(page: TestClient, origin: str) -> None:
    forged = {"x-forwarded-host": "evil.invalid", "origin": origin}
    assert whose(page, login("ada"), **forged) == "False"


def test_uploads_are_taken_from_the_owner_who_logged_in_with_the_hub(page: TestClient, tmp_path: Path) -> None:
    def upload(name: str, origin: str = f"https://{HOST}") -> int:
        page.cookies.clear()
        sent = {"cookie": f"session={login(name)}", "origin": origin}
        return page.post("/gradio_api/upload", files={"files": ("a.txt", b"text")}, headers=sent).status_code

    assert [upload("ada"), upload("eve"), upload("ada", "https://evil.invalid")] == [200, 403, 403]


def test_logging_out_forgets_the_login(page: TestClient) -> None:
    page.cookies.clear()
    answer = page.get("/logout", headers={"cookie": f"session={login('ada')}"})
    assert answer.status_code == 307
    assert "session=null" in answer.headers["set-cookie"]


@pytest.mark.parametrize("missing", ["SYSTEM", "SPACE_ID", *(name for name in SPACE if name.startswith("O"))])
def test_where_gradio_would_let_anybody_in_or_not_start_there_is_no_login(missing: str) -> None:
    assert Settings.from_environment(SPACE).oauth
    assert not Settings.from_environment({k: v for k, v in SPACE.items() if k != missing}).oauth
