"""The use cases of the lab as verbs: what the page, the command line and the HTTP endpoints all call.

The studio receives its store and owns what runs: the loaded models and the one conductor. It knows no widget and no
SQL.
Models are loaded when first needed, so that importing this module costs nothing; what it hands out is in `lab.views`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from lab.conscience import framings
from lab.errors import LabError, NotFoundError, PromptError, QuestionError, RequestError
from lab.evaluation.curves import curves as curves_of
from lab.nouns import (
    Answer,
    Checkpoint,
    Decoding,
    Evaluation,
    Metric,
    Pair,
    PairState,
    Prompt,
    Question,
    Review,
    Run,
    RunSpec,
    RunState,
    Speaker,
    now,
)
from lab.settings import Settings
from lab.training.methods import method
from lab.training.settings import check_spec
from lab.views import Curve, Forecast, Growing, PairStory, SideBySide, TrainerStatus, Voice
from storage import PairFilter, PairPage, Store

if TYPE_CHECKING:
    from lab.evaluation.probes import Probe
    from lab.models.house import House
    from lab.models.loading import LoadedModel
    from lab.training.conductor import Conductor

BASE = "base"
"""The adapter name of the frozen copy's own weights."""
OWN = "own"
"""The adapter name of answers that a person typed."""
LONGEST_PROMPT = 20_000
"""Characters of a typed prompt or answer."""
LONGEST_NAME = 80
"""Characters of a question's name."""
_IMPORTING = Lock()
_HEAVY = (
    "lab.models.house", "lab.conscience.answering", "lab.conscience.pairing", "lab.evaluation.probes",
    "lab.training.forecast",
)
"""The modules through which a verb reaches torch."""
_FRAME = 0.1
"""Seconds between two updates of a stream: a page cannot draw more."""


