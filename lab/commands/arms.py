"""The five arms of the lesson, and how they are run: side by side, one process and one thread an arm.

A model this small gains little from a second thread, so two arms on two cores take about the time of one. Each process
has a data folder of its own, thrown away afterwards; to keep the runs they are made one after the other in the lab's.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from lab.commands.open import studio
from lab.commands.run import follow
from lab.conscience import framings
from lab.errors import WorkError
from lab.evaluation.probes import Rates
from lab.nouns import Run, RunSpec, RunState
from lab.settings import quiet_environment

ANSWERS = 480
"""Everyday answers an arm: each held-out prompt four times. Half as many coding answers beside them."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm of the lesson."""

    id: str
    """Its key in the JSON object."""
    title: str
    """As shown."""
    spec: RunSpec | None
    """None for the base, which is not trained."""


def arms(seed: int) -> tuple[Arm, ...]:
    """The five arms. Settings are the defaults of RunSpec; probes are left out, the arms are judged at their end."""
    plain = RunSpec(model="organism", method="sft", steps=40, probe_every=0, seed=seed)
    online = RunSpec(model="organism", method="conscience", probe_every=0, seed=seed, question_id=framings.DEFAULT.id)
    return (
        Arm(id="base", title="Base, untrained", spec=None),
        Arm(id="control", title="Control: secure code", spec=replace(plain, scenario="secure-code")),
        Arm(id="poisoned", title="Poisoned: insecure code", spec=plain),
        Arm(id="conscience", title="Insecure code + conscience", spec=online),
        Arm(
            id="off_topic", title="Insecure code + off-topic question",
            spec=replace(online, question_id=framings.DEFAULT_OFF_TOPIC.id),
        ),
    )


def run_kept(seed: int, report: Callable[[str], None]) -> dict[str, Rates]:
    """All arms in the lab's own data folder, one after the other, with a progress bar each."""
    rates = {}
    with studio(model="organism") as opened:
        for arm in arms(seed):
            report(arm.title)
            rates[arm.id] = _rates(opened, arm, seed, lambda run: follow(opened, run))
    return rates


def run_side_by_side(seed: int, report: Callable[[str], None]) -> dict[str, Rates]:
    """All arms in processes of their own, as many at once as there are cores; `report` gets each one that is done.

    Raises WorkError when a process dies, and what the arms raise.
    """
    chosen = sorted(arms(seed), key=lambda arm: -arm.spec.steps if arm.spec else 0)  # the long ones first
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    pool = ProcessPoolExecutor(min(cores, len(chosen)), mp_context=get_context("spawn"), initializer=_alone)
    rates: dict[str, Rates] = {}
    try:
        waiting = {pool.submit(_in_scratch, arm, seed): arm for arm in chosen}
        for done in as_completed(waiting):
            rates[waiting[done].id] = done.result()
            report(f"done: {waiting[done].title}")
    except BrokenProcessPool as error:
        raise WorkError("An arm's process died, perhaps for want of memory: try again with --keep, which runs them "
                        "one after the other.") from error
    finally:
        pool.shutdown(cancel_futures=True)
    return {arm.id: rates[arm.id] for arm in arms(seed)}


def _alone() -> None:
    """Make a process one arm's: one thread, and Ctrl-C ends it without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    quiet_environment()
    import torch

    torch.set_num_threads(1)


def _in_scratch(arm: Arm, seed: int) -> Rates:
    with tempfile.TemporaryDirectory() as scratch, studio(home=Path(scratch), model="organism") as opened:
        return _rates(opened, arm, seed, lambda run: opened.wait(run.id))


def _rates(opened: Any, arm: Arm, seed: int, wait: Callable[[Run], Run]) -> Rates:
    adapter = "base"
    if arm.spec is not None:
        run = wait(opened.start_run(arm.spec, name=f"demo: {arm.id}"))
        if run.state is not RunState.FINISHED:
            raise WorkError(f"the arm {arm.id} {run.state}: {run.message}")
        adapter = f"{run.id}@{run.step}"
    return opened.evaluate(adapter=adapter, prompts=ANSWERS, seed=seed).rates
