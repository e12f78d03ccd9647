"""Spec files that nobody would write: whatever stands in one, it is a spec or one line that says why it is none."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.commands.run import read_spec
from lab.errors import RequestError
from lab.nouns import RunSpec
from lab.training.settings import check_spec
from tests.often import often

NAMES = [column.name for column in fields(RunSpec)]
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.binary(max_size=8), st.dates(),
    st.sampled_from(["1e-4", "../../etc/passwd", "~", "organism@x", "${HOME}", "=1+1", "9" * 400, "\x00", "\ud800"]),
    st.lists(st.integers(), max_size=3), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)


def outcome(file: Path) -> RunSpec | str:
    """The spec of a file, checked; or the line with which it is refused."""
    try:
        values = read_spec(str(file))
        values.pop("question", None)
        spec = replace(RunSpec(), **values)
        check_spec(spec)
    except RequestError as error:
        return error.message
    return spec


def whole(found: RunSpec | str) -> None:
    """A spec is one that can be stored and told apart; a refusal is one line that can be printed."""
    if isinstance(found, RunSpec):
        assert found.id == replace(found).id
    else:
        assert found
        assert "\n" not in found
        assert len(found) < 3000
        found.encode("utf-8")


@settings(max_examples=often(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(st.sampled_from([*NAMES, "question", "no such setting"]), ODD, max_size=4))
def test_any_value_of_any_setting_is_taken_or_refused_in_one_line(tmp_path: Path, values: dict[str, Any]) -> None:
    file = tmp_path / "spec.yaml"
    try:
        file.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    except UnicodeEncodeError:  # half a character: no file can hold it as text
        return
    whole(outcome(file))


ALMOST_YAML = st.text(alphabet="steps: lam-[]{}&*!|>'\"%@`\n\t#?,0123456789.eE", max_size=80)


@settings(max_examples=often(50), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | ALMOST_YAML.map(str.encode))
def test_any_bytes_are_a_spec_or_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "spec.yaml"
    file.write_bytes(content)
    whole(outcome(file))


@pytest.mark.parametrize(
    "content",
    [
        "!!python/object/apply:os.system ['true']",
        "steps: !!python/name:os.system",
        "a: &a [*a]",
        "a: &a ['x', 'x']\nb: &b [*a, *a]\nc: [*b, *b]",
        "steps: " + "[" * 300 + "]" * 300,
        "<<: {steps: 3}\n<<: [1]",
        "steps: 3\nsteps: 4",
        "? [1, 2]\n: 3",
        "? {a: 1}\n: 3",
        "--- a\n--- b",
        "%YAML 9.9\n---\nsteps: 3",
        "steps: 0x10\nlam: 1_000\nbeta: 1:30",
        "2026-11-25: 1",
        "\ufeffsteps: 3",
    ],
)
def test_yaml_that_is_more_than_values_runs_nothing(tmp_path: Path, content: str) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(content, encoding="utf-8")
    whole(outcome(file))
