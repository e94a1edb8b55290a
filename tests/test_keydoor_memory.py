"""Key-door hides the key in the pocket and nothing else; and its expert, who cannot know it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from determined import contradictions, much_play
from keydoor_board import HALL, board_of, state_of, walk
from numpy.typing import NDArray

from data_gen.games.keydoor import BUMP, OPEN, PLAIN, POCKET, TAKE, expert, keydoor
from data_gen.games.keydoor_grid import STAY
from data_gen.kernel_game import KernelGame
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.rollout import Rollout, roll_out


def test_a_key_is_remembered_for_500_ticks_and_never_seen() -> None:
    game = keydoor(size=(28, 28))
    wander = "." * 100 + ">^^<.vv." * 50
    films, last = [], []
    for way in ("<>vv", "vv<>"):  # the red key, or the green one
        state, events = walk(game, state_of(game, HALL, (1, 1)), way)
        assert events.count(TAKE) == 1
        film = [board_of(game, state)]
        for arrow in wander:
            state, events = walk(game, state, arrow)
            assert events == [PLAIN]
            film.append(board_of(game, state))
        films.append(film)
        last.append(walk(game, state, "^^>>>>^^>")[1])  # to the green door, to the red one
    assert len(films[0]) == 501
    assert films[0] == films[1]
    assert last[0] == [*[PLAIN] * 5, BUMP, PLAIN, PLAIN, OPEN]
    assert last[1] == [*[PLAIN] * 5, OPEN, PLAIN, PLAIN, BUMP]


def pockets(game: KernelGame, played: Rollout) -> NDArray[np.int32]:
    """What was in them (B, T) when each action was chosen."""
    state, found = game.init(played.seeds), []
    for actions in played.actions.swapaxes(0, 1):
        found.append(state.values[:, POCKET])
        state = game.step(state, actions)
    return np.stack(found, 1)


def test_the_frame_tells_everything_but_the_pocket() -> None:
    game = keydoor(size=(28, 28), keys=[2, 3, 4])
    played = much_play(game)
    played = replace(played, description=np.zeros_like(played.description))  # the frame tells it
    again, other = contradictions(played, 1, hidden=pockets(game, played))
    assert again > 100_000
    assert other == 0
    assert contradictions(played, 1)[1] > 1000  # the pocket matters, and is hidden


def rewards(player: str) -> NDArray[np.float32]:
    return roll_out(keydoor(), make_players([player]), training_seeds(0, 0, 64), 1000).reward


def test_the_expert_finds_treasures_though_it_cannot_see_its_pocket() -> None:
    assert rewards("tracker:1").mean() > 10 * rewards("random").mean() > 0
    assert rewards("tracker:1").sum((1, 2)).min() >= 3  # in every game


def test_the_expert_is_not_upset_by_what_a_dream_may_show() -> None:
    for noise in np.random.default_rng(0).integers(0, 9, (200, 32, 32), np.uint8):
        assert 0 <= expert(noise, 0, 0.3) < 5
    assert expert(np.zeros((32, 32), np.uint8), 0, 0.0) == STAY
