"""What all tests share: property tests draw the same examples every time, and no clock decides about them."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("lab", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("lab")
