"""One SQL statement against one snapshot, run as a process of its own: `python -I sandbox.py`, a request on standard
input, one JSON object on standard output. It trusts nobody, and `storage.console` does not trust it.

It binds itself before it reads anything: memory, processor seconds, no file may be written, few may be opened. Then it
opens the snapshot read-only with everything outside of it switched off, takes the statement apart, and runs it only if
it is one SELECT (or an EXPLAIN of one) over the documented views. What a statement may name is listed, not what it may
not: views and table functions that are not named here do not exist. Of scalar functions DuckDB has eight hundred; those
that tell of the machine, wait, or leave a trace are named.

It imports the standard library and DuckDB, nothing of the lab: the fewer lines it has, the less there is to trust.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any

VIEWS = frozenset(
    ("questions", "prompts", "answers", "reviews", "pairs", "runs", "metrics", "checkpoints", "evaluations", "alarms",
     "scores", "votes", "changes", "datasets")
)
"""What may stand behind FROM."""
TABLE_FUNCTIONS = frozenset(("range", "generate_series", "unnest", "json_each", "json_tree"))
"""Functions that may stand behind FROM."""
FORBIDDEN = re.compile(
    r"__internal.*|current_(setting|query|query_id|connection_id|transaction_id|database|catalog|schema|schemas)"
    r"|getvariable|getenv|sleep_ms|pg_(?!typeof$|size_pretty$).*|write_log|parse_duckdb_log_message|nextval|currval"
    r"|setval|setseed|txid_current|in_search_path|json_(de)?serialize_.*|json_execute_.*|inet_.*|has_.*_privilege"
    r"|session_user|user|version|query|query_table|get_block_size|.*_description|read_.*|glob|which_secret"
)
"""Scalar functions that are refused: they tell of the machine or of DuckDB itself, wait, or change something."""
NODES = frozenset(("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"))
"""Kinds of query; the others (INSERT_QUERY_NODE, ...) change something, wherever in the statement they stand."""
NAME = re.compile(r"(?!duckdb_|pg_|sqlite_|pragma_|information_schema)[a-z_][a-z0-9_]*", re.IGNORECASE)
"""What a WITH may call its part: no name that means something to DuckDB, and none that could be a file."""
EXPLAIN = re.compile(r"\Aexplain\s+(analyze\s+)?", re.IGNORECASE)
LONGEST_CELL = 4_000
"""Characters of a cell; the rest is cut."""


class Refused(Exception):
    """A statement that is not run; its text is for the one who wrote it."""


def bind(limits: dict[str, int]) -> None:
    """Take from this process what a query does not need."""
    for what, value in (
        (resource.RLIMIT_AS, limits["memory"]), (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_NOFILE, 32), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (value, value))


def connect(path: str) -> Any:
    """The snapshot, read-only, with nothing beside it within reach."""
    import duckdb

    connection = duckdb.connect(
        path, read_only=True,
        config={
            "memory_limit": "256MB", "threads": 1, "autoinstall_known_extensions": False,
            "autoload_known_extensions": False, "allow_community_extensions": False,
            "python_enable_replacements": False,
        },
    )
    for setting in ("temp_directory = ''", "GLOBAL TimeZone = 'UTC'", "enable_external_access = false",
                    "lock_configuration = true"):  # the last two in this order: each forbids what stands before it
        connection.execute(f"SET {setting}")
    return connection


def check(connection: Any, sql: str) -> None:
    """Raise Refused for all but one SELECT, or EXPLAIN SELECT, over the documented views."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refused("write one statement" if statements else "there is no statement: write SELECT …")
    kind, text = kind_of(statements[0]), statements[0].query
    if kind == "EXPLAIN":
        text = EXPLAIN.sub("", text.lstrip(), count=1)
        inner = connection.extract_statements(text)  # what stays an EXPLAIN here is refused below
        kind = kind_of(inner[0]) if len(inner) == 1 else "EXPLAIN"
    if kind != "SELECT":
        raise Refused(f"{kind.replace('MULTI', 'PIVOT')} is not possible here: write SELECT or EXPLAIN SELECT")
    tree = json.loads(connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0][0])
    if tree["error"]:
        raise Refused("only a SELECT is possible here")
    if any(statement.get("named_param_map") for statement in tree["statements"]):
        raise Refused("parameters have no value here: write the value itself")
    check_tree(tree)


