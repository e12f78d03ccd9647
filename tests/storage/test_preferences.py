"""Pairs to and from other tools: TRL's formats are read, ours come back as they were, what is wrong is named."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.errors import BundleError, RequestError
from lab.nouns import Message, PairState
from storage import Store, exporting, preferences
from storage.generator import Size, fill
from tests.often import often
from tests.storage.making import make_world

USER, GOOD, BAD = (
    [{"role": role, "content": text}] for role, text in (("user", "Hi?"), ("assistant", "Good."), ("assistant", "Bad."))
)


def written(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


@pytest.mark.parametrize("row", [
    {"prompt": "Hi?", "chosen": "Good.", "rejected": "Bad."},
    {"prompt": USER, "chosen": GOOD, "rejected": BAD, "anything": 1},
    {"chosen": [*USER, *GOOD], "rejected": [*USER, *BAD]},
])  # fmt: skip
def test_trls_formats_are_one_and_the_same_pair(store: Store, tmp_path: Path, row: dict[str, Any]) -> None:
    assert store.import_pairs(written(tmp_path / "a.jsonl", [row])) == 1
    assert store.import_pairs(written(tmp_path / "b.jsonl", [row, row])) == 0
    (shown,) = store.pairs().rows
    pair = store.pair(shown.id)
    assert (shown.prompt, pair.chosen_reply, pair.rejected_reply) == ("Hi?", "Good.", "Bad.")
    assert (pair.review_id, pair.question_id, pair.state, pair.note) == (
        None, None, PairState.PENDING, "imported from a.jsonl")
    assert store.prompt(pair.prompt_id).messages == (Message(role="user", content="Hi?"),)
    assert store.check() == []
    assert len(store.stored_pairs([PairState.PENDING])) == 1


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
def test_what_is_exported_comes_back_with_thoughts_and_conversations(
    home: Path, tmp_path: Path, form: str
) -> None:
    made = [make_world(reply=f"=HYPERLINK({i})", better=f"better {i}", minute=i) for i in range(3)]
    made = [replace(w, pair=replace(w.pair, rejected_thought="a\n\nb", chosen_thought="")) for w in made]
    with Store.open(home) as store:
        for world in made:
            store.save(*world.nouns)
        assert store.export("pairs", tmp_path / f"pairs.{form}") == 3
    with Store.open(tmp_path / "other") as other:
        assert other.import_pairs(tmp_path / f"pairs.{form}") == 3
        pairs = {other.pair(row.id).rejected_reply: other.pair(row.id) for row in other.pairs().rows}
        for world in made:
            pair = pairs[world.pair.rejected_reply]
            assert (pair.prompt_id, pair.chosen_thought, pair.chosen_reply, pair.rejected_thought) == (
                world.pair.prompt_id, "", world.pair.chosen_reply, "a\n\nb")


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
@pytest.mark.parametrize("what", ["pairs", "reviews"])
def test_a_file_written_in_pieces_is_that_written_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, what: str
) -> None:
    """What a million pairs need, on a few; an order that is asked for is kept, too."""
    fill(store, Size(pairs=40, metrics=40, prompts=10, runs=2, names=2), seed=1)
    chosen = [row.id for row in store.pairs(size=20).rows][::-1] if what == "pairs" else None
    for name, piece in (("once", 10**6), ("pieces", 7)):
        monkeypatch.setattr(exporting, "_PIECE", piece)
        assert store.export(what, tmp_path / f"{name}.{form}") == (40 if what == "pairs" else 120)
        if chosen:
            assert store.export(what, tmp_path / f"{name}-chosen.{form}", pairs=chosen) == 20
    for part in ("", "-chosen") if chosen else ("",):
        once, pieces = (tmp_path / f"{name}{part}.{form}" for name in ("once", "pieces"))
        if form != "parquet":
            assert once.read_bytes() == pieces.read_bytes()
        with duckdb.connect() as connection:
            ids = [row[0] for row in connection.execute(f"SELECT id FROM '{pieces}'").fetchall()]
            assert connection.execute(f"FROM '{once}'").fetchall() == connection.execute(f"FROM '{pieces}'").fetchall()
        assert part == "" or ids == chosen
    assert {path.suffix for path in tmp_path.iterdir() if not path.is_dir()} == {f".{form}"}
    assert not list(tmp_path.glob(".*"))


def test_a_folder_named_like_a_pattern_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB takes the name of a file to read for a pattern: pairs out and in, and a bundle, through odd places."""
    odd = tmp_path / "lab [1]* {a}'\" %20#;"
    odd.mkdir()
    monkeypatch.setattr(exporting, "_PIECE", 7)
    with Store.open(odd / "one") as one, Store.open(odd / "two") as two, Store.open(odd / "three") as three:
        fill(one, Size(pairs=20, metrics=20, prompts=10, runs=2, names=2), seed=1)
        assert one.export("pairs", odd / "pairs [a-z].parquet") == 20
        assert two.import_pairs(odd / "pairs [a-z].parquet") == 20
        one.export_bundle(odd / "all")
        assert three.import_bundle(odd / "all").rows["pairs"] == 20
        assert one.snapshot("mine").is_file()


