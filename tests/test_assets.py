"""The bundled files are what the README says they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from data_gen.games.automaton import rule_bits
from data_gen.games.lifelike import random_rules
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.judge import exact_horizon
from gameengine.learned_game import LearnedGame
from gameengine.neighbourhoods import learned_tables, rule_tables, wrong_neighbourhoods

ASSETS = Path(__file__).parent.parent / "assets"


@pytest.mark.parametrize("path", sorted(ASSETS.iterdir()), ids=lambda path: path.name)
def test_an_asset_is_small(path: Path) -> None:
    assert path.stat().st_size < 2 << 20


def test_the_bundled_pong_stays_exact() -> None:
    learned = LearnedGame.load(ASSETS / "pong.ckpt")
    horizon = exact_horizon(learned, make_players(["tracker:0.9"]), 32, 200)
    assert horizon.censored == 32


def test_the_convolutional_pong_stays_exact_for_a_while() -> None:
    learned = LearnedGame.load(ASSETS / "pong_feedback.ckpt")
    horizon = exact_horizon(learned, make_players(["tracker:0.9"]), 32, 200)
    assert horizon.censored >= 28  # 97 % of 256 rollouts were, when it was bundled


def test_the_bundled_variants_are_right_where_nobody_looked() -> None:
    engine = LearnedGame.load(ASSETS / "pong_variants.ckpt").engine
    unseen = make_game("pong", paddle_height=9, paddle_speed=2, ball_speed=2)
    horizon = exact_horizon(LearnedGame(engine, unseen), make_players(["tracker:0.9"]), 32, 200)
    assert horizon.censored >= 28


def test_the_bundled_rules_are_right_where_nobody_looked() -> None:
    engine = LearnedGame.load(ASSETS / "rules.ckpt").engine
    unseen = np.stack([rule_bits(rule) for rule in random_rules(456)[256:]])
    wrong = learned_tables(engine, torch.from_numpy(unseen)) != rule_tables(unseen)
    assert not wrong.any()


def test_the_bundled_life_is_right_for_ever() -> None:
    assert len(wrong_neighbourhoods(LearnedGame.load(ASSETS / "life.ckpt").engine)) == 0
