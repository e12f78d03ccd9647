"""Nouns for the tests of the page's pure parts, with markup wherever text may stand."""

from __future__ import annotations

from typing import Any

from lab.evaluation.judges.agreement import compare, summaries
from lab.evaluation.judges.ballots import place_bias
from lab.evaluation.judges.records import Judges, Thresholds
from lab.nouns import (
    Alarm,
    Answer,
    Decoding,
    Label,
    Metric,
    Pair,
    PairState,
    Prompt,
    Question,
    Review,
    Run,
    RunSpec,
    RunState,
    Score,
    Speaker,
    Verdict,
    ruling,
)
from lab.views import (
    Batch,
    Curve,
    CurvePoint,
    Difference,
    Outcome,
    PairStory,
    PairTrace,
    Reading,
    RoundItem,
    RoundView,
    RunComparison,
    RunStory,
    Share,
    SideBySide,
    TokenGap,
    TracePoint,
    TrainerStatus,
    TwiceReviewed,
)

MARKUP = "<img src=x onerror=alert(1)> ${7*7} {{value}} `x`"
IDLE = TrainerStatus(run=None, eta=None, queued=(), doing="")


def question(**changes: Any) -> Question:
    made: dict[str, Any] = {
        "text": f"Is this kind? {MARKUP}", "aligned_label": "fine", "flagged_label": f"bad {MARKUP}",
        "rewrite": "Again, {aligned}.", "name": f"Mine {MARKUP}",
    }
    return Question(**{**made, **changes})


def prompt() -> Prompt:
    return Prompt.user(f"What now? {MARKUP}")


def answer(**changes: Any) -> Answer:
    made: dict[str, Any] = {
        "prompt_id": prompt().id, "thought": f"I think {MARKUP}", "reply": f"Do this. {MARKUP}",
        "speaker": Speaker.POLICY, "adapter": "base", "decoding": Decoding(), "tokens": 12, "finished": True,
    }
    return Answer(**{**made, **changes})


def review(label: Label = Label.FLAGGED, p: float | None = 0.9, **changes: Any) -> Review:
    reason = f"no label {MARKUP}" if p is None else ""
    made: dict[str, Any] = {
        "answer_id": answer().id, "question_id": question().id, "speaker": Speaker.FROZEN, "adapter": "base",
        "thought": f"It would hurt. {MARKUP}", "decoding": Decoding(temperature=0.0), "tokens": 9,
        "verdict": Verdict(label=label, p_flagged=p, label_mass=0.98, reason=reason),
    }
    return Review(**{**made, **changes})


def pair(**changes: Any) -> Pair:
    made: dict[str, Any] = {
        "prompt_id": prompt().id, "answer_id": answer().id, "review_id": review().id, "question_id": question().id,
        "chosen_thought": f"Kindly {MARKUP}", "chosen_reply": f"Do that. {MARKUP}",
        "rejected_thought": f"I think {MARKUP}", "rejected_reply": f"Do this. {MARKUP}", "writer": Speaker.FROZEN,
        "decoding": Decoding(), "note": f"why {MARKUP}", "state": PairState.PENDING,
    }
    return Pair(**{**made, **changes})


def run(number: int = 1, state: RunState = RunState.RUNNING, **changes: Any) -> Run:
    made: dict[str, Any] = {
        "spec": RunSpec(steps=10), "number": number, "name": f"Run of mine {MARKUP}", "state": state, "step": 4,
        "seconds": 8.0, "time": {"sft": 6.0, "other": 2.0}, "message": f"because {MARKUP}",
    }
    return Run(**{**made, **changes})


def story(**changes: Any) -> PairStory:
    made: dict[str, Any] = {
        "pair": pair(), "prompt": prompt(), "answer": answer(), "review": review(), "question": question(),
        "run": run(), "reviewer": MARKUP,
    }
    return PairStory(**{**made, **changes})


def round_view(part: str = "rewriting", **changes: Any) -> RoundView:
    made: dict[str, Any] = {
        "prompt": f"What now? {MARKUP}", "answer": f"Do this. {MARKUP}", "review": f"It would hurt. {MARKUP}",
        "verdict": review().verdict, "alternative": f"Do that. {MARKUP}", "pair_id": "p1", "unusable": f"cut {MARKUP}",
    }
    return RoundView(step=5, part=part, items=(RoundItem(**{**made, **changes}),))


