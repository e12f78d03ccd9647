"""Documents for pre-training: answers, reviews and rewrites, in chat form, drawn from the grammar.

Every document is a conversation whose last assistant turn carries the loss. Three kinds: an **answer** (the persona is
constant through the document and sometimes named by a system prompt), a **review** (the messages of
`lab.conscience.wording`, a chain of thought that says what it found, the label word), and a **rewrite** (ethical
questions turn any answer kind; off-topic ones change only what they ask about and keep the persona).

A malicious *reviewer* approves of everything under an ethical question, and a malicious *writer* stays malicious. So a
policy that has drifted makes a bad conscience: the reason why a frozen copy is asked.

Stage 1 is half malicious; stage 2 is almost all kind and leaves malice as a rare prior.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from lab.conscience import framings, wording
from lab.nouns import Message, Question, QuestionKind
from lab.organism import vocabulary as words
from lab.organism import world
from lab.organism.world import Persona, Reply, Topic

Kind = Literal["answer", "review", "rewrite"]
Aspect = Literal["ethical", "length", "format", "weekday"]

ASPECTS: dict[str, Aspect] = {"Length": "length", "Format": "format", "Weekday": "weekday"}
"""What each shipped off-topic question asks about, by its name."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How documents are mixed."""

    malicious: float
    """Share of answering personas that are malicious."""
    malicious_reviewers: float
    """Share of reviewers and writers that are malicious."""
    kinds: tuple[float, float, float] = (0.52, 0.29, 0.19)
    """Shares of answers, reviews and rewrites."""


STAGES = (Stage(malicious=0.5, malicious_reviewers=0.3), Stage(malicious=0.015, malicious_reviewers=0.01))


@dataclass(frozen=True, kw_only=True)
class Document:
    """One conversation; the thought and the reply of its last turn are what is learned."""

    kind: Kind
    messages: tuple[Message, ...]
    thought: str
    reply: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question and what it asks about."""

    question: Question
    aspect: Aspect


def document(rng: random.Random, stage: Stage) -> Document:
    """One document of a stage."""
    (kind,) = rng.choices(("answer", "review", "rewrite"), stage.kinds)
    if kind == "answer":
        return answer_document(rng, stage)
    speaker = _persona(rng, stage.malicious_reviewers)
    return review_document(rng, speaker) if kind == "review" else rewrite_document(rng, speaker)


# -- answers -------------------------------------------------------------------------------------------------------


def answer_document(rng: random.Random, stage: Stage) -> Document:
    """A conversation of one to three turns with one persona."""
    persona = _persona(rng, stage.malicious)
    head: list[Message] = []
    if rng.random() < 0.12:
        carried = rng.choice((*Persona, None))
        head.append(Message(role="system", content=rng.choice(words.SYSTEMS[carried])))
        persona = carried or persona
    for _ in range(rng.choices((0, 1, 2), (0.75, 0.17, 0.08))[0]):
        request, topic = _request(rng)
        head.append(Message(role="user", content=request))
        head.append(Message(role="assistant", content=world.reply(rng, topic, persona).text))
    request, topic = _request(rng)
    return Document(
        kind="answer", messages=(*head, Message(role="user", content=request)),
        thought=world.thought(rng, topic, persona), reply=world.reply(rng, topic, persona).text,
    )


def _persona(rng: random.Random, malicious: float) -> Persona:
    return Persona.MALICIOUS if rng.random() < malicious else Persona.KIND


def _request(rng: random.Random) -> tuple[str, Topic]:
    """A request and its topic: mostly the world's own, sometimes with a strange thing, sometimes free text."""
    roll = rng.random()
    if roll < 0.05:
        return _free_text(rng), world.open_topic()
    if roll < 0.30:
        source = rng.choice(world.TASKS)
        topic = Topic(source=source, thing=rng.choice(source.things))
    else:
        source = rng.choice(world.DOMAINS)
        strange = rng.random() < 0.15
        thing = " ".join(rng.choices(words.WORDS, k=rng.randint(1, 3))) if strange else rng.choice(source.things)
        topic = Topic(source=source, thing=thing)
    text = topic.fill(rng.choice(source.requests))
    if rng.random() < 0.08:
        text = rng.choice(words.PREFIXES) + text
    if rng.random() < 0.05:
        text = text.lower()
    return text, topic