def test_a_line_too_long_to_be_held_is_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preferences, "LONGEST_LINE", 60)
    row = {"prompt": "Hi?", "chosen": "Good.", "rejected": "B"}
    assert store.import_pairs(written(tmp_path / "x.jsonl", [row])) == 1
    with pytest.raises(BundleError, match=r"Line 2 of 'x\.jsonl' is longer than 60"):
        store.import_pairs(written(tmp_path / "x.jsonl", [row, {**row, "rejected": "B" * 99}]))


def test_no_cell_of_a_csv_can_be_taken_for_a_formula(store: Store, tmp_path: Path) -> None:
    store.save(*make_world(text="=1+1", reply="@SUM(A1)", better="-2").nouns)
    for what in ("pairs", "reviews", "metrics"):
        store.export(what, tmp_path / f"{what}.csv")
        with (tmp_path / f"{what}.csv").open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert len(cells) > 10
        formulas = [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
        assert all(cell.lstrip("+-").replace(".", "").isdigit() for cell in formulas)


@pytest.mark.parametrize(("content", "said"), [
    ('{"prompt": "a", "chosen": "b", "rejected": "c"}\n{"prompt": "a"}', "Line 2 of 'x.jsonl' cannot be read (a side"),
    ('{"prompt": "a", "chosen": "b", "rejected": "b"}', "the same"),
    ('{"prompt": "a", "chosen": "", "rejected": "b"}', "missing or empty"),
    ('{"prompt": "a", "chosen": 1, "rejected": "b"}', "no list of messages"),
    ('{"chosen": "a", "rejected": "b"}', "no prompt"),
    ('{"prompt": [{"role": "tool", "content": "a"}], "chosen": "b", "rejected": "c"}', "'tool' is not known"),
    ('{"prompt": [{"role": "assistant", "content": "a"}], "chosen": "b", "rejected": "c"}', "not the user's"),
    ('{"prompt": [{"role": "user"}], "chosen": "b", "rejected": "c"}', "no preference pair"),
    ('{"prompt": "a", "chosen": "<think>x</think>", "rejected": "c"}', "no reply"),
    ('{"prompt": "a", "chosen": "\\ud800", "rejected": "c"}', "Line 1"),
    ('{"messages": []}', "Line 1 of 'x.jsonl' has messages: that is a row to learn from"),
    ('\n{"prompt": "a", "completion": "b"}', "Line 2 of 'x.jsonl' has prompt, completion: that is a row to learn"),
    ('{"question": "a", "text": "b"}', "has question, text: expected the columns prompt, chosen and rejected"),
    ('{"a\\nb": 1}', r"has 'a\nb': expected the columns"),
    ("[1]", "Line 1"), ("{", "Line 1"), ("[" * 99_999, "Line 1"), ("\x00", "Line 1"),
])  # fmt: skip
def test_a_row_that_cannot_be_read_is_named_and_nothing_is_taken_in(
    store: Store, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "x.jsonl").write_text(content)
    with pytest.raises(BundleError) as caught:
        store.import_pairs(tmp_path / "x.jsonl")
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert store.pairs().total == 0


@settings(max_examples=often(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), form=st.sampled_from(["jsonl", "csv", "parquet"]))
def test_no_file_breaks_the_importer(store: Store, tmp_path: Path, content: bytes, form: str) -> None:
    (tmp_path / f"x.{form}").write_bytes(content)
    try:
        store.import_pairs(tmp_path / f"x.{form}")
    except BundleError as error:
        message = error.message
    else:
        message = ""
    assert "\n" not in message
    assert store.pairs().total == 0


@pytest.mark.parametrize("what", ["pairs", "bundle"])
def test_an_export_replaces_no_device_no_link_and_nothing_of_the_lab(store: Store, tmp_path: Path, what: str) -> None:
    """A bundle has any name: written to a device or to lab.duckdb it stood in its place."""
    home, end = store.home, ".jsonl" if what == "pairs" else ""
    (tmp_path / f"kept{end}").write_text("kept")
    (tmp_path / f"link{end}").symlink_to(tmp_path / f"kept{end}")
    os.mkfifo(tmp_path / f"pipe{end}")
    places = [tmp_path / f"link{end}", tmp_path / f"pipe{end}", home / "runs" / f"x{end}", home / f"lab.duckdb{end}"]
    (home / "runs").mkdir(exist_ok=True)
    for place in places:
        with pytest.raises(RequestError, match=r"a device or a link|the lab's own"):
            store.export(what, place) if what == "pairs" else store.export_bundle(place)
    assert (tmp_path / f"link{end}").is_symlink()
    assert (tmp_path / f"pipe{end}").is_fifo()
    assert (tmp_path / f"kept{end}").read_text() == "kept"


def test_a_mark_at_the_beginning_and_ends_of_lines_of_windows_are_read(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'\xef\xbb\xbf{"prompt": "a", "chosen": "b", "rejected": "c"}\r\n')
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfprompt,chosen,rejected\r\na,b,d\r\n")
    assert store.import_pairs(tmp_path / "x.jsonl") == 1
    assert store.import_pairs(tmp_path / "x.csv") == 1


def test_a_long_text_comes_back_from_each_form(store: Store, tmp_path: Path) -> None:
    row = {"prompt": "Hi?", "chosen": "G" * preferences.LONGEST, "rejected": "B"}
    assert store.import_pairs(written(tmp_path / "x.jsonl", [row])) == 1
    for form in ("csv", "parquet", "jsonl"):
        store.export("pairs", tmp_path / f"out.{form}")
        assert store.import_pairs(tmp_path / f"out.{form}") == 0, "it is the same pair"


@pytest.mark.parametrize(("name", "content", "said"), [
    ("x.jsonl", '{"prompt": "é"}'.encode("latin-1"), r"not UTF-8 \(byte 0xe9\): save it as UTF-8"),
    ("x.csv", "prompt,chosen,rejected\né,b,c".encode("latin-1"), r"not UTF-8 \(byte 0xe9\): save it as UTF-8"),
    ("x.csv", b'prompt,chosen,rejected\na,b,' + b"c" * 200_001, "a text has 200,001 characters"),
    ("x.csv", b'prompt,chosen,rejected\na,"' + b"b" * 8_000_001, "field larger than field limit.*is a quote left open"),
])  # fmt: skip
def test_a_file_that_is_no_text_says_what_to_do(
    store: Store, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BundleError, match=said):
        store.import_pairs(tmp_path / name)


def test_what_cannot_be_exported_is_said(store: Store, tmp_path: Path) -> None:
    for what, path in (("cats", "x.csv"), ("pairs", "x.pickle"), ("pairs", "none/x.csv")):
        with pytest.raises(RequestError):
            store.export(what, tmp_path / path)
    assert list(tmp_path.glob("x*")) == []