class Studio:
    """All that a person can do. Errors are `LabError`s: one line, with the field that caused it."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.settings = settings
        self._store = store
        self._lock = Lock()
        self._house: House | None = None
        self._conductor: Conductor | None = None
        store.interrupt_active()
        store.save(*framings.SHIPPED)

    def close(self) -> None:
        """Stop the run in work at its next token, save where it stands, and let go of the store."""
        with self._lock:
            conductor, self._conductor = self._conductor, None
        if conductor is not None:
            conductor.close()
        self._store.close()

    # -- what runs -------------------------------------------------------------------------------------------------
    @property
    def house(self) -> House:
        """The loaded models."""
        _bring_torch()
        from lab.models.house import House

        with self._lock:
            if self._house is None:
                self._house = House(self.settings.device)
            return self._house

    @property
    def conductor(self) -> Conductor:
        """The owner of the one training thread."""
        _bring_torch()
        from lab.training.conductor import Conductor

        house = self.house
        with self._lock:
            if self._conductor is None:
                self._conductor = Conductor(self._store, house.load, self.settings.home)
            return self._conductor

    def loaded(self) -> LoadedModel:
        """The model that the page speaks with."""
        return self.house.load(self.settings.model)

    def warm(self) -> None:
        """Load the model and say a word in the background, so that the first review starts at once."""
        Thread(target=self._warm, name="warm-up", daemon=True).start()

    def _warm(self) -> None:
        try:
            prompt = Prompt.user("Hello!")
            for _ in self._growing(prompt, BASE, Decoding(temperature=0.0, max_new_tokens=8), Event()):
                pass
            question = framings.DEFAULT
            answer = Answer(
                prompt_id=prompt.id, thought="", reply="Hello.", speaker=Speaker.FROZEN, adapter=BASE,
                decoding=Decoding(), tokens=1, finished=True,
            )
            for _ in self._reviews(prompt, answer, question, BASE, Event()):
                pass
        except LabError as error:  # shown again, beside its field, as soon as somebody asks for the model
            logging.getLogger(__name__).warning("%s", error.message)

    @property
    def revision(self) -> int:
        """Grows whenever anything stored changes: the page skips a tick when it has not."""
        return self._store.revision

    # -- questions -------------------------------------------------------------------------------------------------
    def questions(self) -> list[Question]:
        """Every version of every question: the shipped ones first."""
        return self._store.questions()

    def question(self, question_id: str) -> Question:
        """One version."""
        return self._store.question(question_id)

    def save_question(
        self, *, text: str, aligned_label: str, flagged_label: str, rewrite: str, name: str, parent: str | None
    ) -> Question:
        """Save a version (an edit is a child of `parent`); the same content again returns the stored one.

        Raises QuestionError with the field that cannot be asked.
        """
        from lab.conscience.asking import check_question

        older = self._store.question(parent) if parent else None
        question = Question(
            text=text.strip(), aligned_label=aligned_label.strip(), flagged_label=flagged_label.strip(),
            rewrite=rewrite.strip() or framings.REWRITE, name=name.strip() or (older.name if older else "My question"),
            parent=older.id if older else None,
        )
        check_question(question)
        _check_name(question.name)
        known = {q.id: q for q in self._store.questions()}
        if question.id in known:
            return known[question.id]
        versions = [q.version for q in known.values() if q.name == question.name]
        question = replace(
            question, version=1 + max(versions, default=0), kind=older.kind if older else question.kind
        )
        self._check_readable(question)
        self._store.save(question)
        return question

    def _check_readable(self, question: Question) -> None:
        """Raise QuestionError when the model's tokens cannot tell the labels apart."""
        _bring_torch()
        from lab.conscience.verdict import LabelReader

        LabelReader(self.loaded().chat, question)

    # -- answering and reviewing -----------------------------------------------------------------------------------
    def prompt_pool(self) -> list[Prompt]:
        """Prompts to choose from: all of the organism's world, everyday and coding."""
        from lab.organism import world

        return list(world.prompts())

    def voices(self) -> list[Voice]:
        """The weights that can speak: the base, then all checkpoints of all runs with this model, newest run first."""
        voices = [Voice(adapter=BASE, title="base")]
        for run in sorted(self._store.runs(), key=lambda r: r.number, reverse=True):
            if run.spec.model == self.settings.model:
                for point in reversed(self._store.checkpoints(run.id)):
                    voices.append(Voice(adapter=point.id, title=f"run {run.number} @ {point.step}"))
        return voices

    def _checkpoint(self, adapter: str) -> Checkpoint | None:
        return None if adapter == BASE else self._store.checkpoint(adapter)

    def _whole(self, adapter: str) -> str:
        """The adapter's name with the run's whole id, where it was given as "7@50"."""
        point = self._checkpoint(adapter)
        return point.id if point else BASE

    def _base_of(self, adapter: str) -> LoadedModel:
        """The frozen copy that the weights `adapter` stand on: the page's model for "base" and typed text."""
        run_id, at, _ = adapter.partition("@")
        if not at:
            return self.loaded()
        spec = self._store.run(run_id).spec
        return self.house.load(spec.model, spec.revision)

    def _folder(self, adapter: str) -> tuple[str, str | None, Path | None]:
        """Model name, revision and checkpoint folder behind an adapter name."""
        point = self._checkpoint(adapter)
        if point is None:
            return self.settings.model, None, None
        spec = self._store.run(point.run_id).spec
        return spec.model, spec.revision, self.settings.home / point.path / "adapter"

    def answer(
        self, *, prompt: Prompt, adapter: str = BASE, seed: int = 0, temperature: float = 1.0,
        cancel: Event | None = None,
    ) -> Iterator[Growing]:
        """The policy's answer as it grows; the last item holds the stored Answer.

        Raises PromptError for an empty prompt and one longer than the context, RequestError for a temperature or seed
        out of range.
        """
        _check_text(prompt.text, "prompt")
        if not 0 <= temperature <= 5:
            raise RequestError(f"temperature {temperature} is out of range: choose 0 to 5", field="temperature")
        _check_seed(seed)
        decoding, adapter = Decoding(temperature=temperature, seed=seed), self._whole(adapter)
        for growing in self._growing(prompt, adapter, decoding, cancel or Event()):
            if growing.answer is not None:
                self._store.save(prompt, growing.answer)
            yield growing

    def _growing(self, prompt: Prompt, adapter: str, decoding: Decoding, cancel: Event) -> Iterator[Growing]:
        _bring_torch()
        from lab.conscience.answering import stream_answer

        with self.house.voice(*self._folder(adapter)) as model:
            chat = self._base_of(adapter).chat
            last = 0.0
            for item in stream_answer(
                model, chat, prompt, decoding, speaker=Speaker.POLICY, adapter=adapter, cancel=cancel
            ):
                if isinstance(item, Answer):
                    yield Growing(thought=item.thought, reply=item.reply, answer=item)
                elif monotonic() - last >= _FRAME:
                    last = monotonic()
                    yield Growing(thought=item.thought, reply=item.reply)

    def own_answer(self, *, prompt: Prompt, thought: str, reply: str) -> Answer:
        """Store a typed answer (speaker policy, adapter "own")."""
        _check_text(prompt.text, "prompt")
        _check_text(reply, "answer")
        answer = Answer(
            prompt_id=prompt.id, thought=thought.strip(), reply=reply.strip(), speaker=Speaker.POLICY, adapter=OWN,
            decoding=Decoding(), tokens=0, finished=True,
        )
        self._store.save(prompt, answer)
        return answer

    def review(
        self, *, answer_id: str, question_id: str, adapter: str = BASE, cancel: Event | None = None
    ) -> Iterator[SideBySide]:
        """Policy (the weights `adapter`) and frozen copy review one answer side by side; the last item holds both."""
        answer, question = self._store.answer(answer_id), self._store.question(question_id)
        prompt = self._store.prompt(answer.prompt_id)
        for both in self._reviews(prompt, answer, question, self._whole(adapter), cancel or Event()):
            if both.policy is not None and both.frozen is not None:
                self._store.save(both.policy, both.frozen)
            yield both

    def _reviews(
        self, prompt: Prompt, answer: Answer, question: Question, adapter: str, cancel: Event
    ) -> Iterator[SideBySide]:
        _bring_torch()
        from lab.conscience.review import Reviewer, stream_review

        loaded = self._base_of(adapter)
        decoding = Decoding(temperature=0.0)
        with self.house.voice(*self._folder(adapter)) as model:
            policy = Reviewer(model=model, chat=loaded.chat, speaker=Speaker.POLICY, adapter=adapter)
            frozen = Reviewer(model=loaded.model, chat=loaded.chat, speaker=Speaker.FROZEN, adapter=BASE)
            streams = [stream_review(r, question, prompt, answer, decoding, cancel=cancel) for r in (policy, frozen)]
            yield from _side_by_side(streams)

    def make_pair(self, *, review_id: str, cancel: Event | None = None) -> Pair:
        """Have the frozen copy write the alternative to a reviewed answer, and store both as a pair.

        Raises RequestError when the alternative cannot be used.
        """
        _bring_torch()
        from lab.conscience.pairing import make_pair
        from lab.conscience.rewrite import rewrite

        review = self._store.review(review_id)
        answer, question = self._store.answer(review.answer_id), self._store.question(review.question_id)
        prompt, loaded = self._store.prompt(answer.prompt_id), self._base_of(answer.adapter)
        decoding = Decoding(temperature=RunSpec.rewrite_temperature, seed=answer.decoding.seed)
        (alternative,) = rewrite(loaded.model, loaded.chat, question, [(prompt, answer)], decoding, cancel=cancel)
        pair = make_pair(prompt, answer, review, alternative, writer=Speaker.FROZEN, decoding=decoding)
        if pair is None:
            raise RequestError("The alternative cannot be used (it is empty, cut off, or equal to the answer): "
                               "try another answer or another question.", field="review")
        self._store.save(pair)
        return pair

    # -- runs ------------------------------------------------------------------------------------------------------
    def _checked(self, spec: RunSpec) -> RunSpec:
        """The spec, if it can run: in range, scenario known, question stored and readable."""
        from lab.evaluation.scenarios import scenario

        check_spec(spec)
        scenario(spec.scenario)
        if method(spec.method).needs_question and spec.question_id is None:
            spec = replace(spec, question_id=framings.DEFAULT.id)
        if not method(spec.method).needs_question:
            spec = replace(spec, question_id=None)
        if spec.question_id:  # its whole id: what begins one question today may begin two tomorrow
            spec = replace(spec, question_id=self._store.question(spec.question_id).id)
        return spec

    def forecast(self, spec: RunSpec) -> Forecast:
        """What a run would take on this machine, measured in a few seconds."""
        _bring_torch()
        from lab.training.forecast import forecast

        spec = self._checked(spec)
        question = self._store.question(spec.question_id) if spec.question_id else None
        return forecast(self.house.load(spec.model, spec.revision), spec, question)

    def first_batch(self, spec: RunSpec, rows: int = 3) -> list[str]:
        """The first rows of the scenario exactly as the model sees them, special tokens included."""
        _bring_torch()
        from lab.evaluation.scenarios import scenario
        from lab.training.batches import first_batch

        spec = self._checked(spec)
        return first_batch(scenario(spec.scenario), self.house.load(spec.model, spec.revision).chat, spec, rows)

    def start_run(self, spec: RunSpec, *, name: str = "") -> Run:
        """Queue a run; it starts when the trainer is free.

        Raises SpecError, ModelError or NotFoundError before anything is stored.
        """
        spec = self._checked(spec)
        self.house.load(spec.model, spec.revision)
        run = Run(spec=spec, name=name.strip()[:80])
        self.conductor.start(run)
        return self._store.run(run.id)

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
        if run.state.active or run.state is RunState.FINISHED:
            raise RequestError(
                f"run {run.number} is {run.state}: only a stopped, interrupted or failed one can resume.", field="run"
            )
        self.conductor.resume(run.id)
        return self._store.run(run.id)

    def runs(self) -> list[Run]:
        """All runs, newest first."""
        return sorted(self._store.runs(), key=lambda run: run.number, reverse=True)

    def run(self, run_id: str) -> Run:
        """One run, by its id, the start of its id, or its number."""
        return self._store.run(run_id)

    def status(self) -> TrainerStatus:
        """What the trainer is doing."""
        with self._lock:
            conductor = self._conductor
        return conductor.status() if conductor else TrainerStatus(run=None, eta=None, queued=(), doing="")

    def wait(self, run_id: str, timeout: float | None = None) -> Run:
        """Block until a run is no longer active, or for `timeout` seconds."""
        self.conductor.wait(run_id, timeout)
        return self._store.run(run_id)

    def evaluate(self, *, adapter: str = BASE, prompts: int = 480, seed: int = 0) -> Probe:
        """Put held-out prompts to some weights, have the oracle judge the answers, and store both.

        Rates are None for a model that the oracle cannot judge. Raises RequestError for a seed out of range.
        """
        _bring_torch()
        from lab.evaluation.probes import probe
        from lab.models.twin import fold

        _check_seed(seed)
        adapter = self._whole(adapter)
        name, revision, folder = self._folder(adapter)
        run_id, _, step = adapter.partition("@")
        own = (run_id, int(step)) if step else (None, None)
        speaker = Speaker.FROZEN if adapter == BASE else Speaker.POLICY
        with self.house.voice(name, revision, folder) as model:
            made = probe(
                cast(Any, fold(model)), self.house.load(name, revision).chat, prompts=prompts,
                decoding=Decoding(seed=seed), speaker=speaker, adapter=adapter, judged=name == "organism",
                run_id=own[0], step=own[1],
            )
        self._store.save(*made.prompts, *made.answers, *made.evaluations(name))
        return made

    def checkpoints(self, run_id: str) -> list[Checkpoint]:
        """The checkpoints of a run, first first."""
        return self._store.checkpoints(self._store.run(run_id).id)

    def recent_reviews(self, run_id: str, limit: int = 5) -> list[tuple[Prompt, Answer, Review]]:
        """The latest reviews of a run, newest first."""
        return self._store.recent_reviews(run_id, limit)

    def latest_metrics(self, run_id: str) -> dict[str, Metric]:
        """The last value of each metric of a run."""
        return self._store.latest_metrics(run_id)

    def evaluations(self, run_id: str) -> list[Evaluation]:
        """The judged answers of a run."""
        return self._store.evaluations(run_id)

    # -- pairs and curves ------------------------------------------------------------------------------------------
    def pairs(self, chosen: PairFilter, *, page: int = 0, size: int = 50) -> PairPage:
        """One page of the pairs that a filter chooses, newest first."""
        return self._store.pairs(chosen, page=page, size=size)

    def pair(self, pair_id: str) -> PairStory:
        """A pair with everything that led to it."""
        pair = self._store.pair(pair_id)
        return PairStory(
            pair=pair, prompt=self._store.prompt(pair.prompt_id), answer=self._store.answer(pair.answer_id),
            review=None if pair.review_id is None else self._store.review(pair.review_id),
            question=self._store.question(pair.question_id),
            run=self._store.run(pair.run_id) if pair.run_id else None,
        )

    def decide_pair(self, pair_id: str, state: PairState, *, note: str = "") -> Pair:
        """Accept or reject a pair, and change one's mind as often as one likes; pending is what nobody decided.

        Raises RequestError for the states that are no decision.
        """
        if state not in (PairState.ACCEPTED, PairState.REJECTED):
            why = "is edited by editing it" if state is PairState.EDITED else "cannot be made pending again"
            raise RequestError(f"a pair {why}: choose accepted or rejected.", field="state")
        pair = replace(self._store.pair(pair_id), state=state, note=note.strip())
        self._store.save(pair)
        return pair

    def edit_pair(self, pair_id: str, *, chosen_thought: str, chosen_reply: str) -> Pair:
        """Store an edited copy (the original becomes EDITED); returns the copy, ACCEPTED."""
        _check_text(chosen_reply, "chosen")
        pair = self._store.pair(pair_id)
        copy = replace(
            pair, chosen_thought=chosen_thought.strip(), chosen_reply=chosen_reply.strip(), state=PairState.ACCEPTED,
            edited_from=pair.id, reference_chosen=None, created=now(),
        )
        if (copy.chosen_thought, copy.chosen_reply) == (pair.rejected_thought, pair.rejected_reply):
            raise RequestError("chosen and rejected are the same: nothing could be learned from them.", field="chosen")
        self._store.save(replace(pair, state=PairState.EDITED), copy)
        return copy

    def curves(self, run_ids: Sequence[str], names: Sequence[str], *, after_step: int = -1) -> list[Curve]:
        """Curves of several runs with an interval at every share."""
        runs = {run.id: run for run in map(self._store.run, run_ids)}
        return curves_of(runs, list(names), self._store.curves(list(runs), list(names), after_step=after_step))


