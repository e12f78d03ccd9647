"""The lab's memory: nouns in, nouns out, and DuckDB in between. It knows no model, no page and no training.

connection   opening the one file of a data folder, its settings, and every storage error in our words
writer       the one thread that writes; a save is one transaction and returns after COMMIT
migrations   how the file came to its present form, append-only
tables       which noun lives in which table, and how a field becomes a column
batch        the nouns of one save, turned into a few bulk statements
lookup       a noun by its id or number, and lists of nouns
hiding       which runs are deleted
shelf        runs named, deleted, taken back and purged
store        what the rest of the lab talks to
listing      the narrow table behind the table of pairs, kept by the writer
pair_filter  which pairs are wanted, as SQL over the listing
searching    a text searched in pairs
explorer     sorting and pages of pairs, worked out in SQL
surgery      pairs changed by people, and sets of pairs frozen under a name
evidence     what was said and judged: reviews, evaluations, scores
judging      answers with their prompts, and scores with their answers
histograms   how the pairs of a filter are spread
curves       curves, worked out in SQL
crossing     two measures at the same steps, and what a run had cost by then
samples      what a run said, picked out
uses         what a question did so far, counted in SQL
voting       whose answers can be voted on, and the votes that were cast
views        the documented views, described
console      SQL that a person typed, on a snapshot, in a child process (sandbox)
spreadsheet  rows as CSV that no spreadsheet takes for formulas
snapshots    whole copies of the file, kept to a number; each made in a child process (copying)
restoring    a snapshot in the place of the database
checking     whether what is stored is what it says
exporting    pairs, reviews, curves and votes for other tools
preferences  pairs from other tools
parquet      how DuckDB is told the name of a file
checkpoint_files  what a checkpoint's folder consists of
bundle       a lab or some runs in one file, for another lab
generator    a lab as large as one likes, made up from a seed
folder       the open data folder: all that is done with it as a whole
"""

from storage.console import QueryResult
from storage.crossing import Crossed, Meter
from storage.explorer import PairPage, PairRow
from storage.exporting import Derived
from storage.histograms import Histogram
from storage.pair_filter import PairFilter, PairSort
from storage.restoring import restore
from storage.snapshots import Snapshot
from storage.spreadsheet import as_csv
from storage.store import Store
from storage.uses import QuestionUse
from storage.views import View
from storage.voting import Voice, Voiced

__all__ = [
    "Crossed", "Derived", "Histogram", "Meter", "PairFilter", "PairPage", "PairRow", "PairSort", "QueryResult",
    "QuestionUse", "Snapshot", "Store", "View", "Voice", "Voiced", "as_csv", "restore",
]
