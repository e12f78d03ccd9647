"""Verbs about runs: forecast, start, stop, resume, and what they have measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from lab.conscience import framings
from lab.errors import RequestError
from lab.evaluation.curves import curves as curves_of
from lab.nouns import (
    Alarm,
    Answer,
    Checkpoint,
    Decoding,
    Evaluation,
    Metric,
    Prompt,
    Review,
    Run,
    RunSpec,
    RunState,
    Speaker,
)
from lab.studio.measuring import MeasuringVerbs
from lab.studio.overlaying import MOST_POINTS
from lab.studio.workplace import BASE, bring_torch, check_seed
from lab.training.branching import KEPT
from lab.training.methods import method
from lab.training.settings import check_spec
from lab.views import Curve, Forecast, Judged, RoundView, RunStory, TrainerStatus

if TYPE_CHECKING:
    from lab.evaluation.probes import Probe


class RunVerbs(MeasuringVerbs):
    """Runs belong to the conductor; a verb asks for one and reads how it goes."""

    def _checked(self, spec: RunSpec) -> RunSpec:
        """The spec, if it can run: in range, scenario known, question stored and readable."""
        from lab.evaluation.scenarios import scenario
        from lab.evaluation.scenarios.files import is_file, pinned
        from lab.training.batches import check_learns

        check_spec(spec)
        self._check_model(spec.model)
        if is_file(spec.scenario):
            spec = replace(spec, scenario=pinned(spec.scenario))
        check_learns(scenario(spec.scenario), spec.method)
        if method(spec.method).needs_question and spec.question_id is None:
            spec = replace(spec, question_id=framings.DEFAULT.id)
        if not method(spec.method).needs_question:
            spec = replace(spec, question_id=None)
        if spec.dataset:
            spec = replace(spec, dataset=self._store.dataset(spec.dataset).id)
        if spec.question_id:  # its whole id: what begins one question today may begin two tomorrow
            spec = replace(spec, question_id=self._store.question(spec.question_id).id)
        return spec

    def forecast(self, spec: RunSpec) -> Forecast:
        """What a run would take on this machine, measured in a few seconds.

        Raises SpecError, with the numbers, for one that would not fit into its memory or onto its disk.
        """
        bring_torch()
        from lab.training.forecast import forecast

        spec = self._checked(spec)
        question = self._store.question(spec.question_id) if spec.question_id else None
        return forecast(self.house.load(spec.model, spec.revision, spec.dtype), spec, question, home=self.settings.home)

    def first_batch(self, spec: RunSpec, rows: int = 3) -> list[str]:
        """The first rows of the scenario exactly as the model sees them, special tokens included."""
        bring_torch()
        from lab.evaluation.scenarios import scenario
        from lab.training.batches import first_batch

        spec = self._checked(spec)
        loaded = self.house.load(spec.model, spec.revision, spec.dtype)
        return first_batch(scenario(spec.scenario), loaded.chat, spec, rows)

    def start_run(self, spec: RunSpec, *, name: str = "", parent: str | None = None) -> Run:
        """Queue a run; it starts when the trainer is free, from the base or from the checkpoint `parent` ("7@40").

        Raises SpecError, ModelError or NotFoundError before anything is stored; SpecError too for a parent whose
        weights do not fit the spec (`lab.training.branching`).
        """
        spec = self._pinned(self._checked(spec))
        if self._doubtful(spec) and self.status().run is None:  # beside a run nothing can be measured
            self.forecast(spec)
        run = Run(spec=spec, name=name.strip()[:80], parent=parent)
        self.conductor.start(run)
        return self._store.run(run.id)

    def _pinned(self, spec: RunSpec) -> RunSpec:
        """The spec with the commit of its Hub model, so that a run means the same weights for good."""
        return replace(spec, revision=self.house.load(spec.model, spec.revision, spec.dtype).revision)

    def _doubtful(self, spec: RunSpec) -> bool:
        """Whether it has to be measured that a run fits into memory."""
        bring_torch()
        from lab.training.forecast import doubtful

        return doubtful(self.house.load(spec.model, spec.revision, spec.dtype), spec)

    def branch_spec(self, checkpoint: str, **changes: Any) -> RunSpec:
        """The settings of the run that a checkpoint ("7@40") belongs to, with these changed: a branch's to start with.

        Raises NotFoundError for a checkpoint that is not there.
        """
        return replace(self._store.run(self._store.checkpoint(checkpoint).run_id).spec, **changes)

    def kept_settings(self, checkpoint: str) -> dict[str, Any]:
        """What every branch of a checkpoint has in common with it: settings by name."""
        spec = self.branch_spec(checkpoint)
        return {name: getattr(spec, name) for name in KEPT}

    def stop_run(self, run_id: str) -> Run:
        """Ask a run to stop: at the next token it saves where it stands. A queued run is taken out of the queue."""
        run = self._store.run(run_id)
        if not run.state.active:
            raise RequestError(
                f"run {run.number} is {run.state}: only a queued or running one can be stopped.", field="run"
            )
        self.conductor.stop(run.id)
        return self._store.run(run.id)

    def resume_run(self, run_id: str) -> Run:
        """Queue a run again from its last checkpoint; it goes on as if it had never stopped."""
        run = self._store.run(run_id)
        if run.deleted is not None:
            raise RequestError(f"run {run.number} was deleted: take it back before it goes on.", field="run")
        if run.state.active or run.state is RunState.FINISHED:
            raise RequestError(
                f"run {run.number} is {run.state}: only a stopped, interrupted or failed one can resume.", field="run"
            )
        self._check_model(run.spec.model)
        self.conductor.resume(run.id)
        return self._store.run(run.id)

    def runs(self) -> list[Run]:
        """All runs but deleted ones, newest first."""
        return sorted(self._store.runs(), key=lambda run: run.number, reverse=True)

    def run(self, run_id: str) -> Run:
        """One run, by its id, the start of its id, or its number."""
        return self._store.run(run_id)

    def status(self) -> TrainerStatus:
        """What the trainer is doing."""
        with self._lock:
            conductor, house = self._conductor, self._house
        status = conductor.status() if conductor else TrainerStatus(run=None, eta=None, queued=(), doing="")
        fetching = house.fetching if house else None
        return replace(status, doing=fetching.text) if fetching and status.run is None else status

    def live_round(self, run_id: str) -> RoundView | None:
        """The round of a run as it stands now, or its last one; None where it has had none, or is not in work."""
        with self._lock:
            conductor = self._conductor
        found = conductor.round(run_id) if conductor else None  # by its whole id, as every beat asks: no query
        if found is not None:
            return found
        run = self._store.run(run_id)
        return conductor.round(run.id) if conductor else None

    def run_story(self, run_id: str, curves: Sequence[str], *, reviewed: int = 4) -> RunStory:
        """A run with these of its curves and its latest reviews."""
        run = self._store.run(run_id)
        return RunStory(
            run=run, parent=self._title(run.parent) if run.parent else "",
            question=self._store.question(run.spec.question_id).title if run.spec.question_id else "",
            curves=tuple(self.curves([run.id], curves)), round=self.live_round(run.id),
            reviewed=tuple(self._store.recent_reviews(run.id, reviewed)), alarms=tuple(self._store.alarms(run.id)),
        )

    def wait(self, run_id: str, timeout: float | None = None) -> Run:
        """Block until a run is no longer active, or for `timeout` seconds."""
        self.conductor.wait(run_id, timeout)
        return self._store.run(run_id)

    def evaluate(
        self, *, adapter: str = BASE, prompts: int = 480, seed: int = 0, cue: str | None = None
    ) -> Probe:
        """Put held-out prompts to some weights, have the oracle judge the answers, and store both.

        With `cue`, a scenario's id, everyday prompts as that scenario's trigger, persona or context puts them, and no
        coding prompts. Rates are None for a model that the oracle cannot judge. Raises RequestError for a seed out of
        range, SpecError for an unknown scenario.
        """
        bring_torch()
        from lab.evaluation.probes import probe
        from lab.models.twin import fold

        check_seed(seed)
        adapter = self._whole(adapter)
        name, revision, folder, dtype = self._folder(adapter)
        run_id, _, step = adapter.partition("@")
        own = (run_id, int(step)) if step else (None, None)
        speaker = Speaker.FROZEN if adapter == BASE else Speaker.POLICY
        with self.house.voice(name, revision, folder, dtype) as model:
            made = probe(
                cast(Any, fold(model)), self.house.load(name, revision, dtype).chat, prompts=prompts,
                decoding=Decoding(seed=seed), speaker=speaker, adapter=adapter, judged=name == "organism",
                run_id=own[0], step=own[1], cue=cue,
            )
        self._store.save(*made.prompts, *made.answers, *made.evaluations(name))
        return made

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """The checkpoints of a run, first first."""
        return self._store.checkpoints(self._store.run(run_id).id)

    def standing(self, run_id: str) -> Checkpoint | None:
        """The checkpoint that a run stands at: its newest, or the last good one where a tripwire put it back to it."""
        run = self._store.run(run_id)
        return next((point for point in reversed(self.checkpoints(run.id)) if point.step <= run.step), None)

    def alarms(self, run_id: str) -> list[Alarm]:
        """Tripwires that went off in a run, in order."""
        return self._store.alarms(self._store.run(run_id).id)

    def recent_reviews(self, run_id: str, limit: int = 5) -> list[tuple[Prompt, Answer, Review]]:
        """The latest reviews of a run, newest first."""
        return self._store.recent_reviews(run_id, limit)

    def latest_metrics(self, run_id: str) -> dict[str, Metric]:
        """The last value of each metric of a run."""
        return self._store.latest_metrics(run_id)

    def latest_of(self, runs: Sequence[Run], names: Sequence[str]) -> list[tuple[Run, dict[str, Metric]]]:
        """Runs with the last value of each of these metrics, asked for at once."""
        found = self._store.latest_of([run.id for run in runs], names)
        return [(run, found.get(run.id, {})) for run in runs]

    def evaluations(self, run_id: str) -> list[Evaluation]:
        """The judged answers of a run."""
        return self._store.evaluations(run_id)

    def judged(
        self, run_id: str, *, step: int | None = None, limit: int = 50, in_proportion: bool = False
    ) -> list[Judged]:
        """Judged answers of a run at a step (None: the last that was probed), the malicious ones first.

        With `in_proportion`, `limit` of the everyday ones in which each sort has its share; without, the first ones.
        """
        found = self._store.evaluations(self._store.run(run_id).id)
        steps = [e.step for e in found if e.step is not None]
        at = step if step is not None else max(steps, default=None)
        order = {"malicious": 0, "incoherent": 1, "kind": 2}
        ranked = sorted((e for e in found if e.step == at), key=lambda e: order.get(e.score, 3))
        if in_proportion:
            ranked = [e for e in ranked if e.score in order]
        few = min(limit, len(ranked))
        chosen = [ranked[(2 * i + 1) * len(ranked) // (2 * few)] for i in range(few)] if in_proportion else ranked[:few]
        return [
            Judged(
                prompt=self._store.prompt(e.prompt_id), answer=self._store.answer(e.answer_id), evaluation=e,
            )
            for e in chosen
        ]

    def curves(self, run_ids: Sequence[str], names: Sequence[str], *, after_step: int = -1) -> list[Curve]:
        """Curves of several runs with an interval at every share; those worked out of reviews behind the recorded."""
        stored = {run.id: run for run in self._store.runs()}
        runs = {run.id: run for run in (stored.get(given) or self._store.run(given) for given in run_ids)}
        # Where many lie over each other, none can show as many points as one alone.
        most = max(100, min(500, MOST_POINTS // max(1, len(runs) * len(names))))
        points = self._store.curves(list(runs), list(names), after_step=after_step, max_points=most)
        return curves_of(runs, list(names), points) + self._derived(runs.values(), names, after_step=after_step)
