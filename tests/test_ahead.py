"""experiments/ahead.py: networks of separate parts, and what counts as exact."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from experiment_scripts import script
from torch import Tensor, nn

from data_gen.errors import UserError
from data_gen.randomness import held_out_seeds, training_seeds

AHEAD = script("ahead")


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: object) -> int:
    kept = ["--results", folder / "results", "--out", folder / "RESULTS.md"]
    kept += ["--runs", folder / "runs"]
    monkeypatch.setattr(sys, "argv", ["ahead", *map(str, [*words, *kept])])
    return AHEAD.main()


@torch.no_grad()
def written_by_hand(ticks: int) -> nn.Sequential:
    """Life in the smallest network: with n living neighbours, and half a one for a cell that lives
    itself, a cell lives next if that is 2.5 to 3.5."""
    network = AHEAD.parts(ticks, 1)
    for tick in range(ticks):
        near, mix = network[4 * tick], network[4 * tick + 2]
        around = torch.ones(3, 3)
        around[1, 1] = 0.5
        near.weight[:, 0], near.bias[:] = torch.stack([-around, around]), torch.tensor([2.5, -3.5])
        mix.weight[:], mix.bias[:] = -2.0, 1.0
    network[-1].weight[:], network[-1].bias[:] = 1.0, -0.5
    return network


@pytest.mark.parametrize("ticks", [1, 2, 5])
def test_the_smallest_network_of_parts_can_be_life(ticks: int) -> None:
    network = written_by_hand(ticks)
    assert sum(weight.numel() for weight in network.parameters()) == 23 * ticks + 2

    def say(frames: Tensor) -> Tensor:
        return network(frames.float()) > 0

    assert AHEAD._told(say, ticks, 0.0, 0)["wrong"] == 0
    assert AHEAD._told(say, ticks + 1, 0.0, 0)["wrong"] > 0


def test_soups_are_what_life_makes_of_random_cells() -> None:
    before, after = AHEAD._soups(np.arange(4, dtype=np.uint64), 1)
    around = sum(torch.roll(before, (r, c), (2, 3)) for r in (-1, 0, 1) for c in (-1, 0, 1))
    assert torch.equal(after.bool(), (around == 3) | ((around == 4) & (before == 1)))
    assert 0.3 < before.float().mean() < 0.46


def test_networks_are_judged_by_soups_that_no_training_has() -> None:
    seen: list[Tensor] = []

    def say(frames: Tensor) -> Tensor:
        seen.append(frames)
        return frames > 1  # all dead

    told = AHEAD._told(say, 1, 1.234, 25)
    judged = {soup.numpy().tobytes() for soup in torch.cat(seen)}
    trained, _ = AHEAD._soups(training_seeds(0, 0, 1000), 1)
    assert len(judged) == 1000
    assert judged.isdisjoint(soup.numpy().tobytes() for soup in trained)
    living = AHEAD._soups(held_out_seeds(0, 1000), 1)[1].sum()
    assert told == {"wrong": int(living), "seconds": 1.23, "weights": 25}


def test_a_large_network_learns_a_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AHEAD, "RATE", 0.02)
    told = AHEAD.learn_parts(1, 8, 0, 60)
    assert told["wrong"] == 0
    assert told["seconds"] < 60


def test_what_is_done_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    words = ["--rows", "grown", "parts_1", "--ticks", 2, "--seconds", 1]
    assert run(monkeypatch, tmp_path, *words, "--seeds", 1) == 0
    path = tmp_path / "results" / "parts_1_2.json"
    first = json.loads(path.read_text())["seeds"]
    assert run(monkeypatch, tmp_path, *words, "--seeds", 2) == 0
    both = json.loads(path.read_text())["seeds"]
    assert both[:1] == first
    assert len(both) == 2
    table = (tmp_path / "RESULTS.md").read_text()
    assert "|  | n = 2 | weights |" in table
    assert "| parts_1 | 0 of 2, " in table
    with pytest.raises(UserError, match="measured with --seconds 1, not 2"):
        run(monkeypatch, tmp_path, *words[:-1], 2)
    with pytest.raises(UserError, match="unknown row 'none'"):
        run(monkeypatch, tmp_path, "--rows", "none")
    with pytest.raises(UserError, match="--ticks must be at least 1, not 0"):
        run(monkeypatch, tmp_path, "--ticks", 0)
