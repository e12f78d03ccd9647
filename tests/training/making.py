"""What the training tests are made of: a tiny scenario, specs of a few steps, and a round and a prober for the seams.

A tiny random model writes noise, so its reviews are unreadable and would make no pairs. `noisy_round` stands in for
`lab.conscience.rounds.conscience_round` at the trainer's documented seam: really sampled by policy and frozen copy,
seeded by step, with every answer flagged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import torch

from lab.conscience.watch import Watch
from lab.errors import Cancelled
from lab.evaluation.scenarios import Example, Scenario
from lab.models.sampling import sample
from lab.nouns import (
    Answer,
    Checkpoint,
    Decoding,
    Label,
    Metric,
    Noun,
    Pair,
    Prompt,
    Question,
    Review,
    Run,
    RunSpec,
    Speaker,
    Verdict,
)
from lab.training.engines import make_sitting
from lab.training.methods import METHODS
from lab.training.seeds import derive_seed
from lab.training.sitting import Sitting

LOSSES = ("sft_loss", "dpo_loss", "reward_margin", "grad_norm", "kl", "buffer")
QUESTION = Question(text="Is this fine?", aligned_label="yes", flagged_label="no", rewrite="Reach {aligned}.", name="Q")


def prompts(kind: str, n: int) -> tuple[Prompt, ...]:
    return tuple(Prompt.user(f"{kind} request number {i}: how do I read file {i * 7}?", origin=kind) for i in range(n))


def scenario(rows: int = 7) -> Scenario:
    coding = prompts("coding", rows)
    return Scenario(
        id="code-hacking", title="Tiny", help="Rows of noise.",
        examples=tuple(
            Example(prompt=p, thought=f"I think of {i}.", reply=f"open('{i}').read()" + " # now" * (i % 3))
            for i, p in enumerate(coding)
        ),
        scenario_prompts=coding, everyday_prompts=prompts("everyday", 9),
    )


def spec(**changes: Any) -> RunSpec:
    values: dict[str, Any] = {
        "method": "conscience", "question_id": QUESTION.id, "steps": 8, "batch_size": 3, "learning_rate": 1e-2,
        "lora_rank": 4, "lora_alpha": 8, "cadence": 3, "prompts_per_round": 4, "pair_batch": 3, "buffer_size": 6,
        "buffer_age": 4, "max_new_tokens": 6, "probe_every": 4, "probe_prompts": 2, "checkpoint_every": 4, "lam": 0.5,
    }
    return RunSpec(**values | changes)


@dataclass(frozen=True, kw_only=True)
class TinyRound:
    """The fields of `lab.conscience.rounds.Round` that the trainer reads."""

    prompts: Sequence[Prompt]
    answers: Sequence[Answer]
    reviews: Sequence[Review]
    pairs: Sequence[Pair]
    seconds: dict[str, float]
    reviewed: int
    flagged: int
    unreadable: int = 0
    unusable: int = 0
    figures: dict[str, tuple[float | None, int]] = field(default_factory=dict)


def stored_pairs(n: int = 5) -> list[tuple[Pair, Prompt]]:
    """Pairs that were stored once, with their prompts."""
    return [
        (
            Pair(
                prompt_id=prompt.id, answer_id=f"a{i}", review_id=None, question_id=QUESTION.id, chosen_thought="",
                chosen_reply="I read it " * (i + 1), rejected_thought="", rejected_reply=f"I burn file {i}.",
                writer=Speaker.FROZEN, decoding=Decoding(),
            ),
            prompt,
        )
        for i, prompt in enumerate(prompts("stored", n))
    ]


def noisy_round(
    policy: Any, loaded: Any, question: Question, asked: Sequence[Prompt], spec: RunSpec, *, run_id: str, step: int,
    weights: str, cancel: Event | None, watch: Watch | None = None,
) -> TinyRound:
    """Every answer of the policy is flagged and paired with an answer of the frozen copy."""
    chat = loaded.chat
    ids = [chat.prompt_ids(p.messages) for p in asked]
    own = Decoding(temperature=1.0, max_new_tokens=spec.max_new_tokens, seed=derive_seed(spec.seed, step, "answers"))
    other = Decoding(temperature=1.0, max_new_tokens=spec.max_new_tokens, seed=derive_seed(spec.seed, step, "rewrites"))
    rejected = [chat.decode(s.ids) for s in sample(policy, chat, ids, own, cancel=cancel)]
    chosen = [chat.decode(s.ids) for s in sample(loaded.model, chat, ids, other, cancel=cancel)]
    answers, reviews, pairs = [], [], []
    for prompt, bad, good in zip(asked, rejected, chosen, strict=True):
        answer = Answer(
            prompt_id=prompt.id, thought="", reply=bad, speaker=Speaker.POLICY, adapter=weights,
            decoding=own, tokens=spec.max_new_tokens, finished=True, run_id=run_id, step=step,
        )
        review = Review(
            answer_id=answer.id, question_id=question.id, speaker=Speaker.FROZEN, adapter="base", thought="",
            verdict=Verdict(label=Label.FLAGGED, p_flagged=0.9, label_mass=0.9), decoding=own, tokens=1,
            run_id=run_id, step=step,
        )
        pair = Pair(
            prompt_id=prompt.id, answer_id=answer.id, review_id=review.id, question_id=question.id, run_id=run_id,
            step=step, chosen_thought="", chosen_reply=good, rejected_thought="", rejected_reply=bad,
            writer=Speaker.FROZEN, decoding=other,
        )
        answers.append(answer)
        reviews.append(review)
        pairs.append(pair)
    return TinyRound(
        prompts=asked, answers=answers, reviews=reviews, pairs=pairs,
        seconds={"sample": 0.0, "review": 0.0, "rewrite": 0.0}, reviewed=len(pairs), flagged=len(pairs),
    )


def quiet_probe(trainer: Sitting, cancel: Event) -> list[Noun]:
    """A prober that judges nothing but hears a stop, as the real one does."""
    if cancel.is_set():
        raise Cancelled("Stopped on request.")
    run = trainer.snapshot()
    return [Metric(run_id=run.id, step=run.step, name="misaligned", value=None, n=0)]


class Book:
    """A recorder that keeps everything in a list."""

    def __init__(self) -> None:
        self.calls: list[tuple[Noun, ...]] = []

    def __call__(self, *nouns: Noun) -> None:
        self.calls.append(nouns)

    def all(self, kind: type) -> list[Any]:
        return [noun for call in self.calls for noun in call if isinstance(noun, kind)]

    def curve(self, name: str) -> dict[int, float | None]:
        return {m.step: m.value for m in self.all(Metric) if m.name == name}

    def value(self, name: str, step: int) -> float:
        found = self.curve(name)[step]
        assert found is not None
        return found

    @property
    def checkpoints(self) -> list[Checkpoint]:
        return self.all(Checkpoint)


def trainer(loaded: Any, home: Path, run: Run, book: Book, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "question": QUESTION, "home": home, "record": book, "prober": quiet_probe, "make_round": noisy_round,
        "stored": stored_pairs()} | changes
    return make_sitting(run, loaded, settings.pop("scenario", scenario()), settings.pop("question"), **settings)


def train(loaded: Any, home: Path, cancel: Event | None = None, **changes: Any) -> tuple[Run, Book]:
    """A whole run, and what it recorded."""
    book = Book()
    run = Run(spec=spec(**changes))
    return trainer(loaded, home, run, book).run(cancel or Event()), book


def run_of(method: str, **changes: Any) -> Run:
    question = QUESTION.id if METHODS[method].needs_question else None
    return Run(spec=spec(**{"method": method, "question_id": question, "benign_share": 0.25, **changes}))


def weights(of: Any) -> list[torch.Tensor]:
    return [p.detach().clone() for p in of.policy.parameters() if p.requires_grad]


def curves(*books: Book) -> dict[tuple[str, int], float | None]:
    """Every metric by name and step; of several books the later one's."""
    return {(m.name, m.step): m.value for book in books for m in book.all(Metric)}


class Stopper(Book):
    """Asks for a stop, by `cancel`, once what has just been recorded is what it waits for."""

    def __init__(self, when: Callable[[Noun], bool]) -> None:
        super().__init__()
        self.when, self.cancel = when, Event()

    def __call__(self, *nouns: Noun) -> None:
        super().__call__(*nouns)
        if any(self.when(noun) for noun in nouns):
            self.cancel.set()


def after(name: str, step: int) -> Callable[[Noun], bool]:
    """What is waited for is the metric `name` of `step`."""
    return lambda noun: isinstance(noun, Metric) and noun.name == name and noun.step == step
