"""The public endpoints about runs: started, steered and kept, and what is known of them.

As in `api.py`, the names of the arguments are public contract and stay spelled out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from lab.errors import RequestError
from lab.nouns import RunSpec
from lab.studio import Studio
from lab.ui.plain import Json, plain, said, with_id


def run_verbs(studio: Studio) -> list[Callable[..., Any]]:
    """What starts a run, steers it, and keeps it."""

    def _spec(settings: Json) -> RunSpec:
        """The settings given, over the defaults."""
        _check_known(settings)
        chosen = {"model": studio.settings.model, **settings}
        if chosen.get("method", RunSpec.method) == "conscience":
            chosen.setdefault("question_id", studio.questions()[0].id)
        return RunSpec(**chosen)

    @said
    def start_run(spec: dict, name: str = "") -> dict:
        """Queue a run. `spec` holds fields of a run's settings; what is left out has its default. Returns the run."""
        return with_id(studio.start_run(_spec(spec), name=name))

    @said
    def forecast(spec: dict) -> dict:
        """What a run with these settings would take here, measured in seconds: time, end, memory and disk (bytes).

        An error, with the numbers, for one that would not fit.
        """
        return plain(asdict(studio.forecast(_spec(spec))))

    @said
    def branch_run(checkpoint: str, changes: dict, name: str = "") -> dict:
        """Queue a run that starts from the weights of a checkpoint ("7@40"), with its run's settings but for `changes`.

        Any setting may change but the model and the shape of its adapters; the parent stays as it is. Returns the run.
        """
        _check_known(changes)
        return with_id(studio.start_run(studio.branch_spec(checkpoint, **changes), name=name, parent=checkpoint))

    @said
    def stop_run(run: str) -> dict:
        """Stop a run (id, start of it, or number) at its next token. Returns the run."""
        return with_id(studio.stop_run(run))

    @said
    def resume_run(run: str) -> dict:
        """Let a stopped, interrupted or failed run go on from its last checkpoint. Returns the run."""
        return with_id(studio.resume_run(run))

    @said
    def describe_run(run: str, name: str | None = None, note: str | None = None) -> dict:
        """Give a run another name or note; null leaves what there is, "" takes it away. Returns the run."""
        return with_id(studio.describe_run(run, name=name, note=note))

    @said
    def delete_run(run: str) -> dict:
        """Hide a run that is not in work, and all that it made, from lists, counts and exports. Returns the run.

        Nothing is removed until `python -m lab purge`; `undelete_run` takes it back.
        """
        return with_id(studio.delete_run(run))

    @said
    def undelete_run(run: str) -> dict:
        """Take a deleted run back, with all that it made. Returns the run."""
        return with_id(studio.undelete_run(run))

    return [start_run, forecast, branch_run, stop_run, resume_run, describe_run, delete_run, undelete_run]


def run_reading_verbs(studio: Studio) -> list[Callable[..., Any]]:
    """What is known of runs."""

    @said
    def runs(deleted: bool = False) -> list[dict]:
        """All runs, newest first; with `deleted` the deleted ones instead, the one deleted last first."""
        return [with_id(run) for run in (studio.deleted_runs() if deleted else studio.runs())]

    @said
    def run(run: str) -> dict:
        """One run with the last value of each of its metrics, and the tripwires that went off in it."""
        found = studio.run(run)
        last = {
            name: {"value": m.value, "n": m.n, "step": m.step} for name, m in studio.latest_metrics(found.id).items()
        }
        return {**with_id(found), "metrics": last, "alarms": [with_id(alarm) for alarm in studio.alarms(found.id)]}

    @said
    def live_round(run: str) -> dict:
        """The round of a run in work as it stands now: each prompt with its answer, verdict and pair, as they come.

        Empty where the run is not in work or has had no round; what a round came to is stored when it is over.
        """
        found = studio.live_round(run)
        return plain(asdict(found)) if found else {}

    @said
    def curves(runs: list[str], names: list[str], after_step: int = -1) -> list[dict]:
        """Curves of runs with their intervals: the points of each metric after a step."""
        ids = [studio.run(name).id for name in runs]
        return [
            {"run": c.run.id, "name": c.name, "points": [asdict(p) for p in c.points]}
            for c in studio.curves(ids, names, after_step=after_step)
        ]

    @said
    def compare_runs(runs: list[str]) -> dict:
        """Runs (ids, starts of them, or numbers) beside each other: the settings that they do not all have alike, each
        with its default, and what came of each run: shares with 95 % intervals and n, pairs, seconds."""
        found = studio.compare_runs(runs)
        return plain({**asdict(found), "runs": [with_id(run) for run in found.runs]})

    @said
    def evaluations(run: str) -> list[dict]:
        """The judged answers of a run."""
        return [with_id(evaluation) for evaluation in studio.evaluations(studio.run(run).id)]

    return [runs, run, live_round, curves, compare_runs, evaluations]


def _check_known(settings: Json) -> None:
    """RequestError for a setting that no run has."""
    known = {column.name for column in fields(RunSpec)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise RequestError(
            f"Unknown setting {unknown[0]!r}: choose among {', '.join(sorted(known))}.", field=unknown[0]
        )
