"""What can be chosen for Life: rules in all notations, patterns from files, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_gen.games.life import canonical_rule, life

GUN_RLE = """x = 36, y = 9, rule = B3/S23
24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4b
obo$10bo5bo7bo$11bo3bo$12b2o!
"""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("B3/S23", "B3/S23"),
        ("b3s23", "B3/S23"),
        ("b3/s32", "B3/S23"),
        (" B63/S23 ", "B36/S23"),
        ("B33/S23", "B3/S23"),
        ("S23/B3", "B3/S23"),
        ("B2/S", "B2/S"),
        ("b/s", "B/S"),
        ("B012345678/S012345678", "B012345678/S012345678"),
    ],
)
def test_forms_of_rules(text: str, rule: str) -> None:
    assert canonical_rule(text) == rule == life(rule=text).spec.options["rule"]


@pytest.mark.parametrize("rule", ["", "B3", "3/23", "B9/S23", "B3/S2-a3", "B3/S23/4", "life", 3])
def test_what_is_no_rule_is_named(rule: Any) -> None:
    with pytest.raises(ValueError, match=f"unknown rule {rule!r}.*as in B3/S23"):
        life(rule=rule)


@pytest.mark.parametrize(
    ("header", "option", "rule"),
    [
        ("x = 3, y = 1\n", None, "B3/S23"),
        ("x = 3, y = 1, rule = b36/s23\n", None, "B36/S23"),
        ("x = 3, y = 1, rule = 23/36\n", None, "B36/S23"),  # survivals first, as old files have it
        ("x = 3, y = 1, rule = B36/S23:T30,20\n", None, "B36/S23"),
        ("x = 3, y = 1, rule = B36/S23\n", "b2s", "B2/S"),
        ("x = 3, y = 1, rule = WireWorld\n", "b2s", "B2/S"),
    ],
)
def test_the_rule_of_a_pattern_holds_unless_one_is_given(
    header: str, option: str | None, rule: str
) -> None:
    spec = life(pattern=header + "3o!", rule=option).spec
    assert spec.options["rule"] == rule
    assert f"rule = {rule}\n" in spec.options["pattern"]


def test_a_foreign_rule_in_a_pattern_is_named() -> None:
    with pytest.raises(ValueError, match="unknown rule 'WireWorld'"):
        life(pattern="x = 3, y = 1, rule = WireWorld\n3o!")


@pytest.mark.parametrize(("pattern", "row"), [("OO", 2), ("OO\n..", 1), ("O.\n..\nO.", 1)])
def test_a_pattern_lies_at_the_centre(pattern: str, row: int) -> None:
    game = life(size=(5, 6), pattern=pattern)
    frames = game.render(game.init(np.zeros(3, np.uint64)))
    first = np.argwhere(frames[:, 0])
    assert first[0].tolist() == [0, row, 2]
    assert (frames == frames[0]).all()


def test_a_game_from_a_file_outlives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gun.rle"
    path.write_text(GUN_RLE)
    game = life(size=(40, 50), pattern=str(path))
    path.unlink()
    again = life(**game.spec.options)
    assert again.spec == game.spec
    seeds = np.arange(2, dtype=np.uint64)
    np.testing.assert_array_equal(again.init(seeds).cells, game.init(seeds).cells)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"size": (2, 32)},
            "size must be two whole numbers of 3 or more, such as 3 6, not (2, 32)",
        ),
        ({"size": (32,)}, "size must be two"),
        ({"size": 32}, "size must be two"),
        ({"size": (3.5, 4)}, "size must be two"),
        ({"edges": "round"}, "unknown edges 'round'; choose from torus, dead"),
        ({"density": 1.5}, "density must lie in 0 to 1, not 1.5"),
        ({"density": float("nan")}, "density must lie in 0 to 1"),
        ({"density": "0.3"}, "density must lie in 0 to 1"),
        ({"density": True}, "density must lie in 0 to 1, not True"),
        ({"pattern": 5}, "a pattern must be a file or text, not 5"),
        ({"size": (8, 40), "pattern": GUN_RLE}, "9 x 36 cells, but the board only 8 x 40"),
        ({"size": (40, 35), "pattern": GUN_RLE}, "9 x 36 cells, but the board only 40 x 35"),
        ({"pattern": "bob2"}, "ends without the '!'"),
    ],
)
def test_bad_options_get_a_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        life(**options)
