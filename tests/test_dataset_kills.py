"""Datasets: whoever is killed, and whenever, the bytes are the same in the end."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_cases import content, make

from data_gen.datasets import workers
from data_gen.datasets.dataset import Dataset
from data_gen.datasets.manifest import FINISHED
from data_gen.datasets.merge import merge
from data_gen.errors import UserError

KILLS = 50
MANY = {"episodes": 200, "ticks": 8, "shard_episodes": 1}  # shards of which one takes milliseconds
COMMAND = [sys.executable, "-m", "data_gen", "generate", "pong", "--ticks", "48"]
COMMAND += ["--episodes", "240", "--shard-episodes", "4", "--out"]


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an undisturbed run gives."""
    folder = tmp_path_factory.mktemp("calm") / "pong"
    make(folder, **MANY)
    return folder


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.002)


def is_unlocked(folder: Path) -> bool:
    """Workers that were forked, not spawned, hold the lock until they notice the death."""
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def disturb(work: Callable[[], object], folder: Path, kills: int = KILLS) -> None:
    """Begin `work` again and again, each time killed at a random moment, then let it finish."""
    chance, context = random.Random(0), multiprocessing.get_context("fork")  # fork: warm at once
    killed = 0
    while killed < kills:
        process = context.Process(target=work)
        process.start()
        if chance.random() < 0.5:  # else it may be killed before it has done anything
            before = len(list(folder.glob("shard-*.h5")))
            while process.is_alive() and len(list(folder.glob("shard-*.h5"))) == before:
                time.sleep(0.001)
        time.sleep(chance.random() * 0.012)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"all done after {killed} kills"
        killed += 1
        until(lambda: is_unlocked(folder), "no worker is left")
        assert not (folder / FINISHED).exists()
        with pytest.raises(UserError, match=r"is not finished: \d+ of 200 episodes|no dataset in"):
            Dataset.open(folder)
    work()


@pytest.mark.parametrize("count", [1, 2])
def test_killed_at_random_moments_then_resumed(
    calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(workers, "_METHOD", "fork")
    folder = tmp_path / "killed"
    disturb(lambda: make(folder, workers=count, **MANY), folder)
    assert content(folder) == content(calm)


def test_a_merge_killed_at_random_moments_then_resumed(tmp_path: Path) -> None:
    half = MANY | {"episodes": 100}
    sources = [tmp_path / "one", tmp_path / "two"]
    for number, source in enumerate(sources):
        make(source, seed=number, **half)
    merge(sources, tmp_path / "calm")
    disturb(lambda: merge(sources, tmp_path / "killed"), tmp_path / "killed", kills=10)
    assert content(tmp_path / "killed") == content(tmp_path / "calm")


def children(process: int) -> list[int]:
    """The processes that it has begun."""
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def started(folder: Path) -> subprocess.Popen[str]:
    """The real program with two workers, when it has written a shard."""
    process = subprocess.Popen(
        [*COMMAND, str(folder), "--workers", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until(lambda: list(folder.glob("shard-*.h5")) or process.poll() is not None, "a first shard")
    assert process.poll() is None, "it must not be done yet"
    return process


def test_workers_do_not_outlive_their_parent(tmp_path: Path) -> None:
    process = started(tmp_path)
    team = children(process.pid)
    assert len(team) >= 2
    process.kill()
    process.communicate()
    until(lambda: not any(map(is_running, team)), "the workers end")
    ended = subprocess.run([*COMMAND, str(tmp_path)], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_ctrl_c_reaches_workers_silently(tmp_path: Path) -> None:
    process = started(tmp_path)
    team = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.startswith("stopped; ")
    assert said.count("\n") == 1
    until(lambda: not any(map(is_running, team)), "the workers end")
    with pytest.raises(UserError, match="is not finished"):
        Dataset.open(tmp_path)


def test_a_dying_worker_is_told_and_what_is_done_is_kept(tmp_path: Path) -> None:
    process = started(tmp_path)
    for child in children(process.pid):
        if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
            os.kill(child, signal.SIGKILL)  # as the system does when its memory is full
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.startswith("error: a worker died (killed by SIGKILL); what was done is kept: run")
    assert said.count("\n") == 1
    assert list(tmp_path.glob("shard-*.h5"))
