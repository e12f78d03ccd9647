"""What a run would take on this machine, from a few seconds of the real thing: time, memory, disk, and its end.

Measured, not modelled: updates on scenario rows and on pairs, and answers of the run's own length. It begins with one
row and goes on to batches four times as large, up to the run's own, as long as the next one is expected to fit into the
memory that is left and into a second or two; what is beyond lies on the line through the last two. So a run that would
take all memory is found out by small batches, and refused with the number. A round is counted with every text that it
can write (answer, review, alternative) and so is an upper bound: alternatives of unflagged answers are not written.
Nothing is stored.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from threading import Event, Timer
from time import perf_counter

from lab.errors import Cancelled, SpecError
from lab.evaluation.scenarios import Scenario, scenario
from lab.models.loading import LoadedModel
from lab.models.sampling import sample
from lab.nouns import Decoding, Pair, Prompt, Question, Run, RunSpec, Speaker, now
from lab.training.batches import Row, Rows, encode
from lab.training.engines import make_sitting
from lab.training.loop import Trainer
from lab.training.memory import Peak, available, held, watched
from lab.training.methods import method
from lab.training.parts import PREPARATIONS, ROUNDS
from lab.training.pools import Pools
from lab.training.replay import ReplayBuffer
from lab.training.seeds import derive_seed
from lab.training.sitting import Sitting
from lab.views import Forecast, amount

PATIENCE = 2.0
"""Seconds after which no further update is measured, and after which sampling is cut off."""
_UPDATES = 4
_GROWTH = 4
"""How many times larger the next batch of a measurement is."""
_FIRST = 8
"""Prompts of the first sampling; where that is quick, one of the run's own size follows."""
_DOUBT = 0.25
"""Share of the memory left from which on a rough reckoning calls for a measurement."""


