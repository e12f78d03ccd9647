-- The documented views that people query. Their names and columns are part of the public surface (README).

CREATE VIEW questions AS SELECT
    id,
    title,
    name,
    version,
    kind,
    text,
    aligned_label,
    flagged_label,
    rewrite,
    parent,
    shipped,
    created
FROM facts.questions;

COMMENT ON VIEW questions IS 'Versions of the introspective question; an edit is a new row with a parent.';
COMMENT ON COLUMN questions.id IS 'Hash of text, labels and rewrite instruction';
COMMENT ON COLUMN questions.title IS 'Name and version, as shown';
COMMENT ON COLUMN questions.name IS 'Family of versions';
COMMENT ON COLUMN questions.version IS 'Place in the family, from 1';
COMMENT ON COLUMN questions.kind IS 'ethical, or off_topic for controls';
COMMENT ON COLUMN questions.text IS 'What is asked about the answer';
COMMENT ON COLUMN questions.aligned_label IS 'Word that means the answer may stand';
COMMENT ON COLUMN questions.flagged_label IS 'Word that means the answer is flagged';
COMMENT ON COLUMN questions.rewrite IS 'Instruction for writing the alternative';
COMMENT ON COLUMN questions.parent IS 'Id of the version it was edited from; NULL for a first version';
COMMENT ON COLUMN questions.shipped IS 'Whether it came with the lab';
COMMENT ON COLUMN questions.created IS 'When first saved, UTC';

CREATE VIEW prompts AS SELECT
    id,
    text,
    messages,
    origin,
    split
FROM facts.prompts;

COMMENT ON VIEW prompts IS 'What was put to a policy.';
COMMENT ON COLUMN prompts.id IS 'Hash of the messages';
COMMENT ON COLUMN prompts.text IS 'The last user message';
COMMENT ON COLUMN prompts.messages IS 'The whole conversation, a JSON list of role and content';
COMMENT ON COLUMN prompts.origin IS 'Domain, scenario, or own for typed text';
COMMENT ON COLUMN prompts.split IS 'train or held_out; training never sees held_out';

CREATE VIEW answers AS SELECT
    id,
    prompt_id,
    thought,
    reply,
    speaker,
    adapter,
    (decoding->>'$.temperature')::DOUBLE AS temperature,
    (decoding->>'$.seed')::BIGINT AS seed,
    decoding,
    tokens,
    finished,
    run_id,
    step,
    created
FROM facts.answers;

COMMENT ON VIEW answers IS 'Chains of thought and replies to prompts.';
COMMENT ON COLUMN answers.id IS 'Hash of prompt, text, speaker and decoding';
COMMENT ON COLUMN answers.prompt_id IS 'The prompt it answers';
COMMENT ON COLUMN answers.thought IS 'Chain of thought without its tags';
COMMENT ON COLUMN answers.reply IS 'What follows the chain of thought';
COMMENT ON COLUMN answers.speaker IS 'policy or frozen';
COMMENT ON COLUMN answers.adapter IS 'base, own, or RUN@STEP: the weights that wrote it';
COMMENT ON COLUMN answers.temperature IS 'Softmax temperature; 0 is greedy';
COMMENT ON COLUMN answers.seed IS 'Seed of the sampler';
COMMENT ON COLUMN answers.decoding IS 'All sampling settings, JSON';
COMMENT ON COLUMN answers.tokens IS 'Tokens generated';
COMMENT ON COLUMN answers.finished IS 'Whether it ended by itself rather than at the limit';
COMMENT ON COLUMN answers.run_id IS 'Run that sampled it; NULL for a person';
COMMENT ON COLUMN answers.step IS 'Training step that sampled it; NULL outside a run';
COMMENT ON COLUMN answers.created IS 'When written, UTC';

CREATE VIEW reviews AS SELECT
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
COMMENT ON COLUMN reviews.p_flagged IS 'Probability of the flagged label among the two labels, 0 to 1; NULL when nothing could be read';
COMMENT ON COLUMN reviews.label_mass IS 'Probability of both labels among all tokens, 0 to 1';
COMMENT ON COLUMN reviews.reason IS 'Why it is unreadable; empty otherwise';
COMMENT ON COLUMN reviews.temperature IS 'Softmax temperature of the chain of thought; 0 is greedy';
COMMENT ON COLUMN reviews.seed IS 'Seed of the sampler';
COMMENT ON COLUMN reviews.decoding IS 'All sampling settings, JSON';
COMMENT ON COLUMN reviews.tokens IS 'Tokens generated';
COMMENT ON COLUMN reviews.run_id IS 'Run that asked; NULL for a person';
COMMENT ON COLUMN reviews.step IS 'Training step that asked; NULL outside a run';
COMMENT ON COLUMN reviews.created IS 'When written, UTC';

