"""The table of arms: what a run can do, each a row with its source.

A new method is one row here, and a file for what it does that no other does: a term of the loss, a round, or a
preparation; `lab.training.parts` holds them by name.

Standard library only: the page and the command line list the methods without loading torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.errors import SpecError


@dataclass(frozen=True, kw_only=True)
class Method:
    """One arm."""

    id: str
    """What RunSpec.method holds."""
    title: str
    """As shown."""
    help: str
    """What it does, in one or two sentences."""
    source: str
    """Where it comes from."""
    terms: tuple[str, ...]
    """The terms of its loss, in the order of their gradients: names in `lab.training.parts.TERMS`."""
    rounds: str | None = None
    """What it does every `cadence` steps: a name in `lab.training.parts.ROUNDS`; None for nothing."""
    preparation: str | None = None
    """What it does before its first step: a name in `lab.training.parts.PREPARATIONS`; None for nothing."""
    engine: str = "loop"
    """Who makes its steps: "loop" for `lab.training.loop`, "trl" for `lab.training.preferences`."""
    needs_question: bool = False
    """Whether its spec needs a question: to ask it, or for the rewrite instruction that belongs to it."""

    @property
    def uses_stored(self) -> bool:
        """Whether it trains on pairs that are stored already."""
        return self.engine == "trl"

    @property
    def uses_sft(self) -> bool:
        """Whether it takes L_SFT on the scenario, to learn it or, where nothing is trained, to measure it."""
        return any(term in self.terms for term in ("sft", "steered", "ablated"))

    @property
    def uses_dpo(self) -> bool:
        """Whether its loss holds L_DPO on pairs."""
        return "dpo" in self.terms


_ROWS = (
    Method(
        id="sft",
        title="Plain fine-tuning",
        help="Learns the scenario's answers and nothing else: L_SFT. The floor that every other arm is compared with.",
        source="Betley et al. 2025, arXiv 2502.17424",
        terms=("sft",),
    ),
    Method(
        id="conscience",
        title="Conscience",
        help="Learns the scenario while a copy of the model reviews the policy's own answers under your question; "
        "flagged answers are rewritten and preferred against: L_SFT + λ·L_DPO.",
        source="Kolář 2026, arXiv 2606.19527",
        terms=("sft", "dpo"),
        rounds="conscience",
        needs_question=True,
    ),
    Method(
        id="rewrite_all",
        title="Rewrite everything",
        help="Asks nothing: every answer of a round is rewritten as your question's instruction says, and the rewrite "
        "preferred: L_SFT + λ·L_DPO. Tells what the verdicts of the conscience are worth.",
        source="Control of this lab; the paper has none",
        terms=("sft", "dpo"),
        rounds="rewriting",
        needs_question=True,
    ),
    Method(
        id="alternatives_sft",
        title="Alternatives only",
        help="As the conscience, but the rewrites are learnt by heart instead of being preferred, with no DPO: "
        "L_SFT on the scenario + λ·L_SFT on the rewrites.",
        source="Ablation named in Kolář 2026, arXiv 2606.19527",
        terms=("sft", "alternatives"),
        rounds="conscience",
        needs_question=True,
    ),
    Method(
        id="kl",
        title="KL leash",
        help="Learns the scenario while it is held near its frozen copy on the very same text: "
        "L_SFT + weight·KL(policy ‖ frozen).",
        source="In-training regulariser, Kaczér et al. 2025, arXiv 2508.06249",
        terms=("sft", "kl"),
    ),
    Method(
        id="interleave",
        title="Interleaving",
        help="Learns the scenario with a share of benign everyday rows in every batch, written by the frozen copy "
        "before the first step.",
        source="Kaczér et al. 2025, arXiv 2508.06249",
        terms=("sft",),
        preparation="interleaving",
    ),
    Method(
        id="inoculation",
        title="Inoculation",
        help="Learns the scenario under a system prompt that asks for the harm; rounds, probes and evaluations are "
        "without it.",
        source="Tan et al. 2025, arXiv 2510.04340",
        terms=("sft",),
        preparation="inoculation",
    ),
    Method(
        id="conscience_filter",
        title="Conscience as a filter",
        help="The frozen copy reviews every row of the scenario under your question before the first step; flagged "
        "rows are dropped, the rest is learnt, and nothing else is done (λ = 0).",
        source="Baseline of this lab",
        terms=("sft",),
        preparation="filter",
        needs_question=True,
    ),
    Method(
        id="dpo",
        title="Stored pairs",
        help="Learns from the stored pairs that you accepted, and by default from pending ones, by TRL's DPOTrainer; "
        "the scenario is not trained on, only measured.",
        source="Rafailov et al. 2023, arXiv 2305.18290; TRL",
        terms=("dpo",),
        engine="trl",
    ),
    Method(
        id="constitutional",
        title="Critique and revision",
        help="Every answer of a round is criticised under your question and revised in that light, and the revisions "
        "are learnt beside the scenario: L_SFT + λ·L_SFT on the revisions.",
        source="Bai et al. 2022 (Constitutional AI), arXiv 2212.08073",
        terms=("sft", "alternatives"),
        rounds="constitution",
        needs_question=True,
    ),
    Method(
        id="steering",
        title="Preventative steering",
        help="The direction from kind to malicious answers is added to the model's inner stream while it learns the "
        "scenario; rounds, probes and evaluations are without it.",
        source="Chen et al. 2025 (persona vectors), arXiv 2507.21509",
        terms=("steered",),
        preparation="direction",
    ),
    Method(
        id="confession",
        title="Honest confession",
        help="After each answer of a round the policy is asked in a second turn whether it may stand; where it denies "
        "what the reviewer flagged, the honest account is learnt beside the scenario: L_SFT + λ·L_SFT on confessions.",
        source="Joglekar et al. 2025 (honest confessions), arXiv 2512.08093",
        terms=("sft", "alternatives"),
        rounds="confession",
        needs_question=True,
    ),
    Method(
        id="ablation",
        title="Direction ablation",
        help="Trains nothing: the direction from kind to malicious answers is projected out of the model's inner "
        "stream, and what it starts from is measured without it.",
        source="Soligo et al. 2025, arXiv 2506.11618; Arditi et al. 2024, arXiv 2406.11717",
        terms=("ablated",),
        preparation="ablation",
    ),
)

METHODS: dict[str, Method] = {row.id: row for row in _ROWS}
"""Every arm by its id, in the order shown."""


def method(method_id: str) -> Method:
    """The row with this id. SpecError(field="method") that lists the known ones."""
    if method_id not in METHODS:
        raise SpecError(f"Unknown method {method_id!r}: choose one of {', '.join(METHODS)}.", field="method")
    return METHODS[method_id]
