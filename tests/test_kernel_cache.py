"""Compiled kernels are kept on the disk, and never used for sources that they were not made of."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data_gen import kernels

# A game in a file of its own; it says what it shows in 4 ticks.
GAME = """
from data_gen.game import GameSpec
from data_gen.kernel_game import KernelGame
from data_gen.kernels import BEGIN, DRAW, TICK, kernel
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import roll_out

@kernel(BEGIN)
def begin(rules, seed, state, description):
    state[0] = 1

@kernel(TICK)
def tick(rules, state, actions, reward):
    state[0] += 2
    return 0

@kernel(DRAW)
def draw(rules, state, frame):
    frame[0, 0] = state[0]

spec = GameSpec("mine", 1, (1, 2, 2), ("stay",), colours=("grey",) * 99, palette=((9, 9, 9),) * 99)
game = KernelGame(spec, begin, tick, draw, columns=("count",))
rollout = roll_out(game, make_players(["random"]), training_seeds(0, 0, 1), 4)
print(*rollout.frames[0, :, 0, 0, 0])
"""
PONG = """
import gc
from numba.core.registry import CPUDispatcher
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from data_gen.rollout import roll_out

roll_out(make_game("pong"), make_players(["random"]), training_seeds(0, 0, 1), 4)
ours = [k for k in gc.get_objects() if type(k) is CPUDispatcher and "data_gen" in k.__module__]
print("compiled", *[kernel.__name__ for kernel in ours if kernel.stats.cache_misses])
"""
FILLED = """
import numpy as np
from data_gen.drawing import fill
from data_gen.kernels import DRAW, kernel

@kernel(DRAW)
def draw(rules, state, frame):
    fill(frame, 0, 0, 1, 1, 4)

