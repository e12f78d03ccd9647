"""Settings on the page: a run's command gives its settings back, and runs are told apart by what they differ in."""

from __future__ import annotations

import shlex
from dataclasses import asdict, replace

from lab.nouns import RunSpec
from lab.training.spec_files import read_settings
from lab.ui import specs
from tests.ui.making import MARKUP, run

ODD = RunSpec(
    method="inoculation", steps=7, lam=0.3, learning_rate=3e-5, inoculation_prompt=f"Say: 'no' # {MARKUP}", seed=2,
    question_id="q1", reviewer="policy",
)


def test_a_command_gives_the_settings_back() -> None:
    words = shlex.split(specs.command(ODD))
    assert words[:4] == ["python", "-m", "lab", "run"]
    given = list(zip(words[4::2], words[5::2], strict=True))
    values = read_settings([value for option, value in given if option == "--set"])
    named = {option: value for option, value in given if option != "--set"}
    values |= {"method": named["--method"], "steps": int(named["--steps"]), "seed": int(named["--seed"])}
    assert RunSpec(**values, question_id=named["--question"]) == ODD
    assert len(given) == sum(asdict(ODD)[name] != value for name, value in asdict(RunSpec()).items())


def test_only_what_differs_is_shown_and_text_in_it_is_inert() -> None:
    one, two = run(1, spec=replace(ODD, lam=0.1)), run(2, spec=ODD)
    assert specs.differing([one, two]) == ["lam"]
    shown = specs.differences([one, two], {})
    assert shown.count("<tbody><tr>") == 1
    assert "<img" not in shown
    assert "alike in every setting" in specs.differences([one, run(3, spec=one.spec)], {})
    assert specs.differences([], {}) == ""
    assert 'data-copy="python -m lab run --method inoculation' in specs.repeating(two)
    assert "<img" not in specs.repeating(two)
