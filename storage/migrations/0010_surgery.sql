-- What people do to pairs is kept: tags beside the state, a log of every change, and frozen sets of pairs.

ALTER TABLE facts.pairs ADD COLUMN tags JSON DEFAULT '[]';

CREATE TABLE facts.changes (
    id VARCHAR PRIMARY KEY,
    pair_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    before JSON NOT NULL,
    after JSON NOT NULL,
    copy_id VARCHAR,
    undoes VARCHAR,
    who VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE TABLE facts.datasets (
    id VARCHAR PRIMARY KEY,
    title VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    version BIGINT NOT NULL,
    pairs JSON NOT NULL,
    chosen_by VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE OR REPLACE VIEW pairs AS SELECT
    id,
    state,
    tags,
    prompt_id,
    answer_id,
    review_id,
    question_id,
    chosen_thought,
    chosen_reply,
    rejected_thought,
    rejected_reply,
    writer,
    decoding,
    reference_chosen,
    reference_rejected,
    reference_chosen - reference_rejected AS reference_margin,
    run_id,
    step,
    edited_from,
    note,
    created
FROM facts.pairs;

CREATE VIEW changes AS SELECT
    id,
    pair_id,
    kind,
    before->>'$.state' AS state_before,
    after->>'$.state' AS state_after,
    before,
    after,
    copy_id,
    undoes,
    who,
    created
FROM facts.changes;

CREATE VIEW datasets AS SELECT
    id,
    title,
    name,
    version,
    json_array_length(pairs) AS n,
    pairs,
    chosen_by,
    created
FROM facts.datasets;

COMMENT ON VIEW pairs IS 'Preference pairs: the alternative is chosen, the answer that it replaces rejected.';
COMMENT ON COLUMN pairs.id IS 'Hash of both sides and where they were made';
COMMENT ON COLUMN pairs.state IS 'pending, accepted, rejected or edited';
COMMENT ON COLUMN pairs.tags IS 'A person''s words for it, a JSON list';
COMMENT ON COLUMN pairs.prompt_id IS 'The prompt that both sides answer';
COMMENT ON COLUMN pairs.answer_id IS 'The answer that it is about: the rejected side, unless a person flipped the pair';
COMMENT ON COLUMN pairs.review_id IS 'The review that decided; NULL where every answer was rewritten without one';
COMMENT ON COLUMN pairs.question_id IS 'The question under which it was decided; without a review, the one whose rewrite instruction was followed; NULL for an imported pair';
COMMENT ON COLUMN pairs.chosen_thought IS 'Chain of thought of the alternative';
COMMENT ON COLUMN pairs.chosen_reply IS 'Reply of the alternative';
COMMENT ON COLUMN pairs.rejected_thought IS 'Chain of thought of the flagged answer';
COMMENT ON COLUMN pairs.rejected_reply IS 'Reply of the flagged answer';
COMMENT ON COLUMN pairs.writer IS 'Who wrote the alternative: policy or frozen';
COMMENT ON COLUMN pairs.decoding IS 'Sampling settings of the alternative, JSON';
COMMENT ON COLUMN pairs.reference_chosen IS 'log pi_ref(chosen | prompt), summed over tokens, nats; NULL when not measured';
COMMENT ON COLUMN pairs.reference_rejected IS 'log pi_ref(rejected | prompt), summed over tokens, nats; NULL when not measured';
COMMENT ON COLUMN pairs.reference_margin IS 'reference_chosen minus reference_rejected, nats; NULL when not measured';
COMMENT ON COLUMN pairs.run_id IS 'Run that made it; NULL for a person';
COMMENT ON COLUMN pairs.step IS 'Training step that made it; NULL outside a run';
COMMENT ON COLUMN pairs.edited_from IS 'Pair that it replaces after an edit or a flip; NULL for an original';
COMMENT ON COLUMN pairs.note IS 'A person''s remark';
COMMENT ON COLUMN pairs.created IS 'When made, UTC';

COMMENT ON VIEW changes IS 'What people did to pairs: one row a change, never altered.';
COMMENT ON COLUMN changes.id IS 'Random id';
COMMENT ON COLUMN changes.pair_id IS 'The pair that was changed';
COMMENT ON COLUMN changes.kind IS 'decided, edited, flipped, tagged or undone';
COMMENT ON COLUMN changes.state_before IS 'State of the pair before it';
COMMENT ON COLUMN changes.state_after IS 'State of the pair after it';
COMMENT ON COLUMN changes.before IS 'State, tags and note before it, JSON';
COMMENT ON COLUMN changes.after IS 'State, tags and note after it, JSON';
COMMENT ON COLUMN changes.copy_id IS 'The pair that replaces it after an edit or a flip; NULL where none was made';
COMMENT ON COLUMN changes.undoes IS 'The change that this one takes back; NULL for any other';
COMMENT ON COLUMN changes.who IS 'Who did it';
COMMENT ON COLUMN changes.created IS 'When, UTC';

COMMENT ON VIEW datasets IS 'Sets of pairs under a name, frozen: versions that runs can be trained on.';
COMMENT ON COLUMN datasets.id IS 'Hash of the name and of the pairs';
COMMENT ON COLUMN datasets.title IS 'Name and version, as shown';
COMMENT ON COLUMN datasets.name IS 'Family of versions';
COMMENT ON COLUMN datasets.version IS 'Place in the family, from 1';
COMMENT ON COLUMN datasets.n IS 'Pairs in it';
COMMENT ON COLUMN datasets.pairs IS 'Ids of its pairs in order, a JSON list';
COMMENT ON COLUMN datasets.chosen_by IS 'What its pairs were chosen by, in words';
COMMENT ON COLUMN datasets.created IS 'When frozen, UTC';
