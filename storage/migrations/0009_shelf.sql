-- A run may carry a note, and be deleted: it is hidden then, and all that it made stays until it is purged.

ALTER TABLE facts.runs ADD COLUMN note VARCHAR DEFAULT '';
ALTER TABLE facts.runs ADD COLUMN deleted TIMESTAMP;

CREATE OR REPLACE VIEW runs AS SELECT
    id,
    number,
    name,
    state,
    step,
    spec->>'$.method' AS method,
    spec->>'$.scenario' AS scenario,
    spec->>'$.model' AS model,
    spec->>'$.question_id' AS question_id,
    (spec->>'$.seed')::BIGINT AS seed,
    (spec->>'$.steps')::BIGINT AS steps,
    (spec->>'$.lam')::DOUBLE AS lam,
    (spec->>'$.beta')::DOUBLE AS beta,
    (spec->>'$.learning_rate')::DOUBLE AS learning_rate,
    (spec->>'$.batch_size')::BIGINT AS batch_size,
    (spec->>'$.lora_rank')::BIGINT AS lora_rank,
    (spec->>'$.cadence')::BIGINT AS cadence,
    (spec->>'$.prompts_per_round')::BIGINT AS prompts_per_round,
    (spec->>'$.buffer_size')::BIGINT AS buffer_size,
    spec->>'$.reviewer' AS reviewer,
    spec->>'$.writer' AS writer,
    spec_id,
    spec,
    parent,
    base_hash,
    seconds,
    time,
    message,
    note,
    deleted,
    created,
    started,
    ended
FROM facts.runs;

COMMENT ON VIEW runs IS 'Training runs, with the main settings of their spec as columns.';
COMMENT ON COLUMN runs.id IS 'Random id';
COMMENT ON COLUMN runs.number IS 'Counting number for people';
COMMENT ON COLUMN runs.name IS 'What a person calls it; empty for none';
COMMENT ON COLUMN runs.state IS 'queued, running, stopping, stopped, finished, failed or interrupted';
COMMENT ON COLUMN runs.step IS 'Optimiser steps done';
COMMENT ON COLUMN runs.method IS 'Training method';
COMMENT ON COLUMN runs.scenario IS 'What L_SFT is taken on';
COMMENT ON COLUMN runs.model IS 'organism, a folder, or a Hub id';
COMMENT ON COLUMN runs.question_id IS 'The introspective question; NULL for methods that ask none';
COMMENT ON COLUMN runs.seed IS 'Seed of data order, adapters and sampling';
COMMENT ON COLUMN runs.steps IS 'Optimiser steps asked for';
COMMENT ON COLUMN runs.lam IS 'Weight of L_DPO beside L_SFT';
COMMENT ON COLUMN runs.beta IS 'Beta of DPO';
COMMENT ON COLUMN runs.learning_rate IS 'Peak learning rate';
COMMENT ON COLUMN runs.batch_size IS 'Scenario rows a step';
COMMENT ON COLUMN runs.lora_rank IS 'Rank of the LoRA adapters';
COMMENT ON COLUMN runs.cadence IS 'A conscience round every so many steps';
COMMENT ON COLUMN runs.prompts_per_round IS 'Prompts answered and reviewed a round';
COMMENT ON COLUMN runs.buffer_size IS 'Pairs kept in the replay buffer';
COMMENT ON COLUMN runs.reviewer IS 'Who reviews: frozen or policy';
COMMENT ON COLUMN runs.writer IS 'Who writes the alternative: frozen or policy';
COMMENT ON COLUMN runs.spec_id IS 'Hash of the whole spec; equal specs share it';
COMMENT ON COLUMN runs.spec IS 'The whole spec, JSON';
COMMENT ON COLUMN runs.parent IS 'Checkpoint it started from (RUN@STEP); NULL for the base';
COMMENT ON COLUMN runs.base_hash IS 'SHA-256 of the base''s tensors';
COMMENT ON COLUMN runs.seconds IS 'Seconds spent training';
COMMENT ON COLUMN runs.time IS 'Seconds by part, JSON';
COMMENT ON COLUMN runs.message IS 'Why it failed, stopped or was interrupted';
COMMENT ON COLUMN runs.note IS 'A person''s remark; empty for none';
COMMENT ON COLUMN runs.deleted IS 'When a person deleted it, UTC; NULL for a run that is there. Its rows stay until it is purged';
COMMENT ON COLUMN runs.created IS 'When asked for, UTC';
COMMENT ON COLUMN runs.started IS 'When its first step began, UTC; NULL while queued';
COMMENT ON COLUMN runs.ended IS 'When it ended, UTC; NULL while active';
