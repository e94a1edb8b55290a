"""Files that hold a learned game: whole, harmless, and refused in one line when they are not."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from data_gen.errors import UserError
from data_gen.registry import make_game
from gameengine.checkpoint import FORMAT, load_checkpoint, save_engine
from gameengine.engines import make_engine
from gameengine.learned_game import LearnedGame


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "cell.ckpt"
    save_engine(path, make_engine("cell", make_game("life", size=[8, 8]).spec), {})
    return path


def changed(path: Path, **entries: Any) -> Path:
    content = torch.load(path, weights_only=True)
    content["gameengine"] |= entries
    torch.save(content, path)
    return path


def refused(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        LearnedGame.load(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    assert "experiments/run.py" in refused(tmp_path / "none.ckpt")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello", bytes(range(256)) * 40])
def test_foreign_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "foreign.ckpt"
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_file_cut_short(saved: Path, share: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * share)])
    refused(saved)


def test_another_programs_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "other.ckpt"
    torch.save({"state_dict": {"weight": torch.ones(3)}}, path)
    assert "no checkpoint of this program" in refused(path)


def test_a_newer_format(saved: Path) -> None:
    assert f"format {FORMAT + 1}" in refused(changed(saved, format=FORMAT + 1))


def test_another_version_of_the_game_is_named_with_ours(saved: Path) -> None:
    spec = torch.load(saved, weights_only=True)["gameengine"]["spec"]
    message = refused(changed(saved, spec=spec | {"version": 99}))
    assert "version 99" in message
    assert f"version {make_game('life').spec.version}" in message


@pytest.mark.parametrize(
    "entries",
    [{"engine": "nothing"}, {"options": {"wings": 2}}, {"spec": {}}, {"options": {"width": 9}}],
)
def test_a_description_that_does_not_fit(saved: Path, entries: dict[str, Any]) -> None:
    refused(changed(saved, **entries))


class Harm:
    """What a stranger's file could hold."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (Path.touch, (Path("harm_was_done"),))  # pyright: ignore


def test_a_file_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "harm.ckpt"
    torch.save({"gameengine": {"format": FORMAT}, "weights": Harm()}, path)
    with path.open("rb") as file:  # the harm is real: a plain load would do it
        assert file.read(2) == b"PK"
    pickle.loads(pickle.dumps(Harm()))
    assert Path("harm_was_done").exists()
    Path("harm_was_done").unlink()
    assert "could run code" in refused(path)
    assert not Path("harm_was_done").exists()


def test_nothing_is_left_when_the_disk_is_full(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys, pathlib\n"
        "from data_gen.registry import make_game\n"
        "from gameengine.checkpoint import save_engine\n"
        "from gameengine.engines import make_engine\n"
        "engine = make_engine('gru', make_game('pong').spec)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))\n"
        "from data_gen.errors import run_command\n"
        "run_command(lambda: save_engine(pathlib.Path(sys.argv[1]), engine, {}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "x.ckpt")], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write")
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_tells_how_it_was_made(saved: Path) -> None:
    engine = make_engine("cell", make_game("life", size=[8, 8]).spec)
    save_engine(saved, engine, {"steps": 7, "experiment": "life_cell"})
    assert load_checkpoint(saved).made == {"steps": 7, "experiment": "life_cell"}
