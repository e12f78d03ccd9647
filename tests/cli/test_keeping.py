"""What is stored, kept and shared from the command line: export, import, snapshot, restore, check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.conscience import framings
from lab.nouns import Run, RunSpec
from storage import Store
from tests.cli.conftest import Command
from tests.storage.making import make_world


@pytest.fixture
def filled(home: Path) -> Path:
    """A data folder with a run that has answered once."""
    with Store.open(home) as store:
        question = framings.SHIPPED[0]
        made = make_world(run=Run(spec=RunSpec(question_id=question.id)))
        store.save(*framings.SHIPPED, made.run, made.prompt, made.answer, made.metric, made.vote)
    return home


def test_a_bundle_goes_to_another_lab_and_twice_is_once(
    filled: Path, lab: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lab("export", "bundle", "--out", str(tmp_path / "b")).code == 0
    monkeypatch.setenv("LAB_HOME", str(tmp_path / "other"))
    assert lab("import", str(tmp_path / "b"), "--json", "-").json["new"]["runs"] == 1
    assert lab("import", str(tmp_path / "b")).out == "taken for a bundle; nothing in it is new\n"
    assert lab("check").out.splitlines()[-1] == "all is well"  # after what it looked at


def test_preference_pairs_come_in_and_go_out(home: Path, lab: Command, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"prompt": "a", "chosen": "b", "rejected": "c"}')
    assert lab("import", str(tmp_path / "p.jsonl")).out == "taken for preference pairs; new: 1 pair\n"
    out = tmp_path / "out.csv"
    assert lab("export", "pairs", "--out", str(out)).out == f"pairs: 1 row in {out}\n"
    assert "a,b,c" in out.read_text()


def test_votes_go_out_with_both_replies_and_who_wrote_them_but_for_deleted_runs(
    filled: Path, lab: Command, tmp_path: Path
) -> None:
    said = lab("export", "votes", "--out", str(tmp_path / "v.jsonl"), "--json", "-")
    assert said.json["rows"] == 1
    row = json.loads((tmp_path / "v.jsonl").read_text())
    with Store.open(filled) as store:
        answer, vote = store.answered([row["first"]])[0][1], store.votes()[0]
        assert (row["choice"], row["voter"], row["first_reply"]) == (vote.choice, vote.voter, answer.reply)
        assert row["first_adapter"] == row["second_adapter"] == answer.adapter
        store.mark_run(store.runs()[0].id, vote.created)
    assert lab("export", "votes", "--out", str(tmp_path / "v.csv"), "--json", "-").json["rows"] == 0


def test_one_can_go_back_even_from_a_damaged_database(filled: Path, lab: Command) -> None:
    assert lab("snapshot", "good").code == 0
    (filled / "lab.duckdb").write_bytes(b"garbage" * 999)
    assert lab("check").code == 1
    assert lab("restore", "good").code == 0
    assert lab("check").code == 0
    assert "good" in lab("snapshot", "--list").out
    assert "choose among good" in lab("restore", "bad").complaint


def test_a_fault_is_a_line_and_exit_code_1(filled: Path, lab: Command) -> None:
    with Store.open(filled) as store:
        store._writer.transact(lambda cursor: cursor.execute("UPDATE facts.answers SET reply = 'x'").fetchall())
    said = lab("check")
    assert said.code == 1
    assert "its id is not the hash of its content" in said.out
    assert said.err == "error: 1 fault found: restore a snapshot, or mend the files\n"


@pytest.mark.parametrize(("arguments", "named"), [
    (("export", "pairs", "--out", "x.pickle"), "x.pickle"),
    (("export", "cats", "--out", "x.csv"), "cats"),
    (("export", "pairs", "--out", "x.csv", "--run", "7"), "bundle"),
    (("export", "bundle", "--out", "x", "--run", "7"), "'7'"),
    (("import", "nothing"), "nothing"),
    (("import", "nothing.csv"), "nothing.csv"),
    (("import", "questions.yaml"), "questions to 'lab evaluate --questions questions.yaml'"),
    (("snapshot", "../x"), "'../x'"),
])  # fmt: skip
def test_a_wrong_request_is_one_line(lab: Command, arguments: tuple[str, ...], named: str) -> None:
    said = lab(*arguments)
    assert said.code == 2
    assert named in said.complaint
