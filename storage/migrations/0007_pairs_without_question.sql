-- A pair need not have a question: one that was imported from another tool's file was decided elsewhere.

ALTER TABLE facts.pairs ALTER COLUMN question_id DROP NOT NULL;

COMMENT ON COLUMN pairs.question_id IS 'The question under which it was decided; without a review, the one whose rewrite instruction was followed; NULL for an imported pair';
COMMENT ON COLUMN answers.adapter IS 'base, own, scenario, imported, or RUN@STEP: the weights that wrote it, or whose text it is';
