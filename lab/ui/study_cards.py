"""Studies as escaped HTML: what one would take, how it goes, what came of it. Pure: no widget, no studio."""

from __future__ import annotations

from base64 import b64encode

from lab.ui.cards import empty
from lab.ui.text import counted, escape
from lab.views import StudyForecast, StudyProgress, StudyReport

_KINDS = {
    "report.md": ("Markdown", "text/markdown"), "table.csv": ("CSV", "text/csv"),
    "report.html": ("HTML, one file", "text/html"),
}
_STATES = {
    "running": ("running", "at work"), "stopping": ("stopping", "stopping"), "finished": ("finished", "finished"),
    "stopped": ("stopped", "stopped"), "failed": ("failed", "failed"),
}


def forecast(found: StudyForecast) -> str:
    """What is missing of a study, and how long that would take."""
    if not found.runs:
        return f'<p class="forecast">All {counted(found.done, "run")} are done: it only writes its report anew.</p>'
    minutes = found.seconds / 60
    long = f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
    done = f", {found.done} done before" if found.done else ""
    return (
        f'<p class="forecast">{counted(found.runs, "run")} to do{done}: about {long} on this machine. '
        f"<small>{escape(found.note)}</small></p>"
    )


def progress(found: StudyProgress | None) -> str:
    """The study in work, or how the last one ended, or what will be here."""
    if found is None:
        return empty(
            "No study at work", "“How long?” measures this machine first. A study that is started goes on in the "
            "background, one run after the other: this page may be closed, and a stopped study goes on where it stands."
        )
    style, word = _STATES[found.state]
    share = 100 * max(0, found.at - (1 if found.active else 0)) / max(1, found.total)
    if found.state == "finished":
        share = 100
    said = found.message or found.doing
    return (
        f'<section class="study-progress"><h3>{escape(found.name)} <span class="badge {style}">{word}</span></h3>'
        f'<span class="bar aligned" role="progressbar" aria-label="Runs done" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share:.0f}"><b style="width:{share:.0f}%"></b></span>'
        f'<p class="fine">run {found.at} of {found.total} · {escape(said)}</p></section>'
    )


def report(found: StudyReport | None) -> str:
    """A report with links that save it, or what will be here."""
    if found is None:
        return empty(
            "No report yet", "Start the study: its table, curves, trade-off and domains appear here when its last run "
            "is judged, and can be saved as Markdown, CSV and one HTML file.")
    links = " · ".join(
        f'<a download="{escape(found.name)}-{file}" href="data:{_KINDS[file][1]};charset=utf-8;base64,'
        f'{b64encode(content).decode("ascii")}">{_KINDS[file][0]}</a>' for file, content in found.files)
    body = found.body
    for wide in ("table", "pre"):  # they scroll by themselves, and so must be reachable without a mouse
        body = body.replace(f"<{wide}>", f'<{wide} tabindex="0">')
    return f'<p class="note">Save as {links}</p><article class="report">{body}</article>'
