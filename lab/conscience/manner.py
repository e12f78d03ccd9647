"""How a question is put about an answer, and how the verdict is read: what the paper leaves open (arXiv 2606.19527).

Standard library only: the settings list these choices without loading torch.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab.nouns import RunSpec

REVIEWED = ("both", "thought", "answer")
"""What is shown to the reviewer beside the request: chain of thought and answer, or one of them."""
VERDICTS = ("probability", "text")
"""How a verdict is read: from the probabilities of the two label words, or from the text that the reviewer writes."""
OPTION_ORDERS = ("fixed", "averaged")
"""In which order the two label words are offered: as the question has them, or both ways, averaged."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """The manner of a review."""

    reviewed: str = "both"
    """One of REVIEWED."""
    verdict: str = "probability"
    """One of VERDICTS."""
    option_order: str = "fixed"
    """One of OPTION_ORDERS."""
    threshold: float = 0.5
    """Flagged at or above this probability of the flagged label; a text has none."""

    @staticmethod
    def of(spec: RunSpec) -> Manner:
        """The manner that a run's spec asks for."""
        return Manner(
            reviewed=spec.reviewed, verdict=spec.verdict, option_order=spec.option_order,
            threshold=spec.flag_threshold,
        )

    @property
    def orders(self) -> tuple[bool, ...]:
        """Whether the two labels are swapped, once for each time that the label is read; as they are comes first."""
        return (False, True) if self.option_order == "averaged" else (False,)


AS_SHIPPED = Manner()
"""Thought and answer, by probability, the labels as the question has them."""
