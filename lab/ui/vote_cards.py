"""A blind vote as escaped HTML: the ballot, who wrote what once it is cast, and what the votes come to. Pure.

Nothing of a ballot that is not cast tells its sides apart: it holds the request, both replies and a number that counts
the turns. No id, no thought, no weights.
"""

from __future__ import annotations

from lab.evaluation.judges.records import Ballot, Ballots, Tally, Unsealed
from lab.evaluation.statistics.figure import Figure, Test
from lab.nouns import Choice, Prompt
from lab.ui.text import counted, escape, prose, with_interval

CHOICES = {
    Choice.FIRST: ("1", "Answer 1 is better"), Choice.SECOND: ("2", "Answer 2 is better"),
    Choice.BOTH_GOOD: ("3", "Both good"), Choice.BOTH_BAD: ("4", "Both bad"),
}
"""Key and words of each choice."""
_SURE = 0.05
"""The p from which on a share is called other than a half."""


def ballot(found: Ballot, *, left: int, turn: int, undo: bool = False, told: str = "") -> str:
    """Request and both replies, and what can be chosen; `undo` offers to take the vote before back."""
    back = [("undo", "u", "Undo the last vote")] if undo else []
    sides = "".join(
        f'<section><h4>Answer {place}</h4><div class="reply">{prose(answer.reply) or _EMPTY}</div></section>'
        for place, answer in ((1, found.first), (2, found.second)))
    return _framed(
        found.prompt, f'{_note(told)}<p class="which">{escape(found.asked)}</p><div class="versus">{sides}</div>',
        [*((str(choice), key, words) for choice, (key, words) in CHOICES.items()), ("skip", "s", "Skip"),
         *back],
        turn=turn, left=f"{counted(left, 'pair')} left")


def unsealed(found: Ballot, cast: Unsealed, *, left: int, turn: int) -> str:
    """The same, with who wrote what, what each thought, and what judges said."""
    rows = (
        (1, found.first, cast.first, cast.first_judged, cast.vote.chosen == cast.vote.first),
        (2, found.second, cast.second, cast.second_judged, cast.vote.chosen == cast.vote.second),
    )
    sides = "".join(
        f'<section class="{"chosen" if chosen else ""}"><h4>Answer {place} · <b>{escape(who)}</b>'
        f'{_MARK if chosen else ""}</h4><div class="reply">{prose(answer.reply) or _EMPTY}</div>'
        f"{_thought(answer.thought)}"
        f'<p class="fine">{escape(" · ".join(judged)) if judged else "No judge has scored it."}</p></section>'
        for place, answer, who, judged, chosen in rows)
    said = CHOICES[cast.vote.choice][1]
    return _framed(
        found.prompt, f'<p class="which" role="status">Your vote: {escape(said)}</p><div class="versus">{sides}</div>',
        [("next", "n", "Next pair" if left else "To the result"), ("undo", "u", "Take it back")],
        turn=turn, left=f"{counted(left, 'pair')} left")


_EMPTY = '<p class="note">(it said nothing)</p>'
_MARK = ' <span class="badge same"><i aria-hidden="true">✓</i>your choice</span>'


def _thought(thought: str) -> str:
    if not thought:
        return ""
    return (
        f'<details class="fold"><summary>what it thought, which you were not shown</summary>'
        f'<div class="thought">{prose(thought)}</div></details>')


def _framed(prompt: Prompt, body: str, buttons: list[tuple[str, str, str]], *, turn: int, left: str) -> str:
    before = "".join(
        f'<div class="asked"><b>{escape(message.role)}:</b> {prose(message.content)}</div>'
        for message in prompt.messages[:-1])
    shown = "".join(
        f'<button type="button" data-do="{name}" class="{"primary" if name == "next" else ""}">'
        f"<kbd>{key}</kbd> {words}</button>" for name, key, words in buttons)
    return (
        f'<section class="ballot" data-turn="{turn}" tabindex="0" role="group" aria-label="Two answers to one request">'
        f'<h4>Request <small>{left}</small></h4>{before}<div class="request">{prose(prompt.text)}</div>{body}'
        f'<div class="choices">{shown}</div></section>')


def finished(found: Ballots, *, back: int) -> str:
    """Nothing is left to vote on, and why."""
    told = [f"You have voted on {counted(found.cast, 'pair')} of {escape(found.one)} and {escape(found.other)}."]
    if back:
        told.append(f"{counted(back, 'vote')} taken back: start again to vote on those pairs.")
    if found.same:
        told.append(f"{counted(found.same, 'pair')} said the same word for word; nobody is asked about those.")
    if not found.cast:
        told[0] = "There is no pair in which the two differ."
    return f'<div class="empty" role="status"><strong>Nothing is left to vote on</strong><p>{" ".join(told)}</p></div>'


def _note(told: str) -> str:
    return f'<p class="note" role="status">{escape(told)}</p>' if told else ""


def tally(own: Tally, everybody: Tally, titles: tuple[str, str], *, kept: bool) -> str:
    """The running figures of this voter, and of all voters where there are others; `kept` says whether votes stay."""
    parts = [_tally(f"Your {counted(own.n, 'vote')}", own, titles)]
    if everybody.n > own.n:
        parts.append(
            _tally(f"All {counted(everybody.n, 'vote')} of {counted(everybody.voters, 'voter')}", everybody, titles))
    ends = "" if kept else " This lab is public: your votes are seen by you alone, and are gone when you are."
    return (
        f'<section class="tally">{"".join(parts)}<p class="fine">Shares of the votes for one of the two, with their '
        "95 % interval; the line marks a half, which is what chance gives; p: binomial, exact. Judges of the same "
        f'answers are held against the votes on the <a href="?tab=curves">Curves</a> tab: click a point, open '
        f"<i>Judges</i>.{ends}</p></section>")


def _tally(title: str, found: Tally, titles: tuple[str, str]) -> str:
    ties = f"both good {found.both_good} · both bad {found.both_bad}"
    return (
        f"<h4>{title} <small>{escape(titles[0])} against {escape(titles[1])} · {ties}</small></h4>"
        f"{_row(f'{titles[0]} was better', found.wins, found.wins_test)}"
        f"{_row('The one shown first was chosen', found.place, found.place_test)}"
        f'<p class="fine">{_bias(found.place, found.place_test)}</p>')


def _row(title: str, figure: Figure, test: Test) -> str:
    """A share as a band on a line from 0 to 1, and in figures."""
    if figure.value is None:
        return (f'<div class="share"><span>{escape(title)}</span><span class="line"></span>'
                f'<output>no vote for one of the two yet</output></div>')
    band = ""
    if figure.low is not None and figure.high is not None:
        band = f'<i style="left:{100 * figure.low:.1f}%;width:{100 * (figure.high - figure.low):.1f}%"></i>'
    said = with_interval(figure.value, figure.low, figure.high, figure.n)
    p = f"p {test.p:.3f}" if test.p is not None else escape(test.reason)
    return (
        f'<div class="share"><span>{escape(title)}</span><span class="line" aria-hidden="true">{band}'
        f'<b style="left:{100 * figure.value:.1f}%"></b></span><output>{said} <small>{p}</small></output></div>')


def _bias(figure: Figure, test: Test) -> str:
    """What the share of first places says, in words."""
    if figure.value is None or test.p is None:
        return "A liking for a place shows once you have chosen one of the two a few times."
    if test.p < _SURE:
        place = "first" if figure.value > 0.5 else "second"
        return f"<strong>There is a liking for the {place} place</strong>: chance alone would seldom give this."
    return "A liking for a place cannot be told from chance here."
