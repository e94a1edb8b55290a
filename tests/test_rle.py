"""Patterns as text. The expected cells are those of the LifeWiki's own examples."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from data_gen.games.rle import (
    LINE_LENGTH,
    parse_plaintext,
    parse_rle,
    read_pattern,
    write_plaintext,
    write_rle,
)

GLIDER = ".O.\n..O\nOOO\n"
GLIDER_RLE = """#C This is a glider.
x = 3, y = 3
bo$2bo$3o!
"""
GOSPER_GUN_RLE = """#N Gosper glider gun
#C This was the first gun discovered.
#C As its name suggests, it was discovered by Bill Gosper.
x = 36, y = 9, rule = B3/S23
24bo$22bobo$12b2o6b2o12b2o$11bo3bo4b2o12b2o$2o8bo5bo3b2o$2o8bo3bob2o4b
obo$10bo5bo7bo$11bo3bo$12b2o!
"""
GOSPER_GUN = """!Name: Gosper glider gun
........................O...........
......................O.O...........
............OO......OO............OO
...........O...O....OO............OO
OO........O.....O...OO..............
OO........O...O.OO....O.O...........
..........O.....O.......O...........
...........O...O....................
............OO......................
"""

patterns = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=90))


def test_the_glider_of_the_wiki() -> None:
    pattern = parse_rle(GLIDER_RLE)
    assert write_plaintext(pattern.cells) == GLIDER
    assert pattern.rule is None


def test_the_gun_of_the_wiki_over_two_lines() -> None:
    pattern = parse_rle(GOSPER_GUN_RLE)
    assert pattern.rule == "B3/S23"
    np.testing.assert_array_equal(pattern.cells, parse_plaintext(GOSPER_GUN).cells)


def test_the_gun_is_written_as_in_the_wiki() -> None:
    written = write_rle(parse_plaintext(GOSPER_GUN).cells, comments=["by Bill Gosper"])
    wanted = GOSPER_GUN_RLE.splitlines()
    assert written.splitlines()[:2] == ["#C by Bill Gosper", wanted[3]]
    assert "".join(written.splitlines()[2:]) == "".join(wanted[4:])


@pytest.mark.parametrize(
    ("text", "picture"),
    [
        ("o!", "O\n"),
        ("3o3$bo!", "OOO\n...\n...\n.O.\n"),
        ("x = 4, y = 3\no!", "O...\n....\n....\n"),
        ("X=3,Y=1,RULE=b3s23\n3o!", "OOO\n"),
        ("x = 2, y = 1\r\n2o!\r\n", "OO\n"),
        ("o$\n#C in between\no!", "O\nO\n"),
        ("2\no!", "OO\n"),
        ("2bo!this is ignored, 99999999o too!", "..O\n"),
        ("3b$bo!", "...\n.O.\n"),
    ],
)
def test_forms_of_rle(text: str, picture: str) -> None:
    assert write_plaintext(parse_rle(text).cells) == picture


def test_an_empty_pattern_has_no_cells() -> None:
    assert parse_rle("x = 0, y = 0, rule = B3/S23\n!").cells.shape == (0, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 3, y = 3\nbo$2bq$3o!", "line 2, character 6: 'q'"),
        ("#C glider\nbo$2bo$\n3A!", "line 3, character 2: 'A'"),
        ("bo$2bo$3o", "line 1: the text ends without the '!'"),
        ("bo$0o!", "line 1, character 5: '0o' is not a run"),
        ("bo$3!", "line 1, character 5: '3!' is not a run"),
        ("9999999999o!", "line 1, character 11: '9999999999o' is not a run"),
        ("x = 3\n3o!", "line 1: 'x = 3' is not a header"),
        ("x = three, y = 3\n3o!", "line 1: 'x = three, y = 3' is not a header"),
        ("x = 3, y = 1\n4o!", "line 2: row 1 reaches column 4, but the header says x = 3, y = 1"),
        ("x = 3, y = 1\no$o!", "line 2: row 2 reaches column 1"),
        ("999999999o!", "999999999 x 1 cells are more than"),
        ("x = 999999999, y = 999999999\no!", "cells are more than"),
        ("#C nothing else", "the text ends without"),
    ],
)
def test_broken_rle_says_where(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^RLE.*{re.escape(message)}"):
        parse_rle(text)


def test_a_picture_may_be_indented_and_ragged() -> None:
    pattern = parse_plaintext("\n! a comment\n    .O\n    ..*\n\n    OOO\n\n")
    assert write_plaintext(pattern.cells) == ".O.\n..O\n...\nOOO\n"


def test_a_broken_picture_says_where() -> None:
    with pytest.raises(ValueError, match="line 2, character 5: 'x'"):
        parse_plaintext(".O.\n  ..x\n")


@given(patterns)
@settings(deadline=None)
def test_rle_comes_back_in_lines_of_70(cells: np.ndarray) -> None:
    text = write_rle(cells, "B36/S23")
    pattern = parse_rle(text)
    np.testing.assert_array_equal(pattern.cells, cells)
    assert pattern.rule == "B36/S23"
    assert max(map(len, text.splitlines())) <= LINE_LENGTH == 70


@given(patterns)
@settings(deadline=None)
def test_pictures_come_back(cells: np.ndarray) -> None:
    np.testing.assert_array_equal(parse_plaintext(write_plaintext(cells)).cells, cells)


@given(st.text(alphabet="bo$!0123456789 #x=,y\n", max_size=60))
@settings(deadline=None)
def test_any_text_is_a_pattern_or_a_clear_error(text: str) -> None:
    error = ""
    try:
        parse_rle(text)
    except ValueError as caught:
        error = str(caught)
    assert error == "" or error.startswith("RLE")


def test_files_are_read_by_name(tmp_path: Path) -> None:
    rle, picture = tmp_path / "glider.rle", tmp_path / "glider.cells"
    # A byte-order mark, and an author's name in an encoding that is not UTF-8.
    rle.write_bytes(b"\xef\xbb\xbf#O Andr\xe9\n" + GLIDER_RLE.encode())
    picture.write_text("!Name: Glider\n!\n.O\n..O\nOOO\n")
    for source in (rle, str(rle), picture, str(picture), GLIDER_RLE, "bo$2bo$3o!", GLIDER):
        assert write_plaintext(read_pattern(source).cells) == GLIDER


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.rle", "cannot read the pattern nowhere.rle: No such file"),
        (Path("/"), "cannot read the pattern /: Is a directory"),
        ("", "it has no cells"),
        ("#C only a comment\n", "it has no cells"),
        ("glider", "RLE line 1, character 1: 'g'"),
    ],
)
def test_what_is_no_pattern_gets_one_line(source: str | Path, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_pattern(source)
    assert "\n" not in str(caught.value)
