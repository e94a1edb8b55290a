"""The games of the leaderboard, one block each. Nothing here loads torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ABLE = ("random", "sticky", "tracker:0.3", "tracker:0.7")  # who plays in training
STRANGER = ("tracker:0.9",)  # and when it is judged


@dataclass(frozen=True)
class Block:
    """A game and what all its engines have in common.

    ranked: the horizon that its rows are sorted by. players, held_out_players: of the training and
    of the judgement. data: settings of GameData that belong to the game, with a reason.
    about: what the game asks of an engine.
    """

    name: str
    game: str
    about: str
    ranked: Literal["exact", "tracked"] = "exact"
    options: Mapping[str, Any] = field(default_factory=dict)
    players: tuple[str, ...] = ABLE
    held_out_players: tuple[str, ...] = STRANGER
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """What the block adds to the config of an experiment: key -> plain value."""
        return {
            "data.game": self.game,
            "data.options": dict(self.options),
            "data.players": list(self.players),
            "data.held_out_players": list(self.held_out_players),
            **{f"data.{key}": value for key, value in self.data.items()},
        }


BLOCKS: dict[str, Block] = {
    block.name: block
    for block in (
        Block("pong", "pong", "two frames and the actions tell everything"),
        Block(
            "pong_angles",
            "pong",
            "the ball has 64 directions in sixteenths of a pixel, which two frames do not show",
            ranked="tracked",
            options={"serve_angles": True},
        ),
        Block("breakout", "breakout", "a wall that remembers which bricks are gone"),
        Block("snake", "snake", "a body that grows, and food that follows from where it was eaten"),
        Block("keydoor", "keydoor", "the key in the pocket is not seen, and decides much later"),
        Block(
            "life",
            "life",
            "one rule for all cells; nobody plays",
            players=("random",),  # there is one action: to watch
            held_out_players=("random",),
            # Soups, before they settle: rare neighbourhoods are common there.
            data={"start_share": 0.5},
        ),
        Block("catch", "catch", "what falls next follows from the score and from the basket"),
        Block("flappy", "flappy", "a velocity that two frames show, and pipes that come in"),
    )
}
