"""A presentation as escaped HTML: what its leader and those who follow it read above the tabs, and the tally. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lab.ui.cards import note
from lab.ui.links import View
from lab.ui.text import counted, escape
from lab.views import Lecture, LectureState


def leading(lecture: Lecture) -> str:
    """For the leader: the link to hand out, and how many follow it."""
    link = escape(f"?lecture={lecture.token}")
    n = lecture.followers
    return (
        f'<p class="lecture"><strong>You are presenting.</strong> <output>{counted(n, "page")}</output> '
        f'{"follows" if n == 1 else "follow"}. For the class: <code data-absolute="{link}">{link}</code> '
        f'<button type="button" data-copy-absolute="{link}">Copy the link</button></p>'
    )


def following(lecture: Lecture, view: View) -> str:
    """For one who follows: what the page does, or why it does not."""
    alone = escape("./" + View(tab="lessons", lesson=view.lesson, taken=view.taken, guess=view.guess).query())
    leave = f'<a href="{alone}">Go on by yourself</a>'
    back = f' · <a href="{escape(lecture.query)}">where the presenter is</a>'
    said = {
        LectureState.LIVE: "<strong>You are following a presentation.</strong> This page goes where the presenter "
        f"goes; your prediction is counted without a name. {leave}{back}",
        LectureState.QUIET: "<strong>The presenter's page is closed or asleep.</strong> This page goes on when it "
        f"does. {leave}{back}",
        LectureState.ENDED: f"<strong>The presentation has ended.</strong> What it showed last stays here. {leave}",
        LectureState.UNKNOWN: "<strong>Nobody presents at this link now.</strong> This page goes on by itself when the "
        f"presenter's page is loaded again. {leave}",
    }
    return f'<p class="lecture" role="status">{said[lecture.state]}</p>'


def waiting(view: View) -> str:
    """Before the experiment is run: what one who follows waits for."""
    return note("The presenter starts the experiment once the predictions are in.") if view.follows else ""


def tally(lecture: Lecture, options: Sequence[str]) -> str:
    """How the class predicted: a bar an option, with its count."""
    counts = counts_of(lecture, len(options))
    most = max(1, *counts)
    rows = "".join(
        f'<tr><th scope="row">{escape(option)}</th><td><span class="bar"><b style="width:{100 * n / most:.0f}%"></b>'
        f"</span></td><td><output>{n}</output></td></tr>"
        for option, n in zip(options, counts, strict=True)
    )
    return (
        f'<details class="fold" data-fold="tally"{"" if lecture.open else " open"}><summary>The class: '
        f'{counted(sum(counts), "prediction")}{" so far" if lecture.open else ""}</summary>'
        f'<table class="last tally"><tbody>{rows}</tbody></table></details>'
    )


def counts_of(lecture: Lecture, options: int) -> tuple[int, ...]:
    """The tally, an entry an option."""
    return tuple(lecture.tally[place] if place < len(lecture.tally) else 0 for place in range(options))
