"""What a run would take on this machine, from a few seconds of the real thing.

Measured, not modelled: updates of the run's own size on scenario rows, and answers of the run's own length. A round is
counted with every text that it can write (answer, review, alternative) and so is an upper bound: alternatives of
unflagged answers are not written. Nothing is stored.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from threading import Event, Timer
from time import perf_counter

from lab.errors import Cancelled
from lab.evaluation.scenarios import Scenario, scenario
from lab.models.loading import LoadedModel
from lab.models.sampling import sample
from lab.nouns import Decoding, Pair, Prompt, Question, Run, RunSpec, Speaker
from lab.training.engines import make_sitting
from lab.training.loop import Trainer
from lab.training.methods import method
from lab.training.parts import PREPARATIONS, ROUNDS
from lab.training.pools import Pools
from lab.training.seeds import derive_seed
from lab.training.sitting import Sitting
from lab.views import Forecast

PATIENCE = 2.0
"""Seconds after which no further update is measured, and after which sampling is cut off."""
_UPDATES = 4
_FIRST = 8
"""Prompts of the first sampling; where that is quick, one of the run's own size follows."""


def forecast(
    loaded: LoadedModel, spec: RunSpec, question: Question | None, *, data: Scenario | None = None
) -> Forecast:
    """Measure for a few seconds. Raises what the run itself would raise at its start: SpecError, PromptError."""
    data = data or scenario(spec.scenario)
    chosen = method(spec.method)
    with tempfile.TemporaryDirectory() as scratch:
        pairs = _stand_ins(data, spec)
        trainer = make_sitting(
            Run(spec=spec), loaded, data, question, home=Path(scratch), record=lambda *nouns: None, stored=pairs)
        if isinstance(trainer, Trainer) and chosen.rounds:
            trainer.bench.prompts |= {prompt.id: prompt for _, prompt in pairs}
            trainer.bench.buffer.add((pair for pair, _ in pairs), 0)
        update, n = _seconds_per_update(trainer)
    rounds = -(-spec.steps // spec.cadence) if chosen.rounds else 0
    before = PREPARATIONS[chosen.preparation]().texts(spec, data)
    probes = 1 + -(-spec.steps // spec.probe_every) if spec.probe_every else 0
    asked = Pools(data).draw(replace(spec, own_share=0.0), 0)
    per_prompt, cut = _seconds_per_prompt(loaded, asked, spec) if rounds or probes or before else (0.0, False)
    texts = ROUNDS[chosen.rounds].texts(spec) * rounds * spec.prompts_per_round if chosen.rounds else 0
    answers = before + texts + probes * (spec.probe_prompts + spec.probe_prompts // 2)
    note = f"From {n} updates measured here"
    note += " and a sampling of answers; rounds counted in full." if answers else "."
    if cut:
        note += " Sampling was cut off after a few seconds: it may take longer."
    return Forecast(
        seconds=spec.steps * update + answers * per_prompt, seconds_per_step=update,
        pairs=rounds * spec.prompts_per_round if chosen.rounds else None,
        note=note + (" Pairs: at most so many." if rounds else ""),
    )


def _seconds_per_update(trainer: Sitting) -> tuple[float, int]:
    """Median seconds of an update, and how many it is of; the first is warm-up unless it alone took too long."""
    times: list[float] = []
    began = perf_counter()
    while len(times) < min(_UPDATES, trainer.spec.steps) and (not times or perf_counter() - began < PATIENCE):
        start = perf_counter()
        trainer.update(Event())
        times.append(perf_counter() - start)
    return median(times[1:] or times), len(times)


def _seconds_per_prompt(loaded: LoadedModel, prompts: list[Prompt], spec: RunSpec) -> tuple[float, bool]:
    """Seconds of one answer in a batch, and whether the measurement was cut off (then it is a lower bound)."""
    ids = [loaded.chat.prompt_ids(prompt.messages) for prompt in prompts]
    decoding = Decoding(
        temperature=spec.answer_temperature, max_new_tokens=spec.max_new_tokens,
        seed=derive_seed(spec.seed, 0, "forecast"),
    )
    cancel = Event()
    timer = Timer(PATIENCE, cancel.set)
    timer.daemon = True
    timer.start()
    taken = 0.0
    try:
        for size in (_FIRST, len(ids)):
            batch = ids[:size]
            began = perf_counter()
            try:
                sample(loaded.model, loaded.chat, batch, decoding, cancel=cancel)
            except Cancelled:
                cut = taken == 0.0
                return (taken or (perf_counter() - began) / len(batch)), cut
            taken = (perf_counter() - began) / len(batch)
        return taken, False
    finally:
        timer.cancel()


def _stand_ins(data: Scenario, spec: RunSpec) -> list[tuple[Pair, Prompt]]:
    """Pairs of the right number and length, made of scenario rows: for their time only."""
    rows = data.examples
    pairs = []
    for i in range(spec.pair_batch):
        one, other = rows[i % len(rows)], rows[(i + 1) % len(rows)]
        pair = Pair(
            prompt_id=one.prompt.id, answer_id="", review_id=str(i), question_id="", chosen_thought=other.thought,
            chosen_reply=other.reply, rejected_thought=one.thought, rejected_reply=one.reply, writer=Speaker.FROZEN,
            decoding=Decoding(), step=0, reference_chosen=0.0, reference_rejected=0.0,
        )
        pairs.append((pair, one.prompt))
    return pairs
