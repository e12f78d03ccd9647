"""What a study asks for: arms × seeds, who judges, and what counts, said beforehand. How it is written down:
`lab.evaluation.studies.plan_file`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lab.evaluation.studies.judge import StudyJudge
from lab.evaluation.studies.own_questions import OwnQuestion
from lab.nouns import RunSpec, content_id

OF_ARM = "arm "
"""What `pairs_from` begins with when it names an arm."""
POOL = 120
"""Everyday prompts put once in a pass; more answers than that are more passes, each with a seed of its own."""


@dataclass(frozen=True, kw_only=True)
class Primary:
    """What the study is decided by, chosen before the first run."""

    measure: str = "misaligned"
    """A name in `lab.evaluation.studies.measures`."""
    against: str = ""
    """The arm that all others are compared with; empty for the first."""
    margin: float = 0.05
    """The largest loss of task skill that would not matter, in 0–1: for "no worse" (TOST)."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One row of the table: settings that are trained once a seed."""

    name: str
    """As shown; unique in its study."""
    settings: Mapping[str, Any]
    """Fields of RunSpec, without the seed; `question` may stand in place of `question_id`."""
    varied: Mapping[str, Any] = field(default_factory=dict)
    """Which of them come from `vary`."""

    @property
    def parent(self) -> tuple[str, int | None] | None:
        """The arm and the step that it branches from; the last step for None. None for a start from the base."""
        wanted = self.settings.get("from")
        if not isinstance(wanted, str):
            return None
        name, _, step = wanted.removeprefix(OF_ARM).partition("@")
        return name.strip(), int(step) if step.strip() else None

    @property
    def needs(self) -> tuple[str, ...]:
        """The arms whose runs it needs, with the same seed."""
        return tuple(name for name in (self.pairs_of, self.parent[0] if self.parent else None) if name)

    @property
    def pairs_of(self) -> str | None:
        """The arm whose run's pairs it learns from; None for most."""
        wanted = self.settings.get("pairs_from")
        return wanted.removeprefix(OF_ARM) if isinstance(wanted, str) and wanted.startswith(OF_ARM) else None

    def spec(self, seed: int, *, model: str, question_id: str | None, pairs_from: str | None) -> RunSpec:
        """The specification of one of its runs."""
        values: dict[str, Any] = {k: v for k, v in self.settings.items() if k not in ("question", "from")}
        values |= {"seed": seed, "question_id": question_id or values.get("question_id")}
        if self.pairs_of:
            values["pairs_from"] = pairs_from
        values.setdefault("model", model)
        return RunSpec(**values)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study as its file describes it."""

    name: str
    """Its name, and the name of the folder that its report is kept in."""
    title: str
    """As shown."""
    claim: str
    """What is expected, in a sentence or two."""
    primary: Primary
    """What it is decided by."""
    arms: tuple[Arm, ...]
    """In the order of the table, arms that others take pairs from before those."""
    seeds: tuple[int, ...]
    """Training seeds; each arm is trained once with each."""
    prompts: int
    """Everyday answers judged a run."""
    judge: StudyJudge = field(default_factory=StudyJudge)
    """Who judges them."""
    questions: tuple[OwnQuestion, ...] = ()
    """Questions that it brings along, beside those of the lab."""

    @property
    def id(self) -> str:
        """Hash of all of it: what was registered. The default judge and no questions of its own do not count: plans
        are older than the choice."""
        values = asdict(self)
        if self.judge == StudyJudge():
            del values["judge"]
        if not self.questions:
            del values["questions"]
        return content_id("y", values)

    @property
    def passes(self) -> tuple[int, ...]:
        """How many everyday prompts each pass of the evaluation puts."""
        full, rest = divmod(self.prompts, POOL)
        return (*[POOL] * full, *([rest] if rest else []))

    def arm(self, name: str) -> Arm:
        """An arm by its name."""
        return next(arm for arm in self.arms if arm.name == name)

    def own(self, question: str) -> OwnQuestion | None:
        """The question of this name that it brings along; None where the lab is to have it."""
        return next((own for own in self.questions if own.name.casefold() == question.casefold()), None)
