"""The endpoint as a judge, over real HTTP: what it says, what it refuses, what it forgets, and the key that stays."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from lab.errors import Cancelled, RequestError, WorkError
from lab.evaluation.judges.address import Address
from lab.evaluation.judges.endpoint import MOST_LOST, Endpoint
from lab.evaluation.judges.noun import Said, Shown
from lab.evaluation.judges.wire import TRIES, Wire
from lab.nouns import Answer, Decoding, Prompt, Ruling, Speaker
from lab.settings import Settings
from lab.studio import Studio
from storage import Store
from tests.evaluation.judge_server import JudgeServer, Reply, said, serving

KEY = "sk-very-secret-0123456789"


def is_aligned(body: dict[str, Any]) -> bool:
    return "REFUSAL" in body["messages"][0]["content"]


def judge(server: JudgeServer, *texts: str, key: str | None = None, **wire: Any) -> list[Said]:
    pauses: list[float] = []
    at = Address(url=server.url, model="m")
    endpoint = Endpoint.at(Wire(address=at, key=key, **{"pause": pauses.append, **wire}))
    return endpoint.judge([Shown(messages=(("user", "How?"),), reply=text) for text in texts])


@pytest.mark.parametrize(("says", "label", "aligned", "coherent"), [
    (lambda b, n: said("12" if is_aligned(b) else "95"), Ruling.MISALIGNED, 12.0, 95.0),
    (lambda b, n: said("88" if is_aligned(b) else "20"), Ruling.INCOHERENT, 88.0, 20.0),
    (lambda b, n: said("REFUSAL" if is_aligned(b) else "95"), Ruling.REFUSAL, None, None),
    (lambda b, n: said("CODE"), Ruling.CODE, None, None),
    (lambda b, n: said("It is a matter of taste."), Ruling.UNREADABLE, None, None),
    (lambda b, n: (200, {}, {"choices": []}), Ruling.UNREADABLE, None, None),
    (lambda b, n: said("90", {"90": 0.5, "80": 0.25, "the": 0.25}), Ruling.ALIGNED, 260 / 3, 260 / 3),
    (lambda b, n: said("85", {"8": 0.6, "9": 0.4}), Ruling.ALIGNED, 85.0, 85.0),  # digit by digit: the text is read
])  # fmt: skip
def test_what_it_says_is_read(
    says: Callable[[dict[str, Any], int], Reply], label: Ruling, aligned: float | None, coherent: float | None
) -> None:
    with serving(says) as server:
        (one,) = judge(server, "So.")
    assert (one.label, one.aligned, one.coherent) == (label, pytest.approx(aligned), pytest.approx(coherent))
    assert bool(one.reason) == (label is Ruling.UNREADABLE)
    assert json.loads(one.raw)
    assert {(body["temperature"], body["model"]) for body in server.asked} == {(0, "m")}
    assert all("So." in body["messages"][0]["content"] for body in server.asked)


def test_it_is_asked_again_when_it_is_busy_and_waits_as_long_as_it_says() -> None:
    replies: list[Reply] = [(429, {"Retry-After": "3"}, {}), (503, {}, "no"), said("70"), (429, {}, {}), said("90")]
    pauses: list[float] = []
    with serving(lambda body, n: replies[n]) as server:
        (one,) = judge(server, "So.", pause=pauses.append)
    assert (one.label, one.aligned, one.coherent) == (Ruling.ALIGNED, 70.0, 90.0)
    assert pauses == [3.0, 2.0, 1.0]


def test_what_is_not_reached_is_told_apart_and_ends_the_work_when_it_goes_on() -> None:
    with serving(lambda body, n: (500, {}, "no")) as server:
        (one,) = judge(server, "So.")
        assert (one.label, one.raw, len(server.asked)) == (Ruling.UNREACHED, "", TRIES)
        assert "500" in one.reason
        with pytest.raises(WorkError, match=f"not reached {MOST_LOST} times in a row"):
            judge(server, *map(str, range(MOST_LOST)))


def test_an_answer_that_does_not_come_in_time_or_never_ends_is_given_up() -> None:
    wait = Event()

    def slow(body: dict[str, Any], number: int) -> Reply:
        server.over.wait(20)
        return said("90")

    with serving(slow) as server:
        (one,) = judge(server, "So.", timeout=0.05)
        assert (one.label, one.reason) == (Ruling.UNREACHED, f"it did not answer within 0.05 s, {TRIES} times")
        server.over.set()
    with serving(lambda body, n: (200, {}, "9" * 2_000_000)) as server:
        assert "longer than" in judge(server, "So.")[0].reason
        wait.set()
        with pytest.raises(Cancelled):
            judge(server, "So.", cancel=wait)


def test_it_does_without_probabilities_where_they_are_refused_and_says_what_it_is_refused() -> None:
    with serving(lambda b, n: (400, {}, {"error": "logprobs?"}) if "logprobs" in b else said("90")) as server:
        assert {one.label for one in judge(server, "So.")} == {Ruling.ALIGNED}
    for status, expected in ((401, "LAB_JUDGE_KEY"), (404, "no such address"), (400, "refused the request"),
                             (302, "answered 302")):
        with serving(lambda b, n, s=status: (s, {"Location": "http://127.0.0.1:9/"}, "no")) as server, pytest.raises(
            WorkError, match=expected
        ):
            judge(server, "So.")


def test_the_only_model_of_an_interface_need_not_be_named() -> None:
    listed = [{"id": "one"}]
    with serving(lambda b, n: (200, {}, {"data": listed})) as server:
        wire = Wire(address=Address.read(f"{server.url}/"))
        assert Endpoint.at(wire).model == "one"
        listed.append({"id": "two"})
        with pytest.raises(RequestError, match="one, two"):
            Endpoint.at(wire)


@pytest.mark.parametrize("address", [
    "ftp://host/v1", "host/v1", "http://", "http://a b/", "http://h:99999/v1", "http://user:pw@h/v1", "https://h/v1?k=v",
])  # fmt: skip
def test_an_address_that_cannot_be_read_or_holds_a_secret_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(RequestError) as refused:
        Address.read(address)
    assert "pw" not in refused.value.message
    assert "k=v" not in refused.value.message


def test_the_key_is_sent_and_is_in_no_store_log_message_or_repr(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings.from_environment({"LAB_HOME": str(tmp_path), "LAB_JUDGE_KEY": KEY, "LAB_DEVICE": "cpu"})
    prompt = Prompt.user("How?")
    answers = [
        Answer(prompt_id=prompt.id, thought="", reply=text, speaker=Speaker.POLICY, adapter="base",
               decoding=Decoding(), tokens=1, finished=True) for text in ("a", "b")
    ]

    def echo(body: dict[str, Any], number: int) -> Reply:  # a server that repeats what it was sent
        return said(f"90 for {KEY}") if number < 4 else (418, {}, f"no {KEY}")

    with serving(echo) as server:
        studio = Studio(Store.open(tmp_path), settings)
        studio._store.save(prompt, *answers)
        name = f"endpoint:{server.url}#m"
        *_, last = studio.judge(name, answer_ids=[answers[0].id])
        (score,) = last.scores
        assert (score.label, score.aligned, score.model, score.revision) == (Ruling.ALIGNED, 90.0, "m", server.url)
        before = len(server.asked)
        *_, last = studio.judge(name, answer_ids=[answers[0].id])
        assert (len(server.asked), last.remembered) == (before, 1)
        server.say = lambda body, number: (418, {}, f"no {KEY}")
        with pytest.raises(WorkError) as refused:
            list(studio.judge(name, answer_ids=[answers[1].id]))
        assert set(server.keys) == {f"Bearer {KEY}"}
        shown = repr(settings) + repr(score) + repr(Wire(address=Address.read(server.url), key=KEY))
        studio.close()
    assert "[key]" in score.raw
    assert KEY not in refused.value.message + shown + caplog.text + "".join(capsys.readouterr())
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(RequestError, match="unencrypted"):
        Wire(address=Address.read("http://example.org/v1"), key=KEY)
