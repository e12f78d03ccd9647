"""Which noun lives in which table, and how a field becomes a column and back.

The columns are read off the nouns' own type hints: text, numbers, booleans, enums and times get a column each; a nested
noun gets columns of its own where people filter by it (`Verdict`), and is JSON elsewhere. Adding a field to a noun
takes a migration that adds its column, and nothing here. The tables live in the schema `facts`; people query the
documented views over them.

Times are stored as UTC without a zone. A float that is not finite is stored as NULL where the field may be None (it
was not measurable), and refused where it may not.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from lab.errors import StorageError
from lab.nouns import (
    Alarm,
    Answer,
    Change,
    Checkpoint,
    Dataset,
    Evaluation,
    Metric,
    Noun,
    Pair,
    Prompt,
    Question,
    Review,
    Run,
    Score,
    Verdict,
    Vote,
)

N = TypeVar("N")

SCALARS: Mapping[type, str] = types.MappingProxyType(
    {str: "VARCHAR", int: "BIGINT", float: "DOUBLE", bool: "BOOLEAN", datetime: "TIMESTAMP"}
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table."""

    name: str
    """As in the table."""
    path: str
    """Where in the noun the value comes from, dotted: "reply", "verdict.label", "spec.id"."""
    type: Any
    """Type of the value, without None."""
    optional: bool
    """Whether it may be None."""
    defaulted: bool = False
    """Whether the table has a default for it, because it came later: an older lab's bundle may lack it."""

    @cached_property
    def sql_type(self) -> str:
        """DuckDB's type: one of SCALARS, VARCHAR for enums, JSON for everything nested."""
        if isinstance(self.type, type) and issubclass(self.type, StrEnum):
            return "VARCHAR"
        return SCALARS.get(self.type, "JSON")

    @cached_property
    def value(self) -> Callable[[Any], Any]:
        """Gives the value of this column of a noun, as the noun has it."""
        return attrgetter(self.path)

    def store(self, noun: Any) -> Any:
        """The value of this column for a noun, as DuckDB takes it. Raises StorageError for what cannot be stored."""
        value = self.value(noun)
        if value is None:
            return None
        match self.sql_type:
            case "TIMESTAMP":
                if value.tzinfo is None:
                    raise StorageError(
                        f"'{self.path}' of a {type(noun).__name__} has no time zone; use lab.nouns.now()."
                    )
                return value.astimezone(UTC).replace(tzinfo=None)
            case "DOUBLE" if not math.isfinite(value):
                if not self.optional:
                    raise StorageError(
                        f"'{self.path}' of a {type(noun).__name__} is {value}; it has to be a finite number."
                    )
                return None
            case "DOUBLE":
                return float(value)  # also for the number types of numpy and torch, which DuckDB does not take
            case "BIGINT":
                return int(value)
            case "JSON":
                try:
                    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
                except ValueError:
                    raise StorageError(
                        f"'{self.path}' of a {type(noun).__name__} holds a number that is not finite."
                    ) from None
            case _:
                return value

    def restore(self, value: Any) -> Any:
        """The value of the noun's field for what DuckDB gave."""
        if value is None:
            return None
        match self.sql_type:
            case "TIMESTAMP":
                return value.replace(tzinfo=UTC)
            case "JSON":
                return _shaped(self.type, json.loads(value))
            case _:
                return self.type(value)


@dataclass(frozen=True, kw_only=True)
class Table(Generic[N]):
    """A noun's table."""

    noun: type[N]
    """What its rows are."""
    name: str
    """Without the schema; also the name of its documented view."""
    key: tuple[str, ...] = ("id",)
    """Columns that say which row it is."""
    derived: tuple[tuple[str, str], ...] = (("id", "id"),)
    """Columns kept beside the fields, for looking up: name and path of a text property of the noun."""
    spread: tuple[tuple[str, type, tuple[tuple[str, str], ...]], ...] = ()
    """Nested nouns that get columns of their own: field, its type, and new names for some of its fields."""
    added: tuple[str, ...] = ()
    """Columns that came later, with a default in the table and in the noun."""
    conflict: str = "NOTHING"
    """What a second save of the same key does, after ON CONFLICT DO."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, the noun's fields in their order and then the derived ones."""
        spread = {name: (noun, dict(renamed)) for name, noun, renamed in self.spread}
        found: list[Column] = []
        for name, hint in _hints(self.noun).items():
            if name in spread:
                noun, renamed = spread[name]
                found += [
                    _column(renamed.get(inner, inner), f"{name}.{inner}", hint) for inner, hint in _hints(noun).items()
                ]
            else:
                found.append(_column(name, name, hint, defaulted=name in self.added))
        known = {column.name for column in found}
        return (*found, *(_column(name, path, str) for name, path in self.derived if name not in known))

    @cached_property
    def select(self) -> str:
        """The columns as a list for SELECT, qualified with the table's name."""
        return ", ".join(f"{self.name}.{column.name}" for column in self.columns)

    @cached_property
    def insert(self) -> str:
        """A statement that takes one list of values per column: bulk speed with plain SQL and a conflict clause."""
        names = ", ".join(column.name for column in self.columns)
        lists = ", ".join(f"unnest(?::{column.sql_type}[])" for column in self.columns)
        conflict = f"ON CONFLICT ({', '.join(self.key)}) DO {self.conflict}" if self.conflict else ""
        return f"INSERT INTO facts.{self.name} ({names}) SELECT {lists} {conflict}"

    def row(self, noun: N) -> tuple[Any, ...]:
        """The noun as one value per column."""
        return tuple(column.store(noun) for column in self.columns)

    def restore(self, row: Sequence[Any]) -> N:
        """The noun that one row of `select` holds."""
        values: dict[str, Any] = {}
        nested: dict[str, dict[str, Any]] = {}
        own = {field.name for field in fields(self.noun)}  # type: ignore[arg-type]
        for column, value in zip(self.columns, row, strict=True):
            head, _, inner = column.path.partition(".")
            if value is None and column.defaulted and not column.optional:
                continue  # from before there was such a field
            if inner and column.name not in dict(self.derived):
                nested.setdefault(head, {})[inner] = column.restore(value)
            elif head in own and not inner:
                values[head] = column.restore(value)
        for name, noun, _ in self.spread:
            values[name] = noun(**nested[name])
        return self.noun(**values)


