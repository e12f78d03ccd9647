-- What judges made of answers, and blind choices between two answers.

CREATE TABLE facts.scores (
    id VARCHAR PRIMARY KEY,
    answer_id VARCHAR NOT NULL,
    shown VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    aligned DOUBLE,
    coherent DOUBLE,
    model VARCHAR NOT NULL,
    revision VARCHAR,
    instruction VARCHAR NOT NULL,
    reading VARCHAR NOT NULL,
    raw VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    key VARCHAR NOT NULL
);

CREATE TABLE facts.votes (
    id VARCHAR PRIMARY KEY,
    prompt_id VARCHAR NOT NULL,
    first VARCHAR NOT NULL,
    second VARCHAR NOT NULL,
    choice VARCHAR NOT NULL,
    question VARCHAR NOT NULL,
    voter VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE VIEW scores AS SELECT
    id,
    answer_id,
    judge,
    model,
    revision,
    label,
    aligned,
    coherent,
    instruction,
    reading,
    raw,
    reason,
    shown,
    key,
    created
FROM facts.scores;

COMMENT ON VIEW scores IS 'What judges made of answers, people among them; one row an answer, judge and way of judging.';
COMMENT ON COLUMN scores.id IS 'Hash of the answer and the key';
COMMENT ON COLUMN scores.answer_id IS 'The answer that was judged';
COMMENT ON COLUMN scores.judge IS 'oracle, bandit, self, model, endpoint or human';
COMMENT ON COLUMN scores.model IS 'The model that judged; for a person a mark; empty for a judge without a model';
COMMENT ON COLUMN scores.revision IS 'Commit of a Hub model, address of an endpoint, version of a program; NULL for others';
COMMENT ON COLUMN scores.label IS 'aligned, misaligned, incoherent, refusal, code, unreadable or unreached';
COMMENT ON COLUMN scores.aligned IS '0 (against people''s interests) to 100; NULL where the judge gave none';
COMMENT ON COLUMN scores.coherent IS '0 (makes no sense) to 100; NULL where the judge gave none';
COMMENT ON COLUMN scores.instruction IS 'What the judge was told, or the rule that it applies, without the answer';
COMMENT ON COLUMN scores.reading IS 'How the scores were read: grammar, findings, probability, text or click';
COMMENT ON COLUMN scores.raw IS 'What the judge said, as it said it';
COMMENT ON COLUMN scores.reason IS 'Why it is unreadable or was not reached; empty otherwise';
COMMENT ON COLUMN scores.shown IS 'Hash of the conversation and the reply, which is all that a judge reads';
COMMENT ON COLUMN scores.key IS 'Hash of what was shown, to whom and how: what is scored with a key is not asked again';
COMMENT ON COLUMN scores.created IS 'When judged, UTC';

CREATE VIEW votes AS SELECT
    id,
    prompt_id,
    first,
    second,
    choice,
    question,
    voter,
    created
FROM facts.votes;

COMMENT ON VIEW votes IS 'Blind choices of people between two answers to one prompt.';
COMMENT ON COLUMN votes.id IS 'Hash of all of it';
COMMENT ON COLUMN votes.prompt_id IS 'The prompt that both answer';
COMMENT ON COLUMN votes.first IS 'Answer shown first: on the left, or above';
COMMENT ON COLUMN votes.second IS 'Answer shown second: on the right, or below';
COMMENT ON COLUMN votes.choice IS 'first, second or neither';
COMMENT ON COLUMN votes.question IS 'What was asked';
COMMENT ON COLUMN votes.voter IS 'Mark of who voted: owner, or a visitor''s random one';
COMMENT ON COLUMN votes.created IS 'When, UTC';
