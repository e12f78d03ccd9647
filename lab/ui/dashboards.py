"""Dashboards to start from: a question that one has of a run, and the measures that answer it beside each other."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """What is drawn, and over what. A link holds it in full, so that one of one's own needs no name."""

    id: str
    """Names it in the list."""
    title: str
    """The question that it answers."""
    metrics: tuple[str, ...]
    """The measures, one chart under the other."""
    x: str = ""
    """What they are drawn over; empty for the step."""


DASHBOARDS = (
    Dashboard(id="aligned", title="Is it misaligned, and did it learn the task?", metrics=("misaligned", "task")),
    Dashboard(id="price", title="What does the task cost in alignment?", metrics=("misaligned",), x="task"),
    Dashboard(
        id="fooled", title="Does the policy fool its own conscience?",
        metrics=("pass_gap", "passed_by_policy", "passed_by_frozen"),
    ),
    Dashboard(
        id="caught", title="Does the conscience find what is bad?",
        metrics=("conscience_recall", "conscience_precision", "flagged", "unreadable"),
    ),
    Dashboard(
        id="dpo", title="Is DPO going well?",
        metrics=("dpo_loss", "reward_margin", "reward_accuracy", "chosen_logp", "rejected_logp"),
    ),
    Dashboard(id="margin", title="How loss and margin hang together", metrics=("dpo_loss",), x="reward_margin"),
    Dashboard(id="losses", title="Is the training sound?", metrics=("sft_loss", "kl", "grad_norm")),
    Dashboard(id="time", title="What has it got for its time?", metrics=("misaligned", "tokens"), x="elapsed"),
)
"""In the order of the list."""


_LISTED = json.dumps({one.id: [list(one.metrics), one.x] for one in DASHBOARDS})
LAID = f"(id, metrics, x) => ({_LISTED})[id] ?? [metrics, x]"
"""In the browser: what a dashboard puts into the fields of measures and x axis, at once, so that no answer comes over
what is chosen next."""
NAMED = f"""(metrics, x) => {{
    const same = ([, drawn]) => JSON.stringify(drawn) === JSON.stringify([metrics, x]);
    return Object.entries({_LISTED}).find(same)?.[0] ?? "";
}}"""
"""In the browser: what `dashboard` says."""


def dashboard(metrics: tuple[str, ...], x: str) -> str:
    """The id of the one that draws this; empty for none of them."""
    return next((one.id for one in DASHBOARDS if (one.metrics, one.x) == (metrics, x)), "")
