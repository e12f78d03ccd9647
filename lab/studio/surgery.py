"""Verbs that change pairs: decide, edit, flip, tag, and take the last change back. Each is logged; no text is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lab.errors import RequestError
from lab.nouns import Change, Mark, Pair, PairState, now
from lab.studio.pairs import PairVerbs
from lab.studio.speaking import check_text

MOST_TAGS, LONGEST_TAG = 12, 40
"""Tags of a pair, and characters of one."""


class SurgeryVerbs(PairVerbs):
    """An edit and a flip are copies; the original stays, and is marked as replaced."""

    def decide_pair(self, pair_id: str, state: PairState, *, note: str = "") -> Pair:
        """Accept or reject a pair, and change one's mind as often as one likes; pending is what nobody decided.

        Raises RequestError for the states that are no decision.
        """
        if state not in (PairState.ACCEPTED, PairState.REJECTED):
            why = "is edited by editing it" if state is PairState.EDITED else "cannot be made pending again"
            raise RequestError(f"a pair {why}: choose accepted or rejected.", field="state")
        pair = self._store.pair(pair_id)
        return self._change(pair, "decided", replace(_mark(pair), state=state, note=note.strip()))

    def edit_pair(self, pair_id: str, *, chosen_thought: str, chosen_reply: str) -> Pair:
        """Store an edited copy (the original becomes EDITED); returns the copy, ACCEPTED."""
        check_text(chosen_reply, "chosen")
        if chosen_thought.strip():
            check_text(chosen_thought, "chosen")
        pair = self._store.pair(pair_id)
        copy = replace(
            pair, chosen_thought=chosen_thought.strip(), chosen_reply=chosen_reply.strip(), state=PairState.ACCEPTED,
            edited_from=pair.id, reference_chosen=None, created=now(),
        )
        if (copy.chosen_thought, copy.chosen_reply) == (pair.rejected_thought, pair.rejected_reply):
            raise RequestError("chosen and rejected are the same: nothing could be learned from them.", field="chosen")
        return self._replaced(pair, copy, "edited")

    def flip_pair(self, pair_id: str) -> Pair:
        """Store a copy with its sides exchanged (the original becomes EDITED); returns the copy, ACCEPTED.

        Raises RequestError for a pair that was replaced already: flip what replaced it.
        """
        pair = self._store.pair(pair_id)
        if pair.state is PairState.EDITED:
            raise RequestError("this pair was replaced: flip the one that replaced it, or undo that first.")
        copy = replace(
            pair, chosen_thought=pair.rejected_thought, chosen_reply=pair.rejected_reply,
            rejected_thought=pair.chosen_thought, rejected_reply=pair.chosen_reply, state=PairState.ACCEPTED,
            reference_chosen=pair.reference_rejected, reference_rejected=pair.reference_chosen, edited_from=pair.id,
            created=now(),
        )
        return self._replaced(pair, copy, "flipped")

    def tag_pair(self, pair_id: str, tags: Sequence[str]) -> Pair:
        """Give a pair these tags in place of those it has; none takes them all away.

        Raises RequestError for too many and for one that is too long.
        """
        wanted = sorted({" ".join(tag.split()) for tag in tags if tag.strip()}, key=str.casefold)
        if len(wanted) > MOST_TAGS:
            raise RequestError(f"{len(wanted)} tags are too many: {MOST_TAGS} at most.", field="tags")
        if long := next((tag for tag in wanted if len(tag) > LONGEST_TAG), None):
            raise RequestError(
                f"the tag {long[:20]!r}… has {len(long)} characters: {LONGEST_TAG} at most.", field="tags")
        pair = self._store.pair(pair_id)
        return self._change(pair, "tagged", replace(_mark(pair), tags=tuple(wanted)))

    def changes(self, pair_id: str) -> list[Change]:
        """What was done to a pair, and what made it, the oldest first."""
        return self._store.changes(self._store.pair(pair_id).id)

    def undo_pair(self, pair_id: str) -> Pair:
        """Take back the last change of a pair that still stands, or the one that made it; returns the pair before it.

        The copy that an edit or a flip made is kept, rejected. Raises RequestError when there is nothing to take back,
        and when that copy was changed since.
        """
        pair = self._store.pair(pair_id)
        change = self._standing_change(pair)
        if change is None:
            raise RequestError("nothing was done to this pair, or all of it was taken back.")
        original = self._store.pair(change.pair_id)
        marks: list[tuple[str, Mark]] = []
        if change.copy_id is not None:
            copy = self._store.pair(change.copy_id)
            last = self._standing_change(copy)
            if last is not None and last.id != change.id:
                raise RequestError(f"pair {copy.id}, which replaced it, was changed since: undo that first.")
            marks.append((copy.id, replace(_mark(copy), state=PairState.REJECTED)))
        undone = Change(
            pair_id=original.id, kind="undone", before=_mark(original), after=change.before, copy_id=change.copy_id,
            undoes=change.id, who=self._name,
        )
        self._store.change_pair(undone, marks=marks)
        return self._store.pair(original.id)

    def _standing_change(self, pair: Pair) -> Change | None:
        """The last change of a pair that nobody took back."""
        done = self._store.changes(pair.id)
        undone = {change.undoes for change in done}
        return next((c for c in reversed(done) if c.kind != "undone" and c.id not in undone), None)

    def _change(self, pair: Pair, kind: str, after: Mark) -> Pair:
        if after != _mark(pair):
            change = Change(pair_id=pair.id, kind=kind, before=_mark(pair), after=after, who=self._name)
            self._store.change_pair(change)
        return self._store.pair(pair.id)

    def _replaced(self, pair: Pair, copy: Pair, kind: str) -> Pair:
        before = _mark(pair)
        after = replace(before, state=PairState.EDITED)
        change = Change(pair_id=pair.id, kind=kind, before=before, after=after, copy_id=copy.id, who=self._name)
        self._store.change_pair(change, copy, marks=[(copy.id, _mark(copy))])
        return self._store.pair(copy.id)

    @property
    def _name(self) -> str:
        """Who changes: in a public lab only the owner may."""
        return self.settings.owner_name or "owner"


def _mark(pair: Pair) -> Mark:
    return Mark(state=pair.state, tags=pair.tags, note=pair.note)