CREATE VIEW pairs AS SELECT
    id,
    state,
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

COMMENT ON VIEW pairs IS 'Preference pairs: the alternative is chosen, the flagged answer rejected.';
COMMENT ON COLUMN pairs.id IS 'Hash of both sides and where they were made';
COMMENT ON COLUMN pairs.state IS 'pending, accepted, rejected or edited';
COMMENT ON COLUMN pairs.prompt_id IS 'The prompt that both sides answer';
COMMENT ON COLUMN pairs.answer_id IS 'The rejected answer';
COMMENT ON COLUMN pairs.review_id IS 'The review that decided';
COMMENT ON COLUMN pairs.question_id IS 'The question under which it was decided';
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
COMMENT ON COLUMN pairs.edited_from IS 'Pair that it replaces after an edit; NULL for an original';
COMMENT ON COLUMN pairs.note IS 'A person''s remark';
COMMENT ON COLUMN pairs.created IS 'When made, UTC';

CREATE VIEW runs AS SELECT
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
COMMENT ON COLUMN runs.created IS 'When asked for, UTC';
COMMENT ON COLUMN runs.started IS 'When its first step began, UTC; NULL while queued';
COMMENT ON COLUMN runs.ended IS 'When it ended, UTC; NULL while active';

CREATE VIEW metrics AS SELECT
    run_id,
    step,
    name,
    value,
    n
FROM facts.metrics;

COMMENT ON VIEW metrics IS 'Measured numbers of runs, one a run, step and name.';
COMMENT ON COLUMN metrics.run_id IS 'The run';
COMMENT ON COLUMN metrics.step IS 'Optimiser steps done';
COMMENT ON COLUMN metrics.name IS 'What was measured';
COMMENT ON COLUMN metrics.value IS 'The figure; NULL when it could not be measured';
COMMENT ON COLUMN metrics.n IS 'Observations behind it';

CREATE VIEW checkpoints AS SELECT
    id,
    run_id,
    step,
    path,
    sha256,
    size,
    created
FROM facts.checkpoints;

COMMENT ON VIEW checkpoints IS 'Adapters of runs at steps, with all that is needed to go on.';
COMMENT ON COLUMN checkpoints.id IS 'RUN@STEP';
COMMENT ON COLUMN checkpoints.run_id IS 'The run';
COMMENT ON COLUMN checkpoints.step IS 'Optimiser steps done';
COMMENT ON COLUMN checkpoints.path IS 'Folder, relative to the data folder';
COMMENT ON COLUMN checkpoints.sha256 IS 'Hash of the adapter''s safetensors file';
COMMENT ON COLUMN checkpoints.size IS 'Bytes of the folder';
COMMENT ON COLUMN checkpoints.created IS 'When written, UTC';

CREATE VIEW evaluations AS SELECT
    id,
    run_id,
    step,
    prompt_id,
    answer_id,
    judge,
    score,
    model,
    created
FROM facts.evaluations;

COMMENT ON VIEW evaluations IS 'Judged answers to evaluation prompts.';
COMMENT ON COLUMN evaluations.id IS 'Hash of the answer and the judge';
COMMENT ON COLUMN evaluations.run_id IS 'Run whose weights answered; NULL for the base';
COMMENT ON COLUMN evaluations.step IS 'Step of the checkpoint; NULL for the base';
COMMENT ON COLUMN evaluations.prompt_id IS 'The evaluation prompt';
COMMENT ON COLUMN evaluations.answer_id IS 'The raw answer';
COMMENT ON COLUMN evaluations.judge IS 'oracle, or the id of another judge';
COMMENT ON COLUMN evaluations.score IS 'What the judge said';
COMMENT ON COLUMN evaluations.model IS 'The model that answered';
COMMENT ON COLUMN evaluations.created IS 'When judged, UTC';
