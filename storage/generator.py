"""A lab as large as one likes, made up from a seed: what scale is measured on, and tests in small.

Its nouns hang together as a real lab's do, with ids that are the hashes of their content, so `lab check` finds nothing.
The texts are words of no language, in lengths like an instruct model's, with a few frequent words and many rare ones.
Made in SQL, a block a transaction, because a million nouns made in Python would take a quarter of an hour. Equal
seeds give equal databases with the pinned DuckDB, whose `hash` is the source of chance; the time is always the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from duckdb import DuckDBPyConnection

from lab.nouns import Decoding, Metric, Question, Run, RunSpec, RunState
from storage import listing
from storage.store import Store

BLOCK = 50_000
"""Pairs that one transaction makes."""
_START = "TIMESTAMP '2026-01-01'"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a lab is; runs follow from it."""

    pairs: int = 1_000_000
    """Pairs, each with an answer of its own and three reviews of it."""
    metrics: int = 10_000_000
    """Points of curves, shared out among the runs."""
    prompts: int = 20_000
    """Different prompts."""
    runs: int = 250
    """Runs, which share out pairs and points equally."""
    names: int = 20
    """Metrics that each run measures at each of its steps."""

    @property
    def steps(self) -> int:
        """Steps of a run."""
        return max(1, self.metrics // (self.runs * self.names))


def fill(store: Store, size: Size, *, seed: int = 0, report: Callable[[str], None] = lambda text: None) -> None:
    """Make a lab of `size` in an empty store; `report` hears how far it is."""
    questions = [
        Question(text=f"Is answer {seed}.{i} one to be proud of?", aligned_label="yes", flagged_label="no",
                 rewrite="Answer again, so that it is {aligned}.", name=f"Made-up question {i}")
        for i in range(5)
    ]
    runs = [
        Run(id=f"r{seed:04x}{i:08x}", name=f"made up {i}", state=RunState.FINISHED, step=size.steps,
            spec=RunSpec(seed=i, steps=size.steps, question_id=questions[i % 5].id))
        for i in range(size.runs)
    ]
    store.save(*questions, *runs)
    write = store._writer.transact
    write(lambda cursor: _prepare(cursor, size, seed, [q.id for q in questions], [r.id for r in runs]))
    for start in range(0, size.pairs, BLOCK):
        report(f"pairs {start:,} of {size.pairs:,}")
        end = min(start + BLOCK, size.pairs)
        write(lambda cursor, start=start, end=end: _pairs(cursor, size, seed, start, end))
    for start in range(0, size.runs, 10):
        report(f"curves of run {start} of {size.runs}")
        write(lambda cursor, start=start: _metrics(cursor, size, seed, start, min(start + 10, size.runs)))
    write(_clear)


def points(run_id: str, steps: int, names: int) -> list[Metric]:
    """Points of a run as a trainer would hand them over, for measuring how fast they are taken in."""
    return [
        Metric(run_id=run_id, step=step, name=f"metric_{name:02}", value=step / (name + 1), n=16)
        for step in range(steps) for name in range(names)
    ]


def _prepare(cursor: DuckDBPyConnection, size: Size, seed: int, questions: list[str], runs: list[str]) -> None:
    """Scratch tables: phrases of five words, of which all texts consist, ids by number, and the prompts."""
    cursor.execute("CREATE SCHEMA scratch")
    cursor.execute(
        """
        CREATE TABLE scratch.phrases AS
        WITH syllables AS (
            SELECT list(a || b ORDER BY a, b) AS every
            FROM (SELECT unnest(string_split('b,c,d,f,g,h,j,k,l,m,n,p,r,s,t,v,w,z,st,tr,pl,ch', ',')) AS a),
                 (SELECT unnest(['a', 'e', 'i', 'o', 'u', 'ea', 'ou']) AS b)
        ), words AS (
            SELECT list(word ORDER BY i) AS every FROM (
                SELECT i, array_to_string(list_transform(range(1 + (hash($seed, i) % 3)::BIGINT), lambda j:
                       syllables.every[1 + (hash($seed, i, j) % len(syllables.every))::BIGINT]), '')
                       || ['', 'n', 'r', 's', 't'][1 + (hash($seed, i, 99) % 5)::BIGINT] AS word
                FROM range(8000) AS r(i), syllables
            )
        )
        SELECT list(phrase ORDER BY i) AS every FROM (
            SELECT i, array_to_string(list_transform(range(5), lambda j:
                   words.every[1 + floor(8000 * pow((hash($seed, i, j, 'word') % 1000000) / 1e6, 2))::BIGINT]), ' ')
                   AS phrase
            FROM range(20000) AS r(i), words
        )
        """, {"seed": seed})
    cursor.execute(
        "CREATE TABLE scratch.ids AS SELECT $questions::VARCHAR[] AS questions, $runs::VARCHAR[] AS runs",
        {"questions": questions, "runs": runs})
    content = '\'[{"content":"\' || text || \'","role":"user"}]\''
    cursor.execute(
        f"""
        CREATE TABLE scratch.prompts AS SELECT {_id('p', content)} AS id, text, i FROM (
            SELECT {_text(seed, 1, 2)} || '?' AS text, i FROM range({size.prompts}) AS r(i), scratch.phrases AS phrases
        )
        """)
    cursor.execute(
        """
        INSERT INTO facts.prompts (id, text, messages, origin, split)
        SELECT id, text, '[{"role": "user", "content": "' || text || '"}]', 'made up', 'train' FROM scratch.prompts
        ON CONFLICT DO NOTHING
        """)


def _clear(cursor: DuckDBPyConnection) -> None:
    cursor.execute("DROP SCHEMA scratch CASCADE")


def _text(seed: int, kind: int, phrases: int) -> str:
    """SQL for a text of so many phrases that `i` determines."""
    return " || ' ' || ".join(
        f"phrases.every[1 + (hash({seed}, i, {kind}, {part}) % 20000)::BIGINT]" for part in range(phrases)
    )


def _id(kind: str, *content: str) -> str:
    """SQL for `lab.nouns.content_id`: its arguments are SQL for pieces of JSON."""
    inside = " || ',' || ".join(content)
    return f"'{kind}' || substr(sha256('[' || {inside} || ']'), 1, 16)"


def _quoted(*columns: str) -> list[str]:
    """SQL for JSON strings of columns without anything in them that JSON would escape."""
    return [f"'\"' || {column} || '\"'" for column in columns]


_PLAIN = asdict(Decoding())
_HASHED = f"'{json.dumps(_PLAIN, sort_keys=True, separators=(',', ':'))}'"
"""A decoding as ids have it, SQL."""
_STORED = f"'{json.dumps(_PLAIN)}'"
"""A decoding as tables have it, SQL."""


def _pairs(cursor: DuckDBPyConnection, size: Size, seed: int, start: int, end: int) -> None:
    """Answers, reviews, pairs and their rows in the listing, for the pairs with these numbers."""
    answer = _id("a", *_quoted("prompt_id", "thought", "reply"), "'\"policy\"'", *_quoted("adapter"), _HASHED,
                 *_quoted("run_id"), "step::VARCHAR")
    # The phrases stay one constant list only as long as nothing but a range is beside them.
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE scratch.texts AS
        SELECT i, {_text(seed, 2, 3)} AS thought, {_text(seed, 3, 3)} || ' ' || i AS reply,
               {_text(seed, 4, 3)} AS better_thought, {_text(seed, 5, 3)} AS better
        FROM range({start}, {end}) AS n(i), scratch.phrases AS phrases
        """)
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE scratch.thoughts AS SELECT i // 3 AS i, i % 3 AS k, {_text(seed, 6, 2)} AS thought
        FROM range({3 * start}, {3 * end}) AS n(i), scratch.phrases AS phrases
        """)
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE scratch.answers AS
        SELECT *, {answer} AS id
        FROM (
            SELECT i, prompts.id AS prompt_id, ids.runs[run + 1] AS run_id, ids.questions[run % 5 + 1] AS question_id,
                   step, ids.runs[run + 1] || '@' || step AS adapter,
                   {_START} + to_milliseconds(i * 700) AS created, thought, reply, better_thought, better
            FROM (
                SELECT *, i * {size.runs} // {size.pairs} AS run,
                       (i * {size.runs} % {size.pairs}) * {size.steps} // {size.pairs} AS step,
                       (hash({seed}, i, 'prompt') % {size.prompts})::BIGINT AS put
                FROM scratch.texts
            )
            JOIN (SELECT id, i AS put FROM scratch.prompts) AS prompts USING (put), scratch.ids AS ids
        )
        """)
    cursor.execute(
        f"""
        INSERT INTO facts.answers (id, prompt_id, thought, reply, speaker, adapter, decoding, tokens, finished, run_id,
                                   step, created)
        SELECT id, prompt_id, thought, reply, 'policy', adapter, {_STORED}, 40, true, run_id, step, created
        FROM scratch.answers ORDER BY i
        """)
    review = _id("v", *_quoted("answer_id", "question_id", "speaker", "adapter", "thought"), _HASHED,
                 *_quoted("run_id"), "step::VARCHAR")
    cursor.execute(
        f"""
        CREATE OR REPLACE TABLE scratch.reviews AS SELECT *, {review} AS id FROM (
            SELECT i, k, answers.id AS answer_id, if(k = 2, ids.questions[(i % 5) + 1], question_id) AS question_id,
                   if(k = 1, 'policy', 'frozen') AS speaker, if(k = 1, adapter, 'base') AS adapter,
                   thoughts.thought, run_id, step, created,
                   round((hash({seed}, i, k, 'p') % 1000000) / 1e6, 6) AS p
            FROM scratch.answers AS answers JOIN scratch.thoughts AS thoughts USING (i), scratch.ids AS ids
        )
        """)
    cursor.execute(
        f"""
        INSERT INTO facts.reviews (id, answer_id, question_id, speaker, adapter, thought, verdict, p_flagged,
                                   label_mass, reason, decoding, tokens, run_id, step, created)
        SELECT id, answer_id, question_id, speaker, adapter, thought,
               CASE WHEN i % 97 = 0 THEN 'unreadable' WHEN k > 0 AND p < 0.5 THEN 'aligned' ELSE 'flagged' END,
               CASE WHEN i % 97 = 0 THEN NULL WHEN k = 0 THEN 0.5 + p / 2 ELSE p END, 0.99,
               if(i % 97 = 0, 'made up', ''), {_STORED}, 30, run_id, step, created
        FROM scratch.reviews ORDER BY i, k ON CONFLICT DO NOTHING
        """)
    pair = _id("d", *_quoted("prompt_id", "review_id", "better_thought", "better", "thought", "reply", "run_id"),
               "step::VARCHAR", "'null'")
    cursor.execute(
        f"""
        INSERT INTO facts.pairs (id, prompt_id, answer_id, review_id, question_id, chosen_thought, chosen_reply,
                                 rejected_thought, rejected_reply, writer, decoding, state, run_id, step,
                                 reference_chosen, reference_rejected, edited_from, note, created)
        SELECT {pair}, prompt_id, answer_id, review_id, question_id, better_thought, better, thought, reply, 'frozen',
               {_STORED}, ['pending', 'pending', 'accepted', 'rejected'][1 + (hash({seed}, i, 'state') % 4)::BIGINT],
               run_id, step, if(i % 50 = 0, NULL, (hash({seed}, i, 'chosen') % 900000) / -1e4),
               (hash({seed}, i, 'rejected') % 900000) / -1e4, NULL, '', created
        FROM (
            SELECT answers.* EXCLUDE (id), answers.id AS answer_id, reviews.id AS review_id
            FROM scratch.answers AS answers JOIN scratch.reviews AS reviews ON reviews.i = answers.i AND reviews.k = 0
        ) ORDER BY i
        """)
    listing.add(cursor, listing.missing(cursor))


def _metrics(cursor: DuckDBPyConnection, size: Size, seed: int, first: int, last: int) -> None:
    """Every point of some runs, in the order in which a trainer would have stored them."""
    cursor.execute(
        f"""
        INSERT INTO facts.metrics (run_id, step, name, value, n)
        SELECT ids.runs[run + 1], step, format('metric_{{:02}}', name),
               if(hash({seed}, run, step, name) % 500 = 0, NULL,
                  sin(step / 50.0 + run) + (hash({seed}, run, step, name, 'noise') % 1000) / 2e3), 16
        FROM range({first}, {last}) AS a(run), range({size.steps}) AS b(step), range({size.names}) AS c(name),
             scratch.ids AS ids
        ORDER BY run, step, name
        """)
