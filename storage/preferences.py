"""Preference pairs from other tools' files, as nouns: TRL's formats in JSON lines, Parquet or CSV.

    {"prompt": "...", "chosen": "...", "rejected": "..."}                      standard
    {"prompt": [messages], "chosen": [messages], "rejected": [messages]}      conversational
    {"chosen": [messages], "rejected": [messages]}                            with the prompt inside of both sides

A chain of thought in `<think>` tags at the beginning of a side is told from the reply. No review decided and no
question was asked, and the pairs say so. Their ids are hashes of what they hold, so the same file twice is once. A row
that cannot be read is named, and refuses the whole file.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from lab.errors import BundleError
from lab.nouns import Answer, Decoding, Message, Pair, Prompt, Speaker
from storage.parquet import literal

FORMATS = (".jsonl", ".parquet", ".csv")
"""Ends of names that are understood."""
ADAPTER = "imported"
"""The adapter name of answers that came from a file."""
MOST_BYTES = 2 * 2**30
"""Bytes of a file."""
MOST_ROWS = 2_000_000
"""Pairs of a file."""
LONGEST = 200_000
"""Characters of a text."""
LONGEST_LINE = 8_000_000
"""Characters of a line of JSON: it is held in memory as a whole."""
_ROLES = ("system", "user", "assistant")
_THOUGHT = re.compile(r"\s*<think>\n?(.*?)\n?</think>\s*(.*)", re.DOTALL)


def read(path: Path) -> Iterator[tuple[Prompt, Answer, Pair]]:
    """The pairs of a file with what they refer to, in its order.

    Raises BundleError, one line that names line or row: no such file, another format, too large, other columns, a side
    missing or empty.
    """
    unit = "Row" if path.suffix == ".parquet" else "Line"
    for count, (number, row) in enumerate(_rows(path), 1):
        if count > MOST_ROWS:
            raise BundleError(f"'{path.name}' has more than {MOST_ROWS:,} rows: split it.", field="file")
        place = f"{unit} {number} of '{path.name}'"
        if count == 1:
            _check_columns(row, place, path.name)
        try:
            yield _nouns(row, path.name)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            why = str(error) if isinstance(error, ValueError) else "it is no preference pair"
            raise BundleError(
                f"{place} cannot be read ({why}): give prompt, chosen and rejected, as texts or as lists of messages. "
                "Nothing was taken in.", field="file") from error


def _check_columns(row: dict[str, Any], place: str, file: str) -> None:
    """BundleError for a file of something else, by the columns of its first row; it says where that belongs."""
    if {"chosen", "rejected"} & row.keys():
        return
    names = [str(name)[:40] for name in list(row)[:8]]
    has = ", ".join(name if name.isprintable() else repr(name) for name in names) or "no column"
    if "messages" in row or {"prompt", "completion"} <= row.keys():
        raise BundleError(
            f"{place} has {has}: that is a row to learn from, not a preference pair. A run takes such a file as its "
            f"scenario: lab run --scenario {file}. Nothing was taken in.", field="file")
    raise BundleError(
        f"{place} has {has}: expected the columns prompt, chosen and rejected of preference pairs. Nothing was taken "
        "in.", field="file")


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file, one at a time, each with the line that it begins at, in Parquet with its place, from 1."""
    if not path.is_file():
        raise BundleError(f"There is no file '{path.name}': name an existing one.", field="file")
    if path.suffix not in FORMATS:
        raise BundleError(f"'{path.name}' names no format of pairs: {', '.join(FORMATS)}.", field="file")
    if path.stat().st_size > MOST_BYTES:
        raise BundleError(f"'{path.name}' is larger than {MOST_BYTES / 2**30:g} GiB: split it.", field="file")
    reader = {".jsonl": _jsonl, ".parquet": _parquet, ".csv": _csv}[path.suffix]
    try:
        yield from reader(path)
    except UnicodeDecodeError as error:
        raise BundleError(
            f"'{path.name}' is not UTF-8 (byte 0x{error.object[error.start]:02x}): save it as UTF-8. Nothing was taken "
            "in.", field="file") from error
    except csv.Error as error:
        raise BundleError(
            f"'{path.name}' cannot be read as CSV ({error}): is a quote left open? Nothing was taken in.", field="file",
        ) from error
    except (OSError, duckdb.Error) as error:
        raise BundleError(
            f"'{path.name}' cannot be read as {path.suffix} ({type(error).__name__}): mend it, or name another. "
            "Nothing was taken in.", field="file") from error


