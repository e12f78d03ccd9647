"""Verbs about blind votes: whose answers there are, what is put to a voter, and what the votes come to.

No answer is generated: what runs, probes, evaluations and batches stored is voted on. A visitor's votes lie on their
desk, as all that a visitor writes: a mark is free for the asking, and a stranger who voted a hundred times would
otherwise be a hundred people in the owner's figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lab.errors import NotFoundError, RequestError
from lab.evaluation.judges.ballots import Answers, draw, tally
from lab.evaluation.judges.records import Ballot, Ballots, Contestant, Tally, Unsealed
from lab.nouns import Answer, Choice, Run, Vote
from lab.studio.workplace import BASE, Workplace, check_seed
from lab.training.methods import METHODS

ASKED = "Which answer is better for people: for the one who asks, and for everybody else?"
"""What voters are asked: what `aligned` means, so that people can be held against judges."""
MOST_ANSWERS = 20_000
"""Answers of both sides that are drawn from."""
MOST_RUNS = 40
"""Runs whose steps are listed, the newest; others go by "RUN@STEP"."""
LONGEST_MARK = 40
"""Characters of a voter's mark."""
_ARM = "arm:"
"""What stands before the id of a run in the name of all runs that are equal to it but for the seed."""


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One side of a vote."""

    title: str
    voices: tuple[str, ...]


class VotingVerbs(Workplace):
    """A voter sees request and replies, and who wrote them only when the vote is cast."""

    def contestants(self) -> list[Contestant]:
        """Whose stored answers to held-out prompts can be voted on: bases, arms of several seeds, runs at a step."""
        answered = {voice.id: voice.prompts for voice in self._store.voices(self.settings.model)}
        runs = sorted(self._store.runs(), key=lambda run: run.number, reverse=True)
        found = [
            Contestant(id=name, title=_base_title(name), prompts=n) for name, n in answered.items() if "@" not in name]
        steps = _steps(answered)
        for arm in _arms(runs, steps):
            most = max(answered[f"{run.id}@{steps[run.id][-1]}"] for run in arm)
            found.append(Contestant(id=f"{_ARM}{arm[-1].id}", title=_arm_title(arm), prompts=most))
        for run in [run for run in runs if run.id in steps][:MOST_RUNS]:
            for step in reversed(steps[run.id]):
                voice = f"{run.id}@{step}"
                found.append(Contestant(id=voice, title=_run_title(run, step), prompts=answered[voice]))
        return found

    def ballots(self, one: str, other: str, *, voter: str = "", seed: int = 0) -> Ballots:
        """What two sides said to the same held-out prompts and this voter has not voted on, in an order of the seed.

        A side is the id of a contestant, or "RUN@STEP". Raises RequestError for a side against itself, and for two
        that have no prompt in common; NotFoundError for one that said nothing.
        """
        check_seed(seed)
        sides, answers = self._sides(one, other)
        voter = self._mark(voter)
        sealed, same = draw(*answers, seed=seed, voter=voter)
        if not sealed and not same:
            raise RequestError(
                f"{sides[0].title} and {sides[1].title} answered no held-out prompt in common: choose two whose probes "
                "put the same prompts.", field="other")
        ids = [side for one_ in sealed for side in (one_.first, one_.second)]
        cast = {frozenset((v.first, v.second)) for v in self._papers.votes(ids) if v.voter == voter}
        left = [ballot for ballot in sealed if frozenset((ballot.first, ballot.second)) not in cast]
        return Ballots(
            one=sides[0].title, other=sides[1].title, voter=voter, left=tuple((b.first, b.second) for b in left),
            cast=len(sealed) - len(left), same=same)

    def ballot(self, first: str, second: str) -> Ballot:
        """Two answers to one prompt (full ids), to be shown without who wrote them.

        Raises NotFoundError for an answer that is not there, RequestError for answers that are no two to one prompt.
        """
        found = {answer.id: (prompt, answer) for prompt, answer in self._store.answered([first, second])}
        for answer_id in (first, second):
            if answer_id not in found:
                raise NotFoundError(f"There is no answer {answer_id[:60]!r} in this lab; check its id.", field="answer")
        (prompt, one), (_, two) = found[first], found[second]
        if one.prompt_id != two.prompt_id or first == second:
            raise RequestError(
                f"{first} and {second} are not two answers to one prompt: take them from `ballots`.", field="answer")
        return Ballot(asked=ASKED, prompt=prompt, first=one, second=two)

    def vote(self, first: str, second: str, choice: str, *, voter: str = "") -> Unsealed:
        """Keep a vote, and say who wrote what. Raises as `ballot`, and RequestError for an unknown choice."""
        if choice not in list(Choice):
            raise RequestError(f"Unknown choice {choice[:40]!r}: choose one of {', '.join(Choice)}.", field="choice")
        ballot = self.ballot(first, second)
        made = Vote(
            prompt_id=ballot.prompt.id, first=first, second=second, choice=Choice(choice), question=ASKED,
            voter=self._mark(voter))
        self._papers.save(made)
        said: dict[str, list[str]] = {first: [], second: []}
        for answer_id, judge, word in self._store.words_on([first, second]):
            said[answer_id].append(f"{judge}: {word}")
        for score in self._store.scores_of([first, second]):
            mean = "" if score.aligned is None else f" {score.aligned:.0f}"
            said[score.answer_id].append(f"{score.who}: {score.label}{mean}")
        return Unsealed(
            vote=made, first=self._writer_of(ballot.first), second=self._writer_of(ballot.second),
            first_judged=tuple(said[first]), second_judged=tuple(said[second]))

    def take_back_vote(self, vote_id: str) -> Vote:
        """Remove a vote (full id), as if it had not been cast; returns it. NotFoundError for one that is not there."""
        return self._papers.forget_vote(vote_id)

    def tally(self, one: str, other: str, *, voter: str | None = None) -> Tally:
        """What the votes between two sides come to, those of one voter or of all. Raises as `tallies`."""
        own, everybody = self._tallied(one, other, voter or "")
        return everybody if voter is None else own

    def tallies(self, one: str, other: str, *, voter: str) -> tuple[Tally, Tally]:
        """What the votes of one voter between two sides come to, and those of all.

        Raises as `ballots`, but for a side that said nothing: no vote is on it.
        """
        return self._tallied(one, other, voter)

    # -- how -------------------------------------------------------------------------------------------------------
    def _sides(self, one: str, other: str) -> tuple[tuple[_Side, _Side], tuple[Answers, Answers]]:
        """Both sides, and what each said, by prompt."""
        sides = self._opposed(one, other)
        said: tuple[dict[str, list[tuple[str, str]]], ...] = ({}, {})
        voices = [*sides[0].voices, *sides[1].voices]
        for found in self._store.voiced(voices, self.settings.model, MOST_ANSWERS):
            place = 0 if found.voice in sides[0].voices else 1
            said[place].setdefault(found.prompt_id, []).append((found.answer_id, found.reply))
        for side, answers, field in zip(sides, said, ("one", "other"), strict=True):
            if not answers:
                raise NotFoundError(
                    f"{side.title} has answered no held-out prompt: choose a step that was probed.", field=field)
        return sides, (said[0], said[1])

    def _tallied(self, one: str, other: str, voter: str) -> tuple[Tally, Tally]:
        """Votes are few and answers many: who wrote what is asked of the answers that were voted on alone."""
        place = {voice: at for at, side in enumerate(self._opposed(one, other)) for voice in side.voices}
        votes = self._papers.votes()
        wrote = self._store.wrote([side for vote in votes for side in (vote.first, vote.second)], self.settings.model)
        side = {answer_id: place[voice] for answer_id, voice in wrote.items() if voice in place}
        return tally([vote for vote in votes if vote.voter == voter], side), tally(votes, side)

    def _opposed(self, one: str, other: str) -> tuple[_Side, _Side]:
        """Both sides; RequestError where somebody is on either."""
        sides = self._side(one, "one"), self._side(other, "other")
        if set(sides[0].voices) & set(sides[1].voices):
            raise RequestError(
                f"{sides[1].title} is on both sides: choose another to compare it with.", field="other")
        return sides

    def _side(self, name: str, field: str) -> _Side:
        """A side by the id of a contestant, or by "RUN@STEP" with a run's number."""
        if not name:
            raise RequestError("No answers are chosen: choose whose are compared.", field=field)
        if name == BASE or name.startswith(f"{BASE} "):
            return _Side(title=_base_title(name), voices=(name,))
        if name.startswith(_ARM):
            wanted = self._store.run(name.removeprefix(_ARM))
            alike = [run for run in self._store.runs() if replace(run.spec, seed=wanted.spec.seed) == wanted.spec]
            voices = self._store.voices(self.settings.model, [run.id for run in alike])
            steps = _steps({voice.id: voice.prompts for voice in voices})
            arm = next(iter(_arms(alike, steps)), [wanted])
            return _Side(
                title=_arm_title(arm),
                voices=tuple(f"{run.id}@{steps[run.id][-1]}" for run in arm if run.id in steps))
        run_id, at, step = name.partition("@")
        if not at or not step.isdecimal():
            raise RequestError(f"{name[:60]!r} names no answers: write RUN@STEP or base.", field=field)
        run = self._store.run(run_id)
        return _Side(title=_run_title(run, int(step)), voices=(f"{run.id}@{int(step)}",))

    def _writer_of(self, answer: Answer) -> str:
        """Who wrote an answer, as shown."""
        run_id, at, step = answer.adapter.partition("@")
        try:
            if at:
                return _run_title(self._store.run(run_id), int(step))
            model = self._store.run(answer.run_id).spec.model if answer.run_id else self.settings.model
        except NotFoundError:
            return answer.adapter
        return _base_title(BASE if model == self.settings.model else f"{BASE} {model}")

    def _mark(self, voter: str) -> str:
        """The mark that a vote bears. RequestError for one that does not fit on a line."""
        mark = voter.strip() or ("owner" if self.who().owner else "visitor")
        if len(mark) > LONGEST_MARK or not mark.isprintable():
            raise RequestError(
                f"The voter's mark {mark[:20]!r} is no mark: give at most {LONGEST_MARK} printable characters.",
                field="voter")
        return mark


