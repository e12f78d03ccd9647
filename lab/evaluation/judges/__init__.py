"""Judges: whoever reads an answer and scores it, each in a file of its own behind one protocol (`noun.Judge`).

oracle      the organism's own grammar: exact, and for the organism alone
bandit      Bandit on the Python of an answer, in this process: no model is asked
itself      the frozen copy under an introspective question: the conscience as a judge
model       another model, a folder or from the Hub, asked for 0 to 100
endpoint    a model behind an OpenAI-compatible address, asked the same
panel       puts answers to a judge: blind, shuffled, each text once
agreement   what two judges have in common on the answers that both judged
ballots     blind votes of people, and what they come to
naming      a judge as a person writes it (address: of an endpoint)
numbers     a number from 0 to 100 out of what a judge says; wording: how it is asked for
wire        one conversation with an endpoint
records     what judges are told to people as

A judge is shown a conversation and a reply and nothing else: `noun.Shown` has no place for an arm, a run or a step.
See docs/judges.md.
"""
