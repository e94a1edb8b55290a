"""Key-door positions for tests, as pictures of cells: '.' floor, '#' wall, '_' empty niche, '$'
treasure, r g b v keys, R G B V closed doors and 1 2 3 4 open ones of the same colours. The person
is '@' on floor, '&' in a niche, '!' in a door, '%' on a treasure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from data_gen.games.keydoor import CELLS, COLUMN, COUNT, POCKET, ROW
from data_gen.games.keydoor_grid import DOWN, LEFT, RIGHT, STAY, UP
from data_gen.kernel_game import KernelGame, RowState

KINDS = ".#_$rgbvRGBV1234"  # a cell's number in the state is its place here
LOOKS = {  # in the palette's order: '.' background, '@' person, '#' wall, '_' niche, '$' treasure
    ".": ".... .... .... ....",
    "#": "#### #### #### ####",
    "_": "_.._ .... .... _.._",
    "$": "$$$$ $..$ $$$$ $$$$",
    "r": "_rr_ .rr. .r.. _rr_",
    "R": "rrrr r..r rr.r rrrr",
    "1": "rrrr .... .... rrrr",
    "@": ".@@. @@@@ .@@. @..@",
    "&": "_@@_ @@@@ .@@. @..@",
    "!": "r@@r @@@@ .@@. @rr@",
    "%": "$@@$ @@@@ $@@$ @$$@",
}
ARROWS = {".": STAY, "^": UP, "v": DOWN, "<": LEFT, ">": RIGHT}
HALL = """
    ###..##
    r....R$
    #.#..##
    g....G$
    #....##
    b....B$
    ###..##
"""


def looks() -> dict[bytes, str]:
    """The mark of every picture of a cell."""
    found: dict[bytes, str] = {}
    for mark, picture in LOOKS.items():
        for colour in range(4 if "r" in picture else 1):
            inks = {ink: number for number, ink in enumerate(".@#_$")} | {"r": 5 + colour}
            pixels = bytes(inks[ink] for ink in picture.replace(" ", ""))
            family = next((marks for marks in ("rgbv", "RGBV", "1234") if mark in marks), mark * 4)
            found[pixels] = family[colour]
    return found


def state_of(game: KernelGame, board: str, person: tuple[int, int], pocket: str = "") -> RowState:
    """One game. person: row and column. pocket: the key's colour."""
    rows = board.split()
    cells = [KINDS.index(mark) for mark in "".join(rows)]
    values = np.zeros((1, CELLS + len(cells)), np.int32)
    values[0, [ROW, COLUMN]] = person
    values[0, POCKET] = 1 + "rgbv".index(pocket) if pocket else 0
    values[0, COUNT] = sum(mark in "RGBV1234" for mark in "".join(rows))
    values[0, CELLS:] = cells
    return replace(game.init(np.zeros(1, np.uint64)), values=values)


def board_of(game: KernelGame, state: RowState) -> list[str]:
    """What is seen of the first game, a mark for each cell."""
    frame, marks = game.render(state)[0, 0], looks()
    high, wide = frame.shape[0] // 4, frame.shape[1] // 4
    cells = frame.reshape(high, 4, wide, 4).swapaxes(1, 2)
    return ["".join(marks[cell.tobytes()] for cell in row) for row in cells]


def walk(game: KernelGame, state: RowState, way: str) -> tuple[RowState, list[int]]:
    """The state after the arrows in `way`, and the event of each tick."""
    events = []
    for arrow in way:
        state = game.step(state, np.array([[ARROWS[arrow]]]))
        events.append(int(state.event[0]))
    return state, events


def changed(board: str, marks: dict[tuple[int, int], str]) -> list[str]:
    rows = [list(row) for row in board.split()]
    for (row, column), mark in marks.items():
        rows[row][column] = mark
    return ["".join(row) for row in rows]
