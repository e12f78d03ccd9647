"""Run specifications as people write them: fields of RunSpec in YAML, one to a line, in a file or after an option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from lab.errors import SpecError
from lab.nouns import RunSpec
from lab.yaml_text import YamlFault, load

NAMES = tuple(field.name for field in fields(RunSpec))
"""Every setting of a run."""


def read_mapping(file: str) -> dict[str, Any]:
    """A YAML file that holds a mapping.

    Raises SpecError for a file that is missing, is not YAML, has a key twice, or holds something else.
    """
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{file}: cannot be read ({error.strerror}): name an existing file") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"{file}: is not YAML ({error}): mend it, or name another file") from error
    return mapping_of(text, file)


def mapping_of(text: str, place: str) -> dict[str, Any]:
    """The mapping that a YAML text holds. SpecError, which names `place`, for one that holds none."""
    try:
        values = load(text).value or {}
    except YamlFault as error:
        raise SpecError(f"{place}: is not YAML ({error}): mend it, or name another file") from error
    if not isinstance(values, dict):
        raise SpecError(f"{place}: holds {type(values).__name__}, not a mapping: write lines like 'steps: 75'")
    return {str(name): value for name, value in values.items()}


def read_spec(file: str | None) -> dict[str, Any]:
    """The fields that a spec file sets, and "question", a question's name or id; nothing for None.

    Raises SpecError for a file that is missing, is not a YAML mapping, or names unknown fields.
    """
    return settings(read_mapping(file), file) if file is not None else {}


def settings(values: Mapping[str, Any], place: str, also: Sequence[str] = ()) -> dict[str, Any]:
    """The values of a mapping as RunSpec wants them; `also` are names that may stand beside its fields.

    Raises SpecError, which names `place`, for an unknown setting and a question that is no text.
    """
    known = {*NAMES, "question", *also}
    if unknown := sorted(set(values) - known):
        raise SpecError(f"{place}: unknown setting {unknown[0]!r}: choose among {', '.join(sorted(known))}")
    if not isinstance(values.get("question"), str | None):
        raise SpecError(f"{place}: question {values['question']!r} is no text: write a question's name or id")
    return {name: number(name, value) for name, value in values.items()}


def read_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """The fields that `--set NAME=VALUE` sets, values read as YAML."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name not in NAMES:
            raise SpecError(f"--set {pair!r}: write NAME=VALUE with one of {', '.join(sorted(NAMES))}")
        try:
            values[name] = number(name, load(value).value)
        except YamlFault as error:
            raise SpecError(f"--set {pair!r}: the value is not YAML ({error}): mend it") from error
    return values


def number(name: str, value: Any) -> Any:
    """The value, but 1e-4 is a number here, where YAML 1.1 wants a point in it, and 7 is text where text is wanted."""
    kinds = {field.name: field.type for field in fields(RunSpec)}
    if str(kinds.get(name)).startswith("str") and type(value) is int:
        return str(value)
    if kinds.get(name) != "float" or not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value
