"""What persons do in the play window's match is kept, and becomes a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_gen.datasets.dataset import Dataset
from data_gen.datasets.recordings import import_recordings, read_recording
from data_gen.datasets.verify import verify
from data_gen.errors import UserError
from data_gen.games.pong import DOWN, UP, pong
from data_gen.randomness import HELD_OUT, training_seeds
from gameengine import play as command
from gameengine.match import Match, Pair
from gameengine.play_recorder import PlayRecorder
from gameengine.seats import PATIENCE

LEFT, RIGHT = 0, 1
HUMAN, TRACKER = 0, 1


def play(match: Match, recorder: PlayRecorder, ticks: int) -> None:
    for _ in range(ticks):
        match.advance()
        recorder.watch(match)


def test_who_did_what_at_every_tick(tmp_path: Path) -> None:
    match = Match(Pair.alone(pong()), seed=4, for_training=True)
    recorder = PlayRecorder(match, tmp_path / "play.npz")
    seen = []
    play(match, recorder, 10)
    match.seats.press("s")  # a person takes the left seat
    for _ in range(30):
        play(match, recorder, 1)
        seen.append(match.truth_frame)
    match.seats.release("s")
    play(match, recorder, round(PATIENCE * match.spec.fps) + 20)
    match.restart()
    match.seats.press("up")
    play(match, recorder, 12)
    recorder.save()

    first, second = read_recording(tmp_path / "play.npz").plays
    assert [first.seed, second.seed] == [training_seeds(seed, 0, 1)[0] for seed in (4, 5)]
    assert first.seed < HELD_OUT
    assert (first.policy[:, RIGHT] == TRACKER).all()
    left = first.policy[:, LEFT]
    last = 40 + round(PATIENCE * match.spec.fps)
    np.testing.assert_array_equal(left[:10], TRACKER)
    np.testing.assert_array_equal(left[10 : last - 1], HUMAN)
    np.testing.assert_array_equal(left[last + 1 :], TRACKER)  # seconds are floats
    assert (first.actions[10:40, LEFT] == DOWN).all()
    assert (first.actions[40 : last - 1, LEFT] == 0).all()
    assert (second.policy == [TRACKER, HUMAN]).all()
    assert (second.actions[:, RIGHT] == UP).all()

    import_recordings([tmp_path / "play.npz"], tmp_path / "set", 12)
    dataset = Dataset.open(tmp_path / "set")
    assert dataset.players == ("human", "tracker:0.85")
    read = dataset.windows([0, 1, 2], [0, 0, 0], 12)
    frames = np.concatenate([read.frames[0, :-1], read.frames[1, :-1], read.frames[2]])
    np.testing.assert_array_equal(frames[11 : 11 + 26], np.stack(seen)[:26])
    assert verify(tmp_path / "set") == []


def test_the_other_seats_player_is_named_after_what_it_is() -> None:
    match = Match(Pair.alone(pong()))
    assert match.player_names == ("tracker:0.85",)
    assert match.policy.tolist() == [0, 0]
    assert match.start >= HELD_OUT, "without --record-play no training start is played"


def test_a_restart_at_once_keeps_nothing_empty(tmp_path: Path) -> None:
    match = Match(Pair.alone(pong()), for_training=True)
    recorder = PlayRecorder(match, tmp_path / "play.npz")
    assert read_recording(tmp_path / "play.npz").plays == ()
    match.restart()
    play(match, recorder, 1)
    match.restart()
    match.restart()
    play(match, recorder, 3)
    before = read_recording(tmp_path / "play.npz").plays
    assert [len(one.actions) for one in before] == [1], "written at each restart"
    recorder.save()
    after = read_recording(tmp_path / "play.npz").plays
    assert [len(one.actions) for one in after] == [1, 3]


def test_a_killed_program_loses_half_a_minute_at_most(tmp_path: Path) -> None:
    match = Match(Pair.alone(pong()), for_training=True)
    recorder = PlayRecorder(match, tmp_path / "play.npz")
    play(match, recorder, 30 * match.spec.fps + 7)
    kept = read_recording(tmp_path / "play.npz").plays
    assert [len(one.actions) for one in kept] == [30 * match.spec.fps]


def record(path: Path, *more: str) -> None:
    """The program, without a window."""
    gif = str(path.with_suffix(".gif"))
    command.main(["--game", "pong", "--record-play", str(path), "--record", gif, *more])


def test_by_command(tmp_path: Path) -> None:
    record(tmp_path / "play.npz", "--ticks", "40", "--seed", "3", "--option", "ball_speed=2")
    recording = read_recording(tmp_path / "play.npz")
    assert [len(one.actions) for one in recording.plays] == [40]
    assert recording.plays[0].seed == training_seeds(3, 0, 1)[0]
    assert recording.spec.options["ball_speed"] == [2]
    import_recordings([tmp_path / "play.npz"], tmp_path / "set", 20)
    assert verify(tmp_path / "set") == []
    with pytest.raises(UserError, match=r"play.npz is there already; choose another name"):
        record(tmp_path / "play.npz")


def test_ctrl_c_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = Match.advance, []

    def interrupted(match: Match) -> None:
        if len(calls) == 25:
            raise KeyboardInterrupt
        calls.append(match)
        original(match)

    monkeypatch.setattr(Match, "advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        record(tmp_path / "play.npz", "--ticks", "40")
    assert [len(one.actions) for one in read_recording(tmp_path / "play.npz").plays] == [25]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--record-play", "a.npz"], "--record-play records the true game: give --game"),
        (["x.ckpt", "--record-play", "a.npz"], "records the true game: give --game NAME"),
        (["--game", "pong", "--record-play", "a.gif"], "whose name ends in .npz, not a.gif"),
    ],
)
def test_what_cannot_be_recorded(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        command.main(arguments)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match=r"cannot write .*play.npz"):
        record(tmp_path / "file" / "play.npz")
