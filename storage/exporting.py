"""Pairs, reviews, curves and votes as files for other tools: JSON lines, Parquet or CSV, by the end of the file's name.

Pairs come in TRL's conversational preference format (prompt, chosen, rejected as lists of messages), with what the lab
knows beside it; a chain of thought stands in its tags before the reply, as the models write it. In CSV, where a cell is
text, they are plain text, and no cell can be taken for a formula. What deleted runs made is left out. Metrics come
with those that whoever exports has worked out of what is stored, marked as such.

A million pairs with their texts are more than the database may hold in memory to sort and join them. So their ids are
put in order first, and the rows are worked out a piece of that order at a time.
"""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from lab.errors import RequestError, StorageError
from lab.nouns import Metric
from storage.connection import FILE_NAME, Database
from storage.parquet import literal
from storage.spreadsheet import inert

FORMATS = (".jsonl", ".parquet", ".csv")
"""Ends of names that are understood."""
_PIECE = 40_000
"""Pairs or reviews that are worked out at once."""
_ROW_GROUP = 8_192
"""Rows that are put together in memory to be written as Parquet."""


def _said(thought: str, reply: str) -> str:
    """SQL for what a model wrote: the chain of thought in its tags, and the reply."""
    return f"CASE WHEN {thought} = '' THEN {reply} ELSE '<think>\n' || {thought} || '\n</think>\n\n' || {reply} END"


def _turn(text: str) -> str:
    return f"[{{'role': 'assistant', 'content': {text}}}]"


_CHOSEN, _REJECTED = (_said(f"pairs.{side}_thought", f"pairs.{side}_reply") for side in ("chosen", "rejected"))
_MESSAGES = "from_json(prompts.messages, '[{\"role\": \"VARCHAR\", \"content\": \"VARCHAR\"}]')"
_KNOWN = """pairs.state, pairs.tags, runs.number AS run, pairs.step, questions.title AS question, reviews.verdict,
    reviews.p_flagged, pairs.reference_chosen, pairs.reference_rejected, pairs.note, pairs.created"""
_FROM_PAIRS = """FROM facts.pairs AS pairs
    LEFT JOIN facts.prompts AS prompts ON prompts.id = pairs.prompt_id
    LEFT JOIN facts.reviews AS reviews ON reviews.id = pairs.review_id
    LEFT JOIN facts.questions AS questions ON questions.id = pairs.question_id
    LEFT JOIN facts.runs AS runs ON runs.id = pairs.run_id"""
