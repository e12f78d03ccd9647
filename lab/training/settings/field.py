"""How a setting is shown and what it may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Field:
    """How a setting is shown and what it may be."""

    label: str
    """Its name in plain words, with its symbol where it has one."""
    help: str
    """What it does, in one sentence."""
    why: str
    """Why its default is what it is."""
    minimum: float | None = None
    """Smallest value allowed; None for what is no number."""
    maximum: float | None = None
    """Largest value allowed; None for what is no number."""
    choices: tuple[str, ...] | None = None
    """The values allowed; None where any text or any number in the range will do."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Settings that belong together, and fold together on the page."""

    title: str
    """As shown."""
    fields: dict[str, Field]
    """By their names in RunSpec, in its order."""


def number(label: str, minimum: float, maximum: float, help: str, why: str) -> Field:
    """A number from `minimum` to `maximum`; whole where RunSpec says int."""
    return Field(label=label, help=help, why=why, minimum=minimum, maximum=maximum)


def choice(label: str, choices: tuple[str, ...], help: str, why: str) -> Field:
    """One of a few words."""
    return Field(label=label, help=help, why=why, choices=choices)


def text(label: str, help: str, why: str) -> Field:
    """Any text; yes or no where RunSpec says bool."""
    return Field(label=label, help=help, why=why)
