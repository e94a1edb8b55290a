"""Datasets: damage, forgery and strangers are found, and named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_cases import (
    DISK,
    MEMORY,
    PLAYERS,
    SHARD,
    TICKS,
    content,
    forge,
    make,
    read_all,
    rewrite_manifest,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_cases import play_of, record

from data_gen.datasets.dataset import Dataset
from data_gen.datasets.merge import merge
from data_gen.datasets.recordings import import_recordings
from data_gen.datasets.shards import Columns, columns_of, pack
from data_gen.datasets.verify import Problem, verify
from data_gen.errors import UserError
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from data_gen.rollout import roll_out


def test_no_dataset_there(tmp_path: Path) -> None:
    for open_it in (Dataset.open, verify):
        with pytest.raises(UserError, match=r"no dataset in .*python -m data_gen generate"):
            open_it(tmp_path / "nowhere")


@pytest.mark.parametrize(("version", "advice"), [(3, "made it$"), (1, "make the dataset again$")])
def test_another_schema(folder: Path, version: int, advice: str) -> None:
    rewrite_manifest(folder, lambda values: values.update(schema_version=version, more=[1]))
    message = f"schema version {version}, but this program reads 2; use the release that {advice}"
    for open_it in (Dataset.open, verify, make):
        with pytest.raises(UserError, match=message.replace("that make", "that made it, or make")):
            open_it(folder)


def test_another_version_of_the_game(folder: Path) -> None:
    version = make_game("pong").spec.version

    def change(values: dict[str, Any]) -> None:
        values["spec"]["version"] = values["game_version"] = 7

    rewrite_manifest(folder, change)
    for open_it in (Dataset.open, verify):
        with pytest.raises(
            UserError, match=f"pong version 7, but this program has version {version}"
        ):
            open_it(folder)
    with pytest.raises(UserError, match=f"game version 7, not {version}"):
        make(folder)


@pytest.mark.parametrize(
    ("name", "value"),
    [("context", 3), ("fps", 7), ("events", ["plain"] * 9), ("palette", [[1, 2, 3]] * 5)],
)
def test_a_false_description_of_the_game(folder: Path, name: str, value: object) -> None:
    rewrite_manifest(folder, lambda values: values["spec"].update({name: value}))
    for open_it in (Dataset.open, verify):
        with pytest.raises(UserError, match=f"describes pong falsely: spec {name} .*, not "):
            open_it(folder)


@pytest.mark.parametrize("change", [{"game": "life"}, {"game_version": 99}])
def test_a_header_that_is_not_the_specs(folder: Path, change: dict[str, Any]) -> None:
    rewrite_manifest(folder, lambda values: values.update(change))
    with pytest.raises(UserError, match="but its spec of pong version"):
        Dataset.open(folder)
    assert "but its spec of pong" in verify(folder)[0].what


def test_a_manifest_cannot_name_files_elsewhere(folder: Path) -> None:
    rewrite_manifest(folder, lambda values: values["shards"][0].update(file="../secret.h5"))
    with pytest.raises(UserError, match=r"unexpected shard '\.\./secret\.h5'"):
        Dataset.open(folder)


@pytest.fixture(scope="module", params=["generated", "merged"])
def breakable(
    request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A dataset to break: generated, or merged of generated and recorded ones."""
    folder = tmp_path_factory.mktemp("flipped")
    if request.param == "generated":
        return Path(shutil.copytree(made, folder / "pong"))
    record(folder / "play.npz", [play_of(50)])
    import_recordings([folder / "play.npz"], folder / "recorded", TICKS)
    merge([made, folder / "recorded"], folder / "pong")
    return folder / "pong"


@settings(deadline=None, max_examples=150)
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
        with pytest.raises(UserError, match=rf"{path.name} is damaged"):
            list(Dataset.open(breakable, DISK).column("policy"))
    finally:
        path.write_bytes(good)


def test_a_whole_dataset_is_proved(made: Path) -> None:
    calls: list[tuple[int, int]] = []
    assert verify(made, lambda done, total: calls.append((done, total))) == []
    assert calls == [(3, 7), (6, 7), (7, 7)]


@pytest.mark.parametrize(
    ("column", "place", "tick"),
    [
        ("seeds", (1,), None),
        ("first_tick", (1,), None),
        ("policy", (1, 13, 0), 13),
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
    seeds = training_seeds(5, 0, SHARD)
    played = roll_out(make_game("pong"), make_players(["random"] * 3), seeds, TICKS)

    def change(columns: Columns) -> None:
        columns.update(actions=played.actions, frames=pack(played.frames, make_game("pong").spec))
        columns.update(reward=played.reward, event=played.event)

    forge(folder, 0, change)
    (problem,) = verify(folder)
    assert problem.what == "actions not what the recorded players choose"
    assert (problem.file, problem.episode) == ("shard-00000.h5", 0)


def test_episodes_of_other_seeds(folder: Path) -> None:
    """True to the game and the players, but not what the manifest's seed gives."""
    seeds = training_seeds(6, 0, SHARD)
    played = columns_of(
        roll_out(make_game("pong"), make_players(PLAYERS), seeds, TICKS), make_game("pong").spec
    )
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
