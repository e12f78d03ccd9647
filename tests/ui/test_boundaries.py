"""What the page may know: no torch, gradio and plotly in their places, nothing from elsewhere, thin handlers."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UI = ROOT / "lab" / "ui"
FILES = sorted(UI.glob("*.py"))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_only_the_page_knows_gradio_and_only_one_file_plotly() -> None:
    elsewhere = [p for top in ("lab", "storage") for p in (ROOT / top).rglob("*.py") if UI not in p.parents]
    assert [p for p in elsewhere if _imports(p) & {"gradio", "plotly"}] == []
    assert [p.name for p in FILES if "plotly" in _imports(p)] == ["figures.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_knows_no_model_and_no_database(path: Path) -> None:
    assert not _imports(path) & {"torch", "transformers", "peft", "trl", "duckdb"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_handlers_take_few_arguments(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and not path.name.endswith("api.py"):
            taken = [a for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs if a.arg != "self"]
            assert len(taken) <= 5, node.name


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in [*FILES, *(UI / "assets").iterdir()]:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            text = re.sub(r"https://(arxiv\.org/abs|doi\.org)/", "", text)  # papers, for a reader to follow
            assert not re.search(r"(https?:)?//[\w-]+\.\w", text), path.name
