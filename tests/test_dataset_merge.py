"""Merging: one dataset of several, byte for byte, with every player under its right number."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import (
    DISK,
    EPISODES,
    MEMORY,
    PLAYERS,
    TICKS,
    assert_equal,
    content,
    flip,
    make,
    read_all,
    rewrite_manifest,
    window,
)

from data_gen.datasets.dataset import Dataset
from data_gen.datasets.manifest import FINISHED, read_manifest
from data_gen.datasets.merge import merge
from data_gen.datasets.summary import summarise, table
from data_gen.datasets.verify import verify
from data_gen.errors import UserError
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from data_gen.rollout import Rollout, roll_out

OTHERS = ("random", "tracker:0.9", "sticky")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second dataset: two shards of five episodes by other players, in another order."""
    folder = tmp_path_factory.mktemp("other") / "pong"
    make(folder, seed=6, players=OTHERS, episodes=5, shard_episodes=4)
    return folder


@pytest.fixture(scope="module")
def merged(made: Path, other: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("merged") / "pong"
    assert merge([made, other], folder).made == 5
    return folder


def renumbered(played: Rollout, names: tuple[str, ...], all_names: tuple[str, ...]) -> Rollout:
    """The rollout with each policy as an index into `all_names`."""
    policy = np.vectorize(lambda number: all_names.index(names[number]))(played.policy)
    return Rollout(**vars(played) | {"policy": policy.astype(np.uint8)})


@pytest.mark.parametrize("limit", [MEMORY, DISK])
def test_all_episodes_are_there(merged: Path, truth: Rollout, limit: int) -> None:
    dataset = Dataset.open(merged, limit)
    names = (*PLAYERS, "tracker:0.9")
    assert (dataset.episodes, dataset.ticks, dataset.players) == (EPISODES + 5, TICKS, names)
    seeds = training_seeds(6, 0, 5)
    second = roll_out(make_game("pong"), make_players(OTHERS), seeds, TICKS)
    second = renumbered(second, OTHERS, names)
    last = list(range(EPISODES, EPISODES + 5))
    assert_equal(dataset.windows(range(EPISODES), [0] * EPISODES, TICKS), truth)
    assert_equal(dataset.windows(last, [0] * 5, TICKS), second)
    whole = Rollout(**{k: np.concatenate([v, vars(second)[k]]) for k, v in vars(truth).items()})
    places = [11, 0, 7, 6], [5, 3, 0, 19]
    assert_equal(dataset.windows(*places, 4), window(whole, *places, 4))
    policy = np.concatenate(list(dataset.column("policy")))
    np.testing.assert_array_equal(policy, whole.policy)


def test_shards_are_copied_as_they_are(made: Path, other: Path, merged: Path) -> None:
    before = [path.read_bytes() for folder in (made, other) for path in sorted(folder.glob("*.h5"))]
    assert [path.read_bytes() for path in sorted(merged.glob("*.h5"))] == before
    manifest = read_manifest(merged / FINISHED)
    assert [part.seed for part in manifest.parts] == [5, 6]
    assert [part.players for part in manifest.parts] == [PLAYERS, OTHERS]
    assert [shard.first_episode for shard in manifest.shards] == [0, 3, 6, 7, 11]
    assert verify(merged) == []


def test_merged_again(made: Path, other: Path, merged: Path, tmp_path: Path) -> None:
    """A merged dataset is one to merge."""
    make(tmp_path / "third", seed=7)
    merge([merged, tmp_path / "third"], tmp_path / "both")
    merge([made, other, tmp_path / "third"], tmp_path / "at once")
    assert content(tmp_path / "both") == content(tmp_path / "at once")
    assert verify(tmp_path / "both") == []


def test_once_more(made: Path, other: Path, merged: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(merged, tmp_path / "copy"))
    assert merge([made, other], copy).made == 0
    flip(copy / "shard-00001.h5", 100)
    (copy / "shard-00004.h5").unlink()
    assert merge([made, other], copy).made == 2
    assert content(copy) == content(merged)
    with pytest.raises(UserError, match=r"holds another dataset: .*part 1 seed 5, not 6;"):
        merge([other, made], copy)


def test_the_same_episodes_are_refused(made: Path, merged: Path, tmp_path: Path) -> None:
    for again in (made, merged):
        copy = Path(shutil.copytree(again, tmp_path / again.parent.name))
        with pytest.raises(UserError, match=r"hold the same episodes: seed 5, players sticky tr"):
            merge([made, copy], tmp_path / "out")
    make(tmp_path / "more", episodes=EPISODES + 1)
    with pytest.raises(UserError, match="hold the same episodes"):
        merge([made, tmp_path / "more"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_several_machines_make_one_stream(made: Path, tmp_path: Path) -> None:
    for name, first, episodes in (("a", 0, 3), ("b", 3, 4)):
        make(tmp_path / name, first=first, episodes=episodes)
    merge([tmp_path / "a", tmp_path / "b"], tmp_path / "all")
    assert_equal(read_all(tmp_path / "all"), read_all(made))
    assert verify(tmp_path / "all") == []
    with pytest.raises(UserError, match="hold the same episodes"):
        merge([tmp_path / "b", made], tmp_path / "out")


def test_many_parts_are_summed_up(tmp_path: Path) -> None:
    folders = [tmp_path / f"{seed}" for seed in range(10)]
    for seed, folder in enumerate(folders):
        make(folder, seed=seed, episodes=1)
    merge(folders, tmp_path / "all")
    lines = table(summarise(Dataset.open(tmp_path / "all"))).splitlines()
    assert "          2 episodes of 2 other parts" in lines


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ticks": 25}, "cannot be merged: ticks 24, not 25"),
        ({"game": make_game("life")}, "cannot be merged: game pong, not life"),
        (
            {"game": make_game("pong", ball_speed=2)},
            r"cannot be merged: option ball_speed \[1\], not \[2\]",
        ),
    ],
)
def test_what_does_not_go_together(
    made: Path, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    make(tmp_path / "other", **changed | {"seed": 8})
    with pytest.raises(UserError, match=message):
        merge([made, tmp_path / "other"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_that_are_none(made: Path, other: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least two folders"):
        merge([made], tmp_path / "out")
    with pytest.raises(UserError, match="is one of the folders to merge"):
        merge([made, other], made)
    with pytest.raises(UserError, match="no dataset in"):
        merge([made, tmp_path / "nowhere"], tmp_path / "out")


def test_too_many_players(made: Path, tmp_path: Path) -> None:
    names = [f"tracker:0.{number}" for number in range(1000, 1254)]
    make(tmp_path / "crowd", seed=9, players=names)
    with pytest.raises(UserError, match="257 players; a dataset has at most 256"):
        merge([made, tmp_path / "crowd"], tmp_path / "out")


def damaged_shard(folder: Path) -> None:
    flip(folder / "shard-00001.h5", 700)


def missing_shard(folder: Path) -> None:
    (folder / "shard-00001.h5").unlink()


def unlisted_shard(folder: Path) -> None:
    rewrite_manifest(folder, lambda values: values["shards"].pop(1))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damaged_shard, "copy/shard-00001.h5 is damaged"),
        (missing_shard, "cannot read .*copy/shard-00001.h5: No such file"),
        (unlisted_shard, "copy/manifest.json does not list all of its shards"),
    ],
)
def test_a_bad_source_is_named_and_nothing_is_a_dataset(
    folder: Path, other: Path, tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(folder)
    with pytest.raises(UserError, match=message):
        merge([other, folder], tmp_path / "out")
    with pytest.raises(UserError, match=r"is not finished|no dataset"):
        Dataset.open(tmp_path / "out")


@pytest.mark.parametrize("limit", [MEMORY, DISK])
def test_a_forged_part_is_found(merged: Path, tmp_path: Path, limit: int) -> None:
    copy = Path(shutil.copytree(merged, tmp_path / "copy"))
    rewrite_manifest(copy, lambda values: values["parts"].reverse())
    with pytest.raises(UserError, match="does not describe a dataset: unexpected shard"):
        read_all(copy, limit)
    copy = Path(shutil.copytree(merged, tmp_path / "again"))
    rewrite_manifest(copy, lambda values: values["parts"][1].update(seed=8))
    assert {problem.file for problem in verify(copy)} == {"shard-00003.h5", "shard-00004.h5"}
    assert json.loads((copy / FINISHED).read_text())["parts"][1]["seed"] == 8
