"""`python -m data_gen`: what it prints, how it ends, and that it never shows a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from cli_cases import Command, assert_one_line
from PIL import Image

from data_gen.datasets import writing
from data_gen.datasets.dataset import Dataset
from data_gen.registry import GAMES, make_game


@pytest.fixture
def folder(tmp_path: Path, data_gen: Command) -> Path:
    """A small dataset: 2 shards of 2 episodes of 30 ticks."""
    small = ("--episodes", 4, "--ticks", 30, "--shard-episodes", 2)
    assert data_gen("generate", "pong", *small, "--out", tmp_path / "pong").code == 0
    return tmp_path / "pong"


def test_generate_again_and_go_on(tmp_path: Path, data_gen: Command) -> None:
    wanted = ("generate", "pong", "--episodes", 5, "--ticks", 9, "--out", tmp_path / "a")
    first = data_gen(*wanted)
    assert (first.code, first.err) == (0, "")  # and no bar where there is no terminal
    assert first.out.startswith(f"5 episodes of 9 ticks are in {tmp_path}/a (")
    again = data_gen(*wanted)
    assert again == (0, f"{tmp_path}/a already holds these 5 episodes; nothing was written\n", "")
    told = json.loads(data_gen(*wanted, "--json").out)
    size = (tmp_path / "a" / "shard-00000.h5").stat().st_size
    assert told == {
        "folder": f"{tmp_path}/a",
        "episodes": 5,
        "ticks": 9,
        "shards": 1,
        "shards_made": 0,
        "disk_bytes": size,
    }
    assert_one_line(data_gen(*wanted, "--seed", 1), "seed 0, not 1")


def test_options_players_and_the_default_folder(
    tmp_path: Path, data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = data_gen(
        *("generate", "pong", "--episodes", 2, "--ticks", 3, "--seed", 4),
        *("--option", "size=[64, 32]", "serve_angles=true", "--option", "ball_speed=2"),
        *("--players", "random", "--players", "tracker:0.5"),
    )
    assert ended.code == 0
    dataset = Dataset.open(Path("data/pong"))
    assert dataset.spec.options["serve_angles"] is True
    assert dataset.spec.options["ball_speed"] == [2]
    assert dataset.spec.shape == (1, 64, 32)
    assert dataset.players == ("random", "tracker:0.5")
    assert [part.seed for part in dataset.manifest.parts] == [4]


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["generate", "pnog"], ["unknown game 'pnog'; did you mean 'pong'? choose from", "life"]),
        (["generate", "zzz"], ["unknown game 'zzz'; choose from"]),
        (["generate", "pong", "--option", "sise=3"], ["has no option 'sise'", "mean 'size'"]),
        (["generate", "pong", "--option", "size=big"], ["size must be two multiples of 32"]),
        (["generate", "pong", "--option", "size"], ["wants KEY=VALUE, not 'size'"]),
        (["generate", "pong", "--episodes", "0"], ["episodes must be at least 1, not 0"]),
        (["generate", "pong", "--episodes", "many"], ["--episodes", "'many'"]),
        (["generate", "pong", "--ticks", "0"], ["ticks must be at least 1, not 0"]),
        (["generate", "pong", "--players", "me"], ["unknown player 'me'"]),
        (["generate", "pong", "--workers", "0"], ["workers must be at least 1, not 0"]),
        (["generate", "pong", "--players", *["random"] * 257], ["at most 256 players, not 257"]),
        (
            ["generate", "pong", "--first", f"{2**64 - 1}", "--episodes", "2"],
            ["first and episodes must be at most 2^64 together"],
        ),
        (["generate", "pong", "--ticks", "99999999999999"], ["not enough memory", "fewer ticks"]),
        (["generate", "pong", "--ticks", f"{10**30}"], ["not enough memory", "fewer ticks"]),
        (["generate", "pong", "--episodes", f"{10**19}"], ["has at most 1,048,576; make fewer"]),
        (["generate", "pong", "--episodes", f"{10**20}"], ["at most 2^64 together"]),
        (["generate", "pong", "--option", "size=" + "[" * 99999], ["size must be two multiples"]),
        (["merge", "a", "--out", "b"], ["at least two folders"]),
        (["merge", "a", "b", "--out", "c"], ["no dataset in a"]),
        (["merge", "a", "b"], ["--out", "merge --help"]),
        (["import", "a.npz", "--out", "b"], ["cannot read a.npz: No such file"]),
        (["import", "a.npz", "--out", "b", "--ticks", "0"], ["ticks must be at least 1, not 0"]),
        (["export"], ["FORMAT", "export --help"]),
        (["export", "gif", "a", "--episodes", "0", "--out", "a.png"], ["must end in .gif, not a"]),
        (["export", "gif", "a", "--episodes", "0", "--out", "a.gif"], ["no dataset in a"]),
        (["export", "minari", "a", "--id", "pong/test-v0"], ["no dataset in a"]),
        (["generate"], ["GAME", "generate --help"]),
        (["genrate"], ["'genrate'", "generate"]),
        ([], ["COMMAND"]),
        (["inspect", "nowhere"], ["no dataset in nowhere"]),
        (["verify", "nowhere"], ["no dataset in nowhere"]),
    ],
)
def test_mistakes_get_one_line(
    tmp_path: Path,
    data_gen: Command,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    parts: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(data_gen(*arguments), *parts)
    assert list(tmp_path.iterdir()) == []


def test_inspect(folder: Path, data_gen: Command) -> None:
    shown = data_gen("inspect", folder)
    assert (shown.code, shown.err) == (0, "")
    lines = dict(line.split(maxsplit=1) for line in shown.out.splitlines() if line[0] != " ")
    assert lines["game"] == f"pong, version {make_game('pong').spec.version}"
    assert lines["frames"] == "32 x 32, 5 colours"
    assert lines["episodes"] == "4 of 30 ticks"
    assert " kB on the disk in 2 shards, 127 kB as raw frames: " in lines["size"]
    assert lines["preview"] == f"{folder}/preview.gif"
    with Image.open(folder / "preview.gif") as gif:
        assert gif.size == (4 * 192 + 3 * 4, 192 + 18)


def test_inspect_counts_what_is_there(folder: Path, tmp_path: Path, data_gen: Command) -> None:
    ended = data_gen("inspect", folder, "--json", "--gif", tmp_path / "a.gif")
    told = json.loads(ended.out)
    dataset = Dataset.open(folder)
    truth = dataset.windows(range(4), [0] * 4, 30)
    for number, name in enumerate(dataset.spec.events):
        assert told["events"][name] == (truth.event == number).sum()
    for number, name in enumerate(("sticky", "tracker:0.7")):
        share = (truth.policy == number).mean()
        assert told["players"][number] == {"name": name, "share": round(float(share), 4)}
    assert told["raw_bytes"] == truth.frames.nbytes
    assert told["disk_bytes"] == sum(path.stat().st_size for path in folder.glob("*.h5"))
    assert (tmp_path / "a.gif").exists()
    assert not (folder / "preview.gif").exists()


def test_inspect_where_nothing_can_be_written(folder: Path, data_gen: Command) -> None:
    (folder / "preview.gif").mkdir()
    for wanted in ((), ("--json",)):
        ended = data_gen("inspect", folder, *wanted)
        assert ended.code == 0
        assert ended.err.startswith(f"no preview: cannot write {folder}/preview.gif: ")
        assert ended.err.count("\n") == 1
    assert json.loads(ended.out)["gif"] is None
    assert data_gen("inspect", folder, "--gif", folder / "preview.gif").code == 2


def test_too_little_memory_gets_one_line(
    data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> int:
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr("data_gen.commands.games", full)
    assert_one_line(data_gen("games"), "not enough memory for it (Unable to allocate 3 TiB)")


def test_verify_proves(folder: Path, data_gen: Command) -> None:
    ended = data_gen("verify", folder)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("proved: ")
    ended = data_gen("verify", folder, "--json")
    assert json.loads(ended.out) == {"proved": True, "problems": []}


@pytest.mark.parametrize("file", ["shard-00001.h5", "manifest.json"])
def test_verify_finds_damage(folder: Path, data_gen: Command, file: str) -> None:
    data = bytearray((folder / file).read_bytes())
    data[700] ^= 4
    (folder / file).write_bytes(data)
    ended = data_gen("verify", folder)
    assert (ended.code, ended.err) == (1, "")
    assert ended.out.startswith(f"bad: {file}: is damaged")
    ended = data_gen("verify", folder, "--json")
    told: dict[str, Any] = json.loads(ended.out)
    assert ended.code == 1
    assert told["proved"] is False
    assert [problem["file"] for problem in told["problems"]] == [file]
    assert_one_line(data_gen("inspect", folder), f"{file} is damaged")


def test_ctrl_c_says_how_to_go_on(
    folder: Path, tmp_path: Path, data_gen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = writing.write_shard, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    wanted = ("--episodes", 4, "--ticks", 30, "--shard-episodes", 2, "--out", tmp_path / "new")
    with monkeypatch.context() as patch:
        patch.setattr(writing, "write_shard", interrupted)
        ended = data_gen("generate", "pong", *wanted)
    assert ended.code == 130
    assert ended.err == (
        f"stopped; 2 of 4 episodes are kept in {tmp_path}/new:"
        " run the same command once more to go on\n"
    )
    assert_one_line(data_gen("inspect", tmp_path / "new"), "is not finished: 2 of 4 episodes")
    assert json.loads(data_gen("generate", "pong", *wanted, "--json").out)["shards_made"] == 1
    for path in folder.iterdir():
        assert (tmp_path / "new" / path.name).read_bytes() == path.read_bytes()


def test_games_are_listed(data_gen: Command) -> None:
    shown = data_gen("games")
    assert shown.code == 0
    assert "--option serve_angles=false" in shown.out
    told = json.loads(data_gen("games", "--json").out)
    assert set(told) == set(GAMES)
    assert told["pong"]["size"] == [32, 32]


@pytest.mark.parametrize(
    "arguments", [["--help"], ["generate", "--help"], ["export", "minari", "--help"]]
)
def test_nothing_heavy_is_loaded_before_a_command_runs(arguments: list[str]) -> None:
    program = """
import sys
from data_gen.__main__ import main
try:
    main(sys.argv[1:])
except SystemExit:
    print(sorted(set("numpy h5py torch PIL tqdm imageio numba minari".split()) & set(sys.modules)))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert "usage: python -m data_gen" in ended.stdout
    assert ended.stdout.splitlines()[-1] == "[]"


def test_help_comes_at_once() -> None:
    """In a third of a second or so even on a busy machine: nothing heavy is loaded for it."""

    def seconds() -> float:
        begin = perf_counter()
        subprocess.run(
            [sys.executable, "-m", "data_gen", "--help"], capture_output=True, check=True
        )
        return perf_counter() - begin

    assert min(seconds() for _ in range(3)) < 0.5
