-- Tripwires that went off in runs.

CREATE TABLE facts.alarms (
    id VARCHAR PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    tripwire VARCHAR NOT NULL,
    value DOUBLE,
    allowed DOUBLE NOT NULL,
    n BIGINT NOT NULL,
    action VARCHAR NOT NULL,
    message VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL
);

CREATE VIEW alarms AS SELECT
    id,
    run_id,
    step,
    tripwire,
    value,
    allowed,
    n,
    action,
    message,
    created
FROM facts.alarms;

COMMENT ON VIEW alarms IS 'Tripwires that went off in runs: signs that a run was going to pieces.';
COMMENT ON COLUMN alarms.id IS 'Hash of run, step and tripwire';
COMMENT ON COLUMN alarms.run_id IS 'The run';
COMMENT ON COLUMN alarms.step IS 'Optimiser steps done when it was seen';
COMMENT ON COLUMN alarms.tripwire IS 'nan, kl, margin, broken, thoughtless or stuck';
COMMENT ON COLUMN alarms.value IS 'What was measured; NULL for what is not a number';
COMMENT ON COLUMN alarms.allowed IS 'The limit of the run''s spec; 0 where there is nothing to allow';
COMMENT ON COLUMN alarms.n IS 'Observations behind the value';
COMMENT ON COLUMN alarms.action IS 'warned, stopped (and put back to the last good checkpoint), or ended (it could not go on)';
COMMENT ON COLUMN alarms.message IS 'What was seen, in one sentence';
COMMENT ON COLUMN alarms.created IS 'When, UTC';
