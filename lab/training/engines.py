"""Who makes the steps of a run: the one place that turns a row of the table of arms into a sitting."""

from __future__ import annotations

from typing import Any

from lab.nouns import Run
from lab.training.methods import method
from lab.training.sitting import Sitting


def make_sitting(run: Run, *inputs: Any, **settings: Any) -> Sitting:
    """The sitting of a run by its method's engine; arguments as of `Sitting`. TRL is imported only where it steps."""
    if method(run.spec.method).engine == "trl":
        from lab.training.preferences import PairTrainer

        return PairTrainer(run, *inputs, **settings)
    from lab.training.loop import Trainer

    return Trainer(run, *inputs, **settings)
