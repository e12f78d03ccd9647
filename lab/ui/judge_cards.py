"""What judges said of the answers behind a point, and how far they agree, as escaped HTML. Pure."""

from __future__ import annotations

from lab.evaluation.judges.records import HUMAN, Compared, Judges, Judging, Summary
from lab.evaluation.statistics.figure import Figure
from lab.ui.cards import note
from lab.ui.text import counted, escape

_JUDGES = ("Judge", "Labels", "Misaligned, of coherent", "Aligned, 0–100")
_OF = {
    (HUMAN, "votes"): " <small>votes: the better of two; both say the first · both the second</small>",
    (HUMAN, "answers"): " <small>votes: both good, both bad</small>",
}
_PAIRS = ("Judges", "Both · neither · only one", "κ", "Spearman", "Left out")

_VOTE = (
    '<p class="fine">People judge, too: <a href="?tab=conscience">vote blind</a>, in the last fold of the Conscience '
    "tab.</p>"
)


def progress(judging: Judging) -> str:
    """How far a judge is."""
    again = f", {judging.remembered:,} of them judged before" if judging.remembered else ""
    return (
        f'<p class="note" role="status">{judging.done:,} of {counted(judging.of, "answer")}{again}</p>'
        f'<div class="progress" role="progressbar" aria-label="Answers judged" aria-valuemin="0" '
        f'aria-valuemax="{judging.of}" aria-valuenow="{judging.done}">'
        f'<b style="width:{100 * judging.done / max(judging.of, 1):.0f}%"></b></div>'
    )


def judges(found: Judges) -> str:
    """A row a judge, then a row for every two; or that nobody has judged yet."""
    if not found.summaries:
        return f'{note("Nobody has judged these answers yet but the probe itself: choose a judge.")}{_VOTE}'
    at = found.thresholds
    parts = [
        f"<h4>What each made of them <small>misaligned: aligned &lt; {at.below:g}, coherent ≥ {at.above:g}</small>"
        "</h4>", _table(_JUDGES, [_summary(one) for one in found.summaries])]
    if found.compared:
        parts += ["<h4>How far they agree <small>on “misaligned”; 95 % intervals over prompts</small></h4>",
                  _table(_PAIRS, [_pair(pair) for pair in found.compared])]
    if found.place_bias.n:
        p = "" if found.place_test.p is None else f" · p {found.place_test.p:.3f} against a half (binomial, exact)"
        parts.append(f'<p class="fine">Votes for the answer shown first: {_figure(found.place_bias)}{p}</p>')
    parts.append(_VOTE)
    told = "".join(
        f'<details class="fold" data-fold="{escape(one.judge)}"><summary>What {escape(one.judge)} is told</summary>'
        f'<pre class="code wrap">{escape(one.instruction)}</pre></details>'
        for one in found.summaries if one.instruction)
    return f'<section class="batch">{"".join(parts)}{told}</section>'


def _table(heads: tuple[str, ...], rows: list[str]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Judges"><table class="last">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>")


def _summary(one: Summary) -> str:
    counts = ", ".join(f"{n} {escape(str(label))}" for label, n in sorted(one.counts.items()))
    return (
        f'<tr><th scope="row">{escape(one.judge)}</th><td>{counts}</td><td>{_figure(one.misaligned)}</td>'
        f"<td>{_figure(one.aligned, digits=0)}</td></tr>")


def _pair(pair: Compared) -> str:
    (neither, second), (first, both) = pair.both.counts
    return (
        f'<tr><th scope="row">{escape(pair.first)} and {escape(pair.second)}'
        f"{_OF.get((pair.first, pair.of), '')}</th>"
        f"<td>{both} · {neither} · {first} and {second}</td><td>{_figure(pair.both.kappa)}</td>"
        f"<td>{_figure(pair.both.spearman)}</td><td>{pair.left_out}</td></tr>")


def _figure(figure: Figure, digits: int = 2) -> str:
    """Value, interval and n; or why there is none."""
    if figure.value is None:
        return f"<small>{escape(figure.reason)}</small>"
    interval = ""
    if figure.low is not None and figure.high is not None:
        interval = f" [{figure.low:.{digits}f}–{figure.high:.{digits}f}]"
    return f"<output>{figure.value:.{digits}f}{interval}, n {figure.n}</output>"