def kind_of(statement: Any) -> str:
    """The kind of a statement; DuckDB has kinds that its Python package cannot name."""
    try:
        return statement.type.name
    except ValueError:
        return "That"


def check_tree(tree: Any) -> None:
    """Raise Refused for a part that is not allowed, however deep it stands."""
    parts = [part for part in walk(tree) if isinstance(part, dict)]
    named = {str(entry["key"]) for part in parts for entry in (part.get("cte_map") or {}).get("map", ())}
    for name in named:
        if not NAME.fullmatch(name):
            raise Refused(f"a part of WITH cannot be called {shown(name)}: use letters, digits and _")
    known = VIEWS | {name.lower() for name in named}
    for part in parts:
        kind = str(part.get("type", ""))
        if kind.endswith("_NODE") and kind not in NODES:
            raise Refused(f"{kind.removesuffix('_NODE').removesuffix('_QUERY')} is not possible here: only SELECT is")
        if kind == "BASE_TABLE":
            check_table([str(step).lower() for step in part["qualified_name"]["path"]], known)
        elif kind == "TABLE_FUNCTION":
            check_function(str(part["function"].get("function_name", "")).lower(), table=True)
        elif kind == "SHOW_REF" and part.get("query") is None:
            raise Refused("SHOW is not possible here: write DESCRIBE and the name of a view")
        elif "function_name" in part:
            check_function(str(part["function_name"]).lower(), table=False)


def check_table(path: list[str], known: frozenset[str] | set[str]) -> None:
    """Raise Refused for what is neither a documented view nor a part of WITH."""
    if path[-1] not in known or path[:-1] not in ([], ["main"]):
        raise Refused(f"there is no view {shown('.'.join(path))}: choose among {', '.join(sorted(VIEWS))}")


def check_function(name: str, *, table: bool) -> None:
    """Raise Refused for a function that is not to be called."""
    if table and name not in TABLE_FUNCTIONS:
        raise Refused(f"{shown(name)} cannot stand behind FROM: choose a view, or {', '.join(sorted(TABLE_FUNCTIONS))}")
    if not table and name not in TABLE_FUNCTIONS and FORBIDDEN.fullmatch(name):
        raise Refused(f"the function {shown(name)} is not available here")


def walk(value: Any) -> Iterator[Any]:
    """A JSON value and everything in it."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()


def shown(text: str) -> str:
    """Somebody's text inside a message."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def cell(value: Any) -> Any:
    """A value as JSON: text, number, truth or null; whatever else there is as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    text = value.hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)
    return text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"


def run(connection: Any, sql: str, limits: dict[str, int]) -> dict[str, Any]:
    """Columns, their types and the first rows; `more` when there are others."""
    result = connection.execute(sql)
    heads = [(str(head[0]), str(head[1])) for head in result.description]
    rows: list[list[Any]] = []
    size, more = 0, False
    while not more and (batch := result.fetchmany(100)):
        for raw in batch:
            row = [cell(value) for value in raw]
            size += sum(len(value) if isinstance(value, str) else 8 for value in row)
            if len(rows) == limits["rows"] or size > limits["characters"]:
                more = True
                break
            rows.append(row)
    return {"columns": [name for name, _ in heads], "types": [kind for _, kind in heads], "rows": rows, "more": more}


def complaint(error: Exception, path: str) -> str:
    """DuckDB's message about a statement: its first sentence, without a path."""
    text = str(error).split("\n")[0].replace(path, "the snapshot")
    return re.sub(r"(/[\w.@+-]+){2,}/?", "…", text)[:400]


def main() -> None:
    """Read a request, bind, check, run, answer."""
    request = json.loads(sys.stdin.buffer.read())
    bind(request["limits"])
    import duckdb

    try:
        connection = connect(request["path"])
        check(connection, request["sql"])
        answer = run(connection, request["sql"], request["limits"])
    except Refused as refusal:
        answer = {"refused": str(refusal)}
    except (MemoryError, duckdb.OutOfMemoryException):
        answer = {"refused": "it needs more memory than a query may have: ask for less at once"}
    except Exception as error:  # a duckdb.Error, or what DuckDB's Python package makes of one
        answer = {"refused": complaint(error, request["path"])}
    sys.stdout.write(json.dumps(answer, allow_nan=False))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
