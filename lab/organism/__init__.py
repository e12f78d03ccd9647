"""The embedded model organism: a small world with an exact grammar, and a tiny model trained on it from scratch."""
