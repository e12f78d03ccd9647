"""kill -9 at random moments of runs, again and again: `python -m tests.faults.kill_loop --times 200 [--seed N]`.

A process trains over a data folder and says what the store has acknowledged; it is killed at a moment that chance
chooses: anywhere, within the writing of a checkpoint, while the folder is opened, or within a migration. The next
process opens the folder, looks for everything that was acknowledged, and lets the run go on. What holds in the end:

- no acknowledged metric, answer, review or checkpoint is missing, at any of the openings;
- every curve, and the adapter of the last checkpoint, is bit for bit that of a run that nobody killed.

Real runs of a tiny model, the real store and conductor; DuckDB is told to checkpoint its log at every few kilobytes, so
that kills fall into that too. The lives are forked from one process that has imported everything, and which itself
never opens a database.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from lab.evaluation import scenarios
from lab.nouns import Answer, Checkpoint, Metric, Noun, Review, Run, RunState
from lab.training import checkpoints
from lab.training.conductor import Conductor
from storage import Store, migrations
from storage.connection import Database
from tests.tiny import tiny_loaded
from tests.training.making import QUESTION, quiet_probe, scenario, spec

MODES = ("anywhere", "anywhere", "checkpoint", "opening", "migration")
SPAN = {"anywhere": 0.9, "checkpoint": 0.03, "opening": 0.25, "migration": 0.25}
"""Seconds within which the kill falls, from the moment that its place was reached."""
PLACE = {"anywhere": "open", "checkpoint": "checkpoint", "opening": "born", "migration": "born"}
"""What a process says when it has reached the place."""

NAMES = ("sft_loss", "dpo_loss", "grad_norm", "learning_rate", "kl", "flagged", "unreadable", "pairs", "buffer")
"""Curves that are compared: all but those that measure time."""

Tell = Callable[[dict[str, Any]], None]


@dataclass
class Known:
    """What the store has acknowledged so far, by run."""

    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    """"STEP NAME" → value."""
    ids: dict[str, list[str]] = field(default_factory=dict)
    """Answers, reviews and checkpoints."""

    def take(self, said: dict[str, Any]) -> None:
        """Add what a process said."""
        for run, step, name, value in said.get("metrics", ()):
            self.metrics.setdefault(run, {})[f"{step} {name}"] = value
        for run, ident in said.get("ids", ()):
            self.ids.setdefault(run, []).append(ident)


class Telling:
    """The store, saying what each save has acknowledged."""

    def __init__(self, store: Store, tell: Tell) -> None:
        self._store, self._tell = store, tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, *nouns: Noun) -> None:
        """Save, then tell."""
        self._store.save(*nouns)
        self._tell({
            "metrics": [(n.run_id, n.step, n.name, n.value) for n in nouns if isinstance(n, Metric)],
            "ids": [(n.run_id, n.id) for n in nouns if isinstance(n, Answer | Review | Checkpoint)],
        })


def missing(store: Store, known: Known) -> list[str]:
    """What was acknowledged and is not there, or is there with another value."""
    found: list[str] = []
    for run, metrics in known.metrics.items():
        names = sorted({key.split(" ", 1)[1] for key in metrics})
        there = {f"{p.step} {p.name}": p.value for p in store.curves([run], names, max_points=10_000)}
        found += [f"{run} {key}" for key, value in metrics.items() if key not in there or there[key] != value]
    with store._database.reading() as cursor:
        for table in ("answers", "reviews", "checkpoints"):
            prefix = {"answers": "a", "reviews": "v", "checkpoints": "r"}[table]
            wanted = {ident for ids in known.ids.values() for ident in ids if ident.startswith(prefix)}
            there = {ident for (ident,) in cursor.execute(f"SELECT id FROM facts.{table}").fetchall()}
            found += sorted(wanted - there)
    return found


def live(home: Path, loaded: Any, seed: int, steps: int, known: Known, tell: Tell) -> None:
    """One life: open, look for everything, let the run go on to its end."""
    save = checkpoints.save

    def announced(*args: Any, **kwargs: Any) -> Checkpoint:
        tell({"at": "checkpoint"})
        return save(*args, **kwargs)

    checkpoints.save = announced
    scenarios.scenario = lambda name: scenario()
    tell({"at": "born"})
    with Store.open(home) as store:
        with store._database.using() as cursor:
            cursor.execute("SET GLOBAL wal_autocheckpoint = '8KB'")
        tell({"at": "open", "lost": missing(store, known)})
        store.save(QUESTION)
        store.interrupt_active()
        telling: Any = Telling(store, tell)  # all of a store, by handing on
        conductor = Conductor(telling, lambda *_: loaded, home, prober=quiet_probe)
        wanted = spec(seed=seed, steps=steps, checkpoint_every=3, probe_every=5, cadence=4)
        run = next((r for r in store.runs() if r.spec.seed == seed), None)
        if run is None:
            run = conductor.start(Run(spec=wanted, id=f"r{seed:012x}"))
        elif run.state is not RunState.FINISHED:
            run = conductor.resume(run.id)
        ended = conductor.wait(run.id)
        conductor.close()
        names = sorted({key.split(" ", 1)[1] for key in known.metrics.get(run.id, {})} | set(NAMES))
        curves = [(p.step, p.name, p.value) for p in store.curves([run.id], names, max_points=10_000)]
        tell({"at": "end", "state": ended.state.value, "message": ended.message, "curves": curves,
              "adapter": store.checkpoints(run.id)[-1].sha256})


def migrate(home: Path, loaded: Any, seed: int, steps: int, known: Known, tell: Tell) -> None:
    """One life that brings a folder of the first form to the present one, and looks for its rows."""
    tell({"at": "born"})
    with Store.open(home) as store, store._database.reading() as cursor:
        (rows,) = cursor.execute("SELECT count(*) FROM metrics").fetchall()
        (version,) = cursor.execute("SELECT max(version) FROM facts.schema_version").fetchall()
        lost = [] if (rows[0], version[0]) == (50_000, len(migrations.shipped())) else [f"rows {rows}, form {version}"]
        tell({"at": "end", "lost": lost, "state": "finished"})


def old_folder(home: Path, *_: Any) -> None:
    """A data folder of the first form, with rows."""
    database = Database.open(home)
    migrations.migrate(database, migrations.shipped()[:2])
    with database.using() as cursor:
        cursor.execute("INSERT INTO facts.metrics SELECT 'r', range, 'loss', random(), 1 FROM range(50000)")
    database.close()


Life = Callable[..., None]


def fork(life: Life, *args: Any) -> tuple[int, int]:
    """Start a life; its process id, and where it can be heard."""
    ear, mouth = os.pipe()
    process = os.fork()
    if process:
        os.close(mouth)
        return process, ear
    code = 1
    try:
        os.close(ear)
        life(*args, lambda said: os.write(mouth, json.dumps(said).encode() + b"\n"))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def listen(process: int, ear: int, known: Known, mode: str | None, chance: random.Random) -> list[dict[str, Any]]:
    """Hear a life to its end, and kill it when its time has come; with mode None it may live."""
    heard, rest, due = list[dict[str, Any]](), b"", float("inf")
    after = chance.randrange(1, 4) if mode == "checkpoint" else 1
    while True:
        wait = max(0.0, due - monotonic()) if due < float("inf") else None
        ready, _, _ = select.select([ear], [], [], wait)
        if not ready:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            due = float("inf")
            continue
        more = os.read(ear, 65536)
        if not more:
            break
        *lines, rest = (rest + more).split(b"\n")
        for said in map(json.loads, lines):
            known.take(said)
            heard.append(said)
            if mode and said.get("at") == PLACE[mode] and due == float("inf"):
                after -= 1
                due = monotonic() + chance.uniform(0, SPAN[mode]) if after == 0 else due
    os.close(ear)
    _, status = os.waitpid(process, 0)
    heard.append({"at": "killed" if os.WIFSIGNALED(status) else "gone", "code": status})
    return heard


def loop(times: int, seed: int, steps: int, say: Callable[[str], object]) -> dict[str, Any]:
    """Kill `times` times; what was found."""
    chance, loaded, modes = random.Random(seed), tiny_loaded(), Counter[str]()
    torch.set_num_threads(1)
    told: dict[str, Any] = {"times": times, "seed": seed, "lost": [], "differ": [], "failed": [], "runs": 0}
    root = Path(tempfile.mkdtemp(prefix="kill-loop-"))
    home, kills, run_seed = root / "killed", 0, 1
    known = Known()
    while kills < times:
        mode = chance.choice(MODES)
        if mode == "migration":
            folder = root / f"old{kills}"
            listen(*fork(old_folder, folder), Known(), None, chance)
            lives = [listen(*fork(migrate, folder, None, 0, 0, Known()), Known(), mode, chance),
                     listen(*fork(migrate, folder, None, 0, 0, Known()), Known(), None, chance)]
        else:
            lives = [listen(*fork(live, home, loaded, run_seed, steps, known), known, mode, chance)]
        killed = lives[0][-1]["at"] == "killed"
        kills, modes[mode] = kills + killed, modes[mode] + killed
        finished = _look(told, [said for life in lives for said in life], killed=killed)
        if mode != "migration" and (finished or kills == times):
            _finish(told, root, home, loaded, run_seed, steps, known, chance)
            run_seed += 1
        say(f"{kills} of {times}, {mode}: lost {len(told['lost'])}, differing {len(told['differ'])}")
    if not told["runs"]:
        _finish(told, root, home, loaded, run_seed, steps, known, chance)
    return told | {"kills": dict(modes), "acknowledged": sum(map(len, known.metrics.values()))
                   + sum(map(len, known.ids.values()))}


def _look(told: dict[str, Any], heard: list[dict[str, Any]], *, killed: bool) -> bool:
    """Note what a life found missing and how it failed; whether it came to its end."""
    for said in heard:
        told["lost"] += said.get("lost", [])
        if said.get("at") == "gone" and said["code"] != 0:
            told["failed"].append(f"a life ended with {said['code']}")
        if said.get("at") == "end" and said["state"] != "finished":
            told["failed"].append(f"{said['state']}: {said['message']}")
    return any(said.get("at") == "end" for said in heard)


def _finish(
    told: dict[str, Any], root: Path, home: Path, loaded: Any, seed: int, steps: int, known: Known,
    chance: random.Random,
) -> None:
    """Let the run come to its end, and hold it against one that nobody killed."""
    ends = []
    for folder, of in ((home, known), (root / f"whole{seed}", Known())):
        heard = listen(*fork(live, folder, loaded, seed, steps, of), of, None, chance)
        _look(told, heard, killed=False)
        ends.append(next((said for said in heard if said.get("at") == "end"), {}))
    wanted = {(s, n) for s, n, _ in ends[1].get("curves", ())}
    one, two = ([c for c in end.get("curves", ()) if (c[0], c[1]) in wanted] for end in ends)
    if not wanted or sorted(one) != sorted(two) or ends[0].get("adapter") != ends[1].get("adapter"):
        told["differ"].append(f"run of seed {seed}")
    told["runs"] += 1


def main() -> int:
    """0 when nothing was lost and every run is that of nobody's kill."""
    parser = argparse.ArgumentParser(description="kill -9 at random moments of runs")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    told = loop(options.times, options.seed, options.steps, lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(told, indent=1))
    return 1 if told["lost"] or told["differ"] or told["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
