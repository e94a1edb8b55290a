"""`python -m gameengine.certify`: checkpoints, Life, kills, and what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from data_gen.registry import make_game
from gameengine.certify import certificate
from gameengine.certify.__main__ import main
from gameengine.checkpoint import save_engine
from gameengine.engines import make_engine

ROOT = Path(__file__).parents[1]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def untrained(folder: Path, name: str, **options: Any) -> Path:
    torch.manual_seed(0)
    engine = make_engine("feedback", make_game(name, **options).spec, width=4, depth=1)
    save_engine(folder / "engine.ckpt", engine, {})
    return folder / "engine.ckpt"


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert main([*map(str, arguments), "--json"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("\n") == 1
    assert shown.err == ""
    return json.loads(shown.out)


def test_a_killed_run_goes_on_with_the_same_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = untrained(tmp_path, "catch", size=[20, 20])
    arguments = [str(checkpoint), "--sample", "30000", "--out", str(tmp_path / "killed"), "--json"]
    script = (
        "from gameengine.certify import certificate\n"
        "certificate.SAVED_EVERY = 0\n"
        "from gameengine.certify.__main__ import main\n"
        f"main({arguments!r})"
    )
    progress = tmp_path / "killed" / "progress.json"
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) as process:
        while not progress.exists() and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    done = json.loads(progress.read_text())["blocks"]
    assert 1 <= done < 8
    blocks: list[int] = []
    on = pytest.MonkeyPatch()
    asked = certificate.Certificate._ask
    on.setattr(
        certificate.Certificate,
        "_ask",
        lambda self, plan, number: blocks.append(number) or asked(self, plan, number),
    )
    killed = run_json(capsys, *arguments[:-1])
    on.undo()
    assert blocks[0] == done
    whole = run_json(capsys, checkpoint, "--sample", 30000, "--out", tmp_path / "whole")
    for name in ("wrong", "by_event", "by_colour", "wrong_rewards", "first_wrong", "transitions"):
        assert killed[name] == whole[name]
    assert 0 < whole["wrong"] <= 30000
    assert names(tmp_path / "killed") == names(tmp_path / "whole")


def test_ctrl_c_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = untrained(tmp_path, "catch", size=[20, 20])

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(certificate.Certificate, "_ask", stop)
    arguments = [str(checkpoint), "--sample", "9", "--out", str(tmp_path)]
    assert main(arguments) == 130
    assert f"-m gameengine.certify {' '.join(arguments)}" in capsys.readouterr().err
    assert (tmp_path / "progress.json").exists()


def test_the_bundled_life_is_certified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    verdict = run_json(capsys, ROOT / "assets/life.ckpt", "--out", tmp_path)
    assert verdict["certified"]
    assert (verdict["transitions"], verdict["wrong"], verdict["wrong_boards"]) == (512, 0, 0)
    assert json.loads((tmp_path / "result.json").read_text()) == verdict


def test_wrong_edges_of_life_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bundled weights, but for a board whose edges are those of another one."""
    content = torch.load(ROOT / "assets/life.ckpt", weights_only=True)
    content["gameengine"]["options"]["edges"] = "dead"
    torch.save(content, tmp_path / "dead.ckpt")
    verdict = run_json(capsys, tmp_path / "dead.ckpt", "--out", tmp_path)
    assert not verdict["certified"]
    assert verdict["wrong_neighbourhoods"] == 0
    assert verdict["wrong"] == verdict["wrong_boards"] > 1000
    assert len(verdict["pictures"]) == 16
    assert all(Path(path).exists() for path in verdict["pictures"])


def test_a_wrong_neighbourhood_of_life_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = torch.load(ROOT / "assets/life.ckpt", weights_only=True)
    content["gameengine"]["spec"]["options"]["rule"] = "B36/S23"  # the weights know B3/S23
    torch.save(content, tmp_path / "high.ckpt")
    assert main([str(tmp_path / "high.ckpt"), "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "28 neighbourhoods" in shown  # 6 of 8 neighbours alive, and the middle dead
    assert shown.endswith("not certified\n")


def test_the_bundled_pong_is_asked_for_a_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [ROOT / "assets/pong_feedback.ckpt", "--sample", 2000, "--states", 20_000]
    verdict = run_json(capsys, *arguments, "--out", tmp_path)
    assert (verdict["transitions"], verdict["states"], verdict["certified"]) == (2000, 20000, False)
    assert not verdict["complete"]
    assert verdict["wrong"] < 200
    assert verdict["upper_bound"] > verdict["wrong"] / 2000
    assert main([*map(str, arguments), "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert "There are more states" in shown.out
    assert "not certified: sample; 95 % sure" in shown.out
    assert "asking for 2,000 transitions (sample)" in shown.err


@pytest.mark.parametrize(
    ("engine", "game", "options", "message"),
    [
        ("gru", "catch", {}, "GruEngine with these options remembers more than the last 1"),
        ("feedback", "life", {}, "only a cell engine with token=0 and steps=1"),
        ("cell", "life", {"token": 4}, "only a cell engine with token=0 and steps=1"),
        ("cell", "life", {"steps": 2}, "only a cell engine with token=0 and steps=1"),
        ("cell", "lifelike", {}, "states of lifelike cannot be listed"),
    ],
)
def test_what_cannot_be_certified_is_refused(
    engine: str, game: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    made = make_engine(engine, make_game(game).spec, width=4, **options)
    save_engine(tmp_path / "engine.ckpt", made, {})
    ended = command(tmp_path / "engine.ckpt")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.ckpt"], "there is no file none.ckpt"),
        (["x.ckpt", "--sample", "0"], "--sample must be at least 1, not 0"),
        (["x.ckpt", "--most", "9", "--sample", "9"], "--sample and --most exclude each other"),
        (["x.ckpt", "--seed", "-1"], "--seed must lie in 0"),
        (["assets/pong.ckpt", "--states", "10000"], "has more than 10,000 states"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(arguments: list[str], message: str) -> None:
    ended = command(*arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gameengine.certify", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_does_not_load_torch() -> None:
    script = (
        "import sys\nfrom gameengine.certify.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "assert 'torch' not in sys.modules and 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
