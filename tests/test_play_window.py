"""Real keys in a real window, on a virtual screen (Xvfb) with a virtual keyboard (xdotool)."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data_gen.games.pong import DOWN, LEFT_PADDLE, UP, pong
from data_gen.pictures import to_rgb
from data_gen.players import ReplayPlayer
from gameengine.checkpoint import save_engine
from gameengine.engines import make_engine
from gameengine.layout import places, preferred_size
from gameengine.learned_game import LearnedGame
from gameengine.match import Match, Pair

ROOT = Path(__file__).parent.parent
LEFT = 0
SCREEN = (1280, 800)  # px
PATIENT = 60  # seconds until a condition must have come true; the machine may be busy


def until(condition: Callable[[], Any], what: str) -> Any:
    """Wait until `condition` gives something true, and return that."""
    deadline = time.monotonic() + PATIENT
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what}: not within {PATIENT} s")


@dataclass(frozen=True)
class Display:
    """A virtual screen. framebuffer: the file in which the X server keeps its pixels."""

    name: str
    framebuffer: Path

    def do(self, *arguments: str) -> None:
        """Real input, by xdotool."""
        environment = {**os.environ, "DISPLAY": self.name}
        subprocess.run(["xdotool", *arguments], env=environment, check=True, timeout=PATIENT)

    def pixels(self) -> NDArray[np.uint8]:
        """What is on the screen, (height, width, 3) RGB, read from an X window dump."""
        dump = self.framebuffer.read_bytes()
        fields = struct.unpack(">25I", dump[:100])
        header, width, height, stride, colours = (fields[n] for n in (0, 4, 5, 12, 19))
        rows = np.frombuffer(dump, np.uint8, height * stride, header + colours * 12)
        return rows.reshape(height, stride)[:, : width * 4].reshape(height, width, 4)[..., 2::-1]


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """A screen of its own; skips where the tools are missing, unless CI=true, which has them."""
    for program in ("Xvfb", "xdotool"):
        if not shutil.which(program):
            missing = f"{program} is not installed: apt-get install xvfb xdotool"
            if os.environ.get("CI") == "true":
                pytest.fail(missing)
            pytest.skip(missing)
    folder = tmp_path_factory.mktemp("screen")
    reader, writer = os.pipe()
    options = (
        "-screen",
        "0",
        "{}x{}x24".format(*SCREEN),
        "-nolisten",
        "tcp",
        "-fbdir",
        str(folder),
    )
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), *options],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as numbers:
        number = numbers.readline().strip()  # comes when the server is ready; ends if it dies
    assert number, "Xvfb did not start"
    yield Display(f":{number}", folder / "Xvfb_screen0")
    server.terminate()
    server.wait(PATIENT)


class Session:
    """The program in a window on a display, playing, with the focus."""

    def __init__(self, display: Display, folder: Path, *arguments: str) -> None:
        self.display = display
        self._trace = folder / "trace.jsonl"
        self._errors = folder / "errors.txt"
        hidden = ("SDL_VIDEODRIVER", "WAYLAND_DISPLAY")
        environment = {k: v for k, v in os.environ.items() if k not in hidden}
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gameengine.play", *arguments, "--trace", str(self._trace)],
                cwd=ROOT,
                env=environment | {"DISPLAY": display.name},
                stderr=errors,
            )
        until(lambda: self.process.poll() is not None or self.lines(), "the first tick")
        assert self.process.poll() is None, self._errors.read_text()
        display.do(
            "mousemove", *(str(side // 2) for side in SCREEN)
        )  # without a window manager the focus follows it

    def lines(self) -> list[dict[str, Any]]:
        """The trace up to now."""
        if not self._trace.exists():
            return []
        whole = self._trace.read_text().rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def left_paddle(self) -> tuple[float, float]:
        """Where its top and bottom are in the truth's panel on the screen: 0 is the top of the
        field below the score, 1 the bottom."""
        spec = pong().spec
        window = preferred_size(spec, 2, SCREEN)
        truth, _ = places(window, spec, 2)
        truth.move_ip((SCREEN[0] - window[0]) // 2, (SCREEN[1] - window[1]) // 2)
        score = truth.height // 32
        field = self.display.pixels()[truth.top + score : truth.bottom, truth.left : truth.right]
        colour = to_rgb(np.full((1, 1, 1), LEFT_PADDLE, np.uint8), spec)[0, 0]
        rows = np.flatnonzero((field == colour).all(-1).any(1))
        return (rows.min() / len(field), (rows.max() + 1) / len(field)) if len(rows) else (-1, -1)

    def end(self, key: str) -> int:
        """Press a key that quits, and return the exit code."""
        self.display.do("key", key)
        try:
            return self.process.wait(PATIENT)
        finally:
            self.process.kill()


@pytest.fixture
def session(display: Display, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Starts sessions, and ends what a failed test leaves."""
    started: list[Session] = []

    def start(*arguments: str) -> Session:
        started.append(Session(display, tmp_path, *arguments))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait(PATIENT)