def forecast(
    loaded: LoadedModel, spec: RunSpec, question: Question | None, *, home: Path, data: Scenario | None = None
) -> Forecast:
    """Measure for a few seconds what a run with its data in `home` would take.

    Raises what the run itself would raise at its start, SpecError or PromptError, and SpecError for one that does not
    fit into the memory or onto the disk, with both numbers.
    """
    data = data or scenario(spec.scenario)
    chosen = method(spec.method)
    room = held(loaded.device) + available(loaded.device)
    with tempfile.TemporaryDirectory() as scratch:
        pairs = _stand_ins(data, spec)
        trainer = make_sitting(
            Run(spec=replace(spec, tripwires="off")), loaded, data, question, home=Path(scratch),
            record=lambda *nouns: None, stored=pairs)
        update = _measure_updates(trainer, pairs, room)
        _check_memory(update, room)
        points, each = -(-spec.steps // spec.checkpoint_every), trainer.checkpoint_bytes
    free = shutil.disk_usage(next(place for place in (home, *home.absolute().parents) if place.exists())).free
    _check_disk(points, each, free)
    rounds = -(-spec.steps // spec.cadence) if chosen.rounds else 0
    before = PREPARATIONS[chosen.preparation]().texts(spec, data)
    probes = 1 + -(-spec.steps // spec.probe_every) if spec.probe_every else 0
    sampling = _Sampling(seconds=0.0, cut=False, bytes=0)
    if rounds or probes or before:
        asked = Pools(data).draw(replace(spec, own_share=0.0), 0)
        with watched(loaded.device) as peak:
            per_prompt, cut = _seconds_per_prompt(loaded, asked, spec)
        sampling = _Sampling(seconds=per_prompt, cut=cut, bytes=peak.bytes)
    texts = ROUNDS[chosen.rounds].texts(spec) * rounds * spec.prompts_per_round if chosen.rounds else 0
    reviews = 2 * min(spec.probe_reviews, spec.probe_prompts) if question is not None else 0
    answers = before + texts + probes * (spec.probe_prompts + spec.probe_prompts // 2 + reviews)
    seconds = spec.steps * update.seconds + answers * sampling.seconds
    return Forecast(
        seconds=seconds, seconds_per_step=update.seconds, ends=now() + timedelta(seconds=min(seconds, 1e9)),
        memory=max(update.bytes, sampling.bytes), memory_room=room, disk=points * each, disk_room=free,
        pairs=rounds * spec.prompts_per_round if chosen.rounds else None,
        note=_note(update, sampling, answers, rounds),
    )


def doubtful(loaded: LoadedModel, spec: RunSpec, *, data: Scenario | None = None) -> bool:
    """Whether a rough reckoning leaves it open that an update fits into memory, so that it has to be measured.

    Reckoned are the activations that a forward keeps for its backward: some 17 numbers a token, layer and unit of width
    (Korthikanti et al. 2022, arXiv 2205.05198), and logits three times, in fp32, twice over to be careful.
    """
    data = data or scenario(spec.scenario)
    config = loaded.model.config.get_text_config()
    rows = [encode(example, loaded.chat) for example in data.examples[:32]]
    longest = max((len(row.prompt) + len(row.completion) for row in rows), default=0)
    batch = max(spec.batch_size, 2 * spec.pair_batch) / spec.accumulation
    a_token = 17 * config.num_hidden_layers * config.hidden_size + 3 * config.vocab_size
    return 8 * a_token * batch * longest > _DOUBT * available(loaded.device)


@dataclass(frozen=True, kw_only=True)
class _Updates:
    """What measuring updates came to, for the run's own batch."""

    seconds: float
    """Of one update."""
    bytes: int
    """Held by the process at most."""
    n: int
    """How many were measured."""
    size: int
    """The largest batch that was measured."""
    own: int
    """The run's own batch."""
    what: str
    """What a batch is of: "rows" or "pairs"."""


@dataclass(frozen=True, kw_only=True)
class _Sampling:
    """What measuring answers came to."""

    seconds: float
    """Of one answer in a batch."""
    cut: bool
    """Whether it was cut off, so that `seconds` is a lower bound."""
    bytes: int
    """Held by the process at most."""


def _measure_updates(trainer: Sitting, pairs: Sequence[tuple[Pair, Prompt]], room: int) -> _Updates:
    """Updates on growing batches, up to the run's own where patience and memory allow it."""
    spec, device = trainer.spec, trainer.loaded.device
    rows = trainer.bench.rows if isinstance(trainer, Trainer) else None
    own = spec.batch_size if isinstance(rows, Rows) else spec.pair_batch
    size, measured = min(spec.accumulation, own), list[tuple[int, float, int]]()
    _resize(trainer, rows, pairs, size, own)
    _seconds_of(trainer)  # warms up: a process's first update takes many times as long as its second
    began = perf_counter()
    while True:
        _resize(trainer, rows, pairs, size, own)
        with watched(device) as peak:
            seconds = _seconds_of(trainer)
        measured.append((size, seconds, peak.bytes))
        following = min(_GROWTH * size, own)
        left = PATIENCE - (perf_counter() - began)
        if size == own or _line(measured, 1, following) > left or _line(measured, 2, following) > room:
            break
        size = following
    if size == own:
        times, peak = [measured[-1][1]], Peak(measured[-1][2])
        while len(times) < min(_UPDATES, spec.steps) and perf_counter() - began + times[-1] < PATIENCE:
            with watched(device) as again:
                times.append(_seconds_of(trainer))
            peak.bytes = max(peak.bytes, again.bytes)
        seconds, most = median(times), peak.bytes
        n = len(measured) - 1 + len(times)
    else:
        seconds, most, n = _line(measured, 1, own), round(_line(measured, 2, own)), len(measured)
    return _Updates(
        seconds=seconds, bytes=most, n=n, size=size, own=own, what="rows" if rows is not None else "pairs")


def _seconds_of(trainer: Sitting) -> float:
    began = perf_counter()
    trainer.update(Event())
    return perf_counter() - began


def _line(measured: Sequence[tuple[int, float, int]], column: int, size: int) -> float:
    """What the last two measurements say of a batch of `size`; of a single one, that all of it grows with the batch."""
    last = measured[-1]
    if len(measured) == 1:
        return last[column] * size / last[0] if column == 1 else float(last[column])
    before = measured[-2]
    slope = max(0.0, (last[column] - before[column]) / (last[0] - before[0]))
    return last[column] + slope * (size - last[0])


class _First:
    """The first rows of each epoch, so many a step."""

    def __init__(self, rows: Rows, n: int) -> None:
        self._rows, self._n = rows, n

    def step(self, step: int) -> list[Row]:
        return self._rows.stretch((step - 1) * self._n, self._n)


def _resize(trainer: Sitting, rows: object, pairs: Sequence[tuple[Pair, Prompt]], size: int, own: int) -> None:
    """Make the batches of a trainer so large, and the pairs beside its rows in proportion."""
    if not isinstance(trainer, Trainer):
        trainer.spec = replace(trainer.spec, pair_batch=size)
        return
    assert isinstance(rows, Rows)
    trainer.bench.rows = _First(rows, size)
    if trainer.method.rounds:
        several = max(1, round(len(pairs) * size / own))
        trainer.bench.buffer = ReplayBuffer(0, 0)
        trainer.bench.buffer.add((pair for pair, _ in pairs[:several]), 0)
        trainer.bench.prompts |= {prompt.id: prompt for _, prompt in pairs}


def _check_memory(update: _Updates, room: int) -> None:
    """SpecError when an update would not fit into memory."""
    if update.bytes <= room:
        return
    name = "batch_size" if update.what == "rows" else "pair_batch"
    raise SpecError(
        f"An update of {update.own:,} {update.what} would hold about {amount(update.bytes)} of memory (measured with "
        f"{update.size:,}), and {amount(room)} can be had: take fewer a step, or add them up over more parts "
        "(accumulation).", field=name)


def _check_disk(points: int, each: int, free: int) -> None:
    """SpecError when the checkpoints would not fit onto the disk."""
    if points * each > free:
        raise SpecError(
            f"{points:,} checkpoints would take {amount(points * each)} ({amount(each)} each), and the disk of the "
            f"data folder has {amount(free)} left: save less often, or make room.", field="checkpoint_every")


def _note(update: _Updates, sampling: _Sampling, answers: int, rounds: int) -> str:
    """How it was measured, in one or two sentences."""
    said = f"From {update.n} updates measured here"
    said += " and a sampling of answers; rounds counted in full." if answers else "."
    if update.size < update.own:
        said += f" The largest had {update.size:,} of {update.own:,} {update.what}; the rest is reckoned from there."
    if sampling.cut:
        said += " Sampling was cut off after a few seconds: it may take longer."
    return said + (" Pairs: at most so many." if rounds else "")


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
    """Pairs of the right number and length, made of scenario rows, or of safe code without any: for their time only."""
    rows = data.examples or scenario("secure-code").examples
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
