"""Verbs about what models say: answers, reviews side by side, and the alternative that makes a pair."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from threading import Event, Thread
from time import monotonic

from lab.conscience import framings
from lab.conscience.manner import AS_SHIPPED, Manner
from lab.errors import LabError, PromptError, RequestError
from lab.nouns import Answer, Decoding, Pair, Prompt, Question, Review, RunSpec, Speaker, Verdict
from lab.studio import visitors
from lab.studio.workplace import BASE, Workplace, bring_torch, check_seed
from lab.views import Growing, SideBySide, Voice

OWN = "own"
"""The adapter name of answers that a person typed."""
LONGEST_PROMPT = 20_000
"""Characters of a typed prompt or answer."""
_FRAME = 0.1
"""Seconds between two updates of a stream: a page cannot draw more."""



class SpeakingVerbs(Workplace):
    """Policy and frozen copy speak; what they said is stored."""

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
            for _ in self._reviews(prompt, answer, question, [BASE], Event()):
                pass
        except LabError as error:  # shown again, beside its field, as soon as somebody asks for the model
            logging.getLogger(__name__).warning("%s", error.message)

    def prompt_pool(self) -> list[Prompt]:
        """Prompts to choose from: all of the organism's world, everyday and coding."""
        from lab.organism import world

        return list(world.prompts())

    def voices(self, *, every_model: bool = False) -> list[Voice]:
        """The weights that can speak: the base, then all checkpoints of all runs with this model, newest run first.

        With `every_model` the checkpoints of runs on other models too: what a run can start from.
        """
        voices = [Voice(adapter=BASE, title="base")]
        for run in sorted(self._store.runs(), key=lambda r: r.number, reverse=True):
            if every_model or run.spec.model == self.settings.model:
                for point in reversed(self._store.checkpoints(run.id)):
                    voices.append(Voice(adapter=point.id, title=f"run {run.number} @ {point.step}"))
        return voices

    def answer(
        self, *, prompt: Prompt, adapter: str = BASE, seed: int = 0, temperature: float = 1.0,
        cancel: Event | None = None,
    ) -> Iterator[Growing]:
        """The policy's answer as it grows; the last item holds the stored Answer.

        Raises PromptError for an empty prompt and one longer than the context, RequestError for a temperature or seed
        out of range.
        """
        check_text(prompt.text, "prompt", self._longest)
        papers = self._papers
        if not 0 <= temperature <= 5:
            raise RequestError(f"temperature {temperature} is out of range: choose 0 to 5", field="temperature")
        check_seed(seed)
        decoding, adapter = Decoding(temperature=temperature, seed=seed), self._whole(adapter)
        for growing in self._growing(prompt, adapter, decoding, cancel or Event()):
            if growing.answer is not None:
                papers.save(prompt, growing.answer)
            yield growing

    def _growing(self, prompt: Prompt, adapter: str, decoding: Decoding, cancel: Event) -> Iterator[Growing]:
        bring_torch()
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

    @property
    def _longest(self) -> int:
        """Characters of a prompt or typed answer from whoever asks."""
        return LONGEST_PROMPT if self.who().owner else visitors.LONGEST

    def own_answer(self, *, prompt: Prompt, thought: str, reply: str) -> Answer:
        """Store a typed answer (speaker policy, adapter "own")."""
        check_text(prompt.text, "prompt", self._longest)
        check_text(reply, "answer", self._longest)
        if thought.strip():
            check_text(thought, "thought", self._longest)
        answer = Answer(
            prompt_id=prompt.id, thought=thought.strip(), reply=reply.strip(), speaker=Speaker.POLICY, adapter=OWN,
            decoding=Decoding(), tokens=0, finished=True,
        )
        self._papers.save(prompt, answer)
        return answer

    def review(
        self, *, answer_id: str, question_id: str, adapter: str = BASE, third: str | None = None,
        both_orders: bool = False, manner: Manner = AS_SHIPPED, cancel: Event | None = None,
    ) -> Iterator[SideBySide]:
        """Policy (the weights `adapter`) and frozen copy review one answer side by side; the last item holds both.

        With `third` these weights review beside them. With `both_orders` the two labels are offered in either order
        after the same thought: the review's verdict is that of their mean, and each is told.
        """
        papers = self._papers
        answer, question = papers.answer(answer_id), papers.question(question_id)
        prompt = papers.prompt(answer.prompt_id)
        manner = replace(manner, option_order="averaged") if both_orders else manner
        voices = [self._whole(voice) for voice in (adapter, third) if voice is not None]
        for all_ in self._reviews(prompt, answer, question, voices, cancel or Event(), manner):
            done = [review for review in (all_.policy, all_.frozen, all_.third) if review is not None]
            if len(done) == 1 + len(voices):
                papers.save(*done)
            yield all_

    def _reviews(
        self, prompt: Prompt, answer: Answer, question: Question, voices: Sequence[str], cancel: Event,
        manner: Manner = AS_SHIPPED,
    ) -> Iterator[SideBySide]:
        """Reviews by the first of `voices`, by its frozen copy, and by those that are left."""
        bring_torch()
        from lab.conscience.review import Reviewer, stream_review

        loaded, decoding = self._base_of(voices[0]), Decoding(temperature=0.0)
        with ExitStack() as stack:
            first, *others = [
                Reviewer(
                    model=stack.enter_context(self.house.voice(*self._folder(voice))),
                    chat=self._base_of(voice).chat, speaker=speaker, adapter=voice,
                ) for speaker, voice in zip((Speaker.POLICY, Speaker.THIRD), voices, strict=False)
            ]
            frozen = Reviewer(model=loaded.model, chat=loaded.chat, speaker=Speaker.FROZEN, adapter=BASE)
            orders: list[list[tuple[Verdict, ...]]] = [[], [], []]
            streams = [
                stream_review(
                    reviewer, question, prompt, answer, decoding, manner=manner, cancel=cancel, on_orders=heard.append)
                for reviewer, heard in zip((first, frozen, *others), orders, strict=False)
            ]
            yield from _side_by_side(streams, orders)

    def make_pair(self, *, review_id: str, cancel: Event | None = None) -> Pair:
        """Have the frozen copy write the alternative to a reviewed answer, and store both as a pair.

        Raises RequestError when the alternative cannot be used.
        """
        bring_torch()
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


