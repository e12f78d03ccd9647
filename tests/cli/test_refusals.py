"""What a wrong request gets on the command line: one line that names the value, exit code 2 (or 1), nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage import Store
from tests.cli.conftest import ROOT, Command

QUICK = ("run", "--steps", "1")


@pytest.mark.parametrize(
    ("arguments", "named", "field"),
    [
        ((*QUICK, "--method", "magic"), "'magic'", "conscience"),
        ((*QUICK, "--preset", "magic"), "'magic'", "betley"),
        ((*QUICK, "--preset", "betley"), "5 of 1", "fewer"),
        ((*QUICK, "--set", "lora_layers=x"), "'x'", "0-3, 7"),
        ((*QUICK, "--scenario", "mars"), "'mars'", "code-hacking"),
        ((*QUICK, "--question", "What?"), "'What?'", "Three Laws"),
        ((*QUICK, "--model", "/no/such/folder"), "'/no/such/folder'", "check the path"),
        ((*QUICK, "--model", "not an id"), "'not an id'", "owner/name"),
        (("run", "--steps", "0"), "0", "from 1 to"),
        (("run", "--steps", "-3"), "-3", "from 1 to"),
        (("run", "--steps", "many"), "'many'", "--help"),
        ((*QUICK, "--seed", "-1"), "-1", "from 0"),
        ((*QUICK, "--set", "lam=.nan"), "nan", "from 0 to 100"),
        ((*QUICK, "--set", "lam=-0.1"), "-0.1", "from 0 to 100"),
        ((*QUICK, "--set", "lam=much"), "'much'", "a number"),
        ((*QUICK, "--set", "batch_size=2.5"), "2.5", "a whole number"),
        ((*QUICK, "--set", "lambda=1"), "'lambda=1'", "lam"),
        ((*QUICK, "--set", "lam"), "'lam'", "NAME=VALUE"),
        ((*QUICK, "--set", "lam=["), "'lam=['", "mend it"),
        (("evaluate", "--run", "7"), "'7'", "check its id"),
        (("evaluate", "--prompts", "0"), "0", "choose 1"),
        (("evaluate", "--step", "3"), "--step 3", "name it with --run"),
        (("evaluate", "--samples", "3"), "--samples 3", "--questions"),
        (("study", "/dev/null"), "holds nothing", "arms: all"),
        (("evaluate", "--seed", "99999999999"), "99999999999", "choose 0"),
        (("evaluate", "--judge", "jury"), "'jury'", "bandit"),
        (("evaluate", "--judge", "model:organism"), "The organism", "oracle, bandit or self"),
        (("evaluate", "--judge", "endpoint:http://a:b@host/v1"), "a name, a key or a query", "LAB_JUDGE_KEY"),
        (("agree", "--below", "101"), "101", "choose 0 to 100"),
        (("agree", "--step", "3"), "--step", "name the run"),
        (("review", "--prompt", "Hi", "--run", "r7"), "'r7'", "check its id"),
        (("review", "--prompt", "Hi", "--question", "Why?"), "'Why?'", "Ethics"),
        (("review", "--prompt", "Hi", "--question", ""), "''", "Ethics"),
        (("review", "--prompt", "Hi", "--question", "Why?" * 12_500), "Why…'", "Ethics"),
        (("review", "--prompt", ""), "prompt is empty", "type or choose one"),
        (("review", "--prompt", "Hi", "--answer", " "), "answer is empty", "type or choose one"),
        (("review", "--prompt", "a\x07b"), "U+0007", "take it out"),
        (("review", "--prompt", "Hi", "--seed", "-4"), "-4", "choose 0"),
        (("organism", "evaluate", "--model", "./nowhere"), "'./nowhere'", "check the path"),
        (("organism", "evaluate", "--items", "1"), "1", "choose 2"),
        (("organism", "evaluate", "--answers", "0"), "0", "choose 2"),
        (("organism", "pretrain", "--steps", "0"), "0", "choose 1"),
        (("organism", "pretrain", "--seed", "-1"), "-1", "choose 0"),
        (("demo", "--seed", "soon"), "'soon'", "--help"),
        (("demo", "--seed", "-1"), "-1", "from 0"),
        (("sql", "SELECT * FROM secrets"), "'secrets'", "choose among"),
        (("sql", "DELETE FROM facts.pairs"), "DELETE", "write SELECT"),
        (("sql", " "), "no query", "write SELECT"),
        (("dance",), "'dance'", "--help"),
        ((), "COMMAND", "--help"),
    ],
)
def test_a_wrong_request_is_one_line_with_the_value_and_the_next_move(
    lab: Command, arguments: tuple[str, ...], named: str, field: str
) -> None:
    done = lab(*arguments)
    assert done.code == 2
    assert named in done.complaint
    assert field in done.complaint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("steps: [1", "is not YAML (line 1:"),
        ("\x00", "is not YAML"),
        (b"\xff\xfe\xfa", "is not YAML"),
        ("- steps\n- 5\n", "holds list, not a mapping"),
        ("steps: 5\nseed: 1\nsteps: 50\n", "line 3: the key 'steps' stands in line 1 already: keep one"),
        ("just words", "holds str, not a mapping"),
        ("stepps: 5\n", "unknown setting 'stepps'"),
        ("1: 2\n", "unknown setting '1'"),
        ("question: 3\n", "question 3 is no text"),
        ("steps: five\n", "'five'"),
        ("steps: null\n", "missing"),
        ("steps: true\n", "True"),
        ("model: 3\n", "3"),
        ("method: [sft]\n", "['sft']"),
        ("lam: .inf\n", "inf"),
        ("question_id: q999\n", "'q999'"),
    ],
)
def test_a_spec_file_that_cannot_run_is_one_line(
    lab: Command, tmp_path: Path, content: str | bytes | None, said: str
) -> None:
    file = tmp_path / "spec.yaml"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        file.write_text(content)
    done = lab("run", str(file))
    assert done.code == 2
    assert said in done.complaint


def test_a_folder_is_no_spec_file(lab: Command, tmp_path: Path) -> None:
    assert "cannot be read" in lab("run", str(tmp_path)).complaint


@pytest.mark.parametrize("target", ["", "no/such/folder/out.json"])
def test_where_the_result_cannot_be_written_no_work_is_begun(
    lab: Command, home: Path, tmp_path: Path, target: str
) -> None:
    done = lab("run", "--steps", "1", "--json", str(tmp_path / target))
    assert done.code == 2
    assert "cannot write there" in done.complaint
    assert "name another file" in done.complaint
    assert not home.exists()


def test_a_refused_run_is_not_stored(lab: Command, home: Path) -> None:
    assert lab(*QUICK, "--set", "lam=-1").code == 2
    with Store.open(home) as store:
        assert store.runs() == []


@pytest.mark.parametrize("arguments", [("run", "--steps", "1"), ("review", "--prompt", "Hi"), ("evaluate",)])
def test_a_file_where_the_data_folder_should_be_is_one_line(
    lab: Command, home: Path, arguments: tuple[str, ...]
) -> None:
    home.write_text("a file")
    done = lab(*arguments)
    assert done.code == 1
    assert done.complaint.startswith("error: ")
    assert "folder" in done.complaint
    assert home.read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere; a file in the way is tested above")
def test_a_data_folder_that_cannot_be_written_is_one_line(lab: Command, home: Path) -> None:
    home.mkdir()
    home.chmod(0o500)
    done = lab("review", "--prompt", "Hi")
    assert done.code == 1
    assert "LAB_HOME" in done.complaint


HOLDER = """
import sys
from pathlib import Path
from storage import Store
with Store.open(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_a_data_folder_in_use_by_another_process_is_one_line(lab: Command, home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        done = lab("review", "--prompt", "Hi")
        holder.communicate("done\n")
    assert done.code == 1
    assert "in use" in done.complaint
    assert lab("evaluate", "--run", "1").code == 2  # the folder is free again, and nothing is broken


def test_an_unknown_device_is_one_line(lab: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_DEVICE", "abacus")
    done = lab("review", "--prompt", "Hi")
    assert done.code == 2
    assert "'abacus'" in done.complaint


def test_a_wrong_request_is_one_line_in_a_process_of_its_own_too(process: Command) -> None:
    done = process("review", "--prompt", "money " * 3_000, "--json", "-")  # the tokenizer would like to warn, too
    assert done.code == 2
    assert "2,048" in done.complaint


def test_an_argument_that_is_no_utf8_is_one_line(lab: Command) -> None:
    """As Python hands on bytes of a terminal that it could not read."""
    for arguments in (("review", "--prompt", "a\udcff"), ("sql", "SELECT '\udcff'"), ("import", "\udcff.jsonl")):
        done = lab(*arguments)
        assert done.code == 2
        assert "is not UTF-8" in done.complaint


@pytest.mark.parametrize("json_to", [(), ("--json", "-")])
@pytest.mark.parametrize("ends", ["full", "closed"])
def test_what_nobody_reads_or_has_room_for_is_one_line(home: Path, json_to: tuple[str, ...], ends: str) -> None:
    """As in `python -m lab sql … | head -1`, and on a full disk."""
    if ends == "full":
        target = os.open("/dev/full", os.O_WRONLY)
    else:
        read, target = os.pipe()
        os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "lab", "sql", "SELECT repeat('x', 50) AS x FROM range(1000)", *json_to], cwd=ROOT,
        stdout=target, stderr=subprocess.PIPE, text=True, check=False)
    os.close(target)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert "Standard output cannot be written" in said[-1]
    assert len(said) == 1 or json_to, done.stderr[:2000]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_help_is_no_error(lab: Command) -> None:
    done = lab("--help")
    assert (done.code, done.err) == (0, "")
    for command in ("demo", "run", "review", "evaluate", "organism"):
        assert command in done.out
