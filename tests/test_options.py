"""Checking the options of games, where no game's own test does."""

from __future__ import annotations

from typing import Any

import pytest

from data_gen.options import one_or_both


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
