"""YAML as people write it: the one loader of specs, studies and question files.

Safe types only, and no key twice in a mapping: YAML forbids it, PyYAML silently takes the last, and a run would train
on other settings than its author reads. What is wrong is said with its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class YamlFault(ValueError):
    """Text that is no YAML, as one line that begins with where."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A YAML text that was read."""

    value: Any
    """What it holds: plain Python values."""
    lines: tuple[int, ...]
    """Of a list: the line at which each item begins, from 1. Empty for all else."""


def load(text: str) -> Document:
    """The one document of a text. Raises YamlFault for what is no YAML, nested too deeply, or has a key twice."""
    import yaml

    try:
        loader = yaml.SafeLoader(text)  # looks at the characters already
        tree = loader.get_single_node()
        if tree is None:
            return Document(value=None, lines=())
        _check_keys(tree, set())
        items = tree.value if isinstance(tree, yaml.SequenceNode) else ()
        return Document(value=loader.construct_document(tree), lines=tuple(n.start_mark.line + 1 for n in items))
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        said = str(problem or str(error).splitlines()[0])
        raise YamlFault(f"line {mark.line + 1}: {said}" if mark else said) from error
    except RecursionError as error:
        raise YamlFault("nested too deeply") from error
    except ValueError as error:  # a number or date that looks like one and is none, such as 2020-13-45
        raise YamlFault(str(error).splitlines()[0]) from error


def _check_keys(node: Any, seen: set[int]) -> None:
    """YamlFault for a key that a mapping has twice; a node that is referred to again is looked at once."""
    import yaml

    if isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item, seen)
        return
    first: dict[tuple[str, str], int] = {}
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            line, own = key.start_mark.line + 1, (key.tag, key.value)
            if own in first:
                raise YamlFault(
                    f"line {line}: the key {key.value[:80]!r} stands in line {first[own]} already: keep one")
            first[own] = line
        _check_keys(key, seen)
        _check_keys(value, seen)
