"""One real app for the tests of its endpoints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gradio_client import Client

from tests.browser.launching import App, running


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with running(tmp_path_factory.mktemp("api")) as started:
        yield started


@pytest.fixture(scope="session")
def client(app: App) -> Client:
    return Client(app.url, verbose=False)
