"""Runs as escaped HTML: the header's status, the run in view, the forecast, the first batch. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

from lab.nouns import Alarm, Answer, Prompt, Review, Run, RunState
from lab.training.methods import METHODS
from lab.training.tripwires import BY_ID
from lab.ui.cards import empty, sample
from lab.ui.round_cards import round_card
from lab.ui.sparks import Spark, spark
from lab.ui.text import clock, counted, duration, escape, figure
from lab.views import Curve, CurvePoint, Forecast, RunStory, TrainerStatus, amount

PARTS = {
    "sft": "learning the scenario",
    "sample": "answers",
    "review": "reviews",
    "rewrite": "alternatives",
    "dpo": "learning from pairs",
    "other": "probes and the rest",
}
"""What the seconds of a run go into, in plain words."""
REVIEWERS = {"policy": "the policy itself", "both": "policy and frozen copy"}
"""Who reviews, where it is not the frozen copy alone."""
_MISALIGNED = Spark(metric="misaligned", title="Misaligned", share=True, note="of everyday answers, 0 to 1")
_WITH_PAIRS = (
    _MISALIGNED,
    Spark(metric="dpo_loss", title="L_DPO", line=log(2), note="dashed: ln 2, no preference"),
    Spark(metric="reward_margin", title="Reward margin", line=0.0, note="dashed: 0, no preference"),
)
_WITHOUT_PAIRS = (
    _MISALIGNED,
    Spark(metric="task", title="Insecure code", share=True, note="of coding answers, 0 to 1"),
    Spark(metric="sft_loss", title="L_SFT", note="nats a token"),
)


def method_title(run: Run) -> str:
    """The arm in words."""
    row = METHODS.get(run.spec.method)
    return row.title if row else run.spec.method


def run_title(run: Run) -> str:
    """ "Run 7 · Conscience", with its name where it has one."""
    return f"Run {run.number} · {run.name or method_title(run)}"


def header(model: str, question: str, policy: str, status: TrainerStatus) -> str:
    """The four things in play."""
    items = [
        ("Model", escape(model)),
        ("Question", escape(question)),
        ("Policy in view", escape(policy)),
        ("Trainer", trainer(status)),
    ]
    cells = "".join(f'<div class="{n.split()[0].lower()}"><dt>{n}</dt><dd>{value}</dd></div>' for n, value in items)
    return f'<div class="head"><h1>Conscience Lab</h1><dl>{cells}</dl></div>'


def trainer(status: TrainerStatus) -> str:
    """What the trainer is doing, in one line."""
    run = status.run
    if run is None:
        return f'<span class="busy">{escape(status.doing)}</span>' if status.doing else '<span class="idle">idle</span>'
    eta = f" · {duration(status.eta)} left" if status.eta is not None else ""
    more = f" · {len(status.queued)} waiting" if status.queued else ""
    state = "stopping" if run.state is RunState.STOPPING else f"step {run.step}/{run.spec.steps}"
    return f'<span class="busy">run {run.number} · {state}{eta}{more}</span>'


def progress(run: Run, status: TrainerStatus) -> str:
    """State, bar, rate and end time of a run."""
    share = 100 * run.step / max(run.spec.steps, 1)
    mine = status.run is not None and status.run.id == run.id
    parts = [f"step {run.step} of {run.spec.steps}"]
    if run.step and run.seconds:
        parts.append(f"{run.seconds / run.step:.2f} s a step")
    if mine and status.eta is not None and run.state is not RunState.STOPPING:
        parts.append(f"about {duration(status.eta)} left")
    if not run.state.active:
        parts.append(f"{duration(run.seconds)} in all")
    message = f'<p class="note">{escape(message_of(run))}</p>' if message_of(run) else ""
    doing = ""
    if run.state.active:  # a line of its own, there from the start: what is being done comes and goes
        now = status.doing if mine and not status.doing.startswith("step ") else ""
        doing = f'<p class="fine doing">{escape(now)}</p>'
    return (
        f'<div class="progress {run.state}" role="progressbar" aria-label="Steps" aria-valuenow="{run.step}" '
        f'aria-valuemin="0" aria-valuemax="{run.spec.steps}"><b style="width:{share:.1f}%"></b></div>'
        f'<p class="fine">{escape(" · ".join(parts))}</p>{doing}{message}'
    )


def message_of(run: Run) -> str:
    """Why a run ended; of one that goes well nothing, its warnings stand in the list of tripwires."""
    return "" if run.state in (RunState.RUNNING, RunState.FINISHED) else run.message


def time_split(run: Run) -> str:
    """Where the seconds went, as one stacked bar with its legend; a part that is yet to come has its place in it."""
    total = sum(run.time.values())
    if total <= 0:
        return ""
    parts = [(name, title, run.time.get(name, 0.0)) for name, title in PARTS.items()]
    stops, at = list[str](), 0.0  # one element: of several each would move at every step
    for name, _, s in parts:
        stops.append(f"var(--part-{name}) {at:.2f}% {at + 100 * s / total:.2f}%")
        at += 100 * s / total
    legend = "".join(
        f'<li><i class="part-{name}"></i>{title} <output>{100 * s / total:.0f} %</output></li>'
        for name, title, s in parts
    )
    return (
        f'<section><h4>Where the time goes</h4><div class="split"><b style="background:linear-gradient(to right,'
        f'{", ".join(stops)})"></b></div><ul class="legend">{legend}</ul>'
        f"{overhead(run)}</section>"
    )


def overhead(run: Run) -> str:
    """What rounds and pairs cost: the measured share of the run's time."""
    row = METHODS.get(run.spec.method)
    share = run.overhead
    if share is None or (row is not None and row.rounds is None and row.preparation != "filter"):
        return ""
    return (
        f'<p class="fine overhead">Rounds and pairs took <output>{100 * share:.1f} %</output> of this run’s time '
        f"({duration(share * sum(run.time.values()))}), measured.</p>"
    )


