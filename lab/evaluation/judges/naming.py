"""A judge as a person writes it: a kind, and after a colon what that kind needs."""

from __future__ import annotations

from dataclasses import dataclass

from lab.errors import RequestError

KINDS = {
    "oracle": "the organism's grammar: exact, for the organism's answers alone",
    "bandit": "Bandit on the Python in an answer",
    "self": "the frozen copy under a question: self, or self:QUESTION",
    "model": "another model, asked for 0 to 100: model:ID",
    "endpoint": "a model behind an OpenAI-compatible address: endpoint:URL#MODEL",
}
"""Every kind of judge, and how it is written."""
READS = {
    "oracle": frozenset(("everyday", "code")), "bandit": frozenset(("code",)), "self": frozenset(("everyday", "code")),
    "model": frozenset(("everyday",)), "endpoint": frozenset(("everyday",)),
}
"""What each kind can judge: a judge that gives numbers answers CODE about code, and Bandit knows nothing else."""
BLIND_TO_COHERENCE = frozenset(("self",))
"""Kinds that say nothing of coherence."""


@dataclass(frozen=True, kw_only=True)
class JudgeName:
    """A judge that is asked for."""

    kind: str
    """A key of KINDS."""
    rest: str
    """What stands behind the colon; empty for nothing."""

    @staticmethod
    def read(text: str) -> JudgeName:
        """Raises RequestError (field "judge") for an unknown kind, for one that lacks something, or has too much."""
        kind, _, rest = text.strip().partition(":")
        kind, rest = kind.strip().lower(), rest.strip()
        if kind not in KINDS:
            shown = kind if len(kind) <= 40 else f"{kind[:39]}…"
            raise RequestError(f"judge {shown!r} is not known: choose one of {', '.join(KINDS)}.", field="judge")
        if kind in ("model", "endpoint") and not rest:
            raise RequestError(f"judge {kind!r} needs more: write {KINDS[kind].rpartition(': ')[2]}.", field="judge")
        if kind in ("oracle", "bandit") and rest:
            raise RequestError(f"judge {kind!r} takes nothing after a colon: write {kind}.", field="judge")
        return JudgeName(kind=kind, rest=rest)
