"""Datasets: what is generated is what is read, from memory and from the disk."""

from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from dataset_cases import (
    DISK,
    EPISODES,
    MEMORY,
    PLAYERS,
    SHARD,
    TICKS,
    Noise,
    assert_equal,
    window,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_gen.datasets import readers
from data_gen.datasets.dataset import Dataset, memory_bytes
from data_gen.datasets.generate import generate
from data_gen.datasets.manifest import FINISHED, read_manifest
from data_gen.datasets.shards import COLUMNS, pack, read_shard, unpack
from data_gen.datasets.summary import summarise
from data_gen.datasets.verify import verify
from data_gen.errors import UserError
from data_gen.game import Frames, GameSpec
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from data_gen.rollout import Rollout, roll_out


@pytest.mark.parametrize("limit", [MEMORY, DISK])
def test_what_is_read_is_what_was_played(made: Path, truth: Rollout, limit: int) -> None:
    dataset = Dataset.open(made, limit)
    assert dataset.in_memory == (limit == MEMORY)
    assert (dataset.episodes, dataset.ticks, dataset.players) == (EPISODES, TICKS, PLAYERS)
    assert dataset.spec == make_game("pong").spec
    assert_equal(dataset.windows(np.arange(EPISODES), [0] * EPISODES, TICKS), truth)
    for name in ("policy", "event"):
        np.testing.assert_array_equal(
            np.concatenate(list(dataset.column(name))), getattr(truth, name)
        )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_windows_from_memory_and_disk_agree(
    made: Path, truth: Rollout, data: st.DataObject
) -> None:
    ticks = data.draw(st.integers(1, TICKS))
    place = st.tuples(st.integers(0, EPISODES - 1), st.integers(0, TICKS - ticks))
    places = data.draw(st.lists(place, min_size=1, max_size=6))
    episodes, starts = [list(column) for column in zip(*places, strict=True)]
    expected = window(truth, episodes, starts, ticks)
    for limit in (MEMORY, DISK):
        assert_equal(Dataset.open(made, limit).windows(episodes, starts, ticks), expected)


@pytest.mark.parametrize("limit", [MEMORY, DISK])
@pytest.mark.parametrize(
    ("episodes", "starts", "ticks", "message"),
    [
        ([EPISODES], [0], 4, "episodes must lie in 0 to 6"),
        ([-1], [0], 4, "episodes must lie"),
        ([0], [TICKS - 3], 4, "starts must lie in 0 to 20"),
        ([0], [-1], 4, "starts must lie"),
        ([0], [0], TICKS + 1, "1 to 24 ticks"),
        ([0], [0], 0, "1 to 24 ticks"),
        ([0, 1], [0], 4, "one start per episode"),
        ([], [], 4, "one start per episode"),
    ],
)
def test_windows_that_are_not_there(
    made: Path, limit: int, episodes: list[int], starts: list[int], ticks: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Dataset.open(made, limit).windows(episodes, starts, ticks)


def test_memory_limit_is_what_the_arrays_take(made: Path) -> None:
    manifest = read_manifest(made / FINISHED)
    columns = [read_shard(made, shard) for shard in manifest.shards]
    taken = sum(values.nbytes for shard in columns for values in shard.values())
    assert memory_bytes(manifest) == taken
    assert Dataset.open(made, taken).in_memory
    assert not Dataset.open(made, taken - 1).in_memory


def _frames_of_first(dataset: Dataset) -> Frames:
    return dataset.windows([0, EPISODES - 1], [0, 0], TICKS).frames


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_read_lazily(made: Path, truth: Rollout, method: str) -> None:
    dataset = Dataset.open(made, DISK)
    _frames_of_first(dataset)  # the parent has its files open when the worker begins
    with multiprocessing.get_context(method).Pool(1) as pool:
        seen = pool.apply(_frames_of_first, (dataset,))
    np.testing.assert_array_equal(seen, truth.frames[[0, -1]])
    copied = pickle.loads(pickle.dumps(Dataset.open(made, MEMORY)))
    np.testing.assert_array_equal(_frames_of_first(copied), truth.frames[[0, -1]])


def test_no_file_stays_open(made: Path, truth: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MAPS", 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    dataset = Dataset.open(made, DISK)
    for episode in (0, 6, 3, 0):
        read = dataset.windows([episode], [1], 5)
        assert_equal(read, window(truth, [episode], [1], 5))
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_that_changes_while_it_is_read(folder: Path) -> None:
    """Its checksum is compared once only; zip's own stays."""
    dataset = Dataset.open(folder, DISK)
    dataset.windows([4], [0], TICKS)
    path = folder / "shard-00001.h5"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(UserError, match=r"shard-00001.h5 is damaged: it has changed"):
        dataset.windows([4], [0], TICKS)
    path.unlink()
    with pytest.raises(UserError, match=r"cannot read .*shard-00001.h5: No such file"):
        dataset.windows([4], [0], TICKS)


def test_any_reader_understands_the_frames(made: Path, truth: Rollout) -> None:
    """Pixel by pixel from the layout that shards.py documents, with h5py alone."""
    with h5py.File(made / "shard-00001.h5") as file:
        stored = np.asarray(file["frames"])[1, 9]
        for name in COLUMNS:
            assert file[name].compression in (None, "gzip")  # type: ignore[union-attr]
    plane = 32 * 32 // 8
    for pixel, colour in enumerate(truth.frames[SHARD + 1, 9].flatten().tolist()):
        bits = [int(stored[k * plane + pixel // 8]) >> (7 - pixel % 8) & 1 for k in range(3)]
        assert bits[0] + 2 * bits[1] + 4 * bits[2] == colour


@settings(deadline=None)
@given(
    colours=st.sampled_from([None, 1, 2, 3, 4, 5, 16, 17, 128, 129, 256]),
    shape=st.tuples(st.just(1), st.integers(1, 9), st.integers(1, 9)),
    lead=st.lists(st.integers(1, 3), max_size=3),
    seed=st.integers(0, 99),
)
def test_packing(
    colours: int | None, shape: tuple[int, int, int], lead: list[int], seed: int
) -> None:
    palette = ((0, 0, 0),) * colours if colours else None
    spec = GameSpec("toy", 1, (1 if colours else 3, *shape[1:]), ("none",), palette=palette)
    generator = np.random.default_rng(seed)
    frames = generator.integers(0, colours or 256, (*lead, *spec.shape), np.uint8)
    stored = pack(frames, spec)
    flat = stored if colours and colours <= 128 else stored.reshape(*lead, -1)
    pixels = int(np.prod(spec.shape))
    bits = int(np.ceil(np.log2(colours))) if colours and colours > 1 else 1 if colours else 8
    assert flat.shape[-1] == (pixels if bits == 8 else bits * int(np.ceil(pixels / 8)))
    np.testing.assert_array_equal(unpack(flat, spec), frames)


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("true_colour", [True, False])
def test_other_frames_and_specs(tmp_path: Path, true_colour: bool) -> None:
    game = Noise(true_colour)
    generate(tmp_path, game, ["random"], 4, 6, shard_episodes=3)
    truth = roll_out(game, make_players(["random"]), training_seeds(0, 0, 4), 6)
    assert truth.terminated.any()
    for limit in (MEMORY, DISK):
        assert_equal(Dataset.open(tmp_path, limit).windows(range(4), [0] * 4, 6), truth)
        read = Dataset.open(tmp_path, limit).windows([3, 1], [2, 0], 3)
        assert_equal(read, window(truth, [3, 1], [2, 0], 3))
    assert verify(tmp_path) == []
    assert summarise(Dataset.open(tmp_path))["colours"] == (None if true_colour else 3)


def test_a_colour_outside_the_palette_is_not_stored() -> None:
    with pytest.raises(AssertionError, match="outside its palette"):
        pack(np.full((1, 1, 32, 32), 5, np.uint8), make_game("pong").spec)
