"""How the filtered pairs are spread: a fold of the Pairs tab with a histogram each of margin, probability and step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from lab.studio import PairFilter, Studio
from lab.ui.figures import spread_figure
from lab.ui.look import bars, card
from lab.ui.text import counted, escape, figure
from storage import Histogram

Updates = dict[Any, Any]
TITLES = {"margin": "Margin under the frozen copy (nats)", "p_flagged": "Probability of “flagged”", "step": "Step"}


class SpreadPanel:
    """The fold. It counts only while it is open; a bar that is clicked becomes a filter."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.opened = gr.State(False)
        with gr.Accordion(
            "How they are spread: margin, probability, step", open=False, elem_classes="settings", elem_id="spread"
        ) as self.fold:
            with gr.Row():
                self.charts = {}
                for name in TITLES:
                    with gr.Column(min_width=220):
                        self.charts[name] = bars(f"spread-{name.replace('_', '-')}")
            self.told = card("", name="spread-text")

    @property
    def components(self) -> list[Any]:
        """What `draw` updates."""
        return [*self.charts.values(), self.told]

    def draw(self, chosen: PairFilter) -> Updates:
        """Updates that draw the pairs of a filter."""
        found = {histogram.name: histogram for histogram in self.studio.histograms(chosen)}
        charts = {chart: spread_figure(found[name], TITLES[name]) for name, chart in self.charts.items()}
        return {**charts, self.told: spread_text(list(found.values()))}


def spread_text(found: Sequence[Histogram]) -> str:
    """The same in words."""
    lines = []
    for histogram in found:
        n = sum(count for *_, count in histogram.bins)
        title = escape(TITLES[histogram.name])
        missing = f"; {histogram.missing:,} without it" if histogram.missing else ""
        if not n:
            lines.append(f"<li>{title}: none has it{missing}.</li>")
            continue
        low, high, most = max(histogram.bins, key=lambda bin_: bin_[2])
        digits = 0 if histogram.name == "step" else 2
        lines.append(
            f"<li>{title}: {counted(n, 'pair')} from {figure(histogram.bins[0][0], digits)} to "
            f"{figure(histogram.bins[-1][1], digits)}, "
            f"most of them ({most:,}) from {figure(low, digits)} to {figure(high, digits)}{missing}.</li>")
    return f'<ul class="fine told">{"".join(lines)}</ul><p class="fine">Click a bar to see its pairs.</p>'
