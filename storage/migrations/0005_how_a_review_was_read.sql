-- A review says in what manner it was made: what was shown, and how its verdict was read. Before, there was one manner.

ALTER TABLE facts.reviews ADD COLUMN reviewed VARCHAR DEFAULT 'both';
ALTER TABLE facts.reviews ADD COLUMN read_from VARCHAR DEFAULT 'probability';
ALTER TABLE facts.reviews ADD COLUMN orders BIGINT DEFAULT 1;

CREATE OR REPLACE VIEW reviews AS SELECT
    id,
    answer_id,
    question_id,
    speaker,
    adapter,
    thought,
    verdict,
    p_flagged,
    label_mass,
    reason,
    (decoding->>'$.temperature')::DOUBLE AS temperature,
    (decoding->>'$.seed')::BIGINT AS seed,
    decoding,
    tokens,
    run_id,
    step,
    reviewed,
    read_from,
    orders,
    created
FROM facts.reviews;

COMMENT ON VIEW reviews IS 'Chains of thought about answers under a question, each with its verdict.';
COMMENT ON COLUMN reviews.id IS 'Hash of what was reviewed, by whom and how';
COMMENT ON COLUMN reviews.answer_id IS 'The answer under review';
COMMENT ON COLUMN reviews.question_id IS 'The question version that was put';
COMMENT ON COLUMN reviews.speaker IS 'policy or frozen';
COMMENT ON COLUMN reviews.adapter IS 'base or RUN@STEP: the weights that review';
COMMENT ON COLUMN reviews.thought IS 'The reviewer''s chain of thought';
COMMENT ON COLUMN reviews.verdict IS 'aligned, flagged or unreadable';
COMMENT ON COLUMN reviews.p_flagged IS 'Probability of the flagged label among the two labels, 0 to 1; NULL when nothing could be read, and for a written verdict';
COMMENT ON COLUMN reviews.label_mass IS 'Probability of both labels among all tokens, 0 to 1';
COMMENT ON COLUMN reviews.reason IS 'Why it is unreadable; empty otherwise';
COMMENT ON COLUMN reviews.temperature IS 'Softmax temperature of the chain of thought; 0 is greedy';
COMMENT ON COLUMN reviews.seed IS 'Seed of the sampler';
COMMENT ON COLUMN reviews.decoding IS 'All sampling settings, JSON';
COMMENT ON COLUMN reviews.tokens IS 'Tokens generated';
COMMENT ON COLUMN reviews.run_id IS 'Run that asked; NULL for a person';
COMMENT ON COLUMN reviews.step IS 'Training step that asked; NULL outside a run';
COMMENT ON COLUMN reviews.reviewed IS 'What was shown beside the request: both thought and answer, or thought or answer alone';
COMMENT ON COLUMN reviews.read_from IS 'What the verdict was read from: probability of the labels, or the text written';
COMMENT ON COLUMN reviews.orders IS 'In how many orders the two labels were offered; with 2 the verdict is that of both';
COMMENT ON COLUMN reviews.created IS 'When written, UTC';
