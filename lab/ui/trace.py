"""What a run learnt of one of its pairs: a fold of the Pairs tab that measures the margin at each checkpoint."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lab.errors import LabError
from lab.studio import Studio
from lab.ui.fields import error_line
from lab.ui.links import View
from lab.ui.look import card
from lab.ui.run_cards import run_title
from lab.ui.sparks import Spark, spark
from lab.ui.text import escape, figure
from lab.views import CurvePoint, PairTrace

Updates = dict[Any, Any]
_MARGIN = Spark(title="Margin, β × (chosen − rejected)", line=0.0, note="dashed: 0, no preference")
_SAID = {
    "learned": ("✓", "same", "at its last checkpoint the policy leans to the chosen side"),
    "never learned": ("✕", "differ", "at no checkpoint does the policy lean to the chosen side"),
    "flipped": ("↺", "differ", "at an earlier checkpoint it leant to the chosen side, and no longer does"),
}


class TracePanel:
    """The fold, and what happens to it."""

    def __init__(self, studio: Studio, view: gr.State) -> None:
        self.studio = studio
        with gr.Accordion(
            "What its run learnt of it", open=False, visible=False, elem_classes="settings", elem_id="trace"
        ) as self.fold:
            self.shown = card("", name="trace-card")
        self.fold.expand(
            self.measure, view, self.shown, api_visibility="private", show_progress="hidden", concurrency_id="model",
            concurrency_limit=1,
        )

    @property
    def components(self) -> list[Any]:
        """What `lay` updates."""
        return [self.fold, self.shown]

    def lay(self, *, visible: bool) -> Updates:
        """Updates for another pair: the fold closed, nothing measured yet."""
        return {self.fold: gr.update(visible=visible, open=False), self.shown: ""}

    def measure(self, view: View) -> str:
        """Measure the pair in view under each checkpoint of its run."""
        try:
            return trace_card(self.studio.trace(view.pair))
        except LabError as error:
            return error_line(error.message)


def trace_card(found: PairTrace) -> str:
    """How it ended, the margin as a small curve, and both sides at each checkpoint."""
    mark, tone, said = _SAID[found.outcome]
    points = [CurvePoint(step=p.step, value=p.margin, n=1, low=None, high=None) for p in found.points]
    rows = "".join(
        f"<tr><td>{p.step}</td><td>{figure(p.chosen)}</td><td>{figure(p.rejected)}</td><td>{figure(p.margin)}</td></tr>"
        for p in found.points
    )
    heads = ("Step", "Chosen (nats)", "Rejected (nats)", "Margin")
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<p><span class="badge {tone}"><i aria-hidden="true">{mark}</i>{found.outcome}</span> {said}.</p>'
        f"{spark(_MARGIN, points, found.points[-1].step)}"
        f'<div class="scroll"><table class="last"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'<p class="fine">{escape(run_title(found.run))}: log-probabilities of both sides at its checkpoints, less '
        "those of the frozen copy.</p>"
    )
