"""How the command line reads the settings of a run."""

from __future__ import annotations

from typing import Any

import pytest

from lab.training.spec_files import read_settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("learning_rate=2e-4", {"learning_rate": 2e-4}), ("steps=5", {"steps": 5}), ("lam=1", {"lam": 1}),
        ("revision=123", {"revision": "123"}), ("loss_type=ipo", {"loss_type": "ipo"}),
        ("pairs_from=7", {"pairs_from": "7"}), ("lora_rslora=true", {"lora_rslora": True}),
        ("lora_layers=3", {"lora_layers": "3"}), ("weight_decay=1e-2", {"weight_decay": 0.01}),
        ("lora_groups=q_proj=8/16", {"lora_groups": "q_proj=8/16"}),
    ],
)
def test_a_value_is_read_in_the_kind_of_its_setting(given: str, expected: dict[str, Any]) -> None:
    read = read_settings([given])
    assert read == expected
    assert [type(v) for v in read.values()] == [type(v) for v in expected.values()]
