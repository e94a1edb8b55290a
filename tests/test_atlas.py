"""The map of games."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hyper_rules import CONWAY

from data_gen.errors import UserError
from data_gen.games.arcade import arcade
from data_gen.games.automaton import RULE_BITS, rule_bits
from data_gen.games.pong import pong
from gameengine import atlas
from gameengine.atlas_page import GAP, HEIGHT, WIDTH, laid_out, side_of
from gameengine.embedding_points import name_of
from gameengine.engines.hyper import HyperEngine


def on_page(path: Path) -> list[dict[str, Any]]:
    found = re.search(r"const places = (\[.*?\]), map =", path.read_text(), re.S)
    assert found is not None
    return json.loads(found[1])


def test_every_game_has_a_place_and_a_film(
    rules_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.html"
    more = ["--games", "9", "--ticks", "4", "--out", str(out), "--json"]
    atlas.main([str(rules_checkpoint), *more])
    assert json.loads(capsys.readouterr().out)["games"] == 9
    places = on_page(out)
    assert len({place["name"] for place in places}) == 9
    for place in places:
        bits = dict(zip(RULE_BITS, rule_bits(place["name"]), strict=True))
        assert place["numbers"].items() <= bits.items()
        assert place["told"].startswith(f"{place['name']}: B0 ")
        assert place["film"]["frames"] == 5
        assert place["film"]["url"].startswith("data:image/png;base64,")
    assert len({place["film"]["url"] for place in places}) == 9  # each dreams its own game
    page = out.read_text()
    assert "://" not in page  # it opens offline
    assert "<option>S7</option>" in page


def test_a_map_shows_the_directions_in_which_games_differ_most() -> None:
    random = torch.Generator().manual_seed(0)
    spread = torch.tensor([0.1, 5.0, 0.0, 1.0])
    flat = torch.randn(200, 4, generator=random) * spread + 7
    found = atlas.projected(flat)
    assert found.shape == (200, 2)
    expected = (flat - flat.mean(0)).numpy()
    for direction, entry in enumerate((1, 3)):
        assert abs(np.corrcoef(found[:, direction], expected[:, entry])[0, 1]) > 0.99
    assert atlas.projected(torch.tensor([[1.0], [3.0]])).tolist() in (
        [[-1.0, 0.0], [1.0, 0.0]],
        [[1.0, 0.0], [-1.0, 0.0]],
    )


@pytest.mark.parametrize("games", [2, 40, 256])
def test_hardly_any_picture_covers_another_one(games: int) -> None:
    points = np.random.default_rng(0).normal(size=(games, 2))
    points[: games // 2] = 0.5  # many in one place
    sizes = np.full((games, 2), int(side_of(games)))
    corners = laid_out(points, sizes)
    assert (corners >= 0).all()
    assert (corners + sizes <= [WIDTH, HEIGHT]).all()
    apart = (np.abs(corners[:, None] - corners) > sizes[0] - 1).any(2)
    assert apart[~np.eye(games, dtype=bool)].mean() > 0.99


def test_what_is_far_apart_stays_where_it_is() -> None:
    points = np.array([[0.0, 0.0], [1.0, 2.0], [2.0, 1.0]])
    corners = laid_out(points, np.full((3, 2), 50))
    assert np.abs(corners[0] - GAP).max() < 2
    assert abs(corners[2, 0] - (WIDTH - 50 - GAP)) < 2
    assert abs(corners[1, 0] - (WIDTH - 50) / 2) < 3


def test_games_have_names(rules_engine: HyperEngine) -> None:
    assert name_of(rules_engine.spec, rule_bits(CONWAY)) == CONWAY
    snake = arcade("snake")
    assert name_of(snake.spec, snake.init(np.zeros(1, np.uint64)).description[0]) == "snake"
    told = np.array([7, 2, 1, 0], np.float32)
    assert name_of(pong().spec, told).startswith("paddle height 7, paddle speed 2")


def test_maps_that_there_are_not_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--games must be at least 1, not 0"):
        atlas.main(["x.ckpt", "--games", "0"])
    with pytest.raises(UserError, match="--seed must be at least 0, not -1"):
        atlas.main(["x.ckpt", "--seed", "-1"])
    with pytest.raises(UserError, match="only a HyperEngine has embeddings"):
        atlas.main(["assets/life.ckpt", "--out", str(tmp_path / "x.html")])
