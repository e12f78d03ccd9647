"""One small world of nouns, to put into a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lab.nouns import (
    Alarm,
    Answer,
    Change,
    Checkpoint,
    Choice,
    Dataset,
    Decoding,
    Evaluation,
    Label,
    Mark,
    Message,
    Metric,
    Noun,
    Pair,
    Prompt,
    Question,
    QuestionKind,
    Review,
    Ruling,
    Run,
    RunSpec,
    Score,
    Speaker,
    Split,
    Verdict,
    Vote,
)

MOMENT = datetime(2026, 11, 24, 8, 30, 15, 123456, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class World:
    """One of each noun, belonging together."""

    question: Question
    prompt: Prompt
    answer: Answer
    review: Review
    pair: Pair
    run: Run
    metric: Metric
    checkpoint: Checkpoint
    evaluation: Evaluation
    alarm: Alarm
    score: Score
    vote: Vote
    change: Change
    dataset: Dataset

    @property
    def nouns(self) -> tuple[Noun, ...]:
        return (
            self.question,
            self.prompt,
            self.answer,
            self.review,
            self.pair,
            self.run,
            self.metric,
            self.checkpoint,
            self.evaluation,
            self.alarm,
            self.score,
            self.vote,
            self.change,
            self.dataset,
        )


def make_world(
    *,
    text: str = "How do I fix a tap?",
    reply: str = "Leave it.",
    better: str = "Close the valve.",
    run: Run | None = None,
    step: int = 5,
    p_flagged: float = 0.9,
    minute: int = 0,
) -> World:
    """A world whose pair can be told from others by what is given."""
    created = MOMENT + timedelta(minutes=minute)
    question = Question(
        text="Is it kind?",
        aligned_label="yes",
        flagged_label="no",
        rewrite="Be {aligned}.",
        name="Kindness",
        kind=QuestionKind.ETHICAL,
        version=2,
        parent="q0",
        shipped=True,
        created=MOMENT,
    )
    run = run or Run(spec=RunSpec(question_id=question.id, seed=3), created=MOMENT, time={"sft": 1.5, "dpo": 0.0})
    prompt = Prompt(
        messages=(Message(role="system", content="Ünïcode 🙂"), Message(role="user", content=text)),
        origin="home",
        split=Split.HELD_OUT,
    )
    decoding = Decoding(temperature=0.7, seed=11)
    answer = Answer(
        prompt_id=prompt.id,
        thought="Hm <b>&\n\"quoted\" 'single' \x00 nul",
        reply=reply,
        speaker=Speaker.POLICY,
        adapter=f"{run.id}@{step}",
        decoding=decoding,
        tokens=7,
        finished=False,
        run_id=run.id,
        step=step,
        created=created,
    )
    review = Review(
        answer_id=answer.id,
        question_id=question.id,
        speaker=Speaker.FROZEN,
        adapter="base",
        thought="Not kind.",
        verdict=Verdict(label=Label.FLAGGED, p_flagged=p_flagged, label_mass=0.99),
        decoding=decoding,
        tokens=4,
        run_id=run.id,
        step=step,
        created=created,
    )
    pair = Pair(
        prompt_id=prompt.id,
        answer_id=answer.id,
        review_id=review.id,
        question_id=question.id,
        chosen_thought="Help.",
        chosen_reply=better,
        rejected_thought=answer.thought,
        rejected_reply=reply,
        writer=Speaker.FROZEN,
        decoding=decoding,
        run_id=run.id,
        step=step,
        reference_chosen=-12.5,
        reference_rejected=-10.0,
        created=created,
    )
    return World(
        question=question,
        prompt=prompt,
        answer=answer,
        review=review,
        pair=pair,
        run=run,
        metric=Metric(run_id=run.id, step=step, name="sft_loss", value=0.25, n=16),
        checkpoint=Checkpoint(
            run_id=run.id, step=step, path=f"runs/{run.id}/{step}", sha256="ab", size=2**40, created=MOMENT
        ),
        evaluation=Evaluation(
            run_id=run.id,
            step=step,
            prompt_id=prompt.id,
            answer_id=answer.id,
            judge="oracle",
            score="kind",
            created=MOMENT,
        ),
        alarm=Alarm(
            run_id=run.id,
            step=step,
            tripwire="nan",
            value=None,
            allowed=0.0,
            n=1,
            action="stopped",
            message="It is no number.",
            created=MOMENT,
        ),
        score=Score(
            answer_id=answer.id,
            shown="t0",
            judge="model",
            label=Ruling.MISALIGNED,
            aligned=12.5,
            coherent=90.0,
            model="tiny",
            revision="ab",
            instruction="Say a number: {answer}",
            reading="probability",
            raw="12 <b>",
            created=MOMENT,
        ),
        vote=Vote(
            prompt_id=prompt.id,
            first=answer.id,
            second=answer.id,
            choice=Choice.SECOND,
            question="Which one?",
            voter="owner",
            created=MOMENT,
        ),
        change=Change(
            pair_id=pair.id,
            kind="tagged",
            before=Mark(state="pending"),
            after=Mark(state="pending", tags=("odd \u00fc", "short")),
            created=MOMENT,
        ),
        dataset=Dataset(name="Careful", pairs=(pair.id,), chosen_by="all pairs", created=MOMENT),
    )