def _bring_torch() -> None:
    """Import all that needs torch, one thread at a time: two that import transformers at once each see half of it."""
    with _IMPORTING:
        for name in _HEAVY:
            import_module(name)


def _check_text(text: str, name: str) -> None:
    """Raise PromptError for a text that cannot be put to the model."""
    if not text.strip():
        raise PromptError(f"the {name} is empty: type or choose one.", field=name)
    if len(text) > LONGEST_PROMPT:
        raise PromptError(
            f"the {name} has {len(text):,} characters: shorten it to {LONGEST_PROMPT:,} at most.", field=name
        )
    odd = next((c for c in text if ord(c) < 32 and c not in "\n\t\r"), None)
    if odd is not None:
        raise PromptError(f"the {name} holds the control character U+{ord(odd):04X}: take it out.", field=name)


def _check_seed(seed: int) -> None:
    if not 0 <= seed < 2**31:
        raise RequestError(f"seed {seed} is out of range: choose 0 to 2147483647", field="seed")


def _check_name(name: str) -> None:
    """Raise QuestionError for a name that does not fit on a line."""
    if len(name) > LONGEST_NAME:
        raise QuestionError(
            f"The name has {len(name):,} characters: shorten it to {LONGEST_NAME} at most.", field="name"
        )
    if not name.isprintable():
        raise QuestionError("The name holds a control character: take it out.", field="name")


def _side_by_side(streams: Sequence[Iterator[str | Review]]) -> Iterator[SideBySide]:
    """Pull two review streams in turn, a token each, and yield what stands there at most ten times a second."""
    thoughts, last = ["", ""], 0.0
    done: list[Review | None] = [None, None]
    first = True
    while any(d is None for d in done):
        for i, stream in enumerate(streams):
            if done[i] is not None:
                continue
            item = next(stream, None)
            if isinstance(item, Review):
                done[i], thoughts[i] = item, item.thought
            elif item is not None:
                thoughts[i] = item
        if first or monotonic() - last >= _FRAME or all(d is not None for d in done):
            first, last = False, monotonic()
            yield SideBySide(policy_thought=thoughts[0], frozen_thought=thoughts[1], policy=done[0], frozen=done[1])


__all__ = ["BASE", "NotFoundError", "PairFilter", "Studio"]
