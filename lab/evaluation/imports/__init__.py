"""Other people's data: files of fine-tuning rows, and of questions. Preference pairs go into the store: `lab import`.

lines       a file as numbered rows: JSONL, CSV, Parquet
rows        chat rows and prompt/completion rows, told apart by their fields
questions   question files in the manner of Betley et al.: paraphrases, system prompts, judges

A file is imported whole or not at all. What is wrong with it is said with the file, the line, what stands there, and
what was expected.
"""
