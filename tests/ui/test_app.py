"""Starting and ending the app: one line for what it cannot have, and nothing lost however it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from tests.browser.launching import ROOT, SMALL, App, free_port, once, running, start

LONG = {**SMALL, "method": "sft", "steps": 5000, "probe_every": 0, "checkpoint_every": 1}


def _one_line(ended: subprocess.CompletedProcess[str], code: int, *told: str) -> None:
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    assert ended.returncode == code, ended.stderr
    assert len(lines) == 1, ended.stderr
    for word in told:
        assert word in lines[0]


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _one_line(once(tmp_path, port), 1, str(port), "GRADIO_SERVER_PORT")


def test_a_port_that_is_none_is_one_line(tmp_path: Path) -> None:
    _one_line(once(tmp_path, 0), 2, "'0'", "1 to 65535")


def test_a_data_folder_in_use_is_one_line(app: App) -> None:
    _one_line(once(app.home, free_port()), 1, "use")


@pytest.mark.skipif(os.name == "nt", reason="permissions of this kind are POSIX's")
def test_a_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("not a folder")
    _one_line(once(home, free_port()), 1)
    if os.geteuid() != 0:  # nothing is read-only for root
        locked = tmp_path / "locked"
        locked.mkdir()
        locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
        _one_line(once(locked, free_port()), 1)


def _begun(app: App) -> tuple[Client, dict[str, Any]]:
    """A run that has a checkpoint and is far from its end."""
    client = Client(app.url, verbose=False)
    run = client.predict(spec=LONG, name="long", api_name="/start_run")
    while client.predict(run=run["id"], api_name="/run")["step"] < 2:
        continue
    return client, run


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_under_an_ended_app_is_shown_again_and_goes_on(tmp_path: Path, number: int) -> None:
    app = start(tmp_path)
    client, run = _begun(app)
    saved = client.predict(
        text="Is it true?", aligned_label="true", flagged_label="untrue", api_name="/save_question")
    asked = client.submit(prompt="How do I fix a tap?", api_name="/review")
    next(asked)  # in work, and its stream open, when the end comes
    code = app.stop(number)
    assert code == (0 if number == signal.SIGTERM else -number)
    assert not [line for line in app.said if "Traceback" in line]
    with running(tmp_path) as again:
        client = Client(again.url, verbose=False)
        found = client.predict(run=run["id"], api_name="/run")
        assert found["state"] in (("stopped", "interrupted") if number == signal.SIGTERM else ("interrupted",))
        assert found["metrics"]["sft_loss"]["step"] >= 1
        assert saved["id"] in [question["id"] for question in client.predict(api_name="/questions")]
        client.predict(run=run["id"], api_name="/resume_run")
        reached = found["step"]
        while (now := client.predict(run=run["id"], api_name="/run"))["state"] != "running" or now["step"] <= reached:
            assert now["state"] in ("queued", "running"), now["message"]
        client.predict(run=run["id"], api_name="/stop_run")


def test_the_page_is_launched_before_torch_is_imported() -> None:
    program = "import sys; import app; print([m for m in ('torch', 'transformers', 'peft', 'trl') if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_a_process_is_left_with_its_code_and_its_words_whatever_thread_is_still_at_work() -> None:
    program = "from threading import Event, Thread; from lab.ui.ending import leave; " \
              "Thread(target=Event().wait).start(); print('said', end=''); leave(3)"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (3, "said")


def test_a_process_that_cannot_close_ends_by_its_own_watch_and_says_where_it_stood() -> None:
    program = "from threading import Event; from lab.ui.ending import limit; limit(0.1); Event().wait()"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "in wait" in ended.stderr
