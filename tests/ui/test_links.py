"""What a browser looks at as an address."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from lab.evaluation.metrics import MEASURES
from lab.ui.links import TABS, View, linkable

_words = st.text("abcdef0123456789@", min_size=1, max_size=12)


@given(
    st.builds(
        View, tab=st.sampled_from(TABS), question=_words, policy=_words, run=_words, pair=_words,
        runs=st.lists(_words, min_size=1, max_size=4, unique=True).map(tuple), find=_words,
        compare=st.lists(_words, max_size=4, unique=True).map(tuple), x=_words, order=_words, group=_words,
        metrics=st.lists(st.sampled_from(list(MEASURES)), min_size=1, max_size=6, unique=True).map(tuple),
        sql=st.text(max_size=300).map(linkable), drawn=st.sampled_from(["", "line,0,1,2", "histogram,-1,,"]),
        log=st.booleans(), logx=st.booleans(), smooth=st.sampled_from([0.0, 0.35]),
        span=st.none() | st.tuples(st.floats(-1e6, 1e6), st.floats(0.001, 1e6)).map(lambda at: (at[0], at[0] + at[1])),
    )
)
def test_an_address_leads_back_to_what_its_tab_shows(view: View) -> None:
    back = View.from_query(dict(parse_qsl(view.query()[1:])))
    assert (back.tab, back.question, back.policy) == (view.tab, view.question, view.policy)
    shown = {"runs": "run", "pairs": "pair", "curves": "runs"}.get(view.tab)
    if shown:
        assert getattr(back, shown) == getattr(view, shown)
    if view.tab == "runs":
        assert (back.compare, back.find) == (view.compare, view.find)
    if view.tab == "data":
        assert (back.sql, back.drawn) == (view.sql, view.drawn)
    assert back.query() == view.query()
    if view.tab == "curves":
        kept = ("metrics", "x", "group", "order", "smooth", "log", "logx", "span")
        assert [getattr(back, name) for name in kept] == [getattr(view, name) for name in kept]
    elsewhere = View(tab="data", question=view.question, policy=view.policy, lesson="why", lecture="", seat="s")
    went = elsewhere.back(dict(parse_qsl(view.query()[1:])))
    assert went.query() == view.query()  # Back shows the tab as it was left, and leaves the other tabs alone
    assert went.seat == "s"
    assert (went.lesson == "why") == (view.tab != "lessons")


def test_an_old_link_to_one_measure_opens_it_and_nonsense_opens_what_it_can() -> None:
    old = View.from_query({"tab": "curves", "metric": "kl", "log": "1", "runs": "r1"})
    assert (old.metrics, old.log, old.runs) == (("kl",), True, ("r1",))
    assert old.query() == "?tab=curves&runs=r1&metric=kl&log=1"
    odd = View.from_query({"tab": "curves", "metric": ",kl,kl,", "span": "9,1", "smooth": "2", "x": "nothing"})
    assert (odd.metrics, odd.span, odd.smooth, odd.x) == (("kl",), None, 0.0, "nothing")
    assert View.from_query({"span": "1,inf"}).span is View.from_query({"span": "a"}).span is None
    assert len(View.from_query({"metric": ",".join(MEASURES)}).metrics) == 6
    assert View(metrics=("kl",), x="task").follow({"tab": "curves", "run": "r1"}).metrics == ("kl",)


def test_a_query_is_in_the_link_whole_or_not_at_all() -> None:
    query = "SELECT '%', 'ü' -- 1+1&a=b\nFROM runs\t"
    assert View.from_query(dict(parse_qsl(View(tab="data", sql=query).query()[1:]))).sql == query
    assert [len(linkable(text)) for text in ("a" * 4000, "a" * 4001, "ü" * 700)] == [4000, 0, 0]
    for unseen in ("SELECT '\u202e'", "SELECT 1\0"):
        assert View.from_query({"tab": "data", "sql": unseen}) == View(tab="data")
    assert "sql" not in View(tab="pairs", sql="SELECT 1").query()
    kept = View(sql="SELECT 1", drawn="bar,0,1,").follow({"tab": "data"})
    assert (kept.sql, kept.drawn) == ("SELECT 1", "bar,0,1,")


def test_a_link_opens_the_tab_of_what_it_names() -> None:
    assert View.from_query({"run": "r1"}).tab == "runs"
    assert View.from_query({"pair": "d1"}).tab == "pairs"
    assert View.from_query({"compare": "1,2"}).tab == "runs"
    assert View.from_query({"run": "r1", "tab": "curves"}).tab == "curves"
    assert View.from_query({"tab": "nothing"}) == View()
    assert len(View.from_query({"question": "q" * 5000}).question) == 200


def test_a_link_of_the_page_keeps_what_it_does_not_name() -> None:
    here = View(tab="conscience", question="q1", policy="r1@4", run="r1")
    there = here.follow({"tab": "pairs", "pair": "d1"})
    assert there == View(tab="pairs", question="q1", policy="r1@4", run="r1", pair="d1")
    assert View().query() == "?tab=conscience"


def test_a_runs_curves_come_beside_what_is_on_the_chart() -> None:
    link = {"tab": "curves", "run": "r9"}
    assert View(runs=("r1",)).follow(link).runs == ("r1", "r9")
    newest = View().follow(link)
    assert (newest.runs, newest.run) == (None, "r9")
    assert newest.query() == "?tab=curves&run=r9"