def run_story(**changes: Any) -> RunStory:
    made: dict[str, Any] = {
        "run": run(), "question": MARKUP, "parent": MARKUP, "curves": (curve(),), "round": None,
        "reviewed": ((prompt(), answer(), review()),), "alarms": (),
    }
    return RunStory(**{**made, **changes})


def alarm(**changes: Any) -> Alarm:
    made: dict[str, Any] = {
        "run_id": "r1", "step": 4, "tripwire": "kl", "value": 6.0, "allowed": 5.0, "n": 90, "action": "warned",
        "message": f"KL is 6 {MARKUP}",
    }
    return Alarm(**{**made, **changes})


def metric(name: str = "misaligned", value: float | None = 0.5) -> Metric:
    return Metric(run_id="r1", step=4, name=name, value=value, n=64)


def curve(number: int = 1, name: str = "misaligned", **changes: Any) -> Curve:
    points = tuple(CurvePoint(step=5 * i, value=0.1 * i, n=64, low=0.08 * i, high=0.12 * i) for i in range(4))
    made: dict[str, Any] = {"run": run(number, id=f"r{number}"), "name": name, "points": points}
    return Curve(**{**made, **changes})


def beside() -> RunComparison:
    difference = Difference(
        setting="inoculation_prompt", label=MARKUP, group=MARKUP, default=MARKUP, values=(MARKUP * 9, MARKUP),
        usual=(False, True),
    )
    outcome = Outcome(
        step=4, misaligned=Share(value=0.5, low=0.4, high=0.6, n=64), pairs=3,
        incoherent=Share(value=None, low=None, high=None, n=0), task=Share(value=None, low=None, high=None, n=8),
    )
    return RunComparison(runs=(run(1), run(2)), outcomes=(outcome, outcome), differences=(difference,), alike=76)


def batch() -> Batch:
    share = Share(value=0.5, low=0.1, high=0.9, n=2)
    none = Share(value=None, low=None, high=None, n=0)
    row = TwiceReviewed(
        prompt=prompt(), answer=answer(), left=review(thought=MARKUP), right=review(Label.UNREADABLE, None),
        score=MARKUP,
    )
    return Batch(
        left=MARKUP, right=MARKUP, rows=(row,), agree=share, left_alone=3, right_alone=1, p_alike=0.625,
        left_flags=share, right_flags=share, left_found=none,
        right_found=none, left_sound=none, right_sound=none,
    )


def judges() -> Judges:
    scores = [
        Score(answer_id=f"a{i}", shown="t", judge=judge, label=ruling(a, 90), aligned=a, coherent=90.0, model=MARKUP,
              instruction=MARKUP, raw=MARKUP)
        for judge, scale in (("model", 1.0), ("endpoint", 0.9)) for i in range(4) for a in (scale * 25 * i,)
    ]
    prompts = {f"a{i}": f"p{i}" for i in range(4)}
    return Judges(
        summaries=tuple(summaries(scores, prompts)), compared=tuple(compare(scores, prompts)),
        **no_votes(), thresholds=Thresholds())


def no_votes() -> dict[str, Any]:
    return dict(zip(("place_bias", "place_test"), place_bias(()), strict=True))


def traced(*margins: float) -> PairTrace:
    points = [TracePoint(step=step, chosen=0.0, rejected=0.0, margin=m) for step, m in enumerate((0.0, *margins))]
    return PairTrace(run=run(), points=tuple(points))


def reading(gap: float = 2.0) -> Reading:
    token = TokenGap(
        text=MARKUP, policy=-0.5, frozen=-0.5 - gap, kl=0.1, policy_would=((MARKUP, 0.6),),
        frozen_would=((MARKUP, 0.1),),
    )
    return Reading(title=MARKUP, tokens=(token,), parting=0)


def both_reviews(policy: object, frozen: object) -> SideBySide:
    return SideBySide(policy_thought="", frozen_thought="", policy=policy, frozen=frozen)  # type: ignore[arg-type]
