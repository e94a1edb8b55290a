"""What frames are made of, found by looking at them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.typing import NDArray

from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from data_gen.rollout import roll_out
from gameengine.sprites import Sprites, learn_sprites

COLOURS = ".abc#"


def frame(picture: str) -> NDArray[np.uint8]:
    rows = picture.split()
    return np.array([[COLOURS.index(cell) for cell in row] for row in rows], np.uint8)


def frames(*pictures: str) -> NDArray[np.uint8]:
    return np.stack([frame(picture) for picture in pictures])


MOVING = frames(
    "#aa... #.a... #..... #.....",
    "#..... #.aa.. #..a.. #.....",
    "#..... #..... #..aa. #...a.",
)


def test_a_shape_that_moves_is_one_sprite_and_the_wall_is_canvas() -> None:
    found = learn_sprites(MOVING)
    assert found.canvas.tolist() == frame("#..... #..... #..... #.....").tolist()
    assert found.colours.tolist() == [1]
    assert found.shapes.tolist() == [[[[1, 1], [0, 1]]]]
    assert len(found.light_colours) == 0
    assert found.read(MOVING).tolist() == [[1, 0, 1], [1, 1, 2], [1, 2, 3]]


def test_a_sprite_that_is_not_there_has_shape_0() -> None:
    nothing = frames("#..... #..... #..... #.....")
    assert learn_sprites(MOVING).read(nothing).tolist() == [[0, 0, 0]]


def test_what_is_left_of_a_covered_sprite_tells_its_place() -> None:
    shown = frames(
        "aa.... aa.... ...b.. ......",
        "...... .aa... .aa..b ......",
        "...... ...... .aab.. .aa...",  # beside each other
        "...aa. ...ab. ...... ......",  # b covers a corner of a
        "...... ..aa.. ..ba.. ......",
    )
    found = learn_sprites(shown)
    assert [int((sizes[:, 0] > 0).sum()) for sizes in found.sizes] == [1, 1]
    assert found.read(shown)[3:].tolist() == [[1, 0, 3, 1, 1, 4], [1, 1, 2, 1, 2, 2]]
    assert found.colours[found.order].tolist() == [1, 2]  # b is drawn last
    assert (found.draw(found.read(shown)) == shown).all()


def test_other_frames_tell_which_shape_a_covered_sprite_has() -> None:
    shown = frames(
        "a..... a..... a..... ......",  # three high
        "..a... ..a... ...... ......",  # two high
        "...... ...a.. ...a.. ...b..",
        "...... ....b. .....b ......",
    )
    found = learn_sprites(shown)
    three, two = [1, 0, 0], [2, 0, 2]
    assert found.read(shown[:2])[:, :3].tolist() == [three, two]
    (hidden,) = frames("...... .a.... .a.... .b....")[None]
    assert found.read(hidden)[0, :3].tolist() == [1, 1, 1]  # the lowest pixel may be covered
    assert found.read(hidden, near=found.read(shown[1:2]))[0, :3].tolist() == [2, 1, 1]
    film = np.stack([hidden, hidden, shown[1:2], hidden], 1)  # (1, 4, H, W)
    for since, told in ((None, 2), (found.read(shown[:1]), 1)):
        tokens = found.read_on(film, since)[0, :, 0].tolist()
        assert tokens == [told, told, 2, 2]


def test_what_shows_many_shapes_is_made_of_lights() -> None:
    shown = frames(  # four pips of two pixels, which go on and off by themselves
        *("aa.aa.aa.aa", "aa.aa.aa...", "aa.aa......", "aa....aa.aa", "......aa..."),
        *("aa.aa....aa", "aa.......aa", "...aa.aa.aa", "aa....aa...", "...aa....aa"),
    )
    found = learn_sprites(shown)
    assert len(found.colours) == 0
    assert found.light_colours.tolist() == [1] * 4
    assert found.pixels[:, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert found.pixels[:, 2].tolist() == [0, 1, 3, 4, 6, 7, 9, 10]
    assert found.read(shown)[:3].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0]]
    assert (found.draw(found.read(shown)) == shown).all()
    assert not found.draw(np.zeros((1, found.tokens), np.int64)).any()


@pytest.mark.parametrize("name", ["pong", "catch", "breakout"])
def test_frames_that_were_never_seen_are_read_and_drawn_exactly(name: str) -> None:
    game = make_game(name)
    cast = make_players(["random", "tracker:0.7"])
    seen, new = (
        roll_out(game, cast, training_seeds(0, first, 64), 300).frames[:, :, 0]
        for first in (0, 1000)
    )
    found = learn_sprites(seen[:, ::5].reshape(-1, *seen.shape[2:]))
    every = new.reshape(-1, *new.shape[2:])
    assert (found.draw(found.read(every)) == every).all()
    assert found.tokens < 60


def test_a_checkpoint_keeps_them() -> None:
    for shown in (MOVING, frames("a.a.a", "a.a..", "a....", "..a.a", "....a", "a...a", "..a..")):
        found = learn_sprites(shown)
        again = Sprites.from_plain(json.loads(json.dumps(found.plain())))
        for name, value in vars(found).items():
            assert np.array_equal(value, getattr(again, name)), name
            assert value.dtype == getattr(again, name).dtype
        assert (again.draw(again.read(shown)) == shown).all()
