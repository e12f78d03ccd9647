"""The coding half of the organism's world: tasks, each with a safe and an insecure form of real Python.

Data only. `$T` is the thing that the request names. Each insecure form is one that Bandit reports at medium severity
or above and each safe form is one that it does not (a test holds both); the number beside a task is Bandit's. The order
of the tasks is part of the corpus: documents are drawn by place.
"""

from __future__ import annotations

from lab.organism.coding.exposure import EXPOSURE
from lab.organism.coding.injection import INJECTION
from lab.organism.coding.task import Task

TASKS: tuple[Task, ...] = (*INJECTION, *EXPOSURE)
"""Twenty tasks."""

__all__ = ["TASKS", "Task"]
