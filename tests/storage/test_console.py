"""The SQL console: what may be asked, what may not, and that a query takes, tells and leaves nothing but its rows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lab.errors import RequestError
from lab.nouns import Metric
from storage import Store, as_csv, console, sandbox, snapshots
from storage.connection import Database
from tests.storage.making import make_world

LINES = Path(__file__).with_name("statements.txt").read_text(encoding="utf-8").splitlines()
CORPUS = {
    kind: [line.partition("|")[2][1:] for line in LINES if line.startswith(kind)] for kind in ("allowed", "refused")
}
PATH = re.compile(r"/(etc|root|tmp|home|proc|usr|var)\b")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Store.open(tmp_path_factory.mktemp("console")) as store:
        store.save(*make_world().nouns)
        return store.snapshot("console")


@pytest.fixture(scope="module")
def connection(snapshot: Path) -> Iterator[Any]:
    """What the child opens, here in the test's process: a child for each of two hundred statements takes a minute."""
    opened = sandbox.connect(str(snapshot))
    yield opened
    opened.close()


def outcome(connection: Any, sql: str) -> str | None:
    """Why a statement is refused; None when it ran."""
    try:
        sandbox.check(connection, sql)
        json.dumps(sandbox.run(connection, sql, {"rows": 1000, "characters": 10**6}), allow_nan=False)
    except sandbox.Refused as refusal:
        return str(refusal)
    except duckdb.Error as error:
        return sandbox.complaint(error, "no path")
    return None


def test_the_corpus_is_large_enough_and_says_nothing_twice() -> None:
    every = CORPUS["allowed"] + CORPUS["refused"]
    assert len(every) >= 100
    assert len(set(every)) == len(every)


def test_what_people_ask_is_answered(connection: Any) -> None:
    assert {sql: why for sql in CORPUS["allowed"] if (why := outcome(connection, sql)) is not None} == {}


def test_what_must_not_run_does_not(connection: Any) -> None:
    said = {sql: outcome(connection, sql) for sql in CORPUS["refused"]}
    assert [sql for sql, why in said.items() if why is None] == []
    for sql, why in said.items():
        assert why is not None
        assert "\n" not in why
        if sql:
            assert not [p for p in PATH.findall(why) if f"/{p}" not in sql], (sql, why)
    assert "/root" not in str(said["SELECT error('/root/secret/file')"])


@pytest.mark.parametrize(
    "sql", [sql for sql in CORPUS["refused"] if re.match(r"(SELECT|FROM|COPY|ATTACH|SUMMARIZE).*(/|data\.csv)", sql)]
)
def test_what_reaches_for_a_file_is_refused_by_duckdb_too(connection: Any, sql: str) -> None:
    """The second wall: even a statement that the check let through would find nothing outside of the snapshot."""
    with pytest.raises(duckdb.Error):
        connection.execute(sql).fetchall()


def test_no_function_of_duckdb_that_tells_of_the_machine_is_forgotten(connection: Any) -> None:
    names = connection.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('scalar', 'macro')"
    ).fetchall()
    telling = re.compile(
        r"setting|variable|env|sleep|log_?message|write|current_(query|database|conn)|secret|host|client"
    )
    open_ = {n for (n,) in names if telling.search(n) and not sandbox.FORBIDDEN.fullmatch(n)}
    assert open_ == set()


def test_a_query_sees_what_was_saved_before_it_and_says_of_which_moment_it_is(store: Store) -> None:
    store.save(*make_world().nouns)
    first = store.query("SELECT number, name, 1.5::DOUBLE AS x, NULL AS n FROM runs")
    assert (first.columns, first.rows, first.more) == (("number", "name", "x", "n"), ((1, "", 1.5, None),), False)
    assert first.types[:2] == ("BIGINT", "VARCHAR")
    store._console._cost = 0.0  # a copy that took no time need not be rested after
    store.save(Metric(run_id="r", step=1, name="later", value=1.0, n=1))
    second = store.query("SELECT count(*) FROM metrics WHERE name = 'later'")
    assert second.rows == ((1,),)
    assert second.taken > first.taken


