"""Verbs about studies: forecast one, run what of it is missing, and write its report.

A study owns no runs: it asks for them like anybody else, finds those that were done before by their specification, and
resumes those that were broken off. Stopped anywhere, it goes on from there when it is started again.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from threading import Event
from time import perf_counter

from lab.errors import Cancelled, LabError, RequestError, StorageError
from lab.evaluation.derived import DERIVED, last_figure, reviewed
from lab.evaluation.statistics.figure import NOTHING, Figure
from lab.evaluation.studies.comparison import compare
from lab.evaluation.studies.outcome import Outcome, Registration, StudyResult
from lab.evaluation.studies.plan import Arm, Study
from lab.evaluation.studies.report import csv_table, html, markdown
from lab.nouns import Metric, Run, RunSpec, RunState, now
from lab.studio.study_judging import StudyJudgingVerbs, asked_of
from lab.studio.workplace import BASE
from lab.training.methods import method
from lab.views import StudyForecast

CURVES = ("misaligned", "incoherent", "task", "token_accuracy", "flagged")
"""Recorded metrics whose curves are in a report; those worked out of reviews stand beside them."""
_COSTS_NOTHING = (
    "seed", "lam", "beta", "question_id", "learning_rate", "schedule", "pairs_from", "scenario", "flag_threshold",
    "inoculation_prompt", "kl_weight", "benign_share", "steering_strength",
)
"""Settings that change what a run learns and not how long it takes: arms that differ in no other are measured once."""


class StudyVerbs(StudyJudgingVerbs):
    """A study: its runs, its evaluations, its report."""

    def forecast_study(self, study: Study) -> StudyForecast:
        """How long what is missing would take here: from runs of the same cost that are stored, else measured.

        The judge's time counts. Raises RequestError for a judge that cannot judge this study, or is not there.
        """
        self._check_judge(study)
        missing = [(arm, seed) for seed in study.seeds for arm in study.arms if not self._done(study, arm, seed)]
        seconds, measured = 0.0, 0
        known: dict[str, float] = {_cost(r.spec): r.seconds for r in self._finished()}
        for arm, seed in missing:
            spec = self._checked(self._spec(study, arm, seed, None))
            key = _cost(spec)
            if key not in known:
                known[key] = self.forecast(spec).seconds
                measured += 1
            seconds += known[key]
        writing, reading = self._seconds_per_answer(study.judge)
        answers = writing * study.prompts * 2
        judging = sum(each * self._to_read(study, name, len(missing)) for name, each in reading.items())
        judges = f", its judge {judging:.0f} s in all" if reading else ""
        return StudyForecast(
            seconds=seconds + answers * (len(missing) + 1) + judging, runs=len(missing),
            done=len(study.arms) * len(study.seeds) - len(missing),
            note=f"Training {seconds:.0f} s, answering {answers:.0f} s a run{judges}; {measured} of {len(known)} costs "
            "were measured now, the others are of runs that finished here.",
        )

    def _to_read(self, study: Study, judge: str, missing: int) -> int:
        """How many answers a judge has yet to read: of runs that are missing, of those that are done, of the base."""
        arm = study.arms[0]
        count = missing * asked_of(study, judge, self._passes(study, arm)) + self._unread(study, judge, BASE, arm)
        for seed in study.seeds:
            for one in study.arms:
                if run := self._done(study, one, seed):
                    count += self._unread(study, judge, f"{run.id}@{run.step}", one)
        return count

    def run_study(
        self, study: Study, *, report: Callable[[str], None] = lambda text: None,
        wait: Callable[[Run], Run] | None = None, cancel: Event | None = None,
    ) -> StudyResult:
        """Run and judge what is missing, one after the other, and return the whole result.

        `report` gets a line for each arm and seed; `wait` waits for a run and returns it as it ended. A run that fails
        takes its place in the result with its message. Raises Cancelled when a run is stopped or `cancel` is set while
        a judge reads, StorageError when the plan cannot be registered, and whatever keeps the judge from judging:
        RequestError before anything is trained, WorkError when it goes away later.
        """
        began = perf_counter()
        self._check_judge(study)
        self._try_judge(study)
        registration = self._register(study)
        judged, told = self._judged(study, BASE, study.arms[0], lambda text: None, cancel)
        base = Outcome(
            arm="base", seed=None, run=None, judged=judged, judges=told,
            figures=self._accuracy(BASE, study.arms[0].settings.get("scenario", RunSpec.scenario)))
        outcomes, total = {}, len(study.arms) * len(study.seeds)
        for seed in study.seeds:
            for arm in study.arms:
                place = f"[{len(outcomes) + 1}/{total}] {arm.name}, seed {seed}"
                outcomes[arm.name, seed] = self._outcome(study, arm, seed, outcomes, wait, lambda t, p=place: report(
                    f"{p}: {t}"), cancel)
        hashes = {o.run.base_hash for o in outcomes.values() if o.run and o.run.base_hash}
        return StudyResult(
            study=study, base=base, outcomes=tuple(outcomes[a.name, s] for a in study.arms for s in study.seeds),
            registration=registration, seconds=perf_counter() - began,
            versions=_versions() | {f"model {i}": h for i, h in enumerate(sorted(hashes), 1)},
        )

    def write_report(self, result: StudyResult, folder: Path | None = None) -> list[Path]:
        """Write the result as Markdown, CSV and HTML; by default in the study's folder of the data folder."""
        place = folder or self._study_folder(result.study)
        lines = compare(result)
        files = {
            "report.md": markdown(result, lines), "table.csv": csv_table(result, lines),
            "report.html": html(result, lines),
        }
        written = []
        try:
            place.mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                (place / name).write_text(text, encoding="utf-8")
                written.append(place / name)
        except OSError as error:
            raise StorageError(f"The report cannot be written to '{place}' ({error.strerror}): make room, or name "
                               "another folder.") from error
        return written

    # -- one run of a study ----------------------------------------------------------------------------------------
    def _outcome(
        self, study: Study, arm: Arm, seed: int, outcomes: dict[tuple[str, int], Outcome],
        wait: Callable[[Run], Run] | None, report: Callable[[str], None], cancel: Event | None,
    ) -> Outcome:
        runs = {name: outcomes[name, seed].run for name in arm.needs if not outcomes[name, seed].message}
        if lacking := next((name for name in arm.needs if runs.get(name) is None), None):
            return Outcome(arm=arm.name, seed=seed, run=None, message=f"there is no run of {lacking!r}")
        run: Run | None = None
        try:
            spec, parent = self._place(study, arm, seed, runs)
            run = self._same(spec, parent)
            if run is not None and run.state is RunState.FINISHED:
                report(f"run {run.number}, done before")
            else:
                run = self.resume_run(run.id) if run is not None else self.start_run(
                    spec, name=f"{study.name}: {arm.name}", parent=parent)
                report(f"run {run.number}")
                run = wait(run) if wait else self.wait(run.id)
        except LabError as error:
            report(error.message)
            return Outcome(arm=arm.name, seed=seed, run=run, message=error.message)
        if run.state is RunState.STOPPED:
            raise Cancelled(f"run {run.number} was stopped: start the study again and it goes on from there.")
        if run.state is not RunState.FINISHED:
            report(f"{run.state}: {run.message}")
            return Outcome(arm=arm.name, seed=seed, run=run, message=run.message or f"the run is {run.state}")
        adapter = f"{run.id}@{run.step}"
        found = reviewed(run, self._store.reviewed(run.id))
        judged, told = self._judged(study, adapter, arm, report, cancel)
        return Outcome(
            arm=arm.name, seed=seed, run=run, judged=judged, judges=told, reviews=found.own,
            metrics=tuple(self._store.curves([run.id], CURVES)) + self._points(run),
            figures=self._accuracy(adapter, run.spec.scenario) | {
                "pass_gap": last_figure(found, "pass_gap", run.step), "overhead": _of_run(run.overhead, run.step)},
        )

    def _points(self, run: Run) -> tuple[Metric, ...]:
        """The curves that are worked out of a run's reviews, as points."""
        return tuple(
            Metric(run_id=run.id, step=p.step, name=curve.name, value=p.value, n=p.n)
            for curve in self._derived([run], DERIVED) for p in curve.points)

    def _accuracy(self, adapter: str, scenario: str) -> dict[str, Figure]:
        """Token accuracy of some weights: as the run measured it at its last probe, or measured now and kept."""
        run_id, _, step = adapter.partition("@")
        last = self._store.latest_metrics(run_id).get("token_accuracy") if step else None
        if last is None or last.step != int(step) or last.value is None:
            figure = self.token_accuracy(adapter=adapter, scenario=scenario)
            if not step or figure.value is None:
                return {"token_accuracy": figure}
            last = Metric(run_id=run_id, step=int(step), name="token_accuracy", value=figure.value, n=figure.n)
            self._store.save(last)
        return {"token_accuracy": _of_run(last.value, last.n)}

    def _spec(self, study: Study, arm: Arm, seed: int, pairs_from: str | None) -> RunSpec:
        name = arm.settings.get("question")
        asked = self._asked(name, study.own(name)) if name else None
        spec = arm.spec(
            seed, model=self.settings.model, question_id=asked.id if asked else None, pairs_from=pairs_from)
        return spec if method(spec.method).uses_stored else replace(spec, pairs_from=None)

    def _place(
        self, study: Study, arm: Arm, seed: int, runs: Mapping[str, Run | None]
    ) -> tuple[RunSpec, str | None]:
        """An arm's specification with a seed, and the checkpoint that it branches from; `runs` of the arms it needs."""
        pairs = runs.get(arm.pairs_of or "")
        spec = self._checked(self._spec(study, arm, seed, pairs.id if pairs else None))
        first = runs.get(arm.parent[0]) if arm.parent else None
        return spec, f"{first.id}@{arm.parent[1] or first.step}" if first and arm.parent else None

    def _same(self, spec: RunSpec, parent: str | None) -> Run | None:
        """A run of this very specification and start: a finished one if there is one, else the newest."""
        same = [run for run in self.runs() if run.spec == spec and run.parent == parent and not run.state.active]
        return next((run for run in same if run.state is RunState.FINISHED), same[0] if same else None)

    def _done(self, study: Study, arm: Arm, seed: int) -> Run | None:
        runs = {name: self._done(study, study.arm(name), seed) for name in arm.needs}
        if not all(runs.values()):
            return None
        run = self._same(*self._place(study, arm, seed, runs))
        return run if run is not None and run.state is RunState.FINISHED else None

    def _finished(self) -> Sequence[Run]:
        return [run for run in self.runs() if run.state is RunState.FINISHED]

    # -- the study's folder ----------------------------------------------------------------------------------------
    def _study_folder(self, study: Study) -> Path:
        return self.settings.home / "studies" / study.name

    def _register(self, study: Study) -> Registration:
        """What was registered when this study was first started; now, if it never was."""
        file = self._study_folder(study) / "registered.json"
        try:
            if file.is_file():
                return Registration(**json.loads(file.read_text(encoding="utf-8")))
            registration = Registration(
                study_id=study.id, primary=f"{study.primary.measure} against {study.primary.against!r}",
                when=now().isoformat(timespec="seconds"),
            )
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(registration.__dict__, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"'{file}' cannot be written ({error.strerror}): make the data folder writable.") from error
        except (ValueError, TypeError) as error:
            raise RequestError(
                f"'{file}' is not what a study registered: move it away to register anew.") from error
        return registration


def _of_run(value: float | None, n: int) -> Figure:
    return Figure(
        value=value, low=None, high=None, n=n, units=n, method="as the run keeps it",
        reason="a run keeps it without one" if value is not None else NOTHING)


def _cost(spec: RunSpec) -> str:
    defaults = RunSpec()
    return replace(spec, **{name: getattr(defaults, name) for name in _COSTS_NOTHING}).id


def _versions() -> dict[str, str]:
    """What the figures depend on: versions, and in how many parts torch adds up, which decides their last bits."""
    from lab.models.loading import threads

    packages = ("torch", "transformers", "peft", "trl", "scipy", "duckdb")
    return {"Python": platform.python_version()} | {name: version(name) for name in packages} | {
        "torch threads": str(threads())}
