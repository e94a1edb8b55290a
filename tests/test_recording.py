"""Gifs of a match."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from flawed import Flawed
from numpy.typing import NDArray
from PIL import Image

from data_gen.games.pong import pong
from data_gen.pictures import ALARM, PAPER, enlarge, to_rgb
from gameengine.match import Match, Pair
from gameengine.recording import MOST_PICTURES, record, split_screen


def pictures_of(gif: Path) -> list[NDArray[np.uint8]]:
    with Image.open(gif) as image:
        pictures = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            pictures.append(np.asarray(image.convert("RGB")))
        return pictures


def has(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(-1).any())


def test_a_recording_shows_exact_frames_and_marks_the_parting(tmp_path: Path) -> None:
    gif = tmp_path / "out.gif"
    odd = 31  # of two ticks one is shown, so that a picture must be put in for this one
    match = Match(Pair.beside(pong(), Flawed(pong(), odd)))
    record(match, 60, gif)
    pictures = pictures_of(gif)
    first, last = pictures[0], pictures[-1]
    assert has(first, PAPER)
    assert not has(first, ALARM)
    assert has(last, ALARM)
    marked = [has(picture, ALARM) for picture in pictures]
    assert marked == sorted(marked), "the mark stays"
    frame = enlarge(to_rgb(match.truth_frame, match.spec), 6)
    assert np.array_equal(last[30:-30, 12 : 12 + 192], frame)
    at_parting = pictures[marked.index(True)]
    assert (at_parting[-31, -13] != frame[-1, -1]).any(), "the wrong pixel itself is shown"


def test_a_parting_at_the_very_end_is_red(tmp_path: Path) -> None:
    gif = tmp_path / "out.gif"
    record(Match(Pair.beside(pong(), Flawed(pong(), 299))), 300, gif)
    assert has(pictures_of(gif)[-1], ALARM)


def test_long_recordings_skip_ticks(tmp_path: Path) -> None:
    gif = tmp_path / "out.gif"
    record(Match(Pair.alone(pong())), 2 * MOST_PICTURES + 100, gif)
    assert MOST_PICTURES / 2 < len(pictures_of(gif)) <= MOST_PICTURES + 2


def test_a_recording_of_a_wide_game(tmp_path: Path) -> None:
    picture = split_screen(Match(Pair.alone(pong((32, 96)))))
    assert picture.shape == (2 * 12 + 2 * 18 + 64, 2 * 12 + 192, 3)
