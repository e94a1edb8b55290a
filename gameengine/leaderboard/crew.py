"""Works through the cells of the leaderboard, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from gameengine.leaderboard.cells import Asked, Cell, read_result, write_plan
from gameengine.leaderboard.study import Study

JUDGING = 30.0  # seconds that judging is guessed to take, for the bar
POLL = 0.2  # seconds


@dataclass
class Job:
    """A cell that a process is at work on."""

    cell: Cell
    log: Path
    result: Path
    process: subprocess.Popen[bytes]
    started: float

    @property
    def weight(self) -> float:
        return weight_of(self.cell)

    @property
    def done(self) -> float:
        """Seconds of its weight that are over; the last ones only when it has ended."""
        return min(time.monotonic() - self.started, 0.98 * self.weight)


def weight_of(cell: Cell) -> float:
    """Seconds that a cell is guessed to take."""
    return 60 * cell.minutes + JUDGING


def prepare(cell: Cell, study: Study) -> None:
    """Make the cell's folder ready to be worked on. What has begun goes on as it began."""
    if not study.is_begun(cell):
        write_plan(study.folder(cell), study.plan(cell))


def work_through(cells: Sequence[Cell], study: Study, asked: Asked, jobs: int) -> list[str]:
    """Train and judge the cells, `jobs` at a time, with a bar for the whole and a line for each.
    Returns the names of those that failed. Raises KeyboardInterrupt for Ctrl-C and SIGTERM, after
    the cells at work have saved themselves."""
    failed: list[str] = []
    waiting, working = list(cells), list[Job]()
    total = sum(map(weight_of, cells))
    over = 0.0  # seconds of the cells that ended
    with _bar(total) as bar, _stopped_by_sigterm():
        try:
            while waiting or working:
                while waiting and len(working) < jobs:
                    working.append(_start(waiting.pop(0), study, asked, jobs))
                time.sleep(POLL)
                for job in [job for job in working if job.process.poll() is not None]:
                    working.remove(job)
                    over += job.weight
                    line, good = _told(job)
                    bar.write(line, file=sys.stdout)
                    sys.stdout.flush()  # a log shows it now, not at the end
                    failed += [] if good else [job.cell.name]
                bar.n = round(over + sum(job.done for job in working))
                ended = len(cells) - len(waiting) - len(working)
                at_work = ", ".join(f"{job.cell.engine} on {job.cell.block}" for job in working)
                bar.set_postfix_str(f"{ended} of {len(cells)} cells; {at_work}")
        except KeyboardInterrupt:
            bar.set_postfix_str("stopping")
            bar.write("the cells at work are saving themselves", file=sys.stderr)
            _stop(working)
            raise
    return failed


def _bar(total: float) -> Any:
    """On a terminal; in a log it would be thousands of lines."""
    return tqdm(
        total=round(total),
        disable=None,  # unless stderr is a terminal
        bar_format="{percentage:3.0f}%|{bar:20}| {elapsed}, about {remaining} left{postfix}",
    )


def _start(cell: Cell, study: Study, asked: Asked, jobs: int) -> Job:
    folder, result = study.folder(cell), study.file(cell)
    command = [
        *(sys.executable, "-m", "gameengine.leaderboard.work", str(folder), str(result)),
        *("--rollouts", str(asked.rollouts), "--ticks", str(asked.ticks), "--jobs", str(jobs)),
    ]
    log = folder / "log.txt"
    with log.open("ab") as told:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=subprocess.STDOUT,
            env=_environment(cell.threads),
            process_group=0,  # a terminal's Ctrl-C is for the leaderboard, which passes it on once
        )
    return Job(cell, log, result, process, time.monotonic())


def _environment(threads: int) -> Mapping[str, str]:
    """torch reads the number of threads when it is loaded."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(threads))


def _told(job: Job) -> tuple[str, bool]:
    """The line of a cell that ended, and whether it ended well."""
    result = read_result(job.result)
    if job.process.returncode or result is None:
        lines = job.log.read_text(errors="replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{job.cell.name}: failed ({last:.200}); see {job.log}", False
    if result["refused"] is not None:
        return f"{job.cell.name}: refused ({result['refused']})", True
    told = [f"{job.cell.name}:"]
    for kind in ("exact", "tracked"):
        if (horizon := result[kind]) is not None:
            told.append(f"{kind} {horizon['median']:,.0f} / {horizon['p10']:,.0f} ticks,")
    return f"{' '.join(told)} judged in {result['judging_seconds']:.0f} s", True


def _stop(working: Sequence[Job]) -> None:
    """Ask each process once to save itself, and wait; a second Ctrl-C ends them at once."""
    try:
        for job in working:
            job.process.send_signal(signal.SIGTERM)
        for job in working:
            job.process.wait()
    except KeyboardInterrupt:
        for job in working:
            job.process.kill()


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