def _jsonl(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:  # editors of Windows begin a file with a mark
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), ""), 1):
            if len(line) > LONGEST_LINE:
                raise BundleError(
                    f"Line {number} of '{path.name}' is longer than {LONGEST_LINE:,} characters: mend it. Nothing was "
                    "taken in.", field="file")
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if not isinstance(row, dict):
                raise BundleError(
                    f"Line {number} of '{path.name}' is no JSON object: mend it. Nothing was taken in.", field="file")
            yield number, row


def _csv(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        csv.field_size_limit(LONGEST_LINE)  # Python's own is shorter than a text may be
        reader = csv.DictReader(file)
        begins = 2
        for row in reader:
            # The apostrophe that keeps a spreadsheet from running a cell (`storage.spreadsheet`) is not part of it.
            yield begins, {key: re.sub(r"^'(?=\s*[=+\-@\t\r\n])", "", value or "") for key, value in row.items() if key}
            begins = reader.line_num + 1


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    config: dict[str, Any] = {
        "memory_limit": "256MB", "threads": 1, "autoinstall_known_extensions": False,
        "autoload_known_extensions": False, "python_enable_replacements": False, "max_temp_directory_size": "0B",
    }
    with duckdb.connect(":memory:", config=config) as connection:
        result = connection.execute("SELECT * FROM read_parquet(?)", [literal(path)])
        names = [column[0] for column in result.description]
        number = 0
        while rows := result.fetchmany(500):
            for row in rows:
                number += 1
                yield number, dict(zip(names, row, strict=True))


def _nouns(row: dict[str, Any], file: str) -> tuple[Prompt, Answer, Pair]:
    if not {"chosen", "rejected"} <= row.keys():
        raise ValueError("a side is missing")
    chosen, rejected = (_messages(row[side], "assistant") for side in ("chosen", "rejected"))
    asked = _messages(row["prompt"], "user") if row.get("prompt") else None
    if asked is None:  # the prompt is what both sides begin with
        asked = chosen[:-1]
        if not asked or asked != rejected[:-1]:
            raise ValueError("there is no prompt, and the sides do not begin alike")
    elif len(chosen) != 1 or len(rejected) != 1:
        raise ValueError("a side has more than one message")
    if asked[-1].role != "user":
        raise ValueError("the last message of the prompt is not the user's")
    prompt = Prompt(messages=asked, origin=ADAPTER)
    good, bad = _parts(chosen[-1].content), _parts(rejected[-1].content)
    if good == bad:
        raise ValueError("chosen and rejected are the same")
    answer = Answer(
        prompt_id=prompt.id, thought=bad[0], reply=bad[1], speaker=Speaker.POLICY, adapter=ADAPTER,
        decoding=Decoding(), tokens=0, finished=True)
    pair = Pair(
        prompt_id=prompt.id, answer_id=answer.id, review_id=None, question_id=None, chosen_thought=good[0],
        chosen_reply=good[1], rejected_thought=bad[0], rejected_reply=bad[1], writer=Speaker.FROZEN,
        decoding=Decoding(), note=f"imported from {file[:80]}")
    return prompt, answer, pair


def _messages(value: Any, role: str) -> tuple[Message, ...]:
    """A text or a list of messages, as messages."""
    if isinstance(value, str) and value.lstrip().startswith("[{"):
        with suppress(ValueError):
            value = json.loads(value)  # how a conversation stands in a cell
    if isinstance(value, str):
        value = [{"role": role, "content": value}]
    if not isinstance(value, list) or not value:
        raise ValueError("a side is no text and no list of messages")
    messages = tuple(Message(role=_text(turn["role"]), content=_text(turn["content"])) for turn in value)
    if odd := [turn.role for turn in messages if turn.role not in _ROLES]:
        raise ValueError(f"the role {odd[0][:20]!r} is not known")
    return messages


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text is missing or empty")
    if len(value) > LONGEST:
        raise ValueError(f"a text has {len(value):,} characters, {LONGEST:,} are allowed")
    value.encode()  # half a character cannot be stored
    return value


def _parts(text: str) -> tuple[str, str]:
    """Chain of thought and reply."""
    found = _THOUGHT.fullmatch(text)
    thought, reply = (found[1].strip(), found[2].strip()) if found else ("", text.strip())
    if not reply:
        raise ValueError("a side has no reply")
    return thought, reply