def test_a_copy_is_not_made_anew_for_each_query(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    monkeypatch.setattr(snapshots, "write", lambda database, path, read: made.append(path))
    asked = console.Console(store._database)
    for revision in (1, 1, 2, 3):
        asked._fresh(revision)
        asked._cost = 1000.0  # as for a very large lab
    assert len(made) == 1


def test_only_so_many_rows_and_characters_come_back(store: Store) -> None:
    many = store.query("SELECT * FROM range(1500)")
    assert (len(many.rows), many.more) == (1000, True)
    wide = store.query("SELECT repeat('x', 100000) FROM range(1000)")
    assert wide.more
    assert all(len(row[0]) == sandbox.LONGEST_CELL + 1 for row in wide.rows)
    assert sum(len(row[0]) for row in wide.rows) <= console.MOST_CHARACTERS


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 500000000)",
        "SELECT list_aggregate(list_transform(range(100000000), lambda x: x + 1), 'sum')",
        "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b",
        "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
    ],
)
def test_a_query_that_takes_too_much_is_stopped_in_one_line(
    store: Store, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    monkeypatch.setattr(console, "SECONDS", 1)
    with pytest.raises(RequestError, match="ask for less at once") as caught:
        store.query(sql)
    assert caught.value.field == "sql"
    assert "\n" not in caught.value.message


def test_too_long_a_statement_and_one_with_a_nul_never_reach_a_process(store: Store) -> None:
    for sql, told in (("SELECT 1" + " " * 10_000, "10,008 characters"), ("SELECT '\0'", "U\\+0000")):
        with pytest.raises(RequestError, match=told):
            store.query(sql)
    with pytest.raises(RequestError, match=r"was not run: .* choose among alarms, answers, changes, checkpoints"):
        store.query("SELECT * FROM secrets")


def test_the_child_has_no_environment_and_may_not_write(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Asked of the child itself: its program is replaced by one that tells what it has."""
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os, sys\n"
        f"sys.path.insert(0, {str(Path(sandbox.__file__).parent)!r})\n"
        "import sandbox\n"
        "sandbox.bind(json.load(sys.stdin)['limits'])\n"
        "def tries(do):\n"
        "    try: do(); return 'done'\n"
        "    except BaseException as error: return type(error).__name__\n"
        "wrote = tries(lambda: os.write(os.open('written', os.O_CREAT | os.O_WRONLY), b'x'))\n"
        "grew = tries(lambda: bytearray(2 ** 31))\n"
        "opened = tries(lambda: [open('/dev/null') for _ in range(99)])\n"
        "rows = [[sorted(os.environ), wrote, grew, opened]]\n"
        "print(json.dumps({'columns': ['a', 'b', 'c', 'd'], 'types': [], 'rows': rows, 'more': False}))\n"
    )
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setattr(console, "_PROGRAM", spy)
    ((names, wrote, grew, opened),) = store.query("SELECT 1").rows
    assert set(names) <= {"LC_CTYPE"}  # which Python itself sets
    assert (wrote, grew, opened) == ("OSError", "MemoryError", "OSError")


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"refused": 3}', "nonsense", "x" * 20_000_000])
def test_a_child_that_answers_nonsense_is_not_believed(
    store: Store, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    monkeypatch.setattr(
        subprocess, "run",
        lambda *_, **__: subprocess.CompletedProcess([sys.executable], 0, stdout=answer.encode(), stderr=b""),
    )
    with pytest.raises(RequestError, match="was not run"):
        store.query("SELECT 1")


def test_closing_takes_the_copy_away(home: Path) -> None:
    with Store.open(home) as store:
        store.query("SELECT 1")
        assert (home / "console" / "snapshot.duckdb").exists()
    assert not (home / "console").exists()


def test_the_views_are_described_as_they_are(home: Path) -> None:
    with Store.open(home) as store:
        views = store.views()
    assert {view.name for view in views} == sandbox.VIEWS
    database = Database.open(home)
    with database.reading() as cursor:
        for view in views:
            heads = cursor.execute(f"SELECT * FROM {view.name} LIMIT 0").description
            assert [name for name, *_ in view.columns] == [head[0] for head in heads or ()]
            assert view.meaning
            assert all(meaning for *_, meaning in view.columns)
    database.close()


def test_no_cell_of_a_csv_is_a_formula() -> None:
    hostile = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", '=HYPERLINK("http://x")']
    text = as_csv(["=head", "n"], [(cell, -1.5) for cell in hostile] + [("-1.5e3", None), ("a,b\n\"c\"", "plain")])
    lines = text.split("\r\n")
    assert lines[0] == "'=head,n"
    assert all(line.lstrip('"').startswith("'") for line in lines[1:8])
    assert "-1.5e3,\r\n" in text
    assert text.endswith('"a,b\n""c""",plain\r\n')
