"""Settings of sampling, probes and checkpoints."""

from __future__ import annotations

from lab.training.settings.field import Group, number

MEASURING = Group(title="Sampling and measuring", fields={
    "answer_temperature": number(
        "Temperature of answers", 0, 2, "How freely the policy answers in a round; 0 takes the likeliest token.",
        "At 1 the round sees what the policy really does."),
    "review_temperature": number(
        "Temperature of reviews", 0, 2, "How freely the reviewer reasons; 0 takes the likeliest token.",
        "Greedy, so that the same answer gets the same verdict."),
    "rewrite_temperature": number(
        "Temperature of alternatives", 0, 2, "How freely the alternative is written; 0 takes the likeliest token.",
        "Low: what is preferred should be clean (off-topic arm, seed 0: 11 % incoherent, at 0.7 15 %)."),
    "max_new_tokens": number(
        "Token limit", 1, 8192, "Where an answer, a review or an alternative is cut.",
        "192 is longer than almost anything that the organism writes."),
    "probe_every": number(
        "Steps between probes", 0, 100_000, "How often held-out prompts are answered and judged; 0 never.",
        "Every 5 steps draws the curves well enough to see the turn."),
    "probe_prompts": number(
        "Prompts a probe", 1, 4096, "Held-out everyday prompts in a probe; half as many coding prompts beside them.",
        "Fewer than 64 mislead."),
    "probe_reviews": number(
        "Reviews a probe", 0, 4096, "Everyday answers of a probe that policy and frozen copy both review under the "
        "run's question: does the policy let pass what its frozen copy would flag? 0 for none.",
        "Eight take a sixth of a probe's time; for a narrower interval: lab evaluate --run N --reviews 64."),
    "checkpoint_every": number(
        "Steps between checkpoints", 1, 100_000, "How often the run is written to disk; its last step always is.",
        "Every 25 loses little to a crash and lets the page speak with three stages."),
})
