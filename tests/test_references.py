"""Every fast game gives the bytes that its plain NumPy version in tests/reference gives."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference import has_reference, reference_of, variants_of

from data_gen.game import AnyGame
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import GAMES, make_game
from data_gen.rollout import Rollout, roll_out

PLAYERS = ["random", "sticky", "tracker:0.5", "tracker"]
TICKS = 300
CASES = [(name, options) for name in GAMES for options in variants_of(name)]
IDS = [f"{name}-{options}" for name, options in CASES]

# SHA-256 of the frames of 100 ticks. They were computed with the NumPy versions; those of pong
# and life are also those of the first release. Who has to change one raises the game's version.
GOLDEN = {
    "pong": "331cb2271865566eb1e92cbf3dd1ce304537a809ba49a51c6190e27b58909d19",
    "life": "d5db319cb5ae494e0aeec57a4ddc2a1d30a16314ecb4c8e6cef8d2183f45dbe3",
    "lifelike": "a4172f24509cfab82c3535338c53c44b0486d49065f74955faa9e03f7013859e",
    "breakout": "81d2f37c4b4ecd40a23d82674374455791c6ca3493c8867bc98b85299d022a88",
    "keydoor": "0724c729b50e59ed0caaeaa9d0db55723dfdef394c4dc9add264f8c64948816f",
    "snake": "e66798d448b48eb203d6413b4e6b3ecdb7d00eb2bc32e8013ccdb4ee47c4c945",
    "catch": "0cb7b000fc0e6265f7d12bcde09cfa67b86ed33657e9609c31bc64a6c11cd988",
    "garden": "d77ca523656e5f2b0059fc5c92b103ebdcf7eae74a3367c18ca5b6cf14acafe9",
    "arcade": "331cb2271865566eb1e92cbf3dd1ce304537a809ba49a51c6190e27b58909d19",  # pong's
    "flappy": "6ba15f3c30121c4571c92cb104a26ae48781b3b62bcc438f82843f568338287c",
}


def compare(found: Rollout, wanted: Rollout) -> None:
    for name, value in vars(wanted).items():
        assert getattr(found, name).dtype == value.dtype, name
        np.testing.assert_array_equal(getattr(found, name), value, name)


@pytest.mark.parametrize("name", GAMES)
def test_every_game_has_a_reference(name: str) -> None:
    assert has_reference(name), f"tests/reference/{name}.py is missing: {name} in plain NumPy"


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
@given(
    seeds=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8),
    player=st.sampled_from(PLAYERS),
)
@example(seeds=[0, 1, 2**63, 2**64 - 1], player="tracker")
@settings(max_examples=8, deadline=None)
def test_fast_and_plain_games_play_alike(
    name: str, options: dict[str, Any], seeds: list[int], player: str
) -> None:
    game, reference = make_game(name, **options), reference_of(name, options)
    cast, numbers = make_players([player]), np.array(seeds, np.uint64)
    assert reference.spec == game.spec
    compare(roll_out(game, cast, numbers, TICKS), roll_out(reference, cast, numbers, TICKS))


@st.composite
def some(draw: st.DrawFn, low: int, high: int) -> list[int]:
    """Up to three values that an option allows."""
    return draw(st.lists(st.integers(low, high), min_size=1, max_size=3, unique=True))


@st.composite
def chosen_options(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Any options of a game, of sizes that are quick to play."""

    def side(low: int, high: int, multiple: int = 1) -> int:
        return multiple * draw(st.integers(low, high))

    def digits() -> str:
        return "".join(map(str, draw(st.lists(st.integers(0, 8), unique=True))))

    share, edges = st.floats(0, 1), st.sampled_from(["torus", "dead"])
    if name == "pong":
        return {
            "size": [side(1, 3, 32), side(1, 3, 32)],
            "paddle_height": draw(some(3, 24)),
            "paddle_speed": draw(some(1, 4)),
            "ball_speed": draw(some(1, 3)),
            "serve_angles": draw(st.booleans()),
        }
    if name == "breakout":
        return {
            "size": [side(8, 16, 4), side(8, 16, 4)],
            "paddle_width": draw(some(4, 16)),
            "paddle_speed": draw(some(1, 4)),
            "ball_speed": draw(some(1, 2)),
            "brick_rows": draw(some(1, 6)),
        }
    if name == "snake":
        cell, high, wide = side(1, 4), side(4, 16), side(4, 16)
        return {
            "size": [cell * high, cell * wide],
            "cell": cell,
            "walls": draw(st.sampled_from([True, False, [True, False]])),
            "start_length": draw(some(2, min(8, high - 1, wide - 1))),
        }
    if name == "catch":
        high, wide = side(20, 60), side(20, 60)
        return {
            "size": [high, wide],
            "basket_width": draw(some(3, min(12, wide // 2))),
            "fall_speed": draw(some(1, 3)),
            "bombs": draw(some(0, 3)),
        }
    if name == "flappy":
        high = side(32, 60)
        return {
            "size": [high, side(high, 90)],
            "gap": draw(some(8, high - 12)),
            "pipe_speed": draw(some(1, 2)),
            "spacing": draw(some(12, 32)),
            "gravity": draw(some(1, 2)),
            "flap": draw(some(2, 3)),
        }
    if name == "keydoor":
        return {
            "size": [side(7, 16, 4), side(7, 16, 4)],
            "keys": draw(some(2, 4)),
            "walls": draw(some(0, 2)),
        }
    if name == "garden":
        wide = side(12, 30)
        return {
            "size": [side(12, 40), wide],
            "paddle_width": draw(st.integers(3, wide // 2)),
            "density": draw(share),
            "rule": f"B{digits()}/S{digits()}",
        }
    if name == "arcade":
        names = st.sampled_from(["pong", "breakout", "snake", "catch", "life", "flappy"])
        games = draw(st.lists(names, min_size=1, unique=True))
        return {"games": games, "game": draw(st.sampled_from(games)), "size": [32, side(1, 2, 32)]}
    cells = {"size": [side(3, 70), side(3, 70)], "edges": draw(edges)}
    if name == "life":
        return cells | {"rule": f"B{digits()}/S{digits()}", "density": draw(share)}
    assert name == "lifelike", f"{name} has no options here"
    return cells | {"density": sorted([draw(share), draw(share)])}


@given(data=st.data(), name=st.sampled_from(list(GAMES)), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=25, deadline=None)
def test_any_options_are_played_alike(data: st.DataObject, name: str, seed: int) -> None:
    options = data.draw(chosen_options(name))
    game, reference = make_game(name, **options), reference_of(name, options)
    cast, seeds = make_players(["random", "tracker"]), np.full(4, seed, np.uint64)
    seeds ^= np.arange(4, dtype=np.uint64)
    compare(roll_out(game, cast, seeds, 60, threads=2), roll_out(reference, cast, seeds, 60))


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_fast_and_plain_games_begin_alike(name: str, options: dict[str, Any]) -> None:
    """Many of them, since each begins only once."""
    game, reference = make_game(name, **options), reference_of(name, options)
    seeds = training_seeds(2, 0, 2000)
    state, wanted = game.init(seeds), reference.init(seeds)
    np.testing.assert_array_equal(game.render(state), reference.render(wanted))
    np.testing.assert_array_equal(state.description, wanted.description)


@pytest.mark.parametrize("name", GAMES)
def test_frames_are_those_of_always(name: str) -> None:
    found = digest(make_game(name))
    assert found == GOLDEN.get(name), f"the hash of {name}'s frames is {found}"
    assert digest(reference_of(name, {})) == found


def digest(game: AnyGame) -> str:
    cast = make_players(["random", "tracker"])
    frames = roll_out(game, cast, training_seeds(0, 0, 8), 100).frames
    return hashlib.sha256(np.ascontiguousarray(frames).tobytes()).hexdigest()