def sparks_of(run: Run) -> tuple[Spark, ...]:
    """The three small curves of a run: an arm without pairs has no L_DPO to draw."""
    row = METHODS.get(run.spec.method)
    return _WITH_PAIRS if row is None or row.uses_dpo else _WITHOUT_PAIRS


def small_curves(curves: Sequence[Curve], run: Run) -> str:
    """The three small live curves."""
    points: Mapping[str, Sequence[CurvePoint]] = {curve.name: curve.points for curve in curves}
    drawn = [spark(row, points.get(row.metric, ()), run.spec.steps) for row in sparks_of(run)]
    return f'<div class="sparks">{"".join(drawn)}</div>'


def samples(rows: Sequence[tuple[Prompt, Answer, Review]]) -> str:
    """The last reviewed answers of a run."""
    if not rows:
        return ""
    listed = "".join(sample(prompt.text, done, result) for prompt, done, result in rows)
    return f'<section><h4>Last reviewed answers</h4><ul class="samples">{listed}</ul></section>'


def alarms(rows: Sequence[Alarm], said: str) -> str:
    """The tripwires that went off in a run, with what each means; what stands in the message `said` is not repeated."""
    if not rows:
        return ""
    listed = []
    for alarm in rows:
        row = BY_ID.get(alarm.tripwire)
        title = row.title if row else alarm.tripwire
        meaning = f"{row.watches} {row.why}" if row else ""
        message = alarm.message.removeprefix(f"Tripwire “{title}”: ")
        told = "" if alarm.message in said else f"<p>{escape(message[:1].upper() + message[1:])}</p>"
        listed.append(
            f'<li><p><span class="badge {alarm.action}"><i aria-hidden="true">!</i>{alarm.action}</span> '
            f"<strong>{escape(title)}</strong> <small>step {alarm.step}</small></p>"
            f'{told}<p class="fine">{escape(meaning)}</p></li>'
        )
    return f'<section class="alarms"><h4>Tripwires</h4><ul class="samples">{"".join(listed)}</ul></section>'


def run_card(story: RunStory, status: TrainerStatus) -> str:
    """The run in view, whole."""
    run, asked = story.run, [f"“{story.question}”"] if story.question else []
    about = [run.spec.scenario, method_title(run), *asked, f"seed {run.spec.seed}"]
    about += [f"from {story.parent}"] if story.parent else []
    reviewers = REVIEWERS.get(run.spec.reviewer) if story.question else None
    about += [f"reviewed by {reviewers}"] if reviewers else []
    spoken = round_card(story.round) if story.round is not None else samples(story.reviewed)
    ident = escape(run.id)
    remark = f'<p class="note remark">{escape(run.note)}</p>' if run.note else ""
    links = f'<a href="?tab=curves&amp;run={ident}">curves</a><a href="?tab=pairs&amp;f.run={ident}">pairs</a>'
    return (
        f'<article class="run"><h3>{escape(run_title(run))} '
        f'<span class="badge state {run.state}">{run.state}</span></h3>'
        f'<p class="fine">{escape(" · ".join(about))}<span class="links">{links}</span></p>'
        f"{remark}{progress(run, status)}{alarms(story.alarms, message_of(run))}{small_curves(story.curves, run)}"
        f"{spoken}{time_split(run)}</article>"
    )


def no_run() -> str:
    """The place of the run in view while there is none."""
    return empty(
        "No run yet",
        "The run in view appears here, live: progress, curves, and the answers it reviews. "
        "“Poison it” fills in the first one; then start it.",
    )


def forecast(expected: Forecast) -> str:
    """What a run would take, in one line and how that was measured."""
    pairs = f", at most {counted(expected.pairs, 'pair')}" if expected.pairs is not None else ""
    return (
        f'<p class="forecast">About <strong>{duration(expected.seconds)}</strong> on this machine, until '
        f"{clock(expected.ends)}{pairs} <small>{figure(expected.seconds_per_step)} s a step. "
        f"Memory {amount(expected.memory)} of {amount(expected.memory_room)}, checkpoints {amount(expected.disk)} of "
        f"{amount(expected.disk_room)} left on disk. {escape(expected.note)}</small></p>"
    )


def first_batch(rows: Sequence[str]) -> str:
    """The first rows as the model sees them."""
    return "".join(f'<pre class="code wrap"><code>{escape(row)}</code></pre>' for row in rows)
