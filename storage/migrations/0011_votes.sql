-- A third reviewer is a speaker of its own, and a vote that prefers neither answer says whether both are good or bad.

COMMENT ON COLUMN reviews.speaker IS 'policy, frozen, or third: other weights that a person asked beside the two';
COMMENT ON COLUMN votes.choice IS 'first, second, both_good or both_bad';
COMMENT ON COLUMN votes.voter IS 'Mark of who voted: a random one that the browser keeps, or the one that was given';
