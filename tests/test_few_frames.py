"""experiments/few_frames.py: one video, an engine that saw nothing else, and a count of what it
shows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from experiment_scripts import script

from data_gen.errors import UserError
from gameengine.neighbourhoods import all_neighbourhoods, learned_tables, neighbourhoods_in

FEW = script("few_frames")


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: object) -> int:
    kept = ["--results", folder / "results", "--out", folder / "RESULTS.md"]
    monkeypatch.setattr(sys, "argv", ["few_frames", *map(str, [*words, *kept])])
    return FEW.main()


def test_every_neighbourhood_has_the_number_of_its_board() -> None:
    boards = all_neighbourhoods()[:, 0]
    assert neighbourhoods_in(boards)[:, 2, 2].tolist() == list(range(512))
    corner = np.zeros((1, 4, 4), np.uint8)
    corner[0, 3, 3] = 1  # above and to the left of the first cell, as the edges are joined
    assert neighbourhoods_in(corner)[0, 0, 0] == 1
    assert neighbourhoods_in(corner)[0, 2, 2] == 1 << 8


def test_a_video_is_one_soup_and_what_becomes_of_it() -> None:
    video = FEW.film(16, 4, 3)
    assert video.shape == (4, 1, 16, 16)
    padded = [np.pad(frame, 1, mode="wrap") for frame in video[:, 0]]
    for before, after in zip(padded[:-1], video[1:, 0], strict=True):
        around = sum(before[r : r + 16, c : c + 16] for r in range(3) for c in range(3))
        assert np.array_equal(after, (around == 3) | ((around == 4) & (before[1:-1, 1:-1] == 1)))
    assert not np.array_equal(video[0], FEW.film(16, 4, 4)[0])


def test_two_frames_of_64_x_64_tell_life_and_two_of_8_x_8_do_not() -> None:
    large, small = FEW.watch(64, 2, 0, 200), FEW.watch(8, 2, 0, 200)
    assert large["wrong"] == 0
    assert 400 < large["shown"] < 512
    assert small["told"] == 0  # it has learned what there was
    assert small["wrong"] > small["living"] > 0
    assert small["shown"] <= 64
    assert FEW.watch(8, 2, 0, 1)["told"] > 0


def test_only_the_video_counts() -> None:
    """An engine that is shown what never happens learns that."""
    video = FEW.film(64, 2, 0)
    video[1] = video[0]
    wrong = FEW.learn(video, 0, 200)
    table = learned_tables(wrong, torch.zeros(1, 18))[0]
    middles = all_neighbourhoods()[:, 0, 2, 2]
    assert (table == middles).mean() > 0.95


def test_what_is_done_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = ["--sizes", 8, "--frames", 2, "--steps", 5]
    assert run(monkeypatch, tmp_path, *words, "--seeds", 1) == 0
    path = tmp_path / "results" / "8_2.json"
    first = json.loads(path.read_text())["seeds"]
    assert run(monkeypatch, tmp_path, *words, "--seeds", 2) == 0
    both = json.loads(path.read_text())["seeds"]
    assert both[:1] == first  # the seconds, too
    assert len(both) == 2
    table = (tmp_path / "RESULTS.md").read_text()
    assert "| 8 x 8 | 2 | " in table
    assert " | 0 of 2 | 0 of 2 | 0 of 2 | 0 of 2 | 0 of 2 | " in table
    with pytest.raises(UserError, match="was measured with --steps 5, not 6"):
        run(monkeypatch, tmp_path, *words[:-1], 6)
    path.write_text("{broken")
    with pytest.raises(UserError, match="cannot read the results in"):
        run(monkeypatch, tmp_path, *words)
    with pytest.raises(UserError, match="--frames must be at least 2, not 1"):
        run(monkeypatch, tmp_path, "--frames", 1)
    with pytest.raises(UserError, match="holds no results"):
        run(monkeypatch, tmp_path / "other", "--report-only")
