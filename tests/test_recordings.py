"""Recorded play as a dataset: the truth's frames for what was done, proved from the actions."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import DISK, MEMORY, Noise, assert_equal, content, forge, make, window
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_cases import NAMES, play_of, record, replayed

from data_gen.datasets.dataset import Dataset
from data_gen.datasets.manifest import FINISHED, read_manifest
from data_gen.datasets.merge import merge
from data_gen.datasets.recorded import first_ticks
from data_gen.datasets.recordings import import_recordings, read_recording
from data_gen.datasets.shards import Columns
from data_gen.datasets.verify import verify
from data_gen.errors import UserError
from data_gen.pictures import to_rgb
from data_gen.registry import make_game

TICKS = 20
PLAYS = [play_of(70, seed=1), play_of(9, seed=2), play_of(20, seed=3), play_of(41, seed=4)]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("recording") / "play.npz", PLAYS)


@pytest.fixture
def imported(recording: Path, tmp_path: Path) -> Path:
    import_recordings([recording], tmp_path / "set", TICKS)
    return tmp_path / "set"


@settings(deadline=None)
@given(length=st.integers(0, 300), ticks=st.integers(1, 60))
def test_episodes_cover_a_play(length: int, ticks: int) -> None:
    firsts = first_ticks(length, ticks)
    covered = {tick for first in firsts for tick in range(first, first + ticks)}
    assert covered == (set(range(length)) if length >= ticks else set())
    assert len(firsts) == (-(-length // ticks) if length >= ticks else 0)


def test_a_recording_comes_back(recording: Path) -> None:
    read = read_recording(recording)
    assert read.spec == make_game("pong").spec
    assert read.players == NAMES
    for ours, theirs in zip(read.plays, PLAYS, strict=True):
        assert ours.seed == theirs.seed
        np.testing.assert_array_equal(ours.actions, theirs.actions)
        np.testing.assert_array_equal(ours.policy, theirs.policy)
    assert recording.stat().st_size < 3000


@pytest.mark.parametrize("limit", [MEMORY, DISK])
def test_the_dataset_shows_the_truth(imported: Path, limit: int) -> None:
    dataset = Dataset.open(imported, limit)
    places = [(play, first) for play in PLAYS for first in first_ticks(len(play.actions), TICKS)]
    assert dataset.episodes == len(places) == 4 + 1 + 3
    assert dataset.players == NAMES
    for episode, (play, first) in enumerate(places):
        whole = replayed(play, make_game("pong"))
        read = dataset.windows([episode], [0], TICKS)
        assert_equal(read, window(whole, [0], [first], TICKS))
    assert set(np.concatenate(list(dataset.column("policy"))).flatten()) == {0, 1}
    assert verify(imported) == []


def test_short_plays_are_left_out_and_counted(recording: Path, tmp_path: Path) -> None:
    result = import_recordings([recording], tmp_path / "a", TICKS)
    assert (result.written.made, result.left_out) == (1, 1)
    again = import_recordings([recording], tmp_path / "a", TICKS)
    assert (again.written.made, again.left_out) == (0, 1)
    assert import_recordings([recording], tmp_path / "b", 50).left_out == 3
    with pytest.raises(UserError, match="no play lasts 71 ticks; give fewer --ticks"):
        import_recordings([recording], tmp_path / "c", 71)
    assert not (tmp_path / "c").exists()


def test_several_recordings_and_generated_episodes(recording: Path, tmp_path: Path) -> None:
    second = record(tmp_path / "second.npz", [play_of(30, seed=5)])
    import_recordings([recording, second], tmp_path / "set", TICKS)
    manifest = read_manifest(tmp_path / "set" / FINISHED)
    assert [part.kind for part in manifest.parts] == ["recorded", "recorded"]
    make(tmp_path / "generated", ticks=TICKS)
    merge([tmp_path / "generated", tmp_path / "set"], tmp_path / "all")
    assert verify(tmp_path / "all") == []
    dataset = Dataset.open(tmp_path / "all")
    policy = dataset.windows([dataset.episodes - 1], [0], TICKS).policy
    assert {dataset.players[number] for number in policy.flatten()} == set(NAMES)


def test_the_same_recording_twice(recording: Path, imported: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.npz").write_bytes(recording.read_bytes())
    with pytest.raises(UserError, match=r"copy.npz holds the same recording as another"):
        import_recordings([recording, tmp_path / "copy.npz"], tmp_path / "out", TICKS)
    with pytest.raises(UserError, match="the same recording twice: "):
        import_recordings([recording, recording], tmp_path / "out", TICKS)
    import_recordings([tmp_path / "copy.npz"], tmp_path / "again", TICKS)
    assert content(tmp_path / "again") == content(imported)
    with pytest.raises(UserError, match="hold the same episodes: the same recording"):
        merge([imported, tmp_path / "again"], tmp_path / "out")


def test_another_recording_does_not_go_on(imported: Path, tmp_path: Path) -> None:
    other = record(tmp_path / "other.npz", [replace(play, seed=9) for play in PLAYS])
    with pytest.raises(UserError, match=r"holds another dataset: recording \"\w+\", not"):
        import_recordings([other], imported, TICKS)


def test_games_that_differ(recording: Path, tmp_path: Path) -> None:
    wide = record(tmp_path / "wide.npz", [play_of(30)], make_game("pong", size=(32, 64)))
    with pytest.raises(UserError, match=r"do not go together: option size \[32, 32\], not"):
        import_recordings([recording, wide], tmp_path / "out", TICKS)
    old = read_recording(recording)
    replace(old, spec=replace(old.spec, version=999)).write(tmp_path / "old.npz")
    with pytest.raises(UserError, match="made with pong version 999, but"):
        import_recordings([tmp_path / "old.npz"], tmp_path / "out", TICKS)
    replace(old, shown=(old.shown[0], 0, 12345, 0)).write(tmp_path / "shown.npz")
    with pytest.raises(UserError, match="play 1 does not show what the person saw"):
        import_recordings([tmp_path / "shown.npz"], tmp_path / "out", TICKS)


def test_what_is_no_recording(recording: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.npz"
    with pytest.raises(UserError, match=r"cannot read .*bad.npz: No such file"):
        read_recording(bad)
    good = recording.read_bytes()
    for data in (
        b"",
        b"hello",
        b'{"players": []}',
        pickle.dumps([1]),
        good[: len(good) // 2],
        good[:200] + b"?" * 9 + good[209:],
    ):
        bad.write_bytes(data)
        with pytest.raises(UserError, match=r"bad.npz is not a recording, or it is damaged"):
            read_recording(bad)
    np.savez(bad, format=np.array("something else"))
    with pytest.raises(UserError, match="its format is 'something else'"):
        read_recording(bad)
    Recording = type(read_recording(recording))  # noqa: N806
    Recording(make_game("pong").spec, NAMES, (), ()).write(bad)
    assert read_recording(bad).plays == ()
    with pytest.raises(UserError, match="no play lasts 20 ticks"):
        import_recordings([bad], tmp_path / "out", TICKS)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("actions", lambda values: values.astype(np.float64), "actions must be uint8 with 2 axes"),
        ("actions", lambda values: values[:, :1], "of 2 seats, equally long"),
        ("actions", lambda values: values + 7, "actions must be below 3, not 8"),
        ("policy", lambda values: values + 2, "policy must be below 2, not 3"),
        ("policy", lambda values: values[:-1], "of 2 seats, equally long"),
        ("lengths", lambda values: values + 1, "not those of 140 ticks"),
        ("lengths", lambda values: -values, "not those of 140 ticks"),
        ("lengths", lambda values: values * 1.0, "lengths must be int64 with 1 axes, not float64"),
        ("seeds", lambda values: values.astype(np.int64), "seeds must be uint64"),
        ("seeds", lambda values: values[1:], "not one seed, length and last frame"),
        ("players", lambda _: np.array(["", "human"]), "players must be names"),
        ("players", lambda _: np.array([1, 2]), "players must be names"),
        ("players", lambda _: np.array(3), "not a recording"),
        ("game", lambda _: np.array("[1]"), "not a recording"),
        ("game", lambda _: np.array("{}"), "not a recording"),
        (
            "game",
            lambda game: np.array(str(game).replace('"fps": 60', '"fps": 61')),
            "describes pong falsely: spec fps 61, not 60",
        ),
    ],
)
def test_edited_recordings(
    recording: Path, tmp_path: Path, name: str, change: Callable[[Any], Any], message: str
) -> None:
    with np.load(recording) as file:
        columns = {key: file[key] for key in file.files}
    columns[name] = change(columns[name])
    np.savez(tmp_path / "bad.npz", **columns)
    with pytest.raises(UserError, match=f"bad.npz.*{message}"):
        import_recordings([tmp_path / "bad.npz"], tmp_path / "out", TICKS)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("noise")
def test_true_colour(tmp_path: Path) -> None:
    play = play_of(33, seats=1)
    path = record(tmp_path / "noise.npz", [play], Noise())
    import_recordings([path], tmp_path / "set", 16)
    read = Dataset.open(tmp_path / "set").windows([2], [0], 16)
    assert to_rgb(read.frames, Noise().spec).shape == (1, 17, 5, 7, 3)
    assert_equal(read, window(replayed(play, Noise()), [0], [17], 16))
    assert verify(tmp_path / "set") == []


def set_to(name: str, place: tuple[int, ...], value: int) -> Any:
    def change(columns: Columns) -> None:
        columns[name][place] = value

    return change


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("frames", (6, 4, 9), 255, "episode 6, tick 4: frames not what the game gives"),
        ("reward", (0, 3, 1), 7, "episode 0, tick 3: reward not what"),
        ("actions", (1, 2, 0), 2, "is not the recording that manifest.json names"),
        ("actions", (1, 2, 0), 9, "an action that pong does not have"),
        ("policy", (1, 2, 0), 9, "a policy that manifest.json does not name"),
        ("policy", (1, 2, 1), 0, "is not the recording that manifest.json names"),
        ("seeds", (0,), 5, "is not the recording that manifest.json names"),
        ("seeds", (2,), 5, "episode 2: seeds not what the game gives"),
        ("first_tick", (0,), 3, "first_tick not those of a recording"),
        ("first_tick", (1,), 0, "first_tick not those of a recording"),
        ("first_tick", (3,), 1 << 31, "first_tick not those of a recording"),
        ("first_tick", (7,), 20, "is not the recording that manifest.json names"),
    ],
)
def test_forged_recordings_are_found(
    imported: Path, name: str, place: tuple[int, ...], value: int, message: str
) -> None:
    forge(imported, 0, set_to(name, place, value))
    assert any(message in str(problem) for problem in verify(imported)), verify(imported)
