"""The command line of play, without a screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from data_gen.errors import UserError
from data_gen.games.pong import pong
from data_gen.players import ReplayPlayer
from data_gen.randomness import held_out_seeds
from gameengine import play as command
from gameengine.checkpoint import save_engine
from gameengine.engines import make_engine
from gameengine.learned_game import LearnedGame
from gameengine.match import Match, Pair

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained Pong, so that it parts soon."""
    path = tmp_path_factory.mktemp("play") / "untrained.ckpt"
    torch.manual_seed(0)
    save_engine(path, make_engine("feedback", pong().spec), {})
    return path


def test_a_learned_game_begins_at_the_same_tick_as_its_truth(checkpoint: Path) -> None:
    learned = LearnedGame.load(checkpoint)
    match = Match(Pair(learned.truth, learned, learned.init_beside_truth))
    assert match.dream_frame is not None
    assert np.array_equal(match.truth_frame, match.dream_frame)
    state = learned.truth.init(held_out_seeds(0, 1))
    state = learned.truth.step(state, np.zeros((1, 2), np.int64))  # the context has two frames
    assert np.array_equal(match.truth_frame, learned.truth.render(state)[0])


def test_a_trace_can_be_played_again(checkpoint: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    arguments = [str(checkpoint), "--ticks", "40", "--seed", "3", "--trace", str(trace)]
    command.main([*arguments, "--record", str(tmp_path / "out.gif")])
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert [line["tick"] for line in lines] == list(range(1, 41))
    assert {line["seed"] for line in lines} == {3}
    assert {tuple(line["players"]) for line in lines} == {("tracker", "tracker")}
    learned = LearnedGame.load(checkpoint)
    actions = np.array([[line["actions"] for line in lines]])
    again = Match(Pair(learned.truth, learned, learned.init_beside_truth), 3, ReplayPlayer(actions))
    for line in lines:
        again.advance()
        assert again.trace() == line


def run_play(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as a person without a display runs it."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    return subprocess.run(
        [sys.executable, "-m", "gameengine.play", *map(str, arguments)],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k not in hidden} | environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_recording_needs_no_display(checkpoint: Path, tmp_path: Path) -> None:
    gif = tmp_path / "new" / "out.gif"
    done = run_play(checkpoint, "--ticks", 50, "--record", gif, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result == {"ticks": 50, "parted_at": result["parted_at"], "path": str(gif)}
    assert 1 <= result["parted_at"] <= 50
    with Image.open(gif) as image:
        assert image.size == (2 * 192 + 3 * 12, 192 + 2 * 18 + 2 * 12)
        assert getattr(image, "n_frames", 0) > 2


def test_recording_says_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gif = tmp_path / "out.gif"
    command.main(["--game", "pong", "--ticks", "20", "--record", str(gif)])
    assert capsys.readouterr() == (f"20 ticks of pong; see {gif}\n", "")


def test_recording_loads_neither_pygame_nor_without_a_dream_torch(tmp_path: Path) -> None:
    code = (
        "import sys; from gameengine.play import main;"
        f"main(['--game', 'pong', '--ticks', '5', '--record', {str(tmp_path / 'out.gif')!r}]);"
        "sys.exit(', '.join({'torch', 'pygame'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.ckpt"], r"there is no file no\.ckpt; train one with"),
        (["{tmp}"], "is a folder"),
        (["{tmp}/damaged.ckpt"], "is damaged or no checkpoint"),
        (["--game", "pnog"], "unknown game 'pnog'; did you mean 'pong'"),
        (["--game", "pong", "--option", "sizes=3"], "no option 'sizes'; did you mean 'size'"),
        (["--game", "pong", "--option", "size"], "KEY=VALUE"),
        (["--game", "pong", "--option", "paddle_height=99"], "from 3 to 24, not 99"),
        (["--game", "pong", "x.ckpt"], "either a checkpoint or --game"),
        (["{assets}/life.ckpt", "--option", "sizes=3"], "no option 'sizes'; did you mean 'size'"),
        (["{assets}/pong.ckpt", "--option", "size=[64,64]"], r"cannot play.*frame shape \(1, 32"),
        (["--game", "pong", "--ticks", "0"], "--ticks must be at least 1, not 0"),
        (["--game", "pong", "--ticks", "many"], "invalid int value: 'many'; see .* --help"),
        (["--game", "pong", "--seed", "-1"], r"0 to 2\^64 - 1, not -1"),
        (["--game", "pong", "--tikcs", "3"], "--tikcs"),
        (["--game", "pong", "--trace", "{tmp}/no/trace"], "cannot write .*trace"),
        (["--game", "pong", "--record", "{tmp}/damaged.ckpt/out.gif"], "cannot write .*out.gif"),
    ],
)
def test_what_a_user_can_mend_is_said(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "damaged.ckpt").write_bytes(b"PK\x03\x04 not a checkpoint")
    arguments = [argument.format(tmp=tmp_path, assets=ROOT / "assets") for argument in arguments]
    if "--record" not in arguments:
        arguments += ["--record", str(tmp_path / "out.gif")]
    with pytest.raises(UserError, match=message):
        command.main(arguments)
    assert not (tmp_path / "out.gif").exists()


def test_a_learned_game_plays_variants_that_it_has_room_for(tmp_path: Path) -> None:
    """Conway's rule on a larger board, by an engine of rules that has not seen it."""
    options = ["--option", 'rules=["B3/S23"]', "size=[20,30]"]
    record = ["--record", str(tmp_path / "out.gif"), "--ticks", "30", "--trace"]
    command.main([str(ROOT / "assets/rules.ckpt"), *options, *record, str(tmp_path / "trace")])
    last = json.loads((tmp_path / "trace").read_text().splitlines()[-1])
    assert (last["tick"], last["parted_at"]) == (30, None)


def test_only_gifs_are_recorded() -> None:
    with pytest.raises(UserError, match=r"must end in \.gif, not out\.mp4"):
        command.main(["--game", "pong", "--record", "out.mp4"])


def test_without_the_bundled_game_it_is_said_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(command, "BUNDLED", tmp_path / "pong.ckpt")
    with pytest.raises(UserError, match=r"pong\.ckpt is not there; train one with .* --game pong"):
        command.main([])


def test_a_checkpoint_without_its_dream(
    checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gif = tmp_path / "out.gif"
    command.main([str(checkpoint), "--truth-only", "--ticks", "3", "--record", str(gif), "--json"])
    assert json.loads(capsys.readouterr().out) == {"ticks": 3, "parted_at": None, "path": str(gif)}


def test_no_display_is_one_line() -> None:
    done = run_play("--game", "pong")
    expected = (2, "", "error: no display: use --record out.gif\n")
    assert (done.returncode, done.stdout, done.stderr) == expected


def test_a_display_that_does_not_answer_is_one_line() -> None:
    done = run_play("--game", "pong", DISPLAY=":98765")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "no display" in done.stderr
    assert "--record out.gif" in done.stderr


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gameengine.play", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "--record" in done.stdout
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"torch", "pygame", "numpy", "tqdm"}
