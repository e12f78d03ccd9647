"""Behind a point: the answers and reviews that a click on a curve opens, and who else judges them."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from lab.errors import LabError
from lab.evaluation.metrics import MEASURES
from lab.studio import Studio
from lab.ui import curve_cards
from lab.ui.fields import error_line, in_turn
from lab.ui.judges import JudgesFold
from lab.ui.look import clickable
from lab.ui.text import escape

MOST = 12
"""Answers or reviews behind a point that are shown, of all its runs together."""
_MOST_RUNS = 6
"""Runs of a group whose answers are shown."""
_OF_REVIEWS = frozenset((
    "flagged", "unreadable", "flagged_by_frozen", "flagged_by_policy", "reviewers_agree",
    *(name for name, measure in MEASURES.items() if measure.source == "reviews"),
))
"""Measures that are made of reviews: these are what is behind their points."""
_OF_PAIRS = frozenset((
    "pairs", "buffer", "dpo_loss", "reward_margin", "reward_accuracy", "chosen_logp", "rejected_logp",
    "alternatives_loss", "written_by_policy",
))
"""Measures that are made of pairs, which have a tab of their own."""


class BehindPoint:
    """The card, and what fills it."""

    def __init__(self, studio: Studio, sources: Sequence[gr.HTML]) -> None:
        """`sources` are what is clicked: charts, and cards whose buttons name a point."""
        self.studio = studio
        self.shown = clickable("behind")
        self.judges = JudgesFold(studio, [*sources, self.shown])
        clicks = [source.click for source in (*sources, self.shown)]
        gr.on(clicks, self.point_chosen, None, self.shown, **in_turn("behind"))

    def point_chosen(self, event: gr.EventData) -> str:
        """Show what is behind a point: a run or a group of them, a step, and a measure."""
        ids, step, name = curve_cards.named(str(event.drop))
        try:
            runs = [self.studio.run(ident) for ident in ids[:_MOST_RUNS]]
            each = max(1, MOST // max(1, len(runs)))
            parts = []
            for run in runs:
                reviews = self.studio.reviews_at(run.id, step, limit=each) if name in _OF_REVIEWS else []
                judged = [] if reviews else self.studio.judged(run.id, step=step, limit=each)
                parts.append(curve_cards.behind(run, step, judged, reviews))
                if name in _OF_PAIRS:
                    parts.append(f'<p class="note"><a href="?tab=pairs&amp;f.run={escape(run.id)}&amp;f.to={step}">Its '
                                 f"pairs up to step {step}</a> are what this measure is made of.</p>")
            probed = self.studio.curves([runs[0].id], ["misaligned"])
            probes = {point.step for curve in probed for point in curve.points}
        except LabError as error:
            return error_line(error.message)
        return curve_cards.walk(ids, step, name, sorted(probes)) + "".join(parts)
