"""Datasets: the same arguments give the same bytes; strangers and full disks are told."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dataset_cases import TICKS, content, flip, make

from data_gen.datasets import generate as generate_module
from data_gen.datasets.generate import generate
from data_gen.datasets.manifest import FINISHED, HALF_DONE, read_manifest
from data_gen.errors import UserError
from data_gen.registry import make_game


@pytest.mark.parametrize("workers", [1, 2])
def test_same_arguments_give_the_same_bytes(made: Path, tmp_path: Path, workers: int) -> None:
    assert make(tmp_path, workers=workers) == 3
    assert content(tmp_path) == content(made)
    assert set(content(made)) == {".lock", FINISHED, *(f"shard-0000{n}.h5" for n in range(3))}


def test_the_same_starts_have_the_same_name(made: Path, tmp_path: Path) -> None:
    for number, starts in enumerate(({"init": 1}, {"init": 3, "uniform": 0})):
        make(tmp_path / str(number), starts=starts)
        assert content(tmp_path / str(number)) == content(made)
    for starts in ({"init": 0}, {"init": 1, "unifrom": 0}, {"init": float("nan")}):
        with pytest.raises(UserError, match=r"all be 0|unknown start|0 or more"):
            make(tmp_path / "bad", starts=starts)
    part = read_manifest(made / FINISHED).parts[0]
    assert part.shares_episodes(replace(part, starts=(("init", 2),)))
    assert not part.shares_episodes(replace(part, starts=(("uniform", 2),)))


def test_a_finished_dataset_is_left_alone(folder: Path) -> None:
    def stamps() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}

    before = stamps()
    assert make(folder) == 0
    assert make(folder, shard_episodes=None) == 0  # not asked for: as it is
    assert stamps() == before


@pytest.mark.parametrize("state", ["finished", "half done"])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"episodes": 8}, "episodes 7, not 8"),
        ({"ticks": 9}, "ticks 24, not 9"),
        ({"seed": 6}, "seed 5, not 6"),
        ({"first": 6}, "first 0, not 6"),
        ({"players": ["random"]}, "players sticky tracker:0.7 random, not random"),
        ({"shard_episodes": 4}, "shard episodes 3, not 4"),
        ({"game": make_game("pong", ball_speed=2)}, r"option ball_speed \[1\], not \[2\]"),
    ],
)
def test_other_arguments(folder: Path, state: str, changed: dict[str, Any], message: str) -> None:
    if state == "half done":
        (folder / FINISHED).rename(folder / HALF_DONE)
    before = content(folder)
    with pytest.raises(UserError, match=rf"holds another dataset: {message};") as caught:
        make(folder, **changed)
    assert str(folder) in str(caught.value)
    assert content(folder) == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"episodes": 0}, "episodes must be at least 1, not 0"),
        ({"ticks": 0}, "ticks must be at least 1, not 0"),
        ({"shard_episodes": 0}, "at least 1 episode"),
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"seed": -1}, "seed must lie in"),
        ({"first": -1}, "first must lie in"),
        ({"seed": 1 << 64}, "seed must lie in"),
        ({"players": ["trakcer"]}, "unknown player 'trakcer'"),
        ({"players": ["tracker:7"]}, "skill"),
        ({"players": []}, "at least one player"),
    ],
)
def test_impossible_arguments_write_nothing(
    tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        make(tmp_path / "new", **changed)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("damage", ["missing", "shorter", "flipped", "not recorded"])
@pytest.mark.parametrize("state", ["finished", "half done"])
def test_bad_shards_are_made_again(made: Path, folder: Path, state: str, damage: str) -> None:
    shard = folder / "shard-00001.h5"
    if state == "half done":
        (folder / FINISHED).rename(folder / HALF_DONE)
    if damage == "missing":
        shard.unlink()
    elif damage == "not recorded":
        path = folder / (FINISHED if state == "finished" else HALF_DONE)
        manifest = read_manifest(path)
        replace(manifest, shards=manifest.shards[::2]).write(path)
        shard.write_bytes(b"half a shard of another program")
    elif damage == "shorter":
        shard.write_bytes(shard.read_bytes()[:-1])
    else:
        flip(shard, 1000)
    assert make(folder) == 1
    assert content(folder) == content(made)


def test_leftovers_of_a_killed_run_are_swept(made: Path, folder: Path) -> None:
    (folder / ".shard-00001.h5.k3f_9a.h5").write_bytes(b"half a shard")
    (folder / ".manifest.json.zz81.json").write_bytes(b"{")
    shutil.copy(folder / FINISHED, folder / HALF_DONE)  # killed between its last two steps
    assert make(folder) == 0
    assert content(folder) == content(made)


COMMAND = [sys.executable, "-m", "data_gen", "generate", "pong", "--ticks", "48"]
COMMAND += ["--episodes", "48", "--shard-episodes", "4", "--out"]


def test_a_second_writer_is_turned_away(folder: Path) -> None:
    before = content(folder)
    with (folder / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another process is writing into"):
            make(folder, episodes=8)
    assert content(folder) == before
    assert make(folder) == 0  # the lock went with its holder


def test_a_full_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("shard-00001.h5", "shard-00002.h5"):
        (folder / name).unlink()
    (folder / FINISHED).rename(folder / HALF_DONE)
    before = content(folder)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"cannot write .*shard-00001\.h5: No space left"):
        make(folder)
    assert content(folder) == before


@pytest.mark.usefixtures("made")  # so that the kernels are compiled
def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    """The system refuses to write more than 20 kB: enough for a manifest, not for a shard."""
    refused = subprocess.run(
        [*COMMAND, str(tmp_path), "--shard-episodes", "48"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 2
    assert refused.stderr == f"error: cannot write {tmp_path}/shard-00000.h5: File too large\n"
    assert set(content(tmp_path)) == {".lock", HALF_DONE}


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="cannot write into"):
        make(tmp_path / "file")


def test_progress_and_default_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_module, "_SHARD_BYTES", 2 * 1024 * (TICKS + 1) + 1)
    calls: list[tuple[int, int]] = []
    result = generate(
        tmp_path, make_game("pong"), ["random"], 5, TICKS, progress=lambda *both: calls.append(both)
    )
    assert [shard.episodes for shard in result.manifest.shards] == [2, 2, 1]
    assert calls == [(2, 5), (4, 5), (5, 5)]