def restless_checkpoint(path: Path) -> Path:
    """An untrained Pong whose frames depend on the actions."""
    generator = torch.Generator().manual_seed(0)
    engine = make_engine("feedback", pong().spec)
    with torch.no_grad():
        for values in engine.parameters():
            values += 0.3 * torch.randn(values.shape, generator=generator)
    save_engine(path, engine, {})
    return path


def replayed(checkpoint: Path, actions: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Checksums of both frames after each of actions (T, P), played without a window."""
    learned = LearnedGame.load(checkpoint)
    pair = Pair(learned.truth, learned, learned.init_beside_truth)
    match, sums = Match(pair, player=ReplayPlayer(actions[None])), []
    for _ in actions:
        match.advance()
        sums.append((match.trace()["truth"], match.trace()["dream"]))
    return sums


def test_real_keys_move_the_paddle_in_truth_and_dream(
    session: Callable[..., Session], tmp_path: Path
) -> None:
    checkpoint = restless_checkpoint(tmp_path / "pong.ckpt")
    played = session(str(checkpoint))
    for key, action, arrived in (
        ("s", DOWN, lambda top, bottom: bottom == 1),
        ("w", UP, lambda top, bottom: top == 0),
    ):
        first = len(played.lines())
        played.display.do("keydown", key)

        def person_plays(first: int = first, action: int = action) -> bool:
            recent = played.lines()[first:][-20:]
            return len(recent) == 20 and all(
                line["players"][LEFT] == "person" and line["actions"][LEFT] == action
                for line in recent
            )

        until(person_plays, f"{key} plays the left seat")
        until(lambda arrived=arrived: arrived(*played.left_paddle()), f"{key} moves the paddle")
        played.display.do("keyup", key)
    until(lambda: played.lines()[-1]["actions"][LEFT] == 0, "the paddle rests")
    assert played.end("Escape") == 0

    lines = played.lines()
    assert {line["players"][1] for line in lines} == {"tracker"}
    actions = np.array([line["actions"] for line in lines])
    expected = [(line["truth"], line["dream"]) for line in lines]
    assert replayed(checkpoint, actions) == expected, "both were given these actions"
    other = actions.copy()
    other[:, LEFT] = 0
    assert replayed(checkpoint, other)[-1][1] != expected[-1][1], "the dream heeds the actions"


def test_real_keys_pause_step_and_restart(session: Callable[..., Session]) -> None:
    played = session("--game", "pong")

    def rested() -> int:
        """How many ticks were played, once none follows for half a second."""
        before = len(played.lines())
        time.sleep(0.5)
        return before if len(played.lines()) == before else 0

    played.display.do("key", "space")
    paused_at = until(rested, "space pauses")
    played.display.do("key", "period")
    assert until(lambda: len(played.lines()) > paused_at and rested(), ". plays") == paused_at + 1
    played.display.do("key", "r", "key", "period")
    until(lambda: len(played.lines()) > paused_at + 1, "a tick after the restart")
    assert [(line["seed"], line["tick"]) for line in played.lines()[-2:]] == [
        (0, paused_at + 1),
        (1, 1),
    ]
    played.display.do("key", "space")
    until(lambda: played.lines()[-1]["tick"] > 20, "space goes on")
    assert played.end("q") == 0


def test_a_window_closes_after_the_ticks_asked_for(session: Callable[..., Session]) -> None:
    played = session("--game", "life", "--ticks", "12")
    assert played.process.wait(PATIENT) == 0
    assert len(played.lines()) == 12
