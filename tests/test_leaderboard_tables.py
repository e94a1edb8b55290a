"""The leaderboard's tables: their order, their figures, their place in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_gen.errors import UserError
from gameengine.leaderboard.cells import Cell
from gameengine.leaderboard.tables import BEGIN, rows_of, write_tables


def measured(engine: str, seed: int = 0, **figures: Any) -> dict[str, Any]:
    """A result on pong_angles. figures: median of the exact and of the tracked horizon."""
    horizons = {kind: {"median": value, "p10": 1.0} for kind, value in figures.items()}
    curves = {"ticks": [1, 10, 100], "frames": [1.0, 0.5], "exact": [1, 1, 0], "tracked": [1, 1, 1]}
    return Cell("pong_angles", engine, 5, 2, seed).plan(None) | {
        "refused": None, "rollouts": 256, "ticks": 100, "jobs": 1, "curves": curves,
        "survival": {kind: {"100": 0.25} for kind in horizons}, "parameters": 1000,
        "ticks_per_second": 2000, "play_ms": 0.5, **horizons,
    }  # fmt: skip


def test_rows_are_sorted_by_the_horizon_that_counts(tmp_path: Path) -> None:
    results = [
        measured("near", exact=1, tracked=50),
        measured("exact", exact=9, tracked=20),
        measured("refuses") | {"refused": "it is odd"},
        measured("seeds", seed=0, exact=2, tracked=30),
        measured("seeds", seed=1, exact=3, tracked=90),
        measured("seeds", seed=2, exact=4, tracked=100),
        measured("seeds", seed=0, exact=4, tracked=100) | {"block": "pong"},
    ]
    rows = rows_of(results, "tracked", "pong_angles")
    assert [row.engine for row in rows] == ["seeds", "near", "exact", "refuses"]
    assert rows_of(results, "exact", "pong_angles")[0].engine == "exact"
    write_tables(tmp_path / "new.md", {"pong_angles": rows}, "leaderboard.py")
    text = (tmp_path / "new.md").read_text()
    assert text.startswith(BEGIN)
    line = next(line for line in text.splitlines() if line.startswith("| seeds"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == [
        "seeds", "5 min x 2", "3 / 1 (2 to 4)", "90 / 1 (30 to ≥ 100)", "25% / – / –", "50% / –",
        "1,000", "2,000", "0.50", "3",
    ]  # fmt: skip
    assert "--engines exact near seeds --minutes 5 --threads 2 --jobs 1 --seeds 3" in text


def test_tables_go_to_the_end_if_there_are_no_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Title\n\nsome words\n")
    rows = {"pong_angles": rows_of([measured("a", exact=1, tracked=2)], "exact", "pong_angles")}
    write_tables(page, rows, "leaderboard.py")
    once = page.read_text()
    assert once.startswith(f"# Title\n\nsome words\n\n{BEGIN}\n")
    write_tables(page, rows, "leaderboard.py")
    assert page.read_text() == once
    page.write_text(f"# Title\n{BEGIN}\n")
    with pytest.raises(UserError, match="not both in this order"):
        write_tables(page, rows, "leaderboard.py")
    assert page.read_text() == f"# Title\n{BEGIN}\n"
