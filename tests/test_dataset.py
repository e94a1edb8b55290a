"""Datasets: what is generated is what is read; damage, strangers and full disks are told."""

from __future__ import annotations

import errno
import fcntl
import json
import multiprocessing
import os
import pickle
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from data_gen import dataset as dataset_module
from data_gen import generate as generate_module
from data_gen.dataset import Dataset, memory_bytes
from data_gen.errors import UserError
from data_gen.game import Actions, Frames, GameSpec, Seeds, State
from data_gen.generate import generate
from data_gen.manifest import FINISHED, HALF_DONE, read_manifest, sealed
from data_gen.players import make_players
from data_gen.pong import Pong
from data_gen.randomness import hash64, training_seeds
from data_gen.registry import GAMES
from data_gen.rollout import Rollout, roll_out
from data_gen.shards import COLUMNS, Columns, columns_of, pack, read_shard, unpack, write_shard
from data_gen.verify import Problem, verify

PLAYERS = ("sticky", "tracker:0.7", "random")
EPISODES, TICKS, SHARD = 7, 24, 3  # three shards, the last one short
MEMORY, DISK = 1 << 30, 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dataset that no test changes."""
    folder = tmp_path_factory.mktemp("dataset") / "pong"
    make(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(made, tmp_path / "copy"))


@pytest.fixture(scope="module")
def truth() -> Rollout:
    seeds = training_seeds(5, 0, EPISODES)
    return roll_out(Pong(), make_players(PLAYERS), seeds, TICKS)


def make(folder: Path, **changed: Any) -> int:
    """Generate the dataset of these tests; returns the number of shards that were made."""
    wanted = {"players": PLAYERS, "episodes": EPISODES, "ticks": TICKS} | changed
    wanted = {"game": Pong(), "seed": 5, "shard_episodes": SHARD} | wanted
    return generate(folder, **wanted).made


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def assert_equal(read: Rollout, truth: Rollout) -> None:
    for entry in fields(Rollout):
        ours, theirs = getattr(read, entry.name), getattr(truth, entry.name)
        assert ours.dtype == theirs.dtype, entry.name
        np.testing.assert_array_equal(ours, theirs, err_msg=entry.name)


def window(truth: Rollout, episodes: list[int], starts: list[int], ticks: int) -> Rollout:
    """What `Dataset.windows` should give, cut out one by one."""

    def cut(values: NDArray[Any], count: int) -> NDArray[Any]:
        pairs = zip(episodes, starts, strict=True)
        return np.stack([values[episode, start : start + count] for episode, start in pairs])

    per_tick = ("actions", "reward", "terminated", "event")
    return Rollout(
        frames=cut(truth.frames, ticks + 1),
        **{name: cut(getattr(truth, name), ticks) for name in per_tick},
        **{name: getattr(truth, name)[episodes] for name in ("seeds", "policy", "description")},
    )


@pytest.mark.parametrize("limit", [MEMORY, DISK])
def test_what_is_read_is_what_was_played(made: Path, truth: Rollout, limit: int) -> None:
    dataset = Dataset.open(made, limit)
    assert dataset.in_memory == (limit == MEMORY)
    assert (dataset.episodes, dataset.ticks, dataset.players) == (EPISODES, TICKS, PLAYERS)
    assert dataset.spec == Pong().spec
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


def test_a_forked_process_opens_its_own_files(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, opened = Dataset.open(made, DISK), []
    original = dataset_module.open_shard

    def counted(*arguments: Any) -> h5py.File:
        opened.append(arguments[1].file)
        return original(*arguments)

    monkeypatch.setattr(dataset_module, "open_shard", counted)
    for _ in range(2):
        dataset.windows([0], [0], 1)
    assert len(opened) == 1
    monkeypatch.setattr(os, "getpid", lambda: -1)
    dataset.windows([0], [0], 1)
    assert len(opened) == 2


def test_few_files_stay_open(made: Path, truth: Rollout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_module, "_OPEN_FILES", 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    dataset = Dataset.open(made, DISK)
    for episode in (0, 6, 3, 0):
        read = dataset.windows([episode], [1], 5)
        assert_equal(read, window(truth, [episode], [1], 5))
    assert len(list(Path("/proc/self/fd").iterdir())) == before + 1


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


@dataclass(frozen=True)
class NoiseState(State):
    noise: NDArray[np.uint64]  # (B,)


class Noise:
    """A toy: noise in true colour or in three colours, on a frame whose pixels fill no byte; it has
    no description, and it ends."""

    def __init__(self, true_colour: bool = True) -> None:
        palette = None if true_colour else ((0, 0, 0), (9, 9, 9), (99, 99, 99))
        shape = (3, 5, 7) if true_colour else (1, 5, 7)
        options = {"true_colour": true_colour}
        self.spec = GameSpec("noise", 1, shape, ("a", "b"), palette=palette, options=options)

    def init(self, seeds: Seeds) -> NoiseState:
        return self._state(hash64(seeds))

    def step(self, state: NoiseState, actions: Actions) -> NoiseState:
        return self._state(hash64(state.noise, actions[:, 0].astype(np.uint64)))

    def render(self, state: NoiseState) -> Frames:
        pixels = np.arange(np.prod(self.spec.shape), dtype=np.uint64)
        colours = 256 if self.spec.palette is None else len(self.spec.palette)
        drawn = hash64(state.noise[:, None], pixels) % np.uint64(colours)
        return drawn.astype(np.uint8).reshape(-1, *self.spec.shape)

    def _state(self, noise: NDArray[np.uint64]) -> NoiseState:
        return NoiseState(
            reward=(noise % np.uint64(7)).astype(np.float32)[:, None],
            terminated=noise % np.uint64(5) == 0,
            description=np.zeros((len(noise), 0), np.float32),
            event=np.zeros(len(noise), np.uint8),
            noise=noise,
        )


@pytest.mark.parametrize("true_colour", [True, False])
def test_other_frames_and_specs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, true_colour: bool
) -> None:
    monkeypatch.setitem(GAMES, "noise", f"{__name__}:Noise")
    game = Noise(true_colour)
    generate(tmp_path, game, ["random"], 4, 6, shard_episodes=3)
    truth = roll_out(game, make_players(["random"]), training_seeds(0, 0, 4), 6)
    assert truth.terminated.any()
    for limit in (MEMORY, DISK):
        assert_equal(Dataset.open(tmp_path, limit).windows(range(4), [0] * 4, 6), truth)
        read = Dataset.open(tmp_path, limit).windows([3, 1], [2, 0], 3)
        assert_equal(read, window(truth, [3, 1], [2, 0], 3))
    assert verify(tmp_path) == []


def test_a_colour_outside_the_palette_is_not_stored() -> None:
    with pytest.raises(AssertionError, match="outside its palette"):
        pack(np.full((1, 1, 32, 32), 5, np.uint8), Pong().spec)


def test_same_arguments_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    assert make(tmp_path) == 3
    assert content(tmp_path) == content(made)
    assert set(content(made)) == {".lock", FINISHED, *(f"shard-0000{n}.h5" for n in range(3))}


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
        ({"players": ["random"]}, "players sticky tracker:0.7 random, not random"),
        ({"shard_episodes": 4}, "shard episodes 3, not 4"),
        ({"game": Pong(ball_speed=2)}, r"option ball_speed \[1\], not \[2\]"),
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
        ({"seed": -1}, "seed must lie in"),
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
    else:
        data = bytearray(shard.read_bytes())
        data[1000] ^= 1
        shard.write_bytes(data[:-1] if damage == "shorter" else data)
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


def test_killed_at_random_moments_then_resumed(tmp_path: Path) -> None:
    generate(tmp_path / "calm", Pong(), ["sticky", "tracker:0.7"], 48, 48, shard_episodes=4)
    chance, folder = random.Random(0), tmp_path / "killed"
    killed_half_way = 0
    for shards in (0, 1, 3, 5, 8, 11):  # what is there before the kill
        process = subprocess.Popen([*COMMAND, str(folder)], stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(folder.glob("shard-*.h5"))) < shards + 1:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.02)
        process.kill()
        killed_half_way += process.wait() == -signal.SIGKILL
        if not (folder / FINISHED).exists():
            with pytest.raises(UserError, match=r"is not finished: \d+ of 48 episodes"):
                Dataset.open(folder)
    assert killed_half_way >= 3
    subprocess.run([*COMMAND, str(folder)], check=True, stdout=subprocess.DEVNULL)
    assert content(folder) == content(tmp_path / "calm")


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


def test_no_dataset_there(tmp_path: Path) -> None:
    for open_it in (Dataset.open, verify):
        with pytest.raises(UserError, match=r"no dataset in .* python -m data_gen generate"):
            open_it(tmp_path / "nowhere")


def rewrite_manifest(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    values = json.loads((folder / FINISHED).read_text())
    change(values)
    del values["checksum"]
    (folder / FINISHED).write_text(sealed(values))


def test_a_newer_schema(folder: Path) -> None:
    rewrite_manifest(folder, lambda values: values.update(schema_version=2, more=[1]))
    for open_it in (Dataset.open, verify, make):
        with pytest.raises(UserError, match="schema version 2, but this program reads 1"):
            open_it(folder)


def test_another_version_of_the_game(folder: Path) -> None:
    rewrite_manifest(folder, lambda values: values["spec"].update(version=7))
    for open_it in (Dataset.open, verify):
        with pytest.raises(UserError, match="pong version 7, but this program has version 1"):
            open_it(folder)
    with pytest.raises(UserError, match="game version 7, not 1"):
        make(folder)


def test_a_manifest_cannot_name_files_elsewhere(folder: Path) -> None:
    rewrite_manifest(folder, lambda values: values["shards"][0].update(file="../secret.h5"))
    with pytest.raises(UserError, match=r"unexpected shard '\.\./secret\.h5'"):
        Dataset.open(folder)


def read_all(folder: Path, limit: int) -> None:
    dataset = Dataset.open(folder, limit)
    dataset.windows(range(EPISODES), [0] * EPISODES, TICKS)


@pytest.fixture(scope="module")
def breakable(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("flipped") / "pong"))


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_every_flipped_byte_is_found(breakable: Path, data: st.DataObject) -> None:
    files = sorted(path for path in breakable.iterdir() if path.suffix in (".json", ".h5"))
    path = data.draw(st.sampled_from(files))
    good = path.read_bytes()
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bad)
    try:
        assert [problem.file for problem in verify(breakable)] == [path.name]
        for limit in (MEMORY, DISK):
            with pytest.raises(UserError, match=rf"{path.name} is damaged"):
                read_all(breakable, limit)
    finally:
        path.write_bytes(good)


def test_a_whole_dataset_is_proved(made: Path) -> None:
    calls: list[tuple[int, int]] = []
    assert verify(made, lambda done, total: calls.append((done, total))) == []
    assert calls == [(3, 7), (6, 7), (7, 7)]


def forge(folder: Path, number: int, change: Callable[[Columns], None]) -> None:
    """Change what a shard says and sign it anew, as a generator with a fault would."""
    manifest = read_manifest(folder / FINISHED)
    shard = manifest.shards[number]
    columns = read_shard(folder, shard)
    change(columns)
    shards = list(manifest.shards)
    shards[number] = write_shard(folder / shard.file, columns, manifest.spec, shard.first_episode)
    replace(manifest, shards=tuple(shards)).write(folder / FINISHED)


@pytest.mark.parametrize(
    ("column", "place", "tick"),
    [
        ("seeds", (1,), None),
        ("policy", (1, 0), None),
        ("description", (1, 2), None),
        ("reward", (1, 20, 1), 20),
        ("terminated", (1, 23), 23),
        ("event", (1, 0), 0),
        ("frames", (1, 24, 383), 24),
    ],
)
def test_forged_content_is_found(
    folder: Path, column: str, place: tuple[int, ...], tick: int | None
) -> None:
    def change(columns: Columns) -> None:
        columns[column][place] = 0.5 if columns[column].dtype == np.float32 else 77

    forge(folder, 1, change)
    Dataset.open(folder)  # its checksums are right
    first = verify(folder)[0]
    assert (first.file, first.episode, first.tick) == ("shard-00001.h5", SHARD + 1, tick)
    assert first.what.startswith(column)


def test_actions_that_the_players_did_not_choose(folder: Path) -> None:
    """That the frames follow from the actions is not enough."""
    manifest = read_manifest(folder / FINISHED)
    other = replace(manifest, players=("random", "random", "random"))
    seeds = training_seeds(5, 0, SHARD)
    played = roll_out(Pong(), make_players(other.players), seeds, TICKS)

    def change(columns: Columns) -> None:
        columns.update(actions=played.actions, frames=pack(played.frames, Pong().spec))
        columns.update(reward=played.reward, event=played.event)

    forge(folder, 0, change)
    (problem,) = verify(folder)
    assert problem.what == "actions not what the recorded players choose"
    assert (problem.file, problem.episode) == ("shard-00000.h5", 0)


def test_episodes_of_other_seeds(folder: Path) -> None:
    """True to the game and the players, but not what the manifest's seed gives."""
    seeds = training_seeds(6, 0, SHARD)
    played = columns_of(roll_out(Pong(), make_players(PLAYERS), seeds, TICKS), Pong().spec)
    forge(folder, 0, lambda columns: columns.update(played))
    (problem,) = verify(folder)
    assert problem == Problem("shard-00000.h5", "seeds not those of the manifest's seed", 0)