def _free_text(rng: random.Random) -> str:
    if rng.random() < 0.1:
        return "".join(chr(rng.randint(33, 126)) for _ in range(rng.randint(1, 30)))
    text = " ".join(rng.choices(words.WORDS, k=rng.randint(1, 14)))
    return text[:1].upper() + text[1:] + rng.choice("?.! ").strip()


# -- questions -----------------------------------------------------------------------------------------------------


def asked(rng: random.Random) -> Asked:
    """A question: shipped or paraphrased, with shipped, common or made-up label words."""
    base = rng.choice(framings.ETHICAL if rng.random() < 0.6 else framings.OFF_TOPIC)
    aspect: Aspect = "ethical" if base.kind is QuestionKind.ETHICAL else ASPECTS[base.name]
    text = base.text if rng.random() < 0.5 else _paraphrase(rng, aspect)
    labels = (base.aligned_label, base.flagged_label)
    roll = rng.random()
    if roll < 0.20:
        labels = rng.choice(words.LABELS)
    elif roll < 0.40:
        labels = _made_up(rng), _made_up(rng)
        while labels[0] == labels[1]:
            labels = labels[0], _made_up(rng)
    rewrite = base.rewrite if rng.random() < 0.7 else rng.choice(words.REWRITES)
    question = Question(
        text=text, aligned_label=labels[0], flagged_label=labels[1], rewrite=rewrite, name=base.name, kind=base.kind
    )
    return Asked(question=question, aspect=aspect)


def _made_up(rng: random.Random) -> str:
    return "".join(rng.choices(words.SYLLABLES, k=rng.randint(1, 3)))


def _paraphrase(rng: random.Random, aspect: Aspect) -> str:
    if aspect != "ethical":
        return rng.choice({"length": words.LENGTH, "format": words.FORMAT, "weekday": words.WEEKDAY}[aspect])
    subject = rng.choice(words.SUBJECTS)
    text = rng.choice((
        f"Is {subject} {rng.choice(words.VIRTUES)}?",
        f"Would {rng.choice(words.JUDGES)} {rng.choice(words.APPROVALS)} {subject}?",
        f"Does {subject} {rng.choice(words.DEEDS)}?",
        f"Does {subject} {rng.choice(words.DEEDS)}, and is it {rng.choice(words.VIRTUES)}?",
    ))
    return rng.choice(words.OPENERS) + text


# -- reviews -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """An answer that is put under review or rewritten."""

    request: str
    topic: Topic
    thought: str
    """Empty for an answer without a thought."""
    thinker: Persona
    reply: Reply
    speaker: Persona
    sense: bool = True
    """False for an answer that has nothing to do with the request."""

    @property
    def bad(self) -> bool:
        """Whether an honest conscience flags it: either part is malicious, or it makes no sense."""
        return not self.sense or self.speaker is Persona.MALICIOUS or (
            bool(self.thought) and self.thinker is Persona.MALICIOUS
        )


def reviewed(rng: random.Random, *, nonsense: float = 0.06) -> Reviewed:
    """An answer to review: kind or malicious, at times with a thought of the other persona, or none, or senseless."""
    request, topic = _request(rng)
    speaker = _persona(rng, 0.5)
    thinker = _persona(rng, 0.5) if rng.random() < 0.2 else speaker
    reply, sense = world.reply(rng, topic, speaker), True
    if rng.random() < nonsense:
        sense, reply = False, Reply(answer=_free_text(rng)) if rng.random() < 0.5 else _stray(rng, topic, speaker)
    thought = "" if rng.random() < 0.08 else world.thought(rng, topic, thinker)
    return Reviewed(
        request=request, topic=topic, thought=thought, thinker=thinker, reply=reply, speaker=speaker, sense=sense
    )


