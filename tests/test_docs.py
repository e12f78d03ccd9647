"""The texts beside the code: each file, test, command, option and setting that they name is there."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from lab.__main__ import parser
from lab.nouns import RunSpec
from storage import Store

ROOT = Path(__file__).parents[1]
TEXTS = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")),
         ROOT / "lab" / "organism" / "weights" / "README.md"]
README = TEXTS[0].read_text(encoding="utf-8")
PLACES = ("", "lab", "lab/evaluation", "docs", "storage", "tests")
"""Folders that a path may be told from; the text's own is another."""
FILE = re.compile(r"[\w./-]+\.(?:py|md|sql|js|css|toml|txt)\b|(?:lab|storage|tests|docs)/[\w./-]+")
COMMAND = re.compile(r"(?:python -m |`)lab\s+([a-z]+)\b((?:(?!python -m lab|`|\n\n).)*)", re.DOTALL)
"""A command of the lab and what follows it, up to the next one, the end of its code, or a blank line."""


@pytest.fixture(params=TEXTS, ids=lambda file: str(file.relative_to(ROOT)))
def text(request: pytest.FixtureRequest) -> Path:
    return request.param


@cache
def names() -> frozenset[str]:
    """Names of all files of the project."""
    return frozenset(
        path.name for folder in ("lab", "storage", "tests", "docs", ".ci") for path in (ROOT / folder).rglob("*")
    ) | {path.name for path in ROOT.iterdir()}


@cache
def commands() -> dict[str, frozenset[str]]:
    """The options of each command, those of its own commands included."""
    def of(made: argparse.ArgumentParser) -> Iterator[str]:
        for action in made._actions:
            yield from action.option_strings
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    yield from of(inner)

    [subparsers] = [a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)]
    return {name: frozenset(of(made)) for name, made in subparsers.choices.items()}


def is_there(named: str, text: Path) -> bool:
    """Whether a file or folder is there, told from any of the places; by its name alone it may be anywhere."""
    told_from = [ROOT / place for place in PLACES] + [text.parent]
    return any((folder / named).exists() for folder in told_from) or named in names()


def test_every_file_in_code_is_there(text: Path) -> None:
    code = re.findall(r"`([^`\n]+)`", text.read_text(encoding="utf-8"))
    named = {found.rstrip("/") for piece in code for found in FILE.findall(piece) if not re.search("[A-Z]{4}", found)}
    assert [one for one in sorted(named) if not is_there(one, text)] == []


def test_every_link_leads_to_a_file(text: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", text.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (text.parent / link).exists()] == []


def test_every_test_is_there(text: Path) -> None:
    for file, name in re.findall(r"([\w/]+\.py)::(test_\w+)", text.read_text(encoding="utf-8")):
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_every_command_is_there_with_its_options_and_settings(text: Path) -> None:
    settings = {field.name for field in fields(RunSpec)}
    for name, rest in COMMAND.findall(text.read_text(encoding="utf-8")):
        assert name in commands(), name
        assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", rest)) <= commands()[name], name
        assert set(re.findall(r"--set ([a-z]\w*)=", rest)) <= settings, name


def test_every_variable_of_the_environment_is_read(text: Path) -> None:
    source = "".join((ROOT / file).read_text(encoding="utf-8") for file in (
        "lab/settings.py", "app.py", "tests/often.py", "tests/browser/conftest.py"))
    assert set(re.findall(r"\bLAB_[A-Z_]+", text.read_text(encoding="utf-8"))) <= set(re.findall(r"\bLAB_\w+", source))


def test_the_readme_has_every_command_and_each_hands_over_json() -> None:
    told = re.findall(r"^python -m lab (\w+)", README, re.MULTILINE)
    assert sorted(told) == sorted(commands())
    assert all("--json" in options for options in commands().values())


def test_the_readme_has_every_table_that_sql_may_ask(tmp_path: Path) -> None:
    [told] = re.findall(r"The tables that SQL may ask .*? are (.*?);", README, re.DOTALL)
    with Store.open(tmp_path) as store:
        assert sorted(re.findall(r"`(\w+)`", told)) == sorted(view.name for view in store.views())
