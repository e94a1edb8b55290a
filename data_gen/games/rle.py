"""Patterns of two-state cellular automata as text: Golly's run-length encoding (.rle) and the plain
pictures of .cells files. The formats are those of the LifeWiki ("Run Length Encoded", "Plaintext").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LINE_LENGTH = 70  # the longest line that the format allows
MOST_CELLS = 1 << 26  # a run count is a few bytes, but can ask for any amount of memory
ALIVE_MARKS = "O*"
DEAD_MARK = "."
_HEADER = re.compile(r"x\s*=\s*(\d+)\s*,\s*y\s*=\s*(\d+)\s*(?:,\s*rule\s*=\s*(\S.*?)\s*)?", re.I)
_HEADER_START = re.compile(r"x\s*=", re.I)


@dataclass(frozen=True)
class Pattern:
    """cells (H, W) bool, True is alive. rule: as the file's header has it, or None."""

    cells: NDArray[np.bool_]
    rule: str | None = None


@dataclass(frozen=True)
class _Run:
    row: int
    column: int
    length: int
    line: int  # where in the text, from 1


def read_pattern(source: str | Path) -> Pattern:
    """A pattern from a file, from RLE text, or from a plain picture of '.' and 'O' or '*'.

    `source` is a file if it is a Path, or one line that ends in .rle or .cells.
    Raises ValueError for a file that cannot be read and for text that is neither format.
    """
    if not isinstance(source, (str, Path)):
        raise ValueError(f"a pattern must be a file or text, not {source!r}")
    text = source
    if isinstance(source, Path) or (
        "\n" not in source and source.strip().lower().endswith((".rle", ".cells"))
    ):
        text = _text_of(Path(source))
    text = str(text)
    for line in text.splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            picture = stripped.startswith("!") or not set(stripped) - set(ALIVE_MARKS + DEAD_MARK)
            return parse_plaintext(text) if picture and stripped != "!" else parse_rle(text)
    raise ValueError(f"no pattern in {source!r}: it has no cells")


def parse_rle(text: str) -> Pattern:
    """The pattern in RLE text: comments (#), the header `x = .., y = .., rule = ..`, which may be
    missing, and runs up to '!'; what follows that is ignored. Without a header the pattern is as
    large as its runs.

    Raises ValueError, which names the line and the character, for anything else.
    """
    lines = text.splitlines()
    start, width, height, rule = _header(lines)
    runs, rows, columns = _runs(lines, start)
    for run in runs:
        if width is not None and (run.row >= (height or 0) or run.column + run.length > width):
            raise ValueError(
                f"RLE line {run.line}: row {run.row + 1} reaches column {run.column + run.length},"
                f" but the header says x = {width}, y = {height}"
            )
    if width is None or height is None:
        width, height = columns, rows
    if width * height > MOST_CELLS:
        raise ValueError(f"RLE: {width} x {height} cells are more than {MOST_CELLS}")
    cells = np.zeros((height, width), np.bool_)
    for run in runs:
        cells[run.row, run.column : run.column + run.length] = True
    return Pattern(cells, rule)


def write_rle(cells: NDArray[np.bool_], rule: str = "B3/S23", comments: Sequence[str] = ()) -> str:
    """RLE text of cells (H, W), with no line over 70 characters but for long comments."""
    height, width = cells.shape
    head = [f"#C {comment}" for comment in comments]
    head.append(f"x = {width}, y = {height}, rule = {rule}")
    body, line = [], ""
    for item in [*_items(cells), "!"]:
        if len(line) + len(item) > LINE_LENGTH:
            body.append(line)
            line = ""
        line += item
    return "\n".join([*head, *body, line]) + "\n"


