"""Merging, importing and exporting by command; what is exported is what was there."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cli_cases import Command, assert_one_line
from dataset_cases import EPISODES, TICKS, Noise, content, flip, make, read_all
from PIL import Image
from recorded_cases import play_of, record

from data_gen.datasets import export_minari
from data_gen.datasets.dataset import Dataset
from data_gen.pictures import to_rgb
from data_gen.registry import make_game

NAME = "pong/test-v0"


def test_merge(folder: Path, tmp_path: Path, data_gen: Command) -> None:
    make(tmp_path / "b", seed=6)
    wanted = ("merge", folder, tmp_path / "b", "--out", tmp_path / "all")
    ended = data_gen(*wanted)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(f"14 episodes of 24 ticks are in {tmp_path}/all (")
    told = json.loads(data_gen(*wanted, "--json").out)
    assert (told["episodes"], told["shards"], told["shards_made"]) == (14, 6, 0)
    assert data_gen("verify", tmp_path / "all").out.startswith("proved: ")
    shown = data_gen("inspect", tmp_path / "all").out
    players = "sticky tracker:0.7 random"
    assert f"from      7 episodes of seed 5, played by {players}\n" in shown
    assert f"\n          7 episodes of seed 6, played by {players}\n" in shown
    assert_one_line(data_gen(*wanted[:3], folder, *wanted[3:]), "hold the same episodes: seed 5")


def test_import(tmp_path: Path, data_gen: Command) -> None:
    path = record(tmp_path / "play.npz", [play_of(70), play_of(9, seed=3)])
    wanted = ("import", path, "--out", tmp_path / "set", "--ticks", 24)
    ended = data_gen(*wanted)
    assert ended.err == "left out 1 plays of under 24 ticks\n"
    assert ended.out.startswith(f"3 episodes of 24 ticks are in {tmp_path}/set (")
    told = json.loads(data_gen("inspect", tmp_path / "set", "--json").out)
    assert [entry["name"] for entry in told["players"]] == ["human", "tracker:0.85"]
    assert 0.15 < told["players"][0]["share"] < 0.35  # half of the ticks at one of two seats
    assert [part["kind"] for part in told["parts"]] == ["recorded"]
    assert data_gen("verify", tmp_path / "set").code == 0
    assert_one_line(data_gen("import", path, path.with_name("x.npz"), "--out", tmp_path), "x.npz")


def test_gif_of_chosen_episodes(folder: Path, tmp_path: Path, data_gen: Command) -> None:
    out = tmp_path / "x.gif"
    wanted = ("export", "gif", folder, "--out", out, "--ticks", 10, "--episodes")
    ended = data_gen(*wanted, 5, 2)
    assert ended == (0, f"2 episodes of pong are in {out}\n", "")
    truth = read_all(folder)
    with Image.open(out) as gif:
        assert gif.size == (2 * 192 + 4, 192 + 18)
        first = np.asarray(gif.convert("RGB"))
    for place, episode in enumerate((5, 2)):
        left = place * (192 + 4)
        small = first[18::6, left : left + 192 : 6]
        np.testing.assert_array_equal(
            small, to_rgb(truth.frames[episode, 0], make_game("pong").spec)
        )
    assert json.loads(data_gen(*wanted, 0, "--json").out) == {"path": str(out), "episodes": [0]}
    assert_one_line(data_gen(*wanted, 7), "no episode 7 in", "they are 0 to 6")
    assert_one_line(data_gen(*wanted, *[0] * 17), "1 to 16 episodes, not 17")


@pytest.mark.usefixtures("noise")
def test_true_colour_is_inspected_and_shown(tmp_path: Path, data_gen: Command) -> None:
    make(tmp_path / "set", game=Noise(), players=["random"], ticks=5)
    shown = data_gen("inspect", tmp_path / "set")
    assert "frames    5 x 7, true colour\n" in shown.out
    wanted = ("export", "gif", tmp_path / "set", "--episodes", 1, "--out", tmp_path / "x.gif")
    assert data_gen(*wanted).code == 0
    assert data_gen("verify", tmp_path / "set").code == 0
    with Image.open(tmp_path / "x.gif") as gif:
        factor = round(192 / 7)
        picture = np.asarray(gif.convert("RGB"))
        first = read_all(tmp_path / "set").frames[1, 0]  # (3, 5, 7)
        np.testing.assert_array_equal(picture[18::factor, ::factor], np.moveaxis(first, 0, -1))


def test_minari_reads_equal(
    made: Path, tmp_path: Path, data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari")
    monkeypatch.chdir(tmp_path)
    ended = data_gen("export", "minari", made, "--id", NAME, "--path", "here")
    assert (ended.code, ended.err) == (0, "")
    assert f"minari.load_dataset('{NAME}')" in ended.out
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "here"))
    read, truth = minari.load_dataset(NAME), read_all(made)
    assert (read.total_episodes, read.total_steps) == (EPISODES, EPISODES * TICKS)
    assert (read.observation_space.shape, read.action_space.nvec.tolist()) == ((1, 32, 32), [3, 3])
    for number, episode in enumerate(read.iterate_episodes()):
        assert episode.observations.dtype == np.uint8
        np.testing.assert_array_equal(episode.observations, truth.frames[number])
        np.testing.assert_array_equal(episode.actions, truth.actions[number])
        np.testing.assert_array_equal(episode.rewards, truth.reward[number, :, 0])
        np.testing.assert_array_equal(episode.infos["rewards"], truth.reward[number])
        np.testing.assert_array_equal(episode.infos["policy"], truth.policy[number])
        np.testing.assert_array_equal(episode.infos["event"], truth.event[number])
        np.testing.assert_array_equal(episode.terminations, truth.terminated[number])
        assert episode.truncations.tolist() == [False] * (TICKS - 1) + [True]
        assert all(read.observation_space.contains(frame) for frame in episode.observations)
        assert all(read.action_space.contains(action) for action in episode.actions)
    seeds = [entry["seed"] for entry in read.storage.get_episode_metadata(range(EPISODES))]
    assert seeds == truth.seeds.tolist()
    again = data_gen("export", "minari", made, "--id", NAME)
    assert_one_line(again, f"Minari already has {NAME}, in {tmp_path}/here/{NAME}")
    assert list(minari.list_local_datasets()) == [NAME]


@pytest.mark.usefixtures("noise")
def test_minari_of_a_game_for_one_in_true_colour(
    tmp_path: Path, data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari")
    make(tmp_path / "set", game=Noise(), players=["random"])
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    assert data_gen("export", "minari", tmp_path / "set", "--id", "noise-v3").code == 0
    read, truth = minari.load_dataset("noise-v3"), read_all(tmp_path / "set")
    assert (read.observation_space.shape, int(read.action_space.n)) == ((3, 5, 7), 2)
    for number, episode in enumerate(read.iterate_episodes()):
        np.testing.assert_array_equal(episode.observations, truth.frames[number])
        np.testing.assert_array_equal(episode.actions, truth.actions[number, :, 0])
        np.testing.assert_array_equal(episode.terminations, truth.terminated[number])
        assert episode.truncations[-1] != truth.terminated[number, -1]
    assert truth.terminated.any()


@pytest.mark.parametrize("name", ["pong", "pong/te:st-v0", "../pong-v0", "/pong-v0", ""])
def test_names_that_minari_does_not_allow(
    made: Path, tmp_path: Path, data_gen: Command, name: str
) -> None:
    pytest.importorskip("minari")
    ended = data_gen("export", "minari", made, f"--id={name}", "--path", tmp_path / "here")
    assert_one_line(ended, "Minari wants an id such as pong/test-v0, not")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_nothing(
    folder: Path, tmp_path: Path, data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("minari")
    (tmp_path / "here" / "other").mkdir(parents=True)
    before = content(tmp_path / "here" / "other")
    flip(folder / "shard-00002.h5", 900)
    ended = data_gen("export", "minari", folder, "--id", NAME, "--path", tmp_path / "here")
    assert_one_line(ended, "shard-00002.h5 is damaged")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["other"]
    assert content(tmp_path / "here" / "other") == before
    monkeypatch.setitem(sys.modules, "minari", None)
    ended = data_gen("export", "minari", folder, "--id", NAME, "--path", tmp_path / "here")
    assert_one_line(ended, "Minari is not there", "pip install 'gameengine[minari]'")


def test_an_export_needs_room_and_removes_what_killed_ones_left(
    made: Path, tmp_path: Path, data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("minari")
    dead, alive = tmp_path / ".exporting-dead", tmp_path / ".exporting-alive"
    (dead / "pong").mkdir(parents=True)
    alive.mkdir()
    wanted = ("export", "minari", made, "--id", NAME, "--path", tmp_path)
    with monkeypatch.context() as patch, export_minari._held(alive):  # pyright: ignore[reportPrivateUsage]
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=EPISODES * TICKS * 1024))
        assert_one_line(data_gen(*wanted), f"the disk of {tmp_path} has 0.000172 GB left")
        assert [path.name for path in tmp_path.iterdir()] == [".exporting-alive"]
    assert data_gen(*wanted).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["pong"]


def test_an_open_dataset_is_left_alone(made: Path, tmp_path: Path, data_gen: Command) -> None:
    before = content(made)
    out = tmp_path / "x.gif"
    assert data_gen("export", "gif", made, "--episodes", 0, "--out", out).code == 0
    assert content(made) == before
    assert Dataset.open(made).episodes == EPISODES