@cache
def _hints(noun: type) -> dict[str, Any]:
    hints = get_type_hints(noun)
    return {field.name: hints[field.name] for field in fields(noun)}


def _column(name: str, path: str, hint: Any, *, defaulted: bool = False) -> Column:
    inner, optional = _without_none(hint)
    return Column(name=name, path=path, type=inner, optional=optional, defaulted=defaulted)


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        rest = [part for part in get_args(hint) if part is not type(None)]
        return (rest[0] if len(rest) == 1 else hint), len(rest) < len(get_args(hint))
    return hint, False


def _plain(value: Any) -> Any:
    """A nested value as JSON knows it."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    return value


def _shaped(hint: Any, value: Any) -> Any:
    """A JSON value in the shape of a type hint; a field that an older lab did not know gets its default."""
    hint, _ = _without_none(hint)
    if value is None:
        return None
    if is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        return hint(**{name: _shaped(hints[name], item) for name, item in value.items() if name in hints})
    if get_origin(hint) is tuple:
        return tuple(_shaped(get_args(hint)[0], item) for item in value)
    if get_origin(hint) is dict:
        return {key: _shaped(get_args(hint)[1], item) for key, item in value.items()}
    return float(value) if hint is float else value


def _update(noun: type, *except_for: str) -> str:
    """A conflict clause that takes the new values of all fields but some."""
    return "UPDATE SET " + ", ".join(f"{f.name} = excluded.{f.name}" for f in fields(noun) if f.name not in except_for)


# A person's decision outlives the trainer: a resumed run makes the same pairs again, as pending ones, and must not take
# back what was decided meanwhile. A measured reference log-probability is never replaced by "not measured".
_PAIR_CONFLICT = """UPDATE SET
    note = CASE WHEN excluded.state = 'pending' AND pairs.state <> 'pending' THEN pairs.note ELSE excluded.note END,
    state = CASE WHEN excluded.state = 'pending' THEN pairs.state ELSE excluded.state END,
    reference_chosen = coalesce(excluded.reference_chosen, pairs.reference_chosen),
    reference_rejected = coalesce(excluded.reference_rejected, pairs.reference_rejected)"""

QUESTIONS = Table(noun=Question, name="questions", derived=(("id", "id"), ("title", "title")))
PROMPTS = Table(noun=Prompt, name="prompts", derived=(("id", "id"), ("text", "text")))
ANSWERS = Table(noun=Answer, name="answers")
REVIEWS = Table(noun=Review, name="reviews", spread=(("verdict", Verdict, (("label", "verdict"),)),))
PAIRS = Table(noun=Pair, name="pairs", added=("tags",), conflict=_PAIR_CONFLICT)
RUNS = Table(
    noun=Run,
    name="runs",
    derived=(("id", "id"), ("spec_id", "spec.id")),
    added=("note",),
    conflict=_update(Run, "id", "number", "spec", "created", "name", "note", "deleted"),  # a person's: `storage.shelf`
)
METRICS = Table(noun=Metric, name="metrics", key=("run_id", "step", "name"), derived=(), conflict="")
CHECKPOINTS = Table(noun=Checkpoint, name="checkpoints", conflict=_update(Checkpoint))
EVALUATIONS = Table(noun=Evaluation, name="evaluations")
ALARMS = Table(noun=Alarm, name="alarms")
CHANGES = Table(noun=Change, name="changes")
DATASETS = Table(noun=Dataset, name="datasets", derived=(("id", "id"), ("title", "title")))
# A judge that was not reached is asked again, and a person may think again: the newer score of the same key stands.
SCORES = Table(
    noun=Score, name="scores", derived=(("id", "id"), ("key", "key")),
    conflict=_update(Score, "answer_id", "shown", "judge", "model", "revision", "instruction"),
)
VOTES = Table(noun=Vote, name="votes")

TABLES: tuple[Table[Any], ...] = (
    QUESTIONS,
    PROMPTS,
    ANSWERS,
    REVIEWS,
    PAIRS,
    RUNS,
    METRICS,
    CHECKPOINTS,
    EVALUATIONS,
    ALARMS,
    SCORES,
    VOTES,
    CHANGES,
    DATASETS,
)


def table_of(noun: Noun) -> Table[Any]:
    """The table of a noun. Raises TypeError for what is no stored noun."""
    for table in TABLES:
        if type(noun) is table.noun:
            return table
    raise TypeError(f"{type(noun).__name__} is not a stored noun")