_IN_ORDER = {
    "pairs": "SELECT pairs.id FROM facts.pairs AS pairs LEFT JOIN facts.runs AS runs ON runs.id = pairs.run_id "
             "WHERE runs.deleted IS NULL ORDER BY pairs.created, pairs.id",
    "reviews": "SELECT reviews.id FROM facts.reviews AS reviews LEFT JOIN facts.runs AS runs "
               "ON runs.id = reviews.run_id WHERE runs.deleted IS NULL ORDER BY reviews.created, reviews.id",
}
"""The ids of what is worked out in pieces, in the order of the file."""
_SQL = {
    "pairs": f"SELECT pairs.id, {_MESSAGES} AS prompt, {_turn(_CHOSEN)} AS chosen, {_turn(_REJECTED)} AS rejected, "
             f"{_KNOWN} {_FROM_PAIRS}",
    "reviews": """
        SELECT reviews.id, prompts.text AS prompt, answers.thought AS answer_thought, answers.reply AS answer_reply,
               questions.title AS question, reviews.speaker, reviews.adapter, reviews.thought, reviews.verdict,
               reviews.p_flagged, reviews.label_mass, reviews.reason, runs.number AS run, reviews.step, reviews.created
        FROM facts.reviews AS reviews
        LEFT JOIN facts.answers AS answers ON answers.id = reviews.answer_id
        LEFT JOIN facts.prompts AS prompts ON prompts.id = answers.prompt_id
        LEFT JOIN facts.questions AS questions ON questions.id = reviews.question_id
        LEFT JOIN facts.runs AS runs ON runs.id = reviews.run_id""",
    "metrics": """
        SELECT metrics.run_id, runs.number AS run, metrics.step, metrics.name, metrics.value, metrics.n,
               metrics.derived, metrics.low, metrics.high
        FROM (
            SELECT run_id, step, name, value, n, false AS derived, NULL::DOUBLE AS low, NULL::DOUBLE AS high
            FROM facts.metrics
            UNION ALL SELECT run_id, step, name, value, n, true, low, high FROM worked_out
        ) AS metrics LEFT JOIN facts.runs AS runs ON runs.id = metrics.run_id
        WHERE runs.deleted IS NULL ORDER BY runs.number, metrics.run_id, metrics.step, metrics.name""",
    "votes": """
        SELECT votes.id, prompts.text AS prompt, votes.choice, first.reply AS first_reply,
               first.adapter AS first_adapter, second.reply AS second_reply, second.adapter AS second_adapter,
               votes.question, votes.voter, votes.first, votes.second, votes.created
        FROM facts.votes AS votes
        LEFT JOIN facts.prompts AS prompts ON prompts.id = votes.prompt_id
        LEFT JOIN facts.answers AS first ON first.id = votes.first
        LEFT JOIN facts.answers AS second ON second.id = votes.second
        LEFT JOIN facts.runs AS ran ON ran.id IN (first.run_id, second.run_id) AND ran.deleted IS NOT NULL
        WHERE ran.id IS NULL ORDER BY votes.created, votes.id""",
}
_PAIRS_AS_TEXT = (
    "SELECT pairs.id, CASE WHEN len(json_extract(prompts.messages, '$[*]')) = 1 THEN prompts.text ELSE "
    f"prompts.messages::VARCHAR END AS prompt, {_CHOSEN} AS chosen, {_REJECTED} AS rejected, {_KNOWN} {_FROM_PAIRS}"
)


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A point that is worked out of what is stored, for an export of metrics."""

    metric: Metric
    """What a run would have recorded."""
    low: float | None
    high: float | None
    """The 95 % interval; None where there is none."""


def export(
    database: Database, what: str, out: Path, pairs: Sequence[str] | None = None, derived: Sequence[Derived] = ()
) -> int:
    """Write a table to `out`, whole or not at all; returns the number of rows. `pairs` are ids: these, in this order;
    `derived` are points that stand beside the recorded ones in an export of metrics.

    Raises RequestError for an unknown table, format or place, StorageError when it cannot be written.
    """
    if what not in _SQL:
        raise RequestError(f"There is no export {what!r}: choose among {', '.join((*_SQL, 'bundle'))}.", field="what")
    if out.suffix not in FORMATS:
        raise RequestError(f"'{out.name}' names no format: end it in {', '.join(FORMATS)}.", field="out")
    check_place(database, out)
    partial = out.with_name(f".{out.name}.{os.urandom(4).hex()}.partial")
    try:
        rows = _write(database, what, out.suffix, partial, pairs, derived)
        os.replace(partial, out)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise StorageError(f"'{out.name}' cannot be written ({reason}); nothing is left of it.") from None
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    return rows


def check_place(database: Database, out: Path) -> None:
    """Raise RequestError for a name that a new file cannot take, or must not: in no folder, a folder, a device, a link,
    or what the lab itself keeps in its data folder."""
    if out.is_dir() or not out.parent.is_dir():
        raise RequestError(f"'{out.name}' cannot be written there: name a file in a folder that exists.", field="out")
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise RequestError(f"'{out.name}' is a device or a link and would be replaced: name a file.", field="out")
    home, place = database.home.resolve(), out.resolve()
    if home in place.parents and place.relative_to(home).parts[0].startswith((FILE_NAME, "runs", "snapshots")):
        raise RequestError(f"'{out.name}' is the lab's own in the data folder: name another place.", field="out")


def _write(
    database: Database, what: str, suffix: str, path: Path, pairs: Sequence[str] | None, derived: Sequence[Derived]
) -> int:
    sql = _PAIRS_AS_TEXT if what == "pairs" and suffix == ".csv" else _SQL[what]
    with database.reading() as cursor:
        if what == "metrics":
            _lay(cursor, derived)
        pieces = list(_pieces(cursor, what, sql, pairs))
        if suffix == ".parquet":
            return _parquet(cursor, pieces, path)
        with path.open("x", encoding="utf-8", newline="") as file:
            return sum(_text(cursor, piece, file, suffix, first=number == 0) for number, piece in enumerate(pieces))


def _pieces(cursor: DuckDBPyConnection, what: str, sql: str, pairs: Sequence[str] | None) -> Iterator[str]:
    """Queries that give the rows of the file, one after the other."""
    if what not in _IN_ORDER:
        yield sql
        return
    cursor.execute("CREATE TEMP TABLE wanted (place BIGINT, id VARCHAR)")
    if pairs is None:
        cursor.execute(f"INSERT INTO wanted SELECT row_number() OVER (), id FROM ({_IN_ORDER[what]})")
    else:
        cursor.execute("INSERT INTO wanted SELECT generate_subscripts($ids::VARCHAR[], 1), unnest($ids::VARCHAR[])",
                       {"ids": list(pairs)})
    (count,) = cursor.execute("SELECT count(*) FROM wanted").fetchall()[0]
    for start in range(0, max(count, 1), _PIECE):
        part = f"(SELECT place, id FROM wanted WHERE place > {start} AND place <= {start + _PIECE}) AS part"
        yield f"{sql} JOIN {part} ON part.id = {what}.id ORDER BY part.place"


def _lay(cursor: DuckDBPyConnection, derived: Sequence[Derived]) -> None:
    """Lay points that were worked out beside the recorded ones."""
    points = [point.metric for point in derived]
    cursor.execute(
        "CREATE TEMP TABLE worked_out AS SELECT unnest($runs::VARCHAR[]) AS run_id, unnest($steps::BIGINT[]) AS step, "
        "unnest($names::VARCHAR[]) AS name, unnest($values::DOUBLE[]) AS value, unnest($ns::BIGINT[]) AS n, "
        "unnest($lows::DOUBLE[]) AS low, unnest($highs::DOUBLE[]) AS high",
        {"runs": [p.run_id for p in points], "steps": [p.step for p in points], "names": [p.name for p in points],
         "values": [p.value for p in points], "ns": [p.n for p in points], "lows": [p.low for p in derived],
         "highs": [p.high for p in derived]},
    )


def _text(cursor: DuckDBPyConnection, sql: str, file: Any, suffix: str, *, first: bool) -> int:
    """Append the rows of a query to an open file, as CSV (the first with a head) or a JSON object a line."""
    result = cursor.execute(sql if suffix == ".csv" else f"SELECT to_json(it)::VARCHAR FROM ({sql}) AS it")
    count, writer = 0, csv.writer(file)
    if suffix == ".csv" and first:
        writer.writerow([column[0] for column in result.description])
    while rows := result.fetchmany(1000):
        count += len(rows)
        if suffix == ".csv":
            writer.writerows([inert(value) for value in row] for row in rows)
        else:
            file.writelines(f"{row[0]}\n" for row in rows)
    return count


def _parquet(cursor: DuckDBPyConnection, pieces: Sequence[str], path: Path) -> int:
    """Each piece as a file of its own, and then one file of all."""
    form = f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
    if len(pieces) == 1:
        return cursor.execute(f"COPY ({pieces[0]}) TO {_quoted(path)} {form}").fetchall()[0][0]
    with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as scratch:
        parts = [Path(scratch) / f"{number}.parquet" for number in range(len(pieces))]
        for part, piece in zip(parts, pieces, strict=True):
            cursor.execute(f"COPY ({piece}) TO {_quoted(part)} {form}").fetchall()
        files = ", ".join(_quoted(literal(part)) for part in parts)
        return cursor.execute(f"COPY (FROM read_parquet([{files}])) TO {_quoted(path)} {form}").fetchall()[0][0]


def _quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"
