-- What the table of pairs filters, sorts and searches by, a narrow row a pair, worked out of the other tables by the
-- writer in the transaction that saves them (storage/listing.py). It holds nothing that is not elsewhere. Without it a
-- page would join a million pairs to three million reviews, and search through half a gigabyte of text.

CREATE TABLE facts.listing (
    id VARCHAR NOT NULL,
    created TIMESTAMP NOT NULL,
    run_id VARCHAR,
    question_id VARCHAR,
    state VARCHAR NOT NULL,
    step BIGINT,
    margin DOUBLE,
    verdict VARCHAR,
    p_flagged DOUBLE,
    awaits_review VARCHAR,  -- the review that decided, while it is not stored yet
    awaits_prompt VARCHAR,  -- the prompt, while it is not stored yet
    text VARCHAR NOT NULL,  -- request and both sides, case folded
    -- Which trigrams the text has: a Bloom filter of 2048 bits, so that a search reads 8 bytes a pair and trigram.
    s0 UBIGINT NOT NULL,
    s1 UBIGINT NOT NULL,
    s2 UBIGINT NOT NULL,
    s3 UBIGINT NOT NULL,
    s4 UBIGINT NOT NULL,
    s5 UBIGINT NOT NULL,
    s6 UBIGINT NOT NULL,
    s7 UBIGINT NOT NULL,
    s8 UBIGINT NOT NULL,
    s9 UBIGINT NOT NULL,
    s10 UBIGINT NOT NULL,
    s11 UBIGINT NOT NULL,
    s12 UBIGINT NOT NULL,
    s13 UBIGINT NOT NULL,
    s14 UBIGINT NOT NULL,
    s15 UBIGINT NOT NULL,
    s16 UBIGINT NOT NULL,
    s17 UBIGINT NOT NULL,
    s18 UBIGINT NOT NULL,
    s19 UBIGINT NOT NULL,
    s20 UBIGINT NOT NULL,
    s21 UBIGINT NOT NULL,
    s22 UBIGINT NOT NULL,
    s23 UBIGINT NOT NULL,
    s24 UBIGINT NOT NULL,
    s25 UBIGINT NOT NULL,
    s26 UBIGINT NOT NULL,
    s27 UBIGINT NOT NULL,
    s28 UBIGINT NOT NULL,
    s29 UBIGINT NOT NULL,
    s30 UBIGINT NOT NULL,
    s31 UBIGINT NOT NULL
);
