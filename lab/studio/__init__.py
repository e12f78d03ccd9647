"""The use cases of the lab as verbs: what the page, the command line and the HTTP endpoints all call.

The studio receives its store and owns what runs: the loaded models and the one conductor. It knows no widget and no
SQL. Its verbs stand in one file for each noun that they are about; what they share is the `Workplace`.
Who may call them in a public lab is in `visitors`; what a visitor writes there lies on a desk of their own (`desk`).
Models are loaded when first needed, so that importing this package costs nothing; what it hands out is in `lab.views`.
"""

from __future__ import annotations

from lab.errors import NotFoundError
from lab.studio.asking import AskingVerbs
from lab.studio.beside import BesideVerbs
from lab.studio.comparing import ComparingVerbs
from lab.studio.data import DataVerbs
from lab.studio.datasets import DatasetVerbs
from lab.studio.judging import JudgingVerbs
from lab.studio.keeping import EXPORTS, KeepingVerbs
from lab.studio.lectures import token_of
from lab.studio.many import ManyVerbs
from lab.studio.overlaying import OverlayVerbs
from lab.studio.presenting import LectureVerbs
from lab.studio.previewing import PreviewVerbs
from lab.studio.samples import SampleVerbs
from lab.studio.shelf import PURGED_AFTER, ShelfVerbs
from lab.studio.study_work import StudyWorkVerbs
from lab.studio.surgery import SurgeryVerbs
from lab.studio.visitors import Visitor, guarded, owner
from lab.studio.voting import VotingVerbs
from lab.studio.workplace import BASE
from storage import PairFilter


@guarded
class Studio(
    StudyWorkVerbs, AskingVerbs, PreviewVerbs, ComparingVerbs, BesideVerbs, OverlayVerbs, ManyVerbs, SurgeryVerbs,
    DatasetVerbs, SampleVerbs, ShelfVerbs, DataVerbs, KeepingVerbs, JudgingVerbs, VotingVerbs, LectureVerbs,
):
    """All that a person can do. Errors are `LabError`s: one line, with the field that caused it."""


__all__ = ["BASE", "EXPORTS", "PURGED_AFTER", "NotFoundError", "PairFilter", "Studio", "Visitor", "owner", "token_of"]
