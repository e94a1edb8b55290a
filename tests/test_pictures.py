"""Pictures that are put together from others."""

from __future__ import annotations

import numpy as np
import pytest

from data_gen.pictures import ALARM, INK, PAPER, caption, stack

SIGNS = {ALARM: "#", INK: "o", PAPER: "."}


def plain(height: int, width: int, colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def in_signs(picture: np.ndarray) -> str:
    return "\n".join("".join(SIGNS[tuple(pixel.tolist())] for pixel in row) for row in picture)


def test_pictures_lie_below_each_other_on_paper() -> None:
    below = stack([plain(2, 3, ALARM), plain(1, 1, INK)], axis=0, gap=1)
    assert in_signs(below) == "###\n###\n...\no.."


def test_pictures_lie_beside_each_other_on_paper() -> None:
    beside = stack([plain(1, 1, INK), plain(2, 2, ALARM), plain(1, 1, INK)], axis=1, gap=2)
    assert in_signs(beside) == "o..##..o\n...##..."


def test_a_caption_cannot_be_changed_for_those_who_ask_again() -> None:
    with pytest.raises(ValueError, match="read-only"):
        caption(20, "tick 1")[0, 0] = ALARM
