"""Checking the options of games. Each returns what JSON can hold, so that a spec can be stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def frame_size(size: Sequence[int], multiple: int = 1, least: int | None = None) -> tuple[int, int]:
    """(H, W), both multiples of `multiple` and at least `least`, by default one multiple.

    Raises ValueError for anything else.
    """
    least = least or multiple
    if (
        not isinstance(size, Sequence)
        or len(size) != 2
        or any(type(length) is not int or length < least or length % multiple for length in size)
    ):
        what = f"whole numbers of {least} or more"
        if multiple > 1:
            what = f"multiples of {multiple}" + (f", {least} or more" if least > multiple else "")
        raise ValueError(f"size must be two {what}, such as {least} {2 * least}, not {size!r}")
    return size[0], size[1]


def whole_number(name: str, value: int, low: int, high: int) -> int:
    """One for all items of a batch. Raises ValueError unless it is from low to high."""
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return value


def one_or_more(name: str, values: int | Sequence[int], low: int, high: int) -> list[int]:
    """Values for each item of a batch to be drawn from. Raises ValueError unless there is at least
    one, and all are whole numbers from low to high."""
    chosen = list(values) if isinstance(values, Sequence) else [values]
    if not chosen or not all(type(value) is int and low <= value <= high for value in chosen):
        raise ValueError(
            f"{name} must be one or more whole numbers from {low} to {high}, not {values!r}"
        )
    return chosen


def true_or_false(name: str, value: bool) -> bool:
    """One for all items of a batch. Raises ValueError for others, such as "False" or 0, which
    `bool` would turn into what was not meant."""
    if type(value) is not bool:
        raise ValueError(f"{name} must be true or false, not {value!r}")
    return value


def one_or_both(name: str, values: bool | Sequence[bool]) -> list[bool]:
    """Likewise of true and false. Raises ValueError unless there is at least one, and no other."""
    chosen = list(values) if isinstance(values, Sequence) else [values]
    if not chosen or not all(type(value) is bool for value in chosen):
        raise ValueError(f"{name} must be true, false or a list of both, not {values!r}")
    return chosen


def listed(choices: Iterable[Sequence[int]]) -> list[int]:
    """Several lists as one row of numbers, each with its length before it, for `one_of`."""
    return [number for chosen in choices for number in (len(chosen), *chosen)]