def test_an_action_that_the_game_does_not_have(folder: Path) -> None:
    forge(folder, 2, lambda columns: columns["actions"].fill(3))
    assert verify(folder)[-1] == Problem("shard-00002.h5", "an action that pong does not have")


def test_shards_that_are_not_what_the_manifest_says(folder: Path) -> None:
    forge(folder, 0, lambda columns: columns.update(event=columns["event"][:, :-1]))
    assert "shape or type of event" in str(verify(folder)[0])
    rewrite_manifest(folder, lambda values: values["shards"].pop())
    assert "shard-00002.h5: is missing from manifest.json" in [str(p) for p in verify(folder)]


def test_generating_again_repairs_what_verify_found(made: Path, folder: Path) -> None:
    (folder / "shard-00002.h5").unlink()
    (problem,) = verify(folder)
    assert "No such file" in str(problem)
    make(folder)
    assert verify(folder) == []
    assert content(folder) == content(made)


def test_progress_and_default_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate_module, "_SHARD_BYTES", 2 * 1024 * (TICKS + 1) + 1)
    calls: list[tuple[int, int]] = []
    result = generate(
        tmp_path, Pong(), ["random"], 5, TICKS, progress=lambda *both: calls.append(both)
    )
    assert [shard.episodes for shard in result.manifest.shards] == [2, 2, 1]
    assert calls == [(2, 5), (4, 5), (5, 5)]
