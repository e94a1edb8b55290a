"""Work in several processes, that end when the one that began them does, however that ends."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from data_gen.errors import UserError

_METHOD = "spawn"  # a forked process would inherit locks, threads and Numba's state half way
Job = TypeVar("Job")


@dataclass(frozen=True)
class _Failed:
    """What a worker sends instead of its bytes. error: what a user can mend, else None."""

    error: UserError | None
    trace: str


class _Worker(Generic[Job]):
    def __init__(self, task: Callable[[Job], bytes]) -> None:
        context = get_context(_METHOD)
        self.pipe, theirs = context.Pipe()
        self.job: Job | None = None
        resource_tracker.ensure_running()  # else the first start would, and unblock what we block
        # A blocked signal is inherited: Ctrl-C, which a terminal sends to all, is then ours alone.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process = context.Process(target=_work, args=(task, theirs), daemon=True)
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def begin(self, job: Job) -> None:
        self.job = job
        try:
            self.pipe.send(job)
        except OSError:
            raise self._death() from None

    def result(self) -> bytes:
        try:
            sent = self.pipe.recv()
        except (EOFError, OSError):
            raise self._death() from None
        if isinstance(sent, _Failed):
            raise sent.error or RuntimeError(f"in a worker:\n{sent.trace}")
        return sent

    def _death(self) -> UserError:
        self.process.join()
        code = self.process.exitcode or 0
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return UserError(
            f"a worker died ({how}); what was done is kept: run the same command once more to go"
            " on, with fewer --workers or smaller --shard-episodes if the memory was full"
        )


def in_workers(
    task: Callable[[Job], bytes], jobs: Sequence[Job], workers: int
) -> Generator[tuple[Job, bytes], None, None]:
    """Yields (job, task(job)) for all jobs, in the order in which they get done by so many
    processes. task and jobs must pickle, and a script that calls this needs the usual
    `if __name__ == "__main__"`.

    Raises UserError when a worker dies, or what the task raised. No worker outlives this generator
    or this process.
    """
    waiting = list(reversed(jobs))
    with _team(task, min(workers, len(jobs))) as team:
        busy = dict[Any, _Worker[Job]]()
        for worker in team:
            worker.begin(waiting.pop())
            busy[worker.pipe] = worker
        while busy:
            for ready in connection.wait(list(busy)):
                worker = busy[ready]
                result, job = worker.result(), worker.job
                assert job is not None
                if waiting:
                    worker.begin(waiting.pop())  # before the caller is busy with the result
                else:
                    del busy[ready]
                yield job, result


@contextmanager
def _team(task: Callable[[Job], bytes], workers: int) -> Iterator[list[_Worker[Job]]]:
    team: list[_Worker[Job]] = []
    try:
        for _ in range(workers):
            team.append(_Worker(task))
        yield team
    finally:
        for worker in team:
            worker.process.kill()
        for worker in team:
            worker.process.join()
            worker.pipe.close()


def _work(task: Callable[[Any], bytes], pipe: Connection) -> None:
    """What a worker does: jobs in, bytes or _Failed out, until there is no one to work for."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            result: bytes | _Failed = task(job)
        except Exception as error:
            mendable = error if isinstance(error, UserError) else None
            result = _Failed(mendable, traceback.format_exc())
        try:
            pipe.send(result)
        except OSError:
            return


def _die_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker has a parent"
    connection.wait([parent.sentinel])
    os._exit(1)
