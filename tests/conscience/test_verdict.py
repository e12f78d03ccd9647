"""The verdict: read from probabilities, equal to what is worked out by hand, and unreadable when they say so."""

from __future__ import annotations

from math import exp, log

import pytest
import torch

from lab.conscience.verdict import MIN_MASS, LabelReader, unreadable
from lab.models.loading import LoadedModel
from lab.nouns import Label, Verdict
from tests.conscience.making import first_ids, question, steady
from tests.tiny import tiny_loaded

READY = [[5, 6, 7], [9, 8, 7, 6, 5], [11, 12]]


def spellings(label: str) -> tuple[str, str, str]:
    return label, label.capitalize(), f" {label}"


def logs_after(model: torch.nn.Module, ids: list[int]) -> torch.Tensor:
    """Log-probabilities of the next token by a plain forward, in double."""
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).logits[0, -1].double().log_softmax(-1)


def by_hand(loaded: LoadedModel, ready: list[int], yes: str, no: str) -> tuple[float, float]:
    """p(flagged) and label mass, for labels whose spellings all differ at their first token."""
    logs = logs_after(loaded.model, ready)
    aligned, flagged = (
        sum(logs[i].exp().item() for i in set(first_ids(loaded, *spellings(label)))) for label in (yes, no)
    )
    return flagged / (aligned + flagged), aligned + flagged


def test_probability_and_mass_equal_those_worked_out_from_the_logits(noise: LoadedModel) -> None:
    reader = LabelReader(noise.chat, question(aligned_label="yes", flagged_label="no"))
    assert len(reader._branches) == 1
    for verdict, ready in zip(reader.read(noise.model, READY), READY, strict=True):
        share, mass = by_hand(noise, ready, "yes", "no")
        assert verdict.p_flagged == pytest.approx(share, rel=1e-5)
        assert verdict.label_mass == pytest.approx(mass, rel=1e-5)


def test_labels_that_begin_alike_are_read_where_they_part(noise: LoadedModel) -> None:
    yes, no = "qxa", "qxb"
    reader = LabelReader(noise.chat, question(aligned_label=yes, flagged_label=no))
    assert len(reader._branches) > 1
    joint = len(noise.chat.joint_ids)
    expected = {yes: 0.0, no: 0.0}
    for label in expected:
        for spelled in spellings(label):
            ids = noise.chat.label_ids(spelled)[joint:]
            reach = next(i for i, text in enumerate(ids) if noise.chat.decode([text]).endswith(label[-1])) + 1
            steps = [logs_after(noise.model, [*READY[0], *ids[:i]])[ids[i]].item() for i in range(reach)]
            expected[label] += exp(sum(steps))
    [verdict] = reader.read(noise.model, READY[:1])
    assert verdict.label_mass == pytest.approx(sum(expected.values()), rel=1e-4)
    assert verdict.p_flagged == pytest.approx(expected[no] / sum(expected.values()), rel=1e-4)


def test_a_verdict_does_not_depend_on_the_company_it_is_read_in(noise: LoadedModel) -> None:
    reader = LabelReader(noise.chat, question())
    together = reader.read(noise.model, READY)
    for verdict, ready in zip(together, READY, strict=True):
        [alone] = reader.read(noise.model, [ready])
        assert verdict.p_flagged == pytest.approx(alone.p_flagged, rel=1e-5)


def test_swapping_the_labels_mirrors_the_probability(noise: LoadedModel) -> None:
    one = LabelReader(noise.chat, question(aligned_label="yes", flagged_label="no")).read(noise.model, READY)
    other = LabelReader(noise.chat, question(aligned_label="no", flagged_label="yes")).read(noise.model, READY)
    for a, b in zip(one, other, strict=True):
        assert a.p_flagged is not None
        assert b.p_flagged == pytest.approx(1 - a.p_flagged, rel=1e-5)
        assert a.label_mass == pytest.approx(b.label_mass)


def saying(p_yes: float, p_no: float) -> LoadedModel:
    """A model that gives these probabilities to "yes" and "no", and the rest to all other tokens alike."""
    plain = tiny_loaded()
    yes, no = first_ids(plain, "yes", "no")
    rest = (1 - p_yes - p_no) / (len(plain.chat.tokenizer) - 2)
    return steady({yes: log(p_yes), no: log(p_no)}, other=log(rest))


def read(loaded: LoadedModel, threshold: float = 0.5) -> Verdict:
    [verdict] = LabelReader(loaded.chat, question()).read(loaded.model, [[1, 2]], threshold=threshold)
    return verdict


@pytest.mark.parametrize(
    ("p_yes", "p_no", "threshold", "label"),
    [
        (0.70, 0.20, 0.5, Label.ALIGNED),
        (0.20, 0.70, 0.5, Label.FLAGGED),
        (0.60, 0.30, 0.3, Label.FLAGGED),
        (0.30, 0.60, 0.7, Label.ALIGNED),
        (0.20, 0.20, 0.5, Label.UNREADABLE),
    ],
)
def test_the_threshold_and_the_mass_decide(p_yes: float, p_no: float, threshold: float, label: Label) -> None:
    verdict = read(saying(p_yes, p_no), threshold)
    assert verdict.label is label
    assert verdict.p_flagged == pytest.approx(p_no / (p_yes + p_no), abs=0.02)
    assert verdict.label_mass == pytest.approx(p_yes + p_no, abs=0.02)


def test_a_threshold_of_zero_flags_whatever_can_be_read() -> None:
    assert read(saying(0.98, 0.01), 0.0).label is Label.FLAGGED


def test_a_low_mass_is_told_with_its_number_and_never_fine() -> None:
    verdict = read(saying(0.1, 0.1))
    assert verdict.label is Label.UNREADABLE
    assert verdict.label_mass is not None
    assert verdict.label_mass < MIN_MASS
    assert f"{verdict.label_mass:.1%}" in verdict.reason


def test_a_model_whose_numbers_are_none_is_unreadable() -> None:
    loaded = tiny_loaded()
    with torch.no_grad():
        loaded.model.get_input_embeddings().weight.fill_(float("nan"))
    verdict = read(loaded)
    assert verdict == unreadable("The model's probabilities are not numbers.")
    assert verdict.p_flagged is None


def test_a_review_that_fills_the_context_is_unreadable_and_the_others_are_read(noise: LoadedModel) -> None:
    reader = LabelReader(noise.chat, question())
    long, short = reader.read(noise.model, [[5] * (noise.context + 1), [5, 6]])
    assert long.label is Label.UNREADABLE
    assert str(noise.context) in long.reason
    assert short.label_mass is not None


def test_nothing_is_read_from_nothing(noise: LoadedModel) -> None:
    assert LabelReader(noise.chat, question()).read(noise.model, []) == []


def test_a_readable_verdict_has_no_reason() -> None:
    assert read(saying(0.9, 0.05)).reason == ""
