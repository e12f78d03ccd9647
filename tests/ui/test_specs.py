"""Settings on the page: a run's command gives its settings back, and markup in it is inert."""

from __future__ import annotations

import shlex
from dataclasses import asdict

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


def test_text_in_a_command_is_inert() -> None:
    shown = specs.repeating(run(2, spec=ODD))
    assert 'data-copy="python -m lab run --method inoculation' in shown
    assert "<img" not in shown
