"""The house: which way imports look, what loads when, and that two files which say the same thing do.

Imports are read from the source, those inside functions and those for type checkers included, unless a rule says
otherwise.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
INNER = ("lab.evaluation", "lab.training", "lab.conscience", "lab.models", "lab.organism")
"""What stands between the studio and the nouns."""
HEAVY = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "scipy", "gradio", "plotly")


@dataclass(frozen=True)
class Module:
    """One source file of the project."""

    name: str
    """Dotted, "lab.ui" for lab/ui/__init__.py."""
    tree: ast.Module

    def within(self, *packages: str) -> bool:
        """Whether it is one of these modules, or inside of one."""
        return within(self.name, *packages)

    @property
    def imports(self) -> frozenset[str]:
        """Dotted names of everything imported; `from a import b` gives "a" and "a.b"."""
        return frozenset(_imported(self.tree))


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def modules() -> tuple[Module, ...]:
    files = [ROOT / "app.py", *(ROOT / "lab").rglob("*.py"), *(ROOT / "storage").rglob("*.py")]
    found = []
    for file in sorted(files):
        parts = file.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, ast.parse(file.read_text(encoding="utf-8"), str(file))))
    return tuple(found)


def who_import(*packages: str) -> set[str]:
    """The modules that import anything of these packages."""
    return {m.name for m in modules() if any(within(name, *packages) for name in m.imports)}


def test_the_source_is_found() -> None:
    names = {m.name for m in modules()}
    assert {"app", "lab.nouns", "lab.studio", "lab.ui", "lab.ui.page", "storage.store", "lab.models.twin"} <= names


# -- who may import what ---------------------------------------------------------------------------------------------


def test_gradio_stands_only_in_the_app_and_the_page() -> None:
    users = who_import("gradio")
    assert "app" in users
    assert all(within(name, "app", "lab.ui") for name in users)


def test_plotly_stands_only_in_the_figures() -> None:
    assert who_import("plotly") == {"lab.ui.figures"}


def test_duckdb_stands_only_in_the_storage() -> None:
    users = who_import("duckdb")
    assert users
    assert all(within(name, "storage") for name in users)


def test_torch_is_unknown_to_page_nouns_storage_and_studio() -> None:
    libraries = ("torch", "transformers", "trl", "peft", "accelerate", "safetensors")
    users = who_import(*libraries)
    assert users
    assert not {n for n in users if within(n, "app", "lab.ui", "lab.nouns", "lab.errors", "lab.studio", "storage")}


@pytest.mark.parametrize("name", ["lab.nouns", "lab.errors", "lab.settings"])
def test_what_everything_stands_on_needs_the_standard_library_alone(name: str) -> None:
    found = [m for m in modules() if m.within(name)]
    assert found
    for module in found:
        outside = {imported for imported in module.imports if not within(imported, name)}
        assert {imported.split(".")[0] for imported in outside} <= sys.stdlib_module_names, module.name


def test_the_storage_knows_of_the_lab_only_nouns_and_errors() -> None:
    for module in modules():
        if module.within("storage"):
            lab = {name for name in module.imports if within(name, "lab")}
            assert all(within(name, "lab.nouns", "lab.errors") for name in lab), module.name


def test_views_are_records_of_nouns() -> None:
    views = [m for m in modules() if m.within("lab.views")]
    assert len(views) > 10
    for module in views:
        lab = {name for name in module.imports if within(name, "lab")}
        assert all(within(name, "lab.nouns", "lab.views") for name in lab), module.name


def test_nothing_inside_looks_up_to_studio_page_or_commands() -> None:
    for module in modules():
        if module.within(*INNER, "lab.bench", "storage", "lab.nouns", "lab.errors", "lab.views", "lab.settings"):
            upward = {n for n in module.imports if within(n, "lab.studio", "lab.ui", "lab.commands", "app")}
            if module.name == "lab.bench.storage":  # what it measures ends at the figure
                upward = {name for name in upward if not within(name, "lab.ui.figures")}
            assert not upward, module.name


def test_only_the_studio_and_those_that_open_it_know_the_storage() -> None:
    known = {name for name in who_import("storage") if not within(name, "storage")}
    assert all(within(name, "app", "lab.ui", "lab.studio", "lab.commands.open", "lab.bench") for name in known)
    assert who_import("storage.Store") - {"storage"} == {
        "app", "lab.studio.workplace", "lab.commands.open", "lab.bench.storage"}


def test_the_page_asks_the_studio_and_works_nothing_out_itself() -> None:
    texts = (  # what to show: texts and tables, without a model
        "lab.conscience.framings", "lab.training.methods", "lab.training.settings", "lab.training.tripwires",
        "lab.evaluation.metrics", "lab.evaluation.scenarios", "lab.evaluation.judges.naming",
        "lab.evaluation.judges.records", "lab.evaluation.statistics.figure", "lab.evaluation.studies.drawing",
    )
    allowed = ("lab.ui", "lab.studio", "lab.views", "lab.nouns", "lab.errors", "lab.settings", *texts)
    packages = {"lab", *INNER}  # `from lab.conscience import framings` names the package too
    for module in modules():
        if module.within("lab.ui", "app"):
            lab = {name for name in module.imports if within(name, "lab")} - packages
            assert all(within(name, *allowed) for name in lab), module.name


def test_the_commands_are_reached_through_the_command_line_alone() -> None:
    users = {name for name in who_import("lab.commands") if not within(name, "lab.commands")}
    assert users == {"lab.__main__"}


def test_the_commands_know_of_the_page_how_it_counts_alone() -> None:
    for module in modules():
        if module.within("lab.commands"):
            page = {name for name in module.imports if within(name, "lab.ui")}
            assert page <= {"lab.ui.text", "lab.ui.text.counted"}, module.name


def test_nothing_is_built_on_the_bench() -> None:
    users = {name for name in who_import("lab.bench") if not within(name, "lab.bench")}
    assert users == {"lab.commands.bench"}


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        m.name for m in modules()
        for node in ast.walk(m.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert readers <= {"lab.settings", "app"}  # the app reads Gradio's own two


# -- what loads when -------------------------------------------------------------------------------------------------


def test_importing_the_studio_loads_no_heavy_library() -> None:
    program = "import json, sys; import lab.studio; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in json.loads(done.stdout)}
    assert "storage" in loaded
    assert not loaded & set(HEAVY)


def test_no_module_outside_models_and_training_loads_torch_before_it_is_needed() -> None:
    light = (
        "lab.studio", "lab.views", "lab.commands", "lab.__main__", "lab.evaluation", "lab.training.conductor",
        "lab.training.methods", "lab.training.settings", "lab.conscience.framings", "lab.conscience.asking",
        "lab.conscience.wording", "lab.bench.subjects",
    )
    for module in modules():
        if module.within(*light):
            at_once = {name.split(".")[0] for node in module.tree.body for name in _imported(_runs(node))}
            assert not at_once & set(HEAVY), module.name


def _runs(node: ast.stmt) -> ast.AST:
    """The statement, unless it is for type checkers or a body that runs later."""
    later = isinstance(node, ast.FunctionDef | ast.ClassDef)
    for_checkers = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return ast.Pass() if later or for_checkers else node


# -- manners ---------------------------------------------------------------------------------------------------------


def test_no_module_is_called_utils_helpers_or_common() -> None:
    for module in modules():
        assert not {"utils", "util", "helpers", "helper", "common", "misc"} & set(module.name.split("."))


def test_every_module_says_what_it_is() -> None:
    files = [file for file in (ROOT / "tests").rglob("*.py") if file.stat().st_size]
    tests = [Module(file.name, ast.parse(file.read_text(encoding="utf-8"))) for file in files]
    for module in (*modules(), *tests):
        assert ast.get_docstring(module.tree), module.name


def test_a_package_that_lists_its_modules_lists_them_all() -> None:
    lists = 0
    for package in [m for m in modules() if any(within(n.name, m.name) and n is not m for n in modules())]:
        text = ast.get_docstring(package.tree) or ""
        inside = {m.name.removeprefix(f"{package.name}.").partition(".")[0] for m in modules()
                  if within(m.name, package.name) and m is not package}
        listed = {name for line in re.findall(r"^([a-z_]+(?:, [a-z_]+)*)  +", text, re.MULTILINE)
                  for name in line.split(", ")}
        if len(listed) > 2:
            lists += 1
            named = set(re.findall(r"\w+", text))
            assert listed <= inside, package.name
            assert {m for m in inside - named if not m.endswith("_cards")} == set(), package.name
    assert lists > 5


def test_no_file_is_longer_than_300_lines() -> None:
    files = [ROOT / "app.py", *(file for top in ("lab", "storage", "tests") for file in (ROOT / top).rglob("*.py"))]
    assert [str(f.relative_to(ROOT)) for f in files if len(f.read_text(encoding="utf-8").splitlines()) > 300] == []


def test_the_top_level_is_as_drawn() -> None:
    for name in ("app.py", "lab", "storage", "tests", "requirements.txt", "README.md", "spaces.yaml", "LICENSE"):
        assert (ROOT / name).exists(), name


# -- two files that say the same -------------------------------------------------------------------------------------


def test_the_readmes_front_matter_is_the_card_of_spaces_yaml() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    matter = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert matter is not None, "README.md has no front matter"
    card = yaml.safe_load((ROOT / "spaces.yaml").read_text(encoding="utf-8"))["card"]
    assert yaml.safe_load(matter[1]) == card
    assert list(yaml.safe_load(matter[1])) == list(card)


def test_the_card_names_the_pinned_gradio() -> None:
    card = yaml.safe_load((ROOT / "spaces.yaml").read_text(encoding="utf-8"))["card"]
    pins = dict(
        line.split("==") for line in (ROOT / "requirements.txt").read_text().splitlines() if re.match(r"[\w-]+==", line)
    )
    assert pins["gradio"] == str(card["sdk_version"])
    assert {"torch", "transformers", "peft", "trl", "duckdb", "plotly", "accelerate", "scipy"} <= pins.keys()
    assert pins["torch"] == "2.13.0"
