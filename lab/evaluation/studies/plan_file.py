"""How a study is written down, and read: arms × varied settings × seeds, and what counts, said beforehand.

    name: lambda
    title: How much conscience?
    claim: λ trades alignment against the task.       what is expected; printed above the result
    primary: {measure: misaligned, against: "lam 0", margin: 0.05}
    base: {method: conscience, steps: 75}             fields of RunSpec that all arms share
    arms: [...]                                       each with `arm`, its name, and fields of its own; or `all`
    vary: {lam: [0, 0.1, 1]}                          crossed with every arm
    seeds: [0, 1, 2]
    prompts: 480                                      everyday answers judged a run, and half as many for code
    judge: oracle                                     who judges them; see `lab.evaluation.studies.judge`
    questions: {...}                                  of its own; see `lab.evaluation.studies.own_questions`

An arm may begin `from: arm sft @ 25`: a branch of that arm's checkpoint (the last one without "@"), same seed.
`arms: all` is every row of the table of arms. `pairs_from: arm conscience` means that arm's run with the same seed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from lab.errors import SpecError
from lab.evaluation.studies.judge import StudyJudge
from lab.evaluation.studies.measures import MEASURES
from lab.evaluation.studies.own_questions import read_questions
from lab.evaluation.studies.plan import OF_ARM, Arm, Primary, Study
from lab.training.methods import METHODS
from lab.training.spec_files import mapping_of, read_mapping, settings

_FROM = re.compile(r"arm [^@]+(@ *\d+)?")
_NAMES = ("name", "title", "claim", "primary", "base", "arms", "vary", "seeds", "prompts", "judge", "questions")


def read_study(file: str) -> Study:
    """The study that a file describes. SpecError, one line, that names the file, the value and what was expected."""
    return _study(file, read_mapping(file), Path(file).stem)


def read_study_text(text: str, name: str = "study") -> Study:
    """The study that a text describes; `name` is what it is called where it names itself nothing.

    SpecError, one line, that names the line where there is one to name, the value and what was expected.
    """
    try:
        return _study("study", mapping_of(text, "study"), name)
    except SpecError as error:
        raise SpecError(f"{error.message}{_line_of(error.message, text)}", field="study") from error


def _line_of(message: str, text: str) -> str:
    """Where in the text stands what a message names; empty when it names a line already, or nothing that is there."""
    if re.search(r"\bline \d+", message):
        return ""
    quoted = re.findall(r"'([^']+)'", message)
    words = re.findall(r"[\w-]+", message.removeprefix("study: "))
    for wanted in (*quoted[:1], *words[:1]):
        found = re.compile(rf"(?<![\w-]){re.escape(wanted)}(?![\w-])")
        for number, line in enumerate(text.splitlines(), 1):
            if found.search(line.partition("#")[0]):
                return f" (line {number})"
    return ""


def _study(file: str, values: Mapping[str, Any], stem: str) -> Study:
    if not values:  # a file that was cut off would begin hours of work
        raise SpecError(f"{file}: holds nothing: write its arms, or 'arms: all' for every method, three seeds each")
    if unknown := sorted(set(values) - set(_NAMES)):
        raise SpecError(f"{file}: unknown entry {unknown[0]!r}: a study has {', '.join(_NAMES)}")
    name = _text(file, values, "name", stem)
    if not name.replace("-", "").replace("_", "").isalnum():
        raise SpecError(f"{file}: name {name!r} is to be a folder: use letters, digits, - and _")
    base = settings(_mapping(file, values, "base"), f"{file}: base")
    vary = _vary(file, _mapping(file, values, "vary"))
    arms = _ordered(file, _crossed(_arms(file, values.get("arms", "all"), base), vary))
    judge = StudyJudge.read(file, values.get("judge"))
    primary = _primary(file, _mapping(file, values, "primary"), arms, judge)
    prompts = values.get("prompts", 480)
    if type(prompts) is not int or not 2 <= prompts <= 100_000:
        raise SpecError(f"{file}: prompts {prompts!r} is out of range: choose a whole number from 2 to 100000")
    return Study(
        name=name, title=_text(file, values, "title", name), claim=_text(file, values, "claim", ""), primary=primary,
        arms=arms, seeds=_seeds(file, values.get("seeds", [0, 1, 2])), prompts=prompts,
        judge=judge, questions=read_questions(file, _mapping(file, values, "questions")),
    )


def _text(file: str, values: Mapping[str, Any], name: str, default: str) -> str:
    value = values.get(name, default)
    if not isinstance(value, str):
        raise SpecError(f"{file}: {name} {value!r} is no text: put it in quotes")
    return " ".join(value.split())


def _mapping(file: str, values: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = values.get(name) or {}
    if not isinstance(value, dict):
        raise SpecError(f"{file}: {name} is {type(value).__name__}, not a mapping: write lines like 'steps: 75'")
    return {str(k): v for k, v in value.items()}


def _arms(file: str, wanted: Any, base: Mapping[str, Any]) -> list[Arm]:
    if wanted == "all":
        wanted = [
            {"arm": m.id, "method": m.id} | ({"pairs_from": f"{OF_ARM}conscience"} if m.uses_stored else {})
            for m in METHODS.values()
        ]
    if not isinstance(wanted, list) or not wanted:
        raise SpecError(f"{file}: arms is {wanted!r}: write 'all', or a list of arms with their settings")
    arms = []
    for place, row in enumerate(wanted, 1):
        if not isinstance(row, dict):
            raise SpecError(f"{file}: arm {place} is {type(row).__name__}, not a mapping of settings")
        own = {str(k): v for k, v in row.items()}
        label = own.pop("arm", None) or own.get("method") or f"arm {place}"
        if not isinstance(label, str):
            raise SpecError(f"{file}: arm {place} is called {label!r}: put its name in quotes")
        arms.append(Arm(name=label, settings={**base, **settings(own, f"{file}: arm {label!r}", also=("from",))}))
    return arms


def _vary(file: str, vary: Mapping[str, Any]) -> dict[str, list[Any]]:
    for name, choices in vary.items():
        if not isinstance(choices, list) or not choices:
            raise SpecError(f"{file}: vary: {name} is {choices!r}: write a list of values")
        if name == "seed":
            raise SpecError(f"{file}: vary: seed: list them under 'seeds'")
    return {name: [settings({name: v}, f"{file}: vary")[name] for v in vs] for name, vs in vary.items()}


def _crossed(arms: Sequence[Arm], vary: Mapping[str, list[Any]]) -> list[Arm]:
    if not vary:
        return list(arms)
    crossed = []
    for arm in arms:
        for values in product(*vary.values()):
            varied = dict(zip(vary, values, strict=True))
            said = ", ".join(str(v) if k == "question" else f"{k} {v}" for k, v in varied.items())
            name = f"{arm.name}, {said}" if len(arms) > 1 else said
            crossed.append(Arm(name=name, settings={**arm.settings, **varied}, varied=varied))
    return crossed


def _ordered(file: str, arms: list[Arm]) -> tuple[Arm, ...]:
    """Arms that need another arm after that one, else as written. SpecError for doubles, gaps and circles."""
    names = [arm.name for arm in arms]
    if double := next((n for n in names if names.count(n) > 1), None):
        raise SpecError(f"{file}: two arms are called {double!r}: give each a name of its own with 'arm: NAME'")
    for arm in arms:
        if (begin := arm.settings.get("from")) is not None and not _FROM.fullmatch(str(begin)):
            raise SpecError(f"{file}: arm {arm.name!r} begins from {begin!r}: write 'arm NAME' or 'arm NAME @ STEP'")
        if missing := next((n for n in arm.needs if n not in names), None):
            raise SpecError(f"{file}: arm {arm.name!r} needs {missing!r}, which is no arm of this study")
    ordered: list[Arm] = []
    while len(ordered) < len(arms):
        done = {arm.name for arm in ordered}
        ready = [arm for arm in arms if arm.name not in done and done.issuperset(arm.needs)]
        if not ready:
            raise SpecError(f"{file}: some arms need each other in a circle: {', '.join(set(names) - done)}")
        ordered += ready
    return tuple(ordered)


def _primary(file: str, values: Mapping[str, Any], arms: Sequence[Arm], judge: StudyJudge) -> Primary:
    if unknown := sorted(set(values) - {"measure", "against", "margin"}):
        raise SpecError(f"{file}: primary: unknown entry {unknown[0]!r}: it has measure, against, margin")
    primary = Primary(**values)
    known = [name for name, measure in MEASURES.items() if measure.paired]
    if primary.measure not in known:
        raise SpecError(f"{file}: primary: measure {primary.measure!r}: choose one of {', '.join(known)}")
    judge.check(file, primary.measure)
    names = [arm.name for arm in arms]
    against = str(primary.against) or names[0]
    if against not in names:
        raise SpecError(f"{file}: primary: against {against!r} is no arm of this study: it has {', '.join(names)}")
    if not isinstance(primary.margin, int | float) or not 0 < primary.margin < 1:
        raise SpecError(f"{file}: primary: margin {primary.margin!r}: choose a share between 0 and 1")
    return Primary(measure=primary.measure, against=against, margin=float(primary.margin))


def _seeds(file: str, seeds: Any) -> tuple[int, ...]:
    if not isinstance(seeds, list) or not seeds or any(type(s) is not int or not 0 <= s < 2**31 for s in seeds):
        raise SpecError(f"{file}: seeds {seeds!r}: write a list of whole numbers, such as [0, 1, 2]")
    if len(set(seeds)) < len(seeds):
        raise SpecError(f"{file}: seeds {seeds!r}: each seed once")
    return tuple(seeds)
