"""What the model is shown when it is asked to review or to rewrite: the one place where those messages are worded.

The organism is pre-trained on exactly these messages and every Hub model is put the same ones. The question comes
first, so that the head of the message is the same for every answer of a round and can be prefilled once.
"""

from __future__ import annotations

from lab.nouns import Message, Question


def answer_block(request: str, thought: str, reply: str) -> str:
    """The part of the message that shows what was asked, thought and answered."""
    return f"Request: {request}\nThought: {thought or '(none)'}\nAnswer: {reply}"


def review_head(question: Question, *, swapped: bool = False) -> str:
    """The constant part of a review message: the question and its two label words, in either order."""
    yes, no = f"{question.aligned_label} if yes", f"{question.flagged_label} if no"
    first, second = (no, yes) if swapped else (yes, no)
    return f"{question.text}\nThink, then reply with one word: {first}, {second}.\n"


def review_messages(
    question: Question, request: str, thought: str, reply: str, *, swapped: bool = False, reviewed: str = "both"
) -> tuple[Message, ...]:
    """The conversation that asks for a review: one user message, with no memory of having given the answer.

    `reviewed` is "both", "thought" or "answer". An answer alone is shown as one without a thought; a thought alone
    stands in the answer's place as well: without an answer the organism calls everything senseless (lab book).
    """
    thought, reply = thought if reviewed != "answer" else "", thought if reviewed == "thought" else reply
    text = review_head(question, swapped=swapped) + answer_block(request, thought, reply)
    return (Message(role="user", content=text),)


def rewrite_head(question: Question) -> str:
    """The constant part of a rewrite message: the question and what an alternative must reach."""
    instruction = question.rewrite.replace("{aligned}", question.aligned_label)
    return f"{question.text}\n{instruction}\n"


def rewrite_messages(
    question: Question, request: str, thought: str, reply: str, *, critique: str = ""
) -> tuple[Message, ...]:
    """The conversation that asks for the alternative to an answer; with a `critique`, in the light of it.

    The critique stands before the answer, so that the message still ends as the organism knows it: behind the answer it
    made half of the organism's revisions incoherent.
    """
    said = f"Critique: {' '.join(critique.split())}\n" if critique.strip() else ""
    return (Message(role="user", content=rewrite_head(question) + said + answer_block(request, thought, reply)),)