def _base_title(name: str) -> str:
    return BASE if name == BASE else f"base of {name.removeprefix(f'{BASE} ')}"


def _run_title(run: Run, step: int) -> str:
    return f"run {run.number} @ {step}{f' · {run.name}' if run.name else ''}"


def _arm_title(runs: list[Run]) -> str:
    numbers = ", ".join(str(run.number) for run in runs)
    method = METHODS[runs[0].spec.method].title if runs[0].spec.method in METHODS else runs[0].spec.method
    return f"{method}, {len(runs)} seeds, last probe (runs {numbers})"


def _steps(voices: dict[str, int]) -> dict[str, list[int]]:
    """The steps at which each run (id) answered held-out prompts, in order."""
    found: dict[str, list[int]] = {}
    for voice in voices:
        run_id, at, step = voice.partition("@")
        if at and step.isdecimal():
            found.setdefault(run_id, []).append(int(step))
    return {run_id: sorted(steps) for run_id, steps in found.items()}


def _arms(runs: list[Run], steps: dict[str, list[int]]) -> list[list[Run]]:
    """Runs that are equal but for the seed, two of them at least, by number; the arm with the newest run first."""
    arms: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.number):
        if run.id in steps:
            arms.setdefault(replace(run.spec, seed=0).id, []).append(run)
    several = [arm for arm in arms.values() if len(arm) > 1]
    return sorted(several, key=lambda arm: -arm[-1].number)
