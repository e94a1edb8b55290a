"""Checking the options of games, where no game's own test does."""

from __future__ import annotations

from typing import Any

import pytest

from data_gen.options import one_or_both, true_or_false, whole_number


@pytest.mark.parametrize(
    ("values", "wanted"),
    [(True, [True]), (False, [False]), ([True, False], [True, False]), ((False,), [False])],
)
def test_one_or_both_is_a_list(values: Any, wanted: list[bool]) -> None:
    chosen = one_or_both("walls", values)
    assert chosen == wanted
    assert chosen is not values


@pytest.mark.parametrize("values", [1, 0, None, "true", [], [True, 1], [None]], ids=str)
def test_what_is_neither_true_nor_false_is_named(values: Any) -> None:
    with pytest.raises(ValueError, match=r"walls must be true, false or a list of both, not "):
        one_or_both("walls", values)


@pytest.mark.parametrize("value", ["False", "false", 0, 1, None, [True]], ids=str)
def test_only_true_and_false_are(value: Any) -> None:
    with pytest.raises(ValueError, match="serve_angles must be true or false, not ") as caught:
        true_or_false("serve_angles", value)
    assert str(caught.value).endswith(repr(value))
    assert [true_or_false("serve_angles", known) for known in (True, False)] == [True, False]


@pytest.mark.parametrize("value", [0, 5, 1.0, True, "1", [1, 2]], ids=str)
def test_one_whole_number_in_a_range(value: Any) -> None:
    with pytest.raises(ValueError, match="cell must be a whole number from 1 to 4, not "):
        whole_number("cell", value, 1, 4)
    assert [whole_number("cell", known, 1, 4) for known in (1, 4)] == [1, 4]
