"""Conscience Lab: an interactive research lab for Emergent Alignment (arXiv 2606.19527)."""

__version__ = "0.1.0"
