"""Verbs about question files: put them to some weights, and keep what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from lab.nouns import Decoding, Evaluation, Prompt, Speaker
from lab.studio.workplace import BASE, Workplace, bring_torch, check_seed
from lab.training.seeds import derive_seed
from lab.views import Asked

if TYPE_CHECKING:
    from lab.evaluation.imports.questions import EvalQuestion


class AskingVerbs(Workplace):
    """An evaluation on questions of anyone's making."""

    def ask(
        self, questions: Sequence[EvalQuestion], *, adapter: str = BASE, samples: int = 1, seed: int = 0
    ) -> list[Asked]:
        """Put every wording of every question `samples` times to some weights; answers and scores are stored.

        The organism's answers are judged by its oracle; another model's are kept without a score, which is None.
        Raises PromptError for a question that does not fit, RequestError for a seed out of range.
        """
        bring_torch()
        from lab.conscience.answering import answer
        from lab.models.twin import fold
        from lab.organism import oracle

        check_seed(seed)
        adapter = self._whole(adapter)
        name, revision, folder, dtype = self._folder(adapter)
        run_id, _, step = adapter.partition("@")
        prompts: list[tuple[str, Prompt]] = [(q.id, prompt) for q in questions for prompt in q.prompts]
        asked: list[Asked] = []
        with self.house.voice(name, revision, folder, dtype) as model:
            chat, speaks = self.house.load(name, revision, dtype).chat, cast(Any, fold(model))
            for sample in range(samples):  # a seed each: the same prompt again is another draw
                answers = answer(
                    speaks, chat, [p for _, p in prompts], Decoding(seed=derive_seed(seed, sample, "ask")),
                    speaker=Speaker.FROZEN if adapter == BASE else Speaker.POLICY, adapter=adapter,
                    run_id=run_id if step else None, step=int(step) if step else None,
                )
                for (question, prompt), made in zip(prompts, answers, strict=True):
                    score = oracle.judge(prompt.text, made.reply).score if name == "organism" else None
                    asked.append(Asked(question=question, prompt=prompt, answer=made, score=score))
        self._store.save(
            *(a.prompt for a in asked), *(a.answer for a in asked), *(
                Evaluation(
                    run_id=a.answer.run_id, step=a.answer.step, prompt_id=a.prompt.id, answer_id=a.answer.id,
                    judge="oracle", score=a.score, model=name,
                )
                for a in asked if a.score is not None
            ),
        )
        return asked