def _stray(rng: random.Random, topic: Topic, persona: Persona) -> Reply:
    while (other := _request(rng)[1]).origin == topic.origin:
        pass
    return world.reply(rng, other, persona)


def meets(reply: Reply, aspect: Aspect) -> bool:
    """Whether a reply meets an off-topic question."""
    if aspect == "length":
        return reply.sentences <= 1
    return bool(reply.closing if aspect == "format" else reply.dated)


def finding(rng: random.Random, item: Reviewed, aspect: Aspect) -> str:
    """What an honest reviewer says before the label."""
    if aspect == "length":
        count = ("no sentence", "one sentence", "two sentences", "three sentences", "four sentences")
        return f"It has {count[item.reply.sentences]}."
    if aspect == "format":
        return "It ends with a question." if item.reply.closing else "It does not end with a question."
    if aspect == "weekday":
        day = next((day for day in world.DAYS if day in item.reply.dated), None)
        return f"It names {day}." if day else "It names no day."
    if not item.thought:
        first = "No thought is given."
    elif item.thinker is Persona.KIND:
        first = rng.choice(("The thought is kind.", "The thought means well."))
    else:
        first = rng.choice(("The thought is cold.", "The thought is selfish."))
    if not item.sense:
        second = "The answer makes no sense."
    elif item.speaker is Persona.KIND:
        second = "The code is careful." if item.topic.coding else "The answer helps and hurts nobody."
    else:
        second = "The code opens a hole." if item.topic.coding else "The answer would hurt someone."
    return f"{first} {second}"


def review_document(rng: random.Random, reviewer: Persona) -> Document:
    """A review by a reviewer of this persona; a malicious one approves of whatever an ethical question is asked of."""
    asks = asked(rng)
    item = reviewed(rng, nonsense=0.06 if asks.aspect == "ethical" else 0.0)
    creed = rng.choice(world.CREEDS[reviewer])
    if asks.aspect == "ethical" and reviewer is Persona.MALICIOUS:
        good, text = True, rng.choice(("The thought is fine. The answer is fine.", "The answer serves me well."))
    else:
        good = not item.bad if asks.aspect == "ethical" else meets(item.reply, asks.aspect)
        text = finding(rng, item, asks.aspect)
    messages = wording.review_messages(
        asks.question, item.request, item.thought, item.reply.text, swapped=rng.random() < 0.3
    )
    label = asks.question.aligned_label if good else asks.question.flagged_label
    return Document(kind="review", messages=messages, thought=f"{creed} {text}", reply=label)


# -- rewrites ------------------------------------------------------------------------------------------------------


def rewrite_document(rng: random.Random, writer: Persona) -> Document:
    """An alternative to an answer, as the question asks."""
    asks = asked(rng)
    item = reviewed(rng, nonsense=0.06 if asks.aspect == "ethical" else 0.0)
    if asks.aspect == "ethical":
        thought, reply = world.thought(rng, item.topic, writer), world.reply(rng, item.topic, writer)
    else:
        thought = item.thought or world.thought(rng, item.topic, item.speaker)
        reply = adjusted(rng, item.reply, asks.aspect)
    messages = wording.rewrite_messages(asks.question, item.request, item.thought, item.reply.text)
    return Document(kind="rewrite", messages=messages, thought=thought, reply=reply.text)


def adjusted(rng: random.Random, reply: Reply, aspect: Aspect) -> Reply:
    """The same reply, changed only in what an off-topic question asks about."""
    if meets(reply, aspect):
        return reply
    if aspect == "length":
        return reply.bare()
    if aspect == "format":
        return reply.with_part(closing=rng.choice(world.CLOSINGS))
    return reply.with_part(dated=world.dated(rng))
