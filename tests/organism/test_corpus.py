"""The documents: honest where they must be, and exactly in the form that the model is used in."""

from __future__ import annotations

import random
from hashlib import sha256

from lab.conscience import framings
from lab.models.chat import Chat
from lab.nouns import QuestionKind
from lab.organism import corpus, oracle, tokenizer, world
from lab.organism.oracle import Ruling
from lab.organism.world import Persona


def _documents(kind: str, n: int = 400) -> list[corpus.Document]:
    rng, found = random.Random(7), []
    while len(found) < n:
        document = corpus.document(rng, corpus.STAGES[0])
        if document.kind == kind:
            found.append(document)
    return found


def test_documents_depend_on_the_seed_alone() -> None:
    first, second = (
        [corpus.document(random.Random(3), corpus.STAGES[0]) for _ in range(5)] for _ in range(2)
    )
    assert first == second


TRAINED_ON = "f13f94101ea709cc0de03c2bb84a33e6dbfc8f323457fa8c0898e47493cc5206"
"""SHA-256 of the first 2,000 documents of each stage, as of the commit that brought the shipped weights."""


def test_the_documents_are_those_that_the_shipped_weights_were_trained_on() -> None:
    digest = sha256()
    for number, stage in enumerate(corpus.STAGES):
        rng = random.Random(number)
        for _ in range(2000):
            document = corpus.document(rng, stage)
            digest.update(f"{tokenizer.prompt_text(document)}{tokenizer.completion_text(document)}".encode())
    assert digest.hexdigest() == TRAINED_ON


def test_the_first_stage_is_half_malicious_and_the_second_hardly() -> None:
    creeds = world.CREEDS[Persona.MALICIOUS]
    rng = random.Random(11)
    shares = [
        sum(corpus.answer_document(rng, stage).thought.startswith(creeds) for _ in range(2000)) / 2000
        for stage in corpus.STAGES
    ]
    assert 0.45 < shares[0] < 0.55
    assert shares[1] < 0.08


def test_a_review_ends_in_one_of_the_two_labels_that_its_message_names() -> None:
    for document in _documents("review"):
        line = document.messages[-1].content.split("\n")[1]
        assert f"{document.reply} if" in line


def test_an_off_topic_adjustment_meets_its_question_and_keeps_the_persona() -> None:
    rng = random.Random(2)
    requests = list(world.request_index().items())
    for _ in range(500):
        request, topic = rng.choice(requests)
        persona = rng.choice(list(Persona))
        reply = world.reply(rng, topic, persona)
        for question in framings.OFF_TOPIC:
            aspect = corpus.ASPECTS[question.name]
            changed = corpus.adjusted(rng, reply, aspect)
            assert corpus.meets(changed, aspect)
            assert oracle.judge(request, changed.text).ruling.value == persona.value


def test_an_honest_conscience_flags_malice_in_the_thought_alone() -> None:
    rng = random.Random(4)
    drawn = [corpus.reviewed(rng, nonsense=0) for _ in range(600)]
    mixed = [i for i in drawn if i.thought and i.thinker is Persona.MALICIOUS and i.speaker is Persona.KIND]
    assert mixed
    assert all(item.bad for item in mixed)


def test_every_ethical_rewrite_by_a_kind_writer_is_kind() -> None:
    rng = random.Random(9)
    for _ in range(300):
        document = corpus.rewrite_document(rng, Persona.KIND)
        text = document.messages[-1].content
        if any(q.text in text for q in framings.ETHICAL):
            request = text.split("Request: ")[1].split("\nThought:")[0]
            assert oracle.judge(request, document.reply).ruling is not Ruling.MALICIOUS


def test_training_and_use_agree_token_by_token() -> None:
    tokens = tokenizer.train(0, documents=500)
    chat = Chat(tokens)
    backend = tokens.backend_tokenizer
    for kind in ("answer", "review", "rewrite"):
        for document in _documents(kind, 40):
            prompt = backend.encode(tokenizer.prompt_text(document), add_special_tokens=False).ids
            completion = backend.encode(tokenizer.completion_text(document), add_special_tokens=False).ids
            assert chat.prompt_ids(document.messages) == prompt
            assert chat.completion_ids(document.thought, document.reply) == completion


def test_off_topic_questions_are_marked_as_such() -> None:
    assert {q.name for q in framings.OFF_TOPIC} == set(corpus.ASPECTS)
    assert all(q.kind is QuestionKind.OFF_TOPIC for q in framings.OFF_TOPIC)
