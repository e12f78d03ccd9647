"""Every error the lab raises on purpose, as one tree.

    LabError                      the root; carries one line for the reader: what, the value, the next move
    ├── RequestError              the request was wrong (exit code 2; beside the field that caused it)
    │   ├── QuestionError         an introspective question that cannot be asked
    │   ├── PromptError           a prompt that cannot be put to the model
    │   ├── SpecError             a run specification outside its validated ranges
    │   ├── ModelError            a model that cannot be loaded: unknown id, missing folder, no safetensors
    │   ├── BundleError           a file that cannot be imported: cut, altered, hostile, of a newer lab
    │   ├── DataError             a file of rows or questions that cannot be imported: line, value, what was expected
    │   ├── NotFoundError         an id that names nothing in the store
    │   ├── OwnerError            something that only the owner of a public lab may do
    │   └── LimitError            too many requests to a public lab in a minute
    └── WorkError                 the request was right, the work failed (exit code 1)
        ├── StorageError          the data folder: read-only, in use, corrupt, newer than this code
        ├── ServerError           the page cannot be served: port in use
        ├── TrainingError         a run that had to end: a loss that is not a number
        └── Cancelled             somebody asked the work to stop, and it did

Nothing here knows how it is shown. A message never holds a path outside the data folder or a secret.
"""

from __future__ import annotations

LONGEST = 4_000
"""Characters of a message: it may quote what somebody sent, of any length, and is kept until it is read."""


class LabError(Exception):
    """The root: `message` names the thing and the value, `field` the input that caused it (None when none did)."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        whole = message.encode("utf-8", "backslashreplace").decode()  # half a character would break what carries it
        self.message = whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}…"
        super().__init__(self.message)
        self.field = field


class RequestError(LabError):
    """The request was wrong; asking again unchanged will fail again."""


class QuestionError(RequestError):
    """An introspective question that cannot be asked: empty, too long, labels that cannot be told apart."""


class PromptError(RequestError):
    """A prompt that cannot be put to the model: empty, or longer than its context."""


class SpecError(RequestError):
    """A run specification outside its validated ranges."""


class ModelError(RequestError):
    """A model that cannot be loaded as asked."""


class BundleError(RequestError):
    """A file that cannot be imported: cut, altered, hostile, or of a newer lab."""


class DataError(RequestError):
    """A data file that cannot be imported: the line, what stands there, what was expected."""


class NotFoundError(RequestError):
    """An id that names nothing in the store."""


class OwnerError(RequestError):
    """Something that only the owner of a public lab may do."""


class LimitError(RequestError):
    """Too many requests to a public lab in a minute; later the same request may do."""


class WorkError(LabError):
    """The request was right; the work failed."""


class StorageError(WorkError):
    """The data folder cannot be opened, read or written."""


class ServerError(WorkError):
    """The page cannot be served."""


class TrainingError(WorkError):
    """A run that had to end by itself."""


class Cancelled(WorkError):
    """Somebody asked the work to stop, and it did."""
