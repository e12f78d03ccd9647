"""What all tests share: property tests draw the same examples every time, no clock decides about them, and test
processes that run side by side take one thread each."""

from __future__ import annotations

import os

from hypothesis import settings

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything imports torch

settings.register_profile("lab", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("lab")
