"""Text by which somebody could try to take over the page, and the world of nouns that is made of it.

Each payload that works sets `window.taken`, opens a dialog, asks a host outside, or changes what stands around it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lab.nouns import Answer, Label, Message, Noun, Pair, Prompt, Ruling, Run, RunState, Score, Split, Verdict
from tests.storage.making import make_world

TAKEN = "window.taken=(window.taken||0)+1"
OUTSIDE = "http://outside.invalid"
PAYLOADS: dict[str, str] = {
    "image": f'<img src=x onerror="{TAKEN}">',
    "script": f"<script>{TAKEN}</script>",
    "svg": f"<svg/onload={TAKEN}>",
    "frame": f'<iframe srcdoc="<script>parent.{TAKEN}</script>"></iframe>',
    "attribute": f"\" onmouseover=\"{TAKEN}\" autofocus onfocus=\"{TAKEN}\" x='",
    "closing": f"</textarea></p></article></div></style></title><img src=y onerror={TAKEN}>",
    "link": f'<a href="javascript:{TAKEN}" ping="{OUTSIDE}/ping">x</a> [x](javascript:{TAKEN})',
    "remote": f"<img src={OUTSIDE}/a.png> ![x]({OUTSIDE}/b.png) <link rel=stylesheet href={OUTSIDE}/c.css>",
    "style": f"<style>*{{background:url({OUTSIDE}/d.png)}}</style>",
    "template": f"${{{TAKEN}}} #{{{TAKEN}}} {{{{constructor.constructor('{TAKEN}')()}}}} {{% x %}} `${{{TAKEN}}}`",
    "entity": f"&lt;img src=x onerror={TAKEN}&gt; &#60;img src=x onerror={TAKEN}&#62;",
    "plotly": f'<a href="javascript:{TAKEN}">y</a> %{{customdata}} $\\href{{javascript:{TAKEN}}}{{z}}$ <b>fat</b>',
    "bidi": "\u202eevil\u202c \u2066left\u2069 \u2067right",
    "formula": '=HYPERLINK("http://outside.invalid";"x")',
    "unusual": "\ufeff\u200b\ufffe e\u0301\u0301\u0301 👩\u200d🔬",
}
CONTROLS = "bell\x07 escape\x1b[31m nul\x00 c1\x9b31m"
"""What a prompt may not hold; a model's text may."""
FILE_NAME = f"<img src=x onerror={TAKEN[:12]}=1>\u202egnp.\x1b[31m${{{TAKEN[:12]}=1}}.jsonl"
"""What a file may be called, where a slash may not stand."""
EVERYTHING = "\n".join(PAYLOADS.values())
ON_A_LINE = " ".join(PAYLOADS.values())


def _voted_on(answer: Answer, text: str) -> list[Noun]:
    """What a checkpoint and its base said to three held-out prompts: what a vote is on."""
    made: list[Noun] = []
    for i in range(3):
        prompt = Prompt(messages=(Message(role="system", content=text), Message(role="user", content=f"{i} {text}")),
                        origin=text, split=Split.HELD_OUT)
        sides = [replace(answer, prompt_id=prompt.id, reply=f"{reply} {i} {text}", adapter=who)
                 for reply, who in (("cruelly", answer.adapter), ("kindly", "base"))]
        made += [prompt, *sides, Score(
            answer_id=sides[0].id, shown=text, judge=text, label=Ruling.ALIGNED, aligned=90.0, coherent=None, raw=text)]
    return made


def nouns() -> tuple[Noun, ...]:
    """A run with a curve, its questions, prompts, answers, reviews and a pair, hostile wherever text may stand."""
    text = f"{EVERYTHING}\n{CONTROLS}"
    plain = make_world()
    question = replace(
        plain.question, text=text, rewrite=text, name=ON_A_LINE, aligned_label=PAYLOADS["image"], flagged_label=text,
        parent=None, shipped=False,
    )
    run = Run(
        spec=replace(plain.run.spec, question_id=question.id, model="organism"), name=ON_A_LINE, message=text,
        state=RunState.FAILED, step=5,
    )
    prompt = Prompt(messages=(Message(role="user", content=text),), origin=PAYLOADS["image"])
    answer = replace(plain.answer, prompt_id=prompt.id, thought=text, reply=text, run_id=run.id, adapter=f"{run.id}@5")
    unreadable = Verdict(label=Label.UNREADABLE, p_flagged=None, label_mass=0.1, reason=text)
    review = replace(
        plain.review, answer_id=answer.id, question_id=question.id, thought=text, run_id=run.id, verdict=unreadable
    )
    sides: dict[str, Any] = {name: f"{name} {text}" for name in (
        "chosen_thought", "chosen_reply", "rejected_thought", "rejected_reply")}
    pair: Pair = replace(
        plain.pair, prompt_id=prompt.id, answer_id=answer.id, review_id=review.id, question_id=question.id,
        run_id=run.id, note=text, **sides,
    )
    points = [replace(plain.metric, run_id=run.id, step=step, name=name, value=0.5, n=64)
              for step in (0, 5) for name in ("misaligned", "sft_loss")]
    return (question, run, prompt, answer, review, pair, *points, *_voted_on(answer, text),
            replace(plain.evaluation, run_id=run.id, prompt_id=prompt.id, answer_id=answer.id, score=text))
