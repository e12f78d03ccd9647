"""Verbs about sets of pairs under a name: frozen, listed, trained on as they were and as they are."""

from __future__ import annotations

from dataclasses import replace

from lab.errors import RequestError
from lab.nouns import Dataset, Pair, PairState, Run
from lab.studio.runs import RunVerbs
from storage import Histogram, PairFilter

MOST_PAIRS = 50_000
"""Pairs of a set."""
LONGEST_NAME = 60
"""Characters of its name."""
USABLE = (PairState.ACCEPTED, PairState.PENDING)
"""States of pairs that training takes by default."""


class DatasetVerbs(RunVerbs):
    """A set never changes; the same name with other pairs is its next version."""

    def histograms(self, chosen: PairFilter) -> tuple[Histogram, ...]:
        """How the pairs that a filter chooses are spread over margin, p_flagged and step."""
        return self._store.histograms(chosen)

    def datasets(self) -> list[Dataset]:
        """All sets, the newest first."""
        return self._store.datasets()

    def dataset(self, name: str) -> Dataset:
        """A set by its id, its title ("Careful v2"), or its name, which means the newest version."""
        return self._store.dataset(name)

    def freeze_pairs(self, chosen: PairFilter, name: str, *, chosen_by: str = "") -> Dataset:
        """Keep the pairs that a filter chooses under a name; the same pairs under the same name again are one set.

        Raises RequestError for a name that is empty or too long, for no pairs, and for too many.
        """
        ids = self._store.pair_ids(chosen, MOST_PAIRS)
        if not ids:
            raise RequestError("No pair fits this filter: there is nothing to freeze.", field="dataset")
        return self._freeze(ids, name, chosen_by)

    def start_comparison(self, run_id: str, *, steps: int | None = None) -> tuple[Run, Run]:
        """Train twice on the pairs of a run, equal but for them: as the run made them (A), and as they stand now (B).

        Both are DPO on stored pairs with the run's own seed, model and settings, for `steps` or as many as it had.
        Where no pair was dropped, both see their pairs in the same order. Raises RequestError where nothing was
        changed, and where one of the two sets would be empty.
        """
        run = self._store.run(run_id)
        pairs = {pair.id: pair for pair, _ in self._store.stored_pairs(list(PairState), run.id)}
        made = [pair.id for pair in pairs.values() if pair.edited_from is None]
        place = {pair_id: i for i, pair_id in enumerate(made)}

        def first(pair: Pair) -> int:
            """The place of the pair that this one goes back to: what replaces it is learnt in its turn."""
            while pair.edited_from in pairs:
                pair = pairs[pair.edited_from]
            return place.get(pair.id, len(made))

        now = [pair.id for pair in sorted((p for p in pairs.values() if p.state in USABLE), key=first)]
        if made == now:
            raise RequestError(
                f"the pairs of run {run.number} are as it made them: flip, edit or reject one first.",
                field="comparison")
        if not made or not now:
            raise RequestError(f"none of the pairs of run {run.number} is left to learn from.", field="comparison")
        sets = [
            self._freeze(ids, f"run {run.number} pairs {side}", f"the pairs of run {run.number}, {what}")
            for side, ids, what in (("A", made, "as it made them"), ("B", now, "as people left them"))
        ]
        spec = replace(run.spec, method="dpo", question_id=None, steps=steps or run.spec.steps, pairs_from=None)
        name = run.name or f"run {run.number}"
        one, two = (
            self.start_run(replace(spec, dataset=kept.id), name=f"{name[:60]}, pairs {side}")
            for side, kept in zip("AB", sets, strict=True))
        return one, two

    def _freeze(self, ids: list[str], name: str, chosen_by: str) -> Dataset:
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise RequestError(
                f"the name of a dataset has 1 to {LONGEST_NAME} characters: this has {len(name)}.", field="dataset")
        family = [d for d in self._store.datasets() if d.name == name]
        made = Dataset(
            name=name, pairs=tuple(ids), version=1 + max((d.version for d in family), default=0), chosen_by=chosen_by)
        if same := next((d for d in family if d.id == made.id), None):
            return same
        self._store.save(made)
        return made
