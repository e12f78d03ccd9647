"""What the studio hands to its readers, the page and the command line: small frozen records, no widgets, no SQL."""

from __future__ import annotations

from lab.views.batch import Batch, TwiceReviewed
from lab.views.comparison import Difference, Outcome, RunComparison
from lab.views.curve import Curve, CurvePoint, Judged
from lab.views.forecast import Forecast, StudyForecast, amount
from lab.views.lecture import Lecture, LectureState
from lab.views.pair import PairStory, PairTrace, TracePoint
from lab.views.preview import Preview, PromptPart
from lab.views.question import QuestionRun, QuestionSide, QuestionStory
from lab.views.reading import Reading, TokenGap
from lab.views.round import RoundItem, RoundView
from lab.views.run import RunStory, TrainerStatus
from lab.views.sample import Asked, Drift, DriftPoint, Extremes, Sample
from lab.views.share import Share
from lab.views.speaking import Growing, SideBySide, Voice
from lab.views.study import StudyEntry, StudyProgress, StudyReport

__all__ = [
    "Asked", "Batch", "Curve", "CurvePoint", "Difference", "Drift", "DriftPoint", "Extremes", "Forecast", "Growing",
    "Judged", "Lecture", "LectureState", "Outcome", "PairStory", "PairTrace", "Preview", "PromptPart", "QuestionRun",
    "QuestionSide", "QuestionStory", "Reading", "RoundItem", "RoundView", "RunComparison", "RunStory", "Sample",
    "Share", "SideBySide", "StudyEntry", "StudyForecast", "StudyProgress", "StudyReport", "TokenGap", "TracePoint",
    "TrainerStatus", "TwiceReviewed", "Voice", "amount",
]
