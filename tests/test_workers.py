"""Work in several processes: all of it is done, and what goes wrong there is told here."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from data_gen.datasets import workers
from data_gen.datasets.workers import in_workers
from data_gen.errors import UserError


@pytest.fixture(autouse=True)
def _forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Faster than spawning; tests/test_dataset_writing.py spawns."""
    monkeypatch.setattr(workers, "_METHOD", "fork")


def shout(job: int) -> bytes:
    return b"%d!" % job


@pytest.mark.parametrize("count", [1, 2, 9])
def test_all_is_done(count: int) -> None:
    assert dict(in_workers(shout, range(5), count)) == {job: shout(job) for job in range(5)}


def test_no_work_needs_no_workers() -> None:
    assert list(in_workers(shout, [], 3)) == []


def test_large_results_pass() -> None:
    done = dict(in_workers(lambda job: bytes(job << 20), [3, 5], 2))
    assert {job: len(result) for job, result in done.items()} == {3: 3 << 20, 5: 5 << 20}


def fail(error: Exception) -> Callable[[int], bytes]:
    def task(job: int) -> bytes:
        raise error

    return task


def test_what_a_user_can_mend_comes_through() -> None:
    with pytest.raises(UserError, match=r"^the disk is full$"):
        list(in_workers(fail(UserError("the disk is full")), [1, 2], 2))


def test_our_own_mistakes_come_with_their_place() -> None:
    with pytest.raises(RuntimeError, match=r"in a worker:(.|\n)*in task(.|\n)*KeyError: 'lost'"):
        list(in_workers(fail(KeyError("lost")), [1, 2], 2))


def test_a_death_is_told() -> None:
    with pytest.raises(UserError, match=r"a worker died \(exit code 7\)"):
        list(in_workers(lambda job: os._exit(7), [1, 2], 2))