def parse_plaintext(text: str) -> Pattern:
    """The pattern in a picture: '.' is dead, 'O' or '*' alive, lines that begin with '!' or '#' are
    comments, short lines end in dead cells, empty lines around the picture are dropped.

    Raises ValueError, which names the line and the character, for anything else.
    """
    rows: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("!", "#")):
            continue
        row = line.strip()
        for position, mark in enumerate(row, len(line) - len(line.lstrip()) + 1):
            if mark not in ALIVE_MARKS + DEAD_MARK:
                raise ValueError(
                    f"picture line {number}, character {position}: {mark!r} is not one of"
                    " '.' (dead), 'O' and '*' (alive)"
                )
        rows.append(row)
    while rows and not rows[0]:
        rows.pop(0)
    while rows and not rows[-1]:
        rows.pop()
    width = max(map(len, rows), default=0)
    alive = [[mark in ALIVE_MARKS for mark in row.ljust(width, DEAD_MARK)] for row in rows]
    return Pattern(np.array(alive, np.bool_).reshape(len(rows), width))


def write_plaintext(cells: NDArray[np.bool_], comments: Sequence[str] = ()) -> str:
    """A picture of cells (H, W): '.' is dead, 'O' alive."""
    head = [f"!{comment}" for comment in comments]
    rows = ["".join("O" if alive else DEAD_MARK for alive in row) for row in cells]
    return "\n".join([*head, *rows]) + "\n"


def _text_of(path: Path) -> str:
    try:
        # Old files name their authors in all kinds of encodings, but the cells are ASCII in all.
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"cannot read the pattern {path}: {reason}") from None


def _header(lines: list[str]) -> tuple[int, int | None, int | None, str | None]:
    """Returns the number of lines before the runs, width, height, rule."""
    for number, line in enumerate(lines):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if not _HEADER_START.match(stripped):
            return number, None, None, None
        match = _HEADER.fullmatch(stripped)
        if not match:
            raise ValueError(
                f"RLE line {number + 1}: {stripped!r} is not a header such as"
                " 'x = 3, y = 3, rule = B3/S23'"
            )
        return number + 1, int(match[1]), int(match[2]), match[3]
    return len(lines), None, None, None


def _runs(lines: list[str], start: int) -> tuple[list[_Run], int, int]:
    """The runs of living cells, and how many rows and columns they and the dead ones fill."""
    runs: list[_Run] = []
    row = column = rows = columns = 0
    count = ""
    for number, line in enumerate(lines[start:], start + 1):
        if line.lstrip().startswith("#"):
            continue
        for position, mark in enumerate(line, 1):
            if mark.isspace():
                continue
            if mark in "0123456789":
                count += mark
                continue
            where = f"RLE line {number}, character {position}"
            if mark not in "bo$!":
                raise ValueError(f"{where}: {mark!r} is not a count, 'b', 'o', '$' or '!'")
            if count and (mark == "!" or len(count) > 9 or int(count) < 1):
                raise ValueError(f"{where}: {count + mark!r} is not a run")
            length, count = int(count or 1), ""
            if mark == "!":
                return runs, rows, columns
            if mark == "$":
                row, column = row + length, 0
                continue
            if mark == "o":
                runs.append(_Run(row, column, length, number))
            column += length
            rows, columns = row + 1, max(columns, column)
    raise ValueError(f"RLE line {len(lines)}: the text ends without the '!' that ends a pattern")


def _items(cells: NDArray[np.bool_]) -> list[str]:
    """Runs of cells (H, W) such as 3o, b, 2$. Dead cells at the end of a row are left out."""
    items: list[str] = []
    ends = 0  # rows that have ended since the last living cell
    for row in cells:
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False))  # begin, end, begin, ...
        if len(edges) and ends:
            items.append(_item(ends, "$"))
            ends = 0
        at = 0
        for begin, end in edges.reshape(-1, 2).tolist():
            if begin > at:
                items.append(_item(begin - at, "b"))
            items.append(_item(end - begin, "o"))
            at = end
        ends += 1
    return items


def _item(count: int, mark: str) -> str:
    return f"{count}{mark}" if count > 1 else mark
