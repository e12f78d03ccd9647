-- A pair need not have a review: there is an arm that rewrites every answer without asking.

ALTER TABLE facts.pairs ALTER COLUMN review_id DROP NOT NULL;

COMMENT ON VIEW pairs IS 'Preference pairs: the alternative is chosen, the answer that it replaces rejected.';
COMMENT ON COLUMN pairs.review_id IS 'The review that decided; NULL where every answer was rewritten without one';
COMMENT ON COLUMN pairs.question_id IS 'The question under which it was decided; without a review, the one whose rewrite instruction was followed';

-- Rows of a scenario are reviewed too: as answers that no weights wrote.
COMMENT ON COLUMN answers.adapter IS 'base, own, scenario, or RUN@STEP: the weights that wrote it, or whose text it is';