frame = np.zeros((2, 2), np.uint8)
draw(np.zeros(1, np.int64), np.zeros(1, np.int32), frame)
print(frame[0, 0])
"""
FOLDER = "from data_gen.kernels import cache_folder; print(cache_folder())"


def run(program: str | Path, package: Path, **environment: str | Path) -> str:
    """What a Python program prints, which imports data_gen from `package`."""
    settings = os.environ | {name: str(value) for name, value in environment.items()}
    command = [sys.executable, *(["-c", program] if isinstance(program, str) else [program])]
    settings["PYTHONPATH"] = str(package)
    done = subprocess.run(command, env=settings, cwd=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def copied(folder: Path) -> Path:
    """A folder with a copy of data_gen, which no one else changes."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(kernels.__file__).parent, folder / "data_gen", ignore=ignored)
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared, since it takes seconds to fill."""
    return tmp_path_factory.mktemp("cache")


def edit(path: Path, old: str, new: str) -> None:
    source = path.read_text(encoding="utf-8")
    assert old in source
    path.write_text(source.replace(old, new), encoding="utf-8")


def test_a_second_process_compiles_nothing(package: Path, cache: Path) -> None:
    first = run(PONG, package, NUMBA_CACHE_DIR=cache).split()
    assert {"compiled", "tick", "run_pong"} <= set(first)
    assert run(PONG, package, NUMBA_CACHE_DIR=cache) == "compiled"


def test_a_changed_game_is_compiled_again(package: Path, cache: Path, tmp_path: Path) -> None:
    """Also another game of the same name, in the same folder or in another one."""
    files = [tmp_path / "mine.py"] * 2 + [tmp_path / "other.py", tmp_path / "elsewhere" / "mine.py"]
    for number, program in enumerate(files):
        program.parent.mkdir(exist_ok=True)
        program.write_text(GAME.replace("+= 2", f"+= {3 + number}"))
        wanted = " ".join(str(1 + tick * (3 + number)) for tick in range(5))
        assert run(program, package, NUMBA_CACHE_DIR=cache) == wanted, program


def test_two_games_of_one_name_are_not_mixed_up(package: Path, cache: Path, tmp_path: Path) -> None:
    """In one process, as when someone tries out a change."""
    program = tmp_path / "mine.py"
    again = GAME.replace("state[0] += 2", "state[0] += 5")
    program.write_text(GAME + again)
    first, second = run(program, package, NUMBA_CACHE_DIR=cache).splitlines()
    assert first == "1 3 5 7 9"
    assert second == "1 6 11 16 21"


def test_kernels_may_be_typed_at_a_prompt(package: Path, cache: Path) -> None:
    assert run(GAME, package, NUMBA_CACHE_DIR=cache) == "1 3 5 7 9"
    changed = GAME.replace("state[0] += 2", "state[0] += 6")
    assert run(changed, package, NUMBA_CACHE_DIR=cache) == "1 7 13 19 25"


def test_the_folder_follows_the_sources(tmp_path: Path) -> None:
    package = copied(tmp_path)

    def folder() -> str:
        return run(FOLDER, package, NUMBA_DISABLE_JIT="1")

    first = folder()
    assert folder() == first
    edit(package / "data_gen" / "games" / "rle.py", '"""', '"""Changed. ')  # it has no kernels
    assert folder() == first
    seen = {first}
    for name in ("kernels", "drawing", "games/pong", "scripted", "driver"):
        path = package / "data_gen" / f"{name}.py"
        path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
        seen.add(folder())
    assert len(seen) == 6


def test_where_kernels_are_kept_can_be_chosen(package: Path, tmp_path: Path) -> None:
    home, numba = tmp_path / "home", tmp_path / "numba"
    unset = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": home}
    for environment, parent in (
        (unset, home / ".cache" / "gameengine"),
        (unset | {"XDG_CACHE_HOME": home / "xdg"}, home / "xdg" / "gameengine"),
        (unset | {"XDG_CACHE_HOME": home / "xdg", "NUMBA_CACHE_DIR": numba}, numba),
    ):
        folder = Path(run(FOLDER, package, **environment))
        assert folder.parent == parent
        assert list(folder.rglob("kernels.fold*.nbi"))
        assert len(list(tmp_path.rglob("kernels.fold*.nbi"))) == 1, "and nowhere else"
        shutil.rmtree(folder)


def test_old_caches_are_deleted(package: Path, tmp_path: Path) -> None:
    for number in range(20):
        old = tmp_path / f"kernels-{number}"
        old.mkdir()
        os.utime(old, (number, number))
    (tmp_path / "of another program").mkdir()
    newest = Path(run(FOLDER, package, NUMBA_CACHE_DIR=tmp_path))
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {newest.name, *(f"kernels-{n}" for n in range(13, 20)), "of another program"}


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """Nothing may be kept elsewhere instead, where no one sees that the sources change."""
    package = copied(tmp_path)
    (tmp_path / "file").touch()  # no folder can be made below it, not even by root
    program = tmp_path / "filled.py"
    program.write_text(FILLED)
    unwritable = {"NUMBA_CACHE_DIR": tmp_path / "file" / "cache"}
    assert run(program, package, **unwritable) == "4"
    assert not list(tmp_path.rglob("*.nb?"))
    drawing = package / "data_gen" / "drawing.py"
    edit(drawing, "frame[row, column] = colour", "frame[row, column] = colour + 1")
    assert run(program, package, **unwritable) == "5"


def test_a_package_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """As where it is installed for all users, and this one has no home."""
    package = copied(tmp_path)
    (package / "data_gen" / "__pycache__").touch()
    environment = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": "/proc/none", "HOME": "/proc/none"}
    assert run("from data_gen.kernels import below; print(below(0, 7))", package, **environment)


@pytest.mark.parametrize("pattern", ["*.nbi", "*.nbc"])
@pytest.mark.parametrize("left", [b"", b"none of Numba's"], ids=["empty", "garbage"])
def test_a_broken_cache_is_made_anew(
    package: Path, tmp_path: Path, pattern: str, left: bytes
) -> None:
    """As a full disk or a power cut leaves it."""
    program = """
from data_gen import kernels
found = (kernels.fold, kernels.below, kernels.draw_variant)
print(kernels.below(1 << 63, 7), sum(len(kernel.stats.cache_misses) for kernel in found))
"""
    assert run(program, package, NUMBA_CACHE_DIR=tmp_path) == "3 3"
    broken = list(tmp_path.rglob(pattern))
    assert broken
    for path in broken:
        path.write_bytes(left)
    assert run(program, package, NUMBA_CACHE_DIR=tmp_path) == "3 3"
    assert run(program, package, NUMBA_CACHE_DIR=tmp_path) == "3 0"


def test_a_broken_file_of_an_inner_kernel_is_made_anew(
    package: Path, cache: Path, tmp_path: Path
) -> None:
    """It is read while another is being compiled, so it must not look like an error of that one."""
    program = "import data_gen.games.pong"
    run(program, package, NUMBA_CACHE_DIR=cache)
    shutil.copytree(cache, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.rglob("pong.tick*.nbi"):
        path.unlink()  # it is compiled again, so its inner kernels are asked for
    broken = list(tmp_path.rglob("pong._fly*.nb?"))
    assert broken
    for path in broken:
        path.write_bytes(path.read_bytes()[:-10])
    run(program, package, NUMBA_CACHE_DIR=tmp_path)
    assert run(PONG, package, NUMBA_CACHE_DIR=tmp_path).startswith("compiled")