def check_text(text: str, name: str, longest: int = LONGEST_PROMPT) -> None:
    """Raise PromptError for a text that cannot be put to the model."""
    if not text.strip():
        raise PromptError(f"the {name} is empty: type or choose one.", field=name)
    if len(text) > longest:
        raise PromptError(f"the {name} has {len(text):,} characters: shorten it to {longest:,} at most.", field=name)
    odd = next((c for c in text if ord(c) < 32 and c not in "\n\t\r"), None)
    if odd is not None:
        raise PromptError(f"the {name} holds the control character U+{ord(odd):04X}: take it out.", field=name)
    half = next((c for c in text if "\ud800" <= c <= "\udfff"), None)
    if half is not None:
        raise PromptError(f"the {name} holds half of a character (U+{ord(half):04X}): take it out.", field=name)


def _side_by_side(
    streams: Sequence[Iterator[str | Review]], orders: Sequence[Sequence[tuple[Verdict, ...]]]
) -> Iterator[SideBySide]:
    """Pull review streams in turn, a token each, and yield what stands there at most ten times a second.

    `orders` are filled while they are pulled, one list a stream: what was read in each order of the labels.
    """
    thoughts, last = ["", "", ""], 0.0
    done: list[Review | None] = [None, None, None]
    first, count = True, len(streams)
    while any(d is None for d in done[:count]):
        for i, stream in enumerate(streams):
            if done[i] is not None:
                continue
            item = next(stream, None)
            if isinstance(item, Review):
                done[i], thoughts[i] = item, item.thought
            elif item is not None:
                thoughts[i] = item
        if first or monotonic() - last >= _FRAME or all(d is not None for d in done[:count]):
            first, last = False, monotonic()
            yield SideBySide(
                policy_thought=thoughts[0], frozen_thought=thoughts[1], policy=done[0], frozen=done[1],
                third_thought=thoughts[2], third=done[2], orders=tuple(heard[0] if heard else () for heard in orders),
            )
