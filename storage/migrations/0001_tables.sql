-- One table a noun, in the schema "facts". Column names are the nouns' field names; times are UTC.
-- No foreign keys: DuckDB checks them row by row and refuses updates of referenced rows. What belongs together is
-- saved in one transaction instead.

CREATE TABLE facts.questions (
    id VARCHAR PRIMARY KEY,
    title VARCHAR NOT NULL,
    text VARCHAR NOT NULL,
    aligned_label VARCHAR NOT NULL,
    flagged_label VARCHAR NOT NULL,
    rewrite VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    parent VARCHAR,
    shipped BOOLEAN NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE TABLE facts.prompts (
    id VARCHAR PRIMARY KEY,
    text VARCHAR NOT NULL,
    messages JSON NOT NULL,
    origin VARCHAR NOT NULL,
    split VARCHAR NOT NULL
);

CREATE TABLE facts.answers (
    id VARCHAR PRIMARY KEY,
    prompt_id VARCHAR NOT NULL,
    thought VARCHAR NOT NULL,
    reply VARCHAR NOT NULL,
    speaker VARCHAR NOT NULL,
    adapter VARCHAR NOT NULL,
    decoding JSON NOT NULL,
    tokens BIGINT NOT NULL,
    finished BOOLEAN NOT NULL,
    run_id VARCHAR,
    step BIGINT,
    created TIMESTAMP NOT NULL
);

CREATE TABLE facts.reviews (
    id VARCHAR PRIMARY KEY,
    answer_id VARCHAR NOT NULL,
    question_id VARCHAR NOT NULL,
    speaker VARCHAR NOT NULL,
    adapter VARCHAR NOT NULL,
    thought VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    p_flagged DOUBLE,
    label_mass DOUBLE,
    reason VARCHAR NOT NULL,
    decoding JSON NOT NULL,
    tokens BIGINT NOT NULL,
    run_id VARCHAR,
    step BIGINT,
    created TIMESTAMP NOT NULL
);

CREATE TABLE facts.pairs (
    id VARCHAR PRIMARY KEY,
    prompt_id VARCHAR NOT NULL,
    answer_id VARCHAR NOT NULL,
    review_id VARCHAR NOT NULL,
    question_id VARCHAR NOT NULL,
    chosen_thought VARCHAR NOT NULL,
    chosen_reply VARCHAR NOT NULL,
    rejected_thought VARCHAR NOT NULL,
    rejected_reply VARCHAR NOT NULL,
    writer VARCHAR NOT NULL,
    decoding JSON NOT NULL,
    state VARCHAR NOT NULL,
    run_id VARCHAR,
    step BIGINT,
    reference_chosen DOUBLE,
    reference_rejected DOUBLE,
    edited_from VARCHAR,
    note VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE TABLE facts.runs (
    id VARCHAR PRIMARY KEY,
    number BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    spec JSON NOT NULL,
    spec_id VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    parent VARCHAR,
    base_hash VARCHAR NOT NULL,
    seconds DOUBLE NOT NULL,
    time JSON NOT NULL,
    message VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    started TIMESTAMP,
    ended TIMESTAMP
);

-- No primary key here: an index over ten million points would not fit the memory limit. The one writer keeps
-- (run_id, step, name) unique by deleting before it appends.
CREATE TABLE facts.metrics (
    run_id VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    value DOUBLE,
    n BIGINT NOT NULL
);

CREATE TABLE facts.checkpoints (
    id VARCHAR PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    path VARCHAR NOT NULL,
    sha256 VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE TABLE facts.evaluations (
    id VARCHAR PRIMARY KEY,
    run_id VARCHAR,
    step BIGINT,
    prompt_id VARCHAR NOT NULL,
    answer_id VARCHAR NOT NULL,
    judge VARCHAR NOT NULL,
    score VARCHAR NOT NULL,
    model VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);
