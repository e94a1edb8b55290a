"""The leaderboard's tables: their order, their figures, their place in a file; and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_gen.errors import UserError
from gameengine.configs import read_config
from gameengine.experiment import Experiment
from gameengine.leaderboard import pictures
from gameengine.leaderboard.cells import EARLY, Cell
from gameengine.leaderboard.games import BLOCKS
from gameengine.leaderboard.judging import PANEL_TICKS
from gameengine.leaderboard.rows import Row, rows_of
from gameengine.leaderboard.study import Study
from gameengine.leaderboard.tables import write_tables
from gameengine.markers import markers

BEGIN, END = markers("studied")


def measured(engine: str, seed: int = 0, wrong: float = 5.0, **figures: Any) -> dict[str, Any]:
    """A result on pong_angles. figures: median of the exact and of the tracked horizon."""
    horizons = {kind: {"median": value, "p10": 1.0} for kind, value in figures.items()}
    curves = {
        "ticks": [1, 10, 100], "frames": [1.0, 0.5], "wrong_pixels": [0.0, wrong],
        "exact": [1, 1, 0], "tracked": [1, 1, 1],
    }  # fmt: skip
    return Cell("pong_angles", engine, 5, 2, seed).plan(None) | {
        "refused": None, "rollouts": 256, "ticks": 100, "jobs": 1, "curves": curves,
        "survival": {kind: {"100": 0.25} for kind in horizons}, "parameters": 1000,
        "ticks_per_second": 2000, "play_ms": 0.5, "wrong_pixels": wrong, **horizons,
    }  # fmt: skip


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "studied").mkdir()
    return Study(tmp_path / "studied", tmp_path / "runs")


def write(path: Path, study: Study, rows: list[Row]) -> str:
    pictured = {"pong_angles": [path.parent / "assets" / "studied" / "pong_angles.png"]}
    write_tables(path, study, {"pong_angles": rows}, pictured, "leaderboard.py")
    return path.read_text()


def test_rows_are_sorted_by_the_horizon_that_counts(tmp_path: Path, study: Study) -> None:
    results = [
        measured("near", exact=1, tracked=50),
        measured("exact", exact=9, tracked=20),
        measured("refuses") | {"refused": "it is odd"},
        measured("seeds", seed=0, wrong=0.251, exact=2, tracked=30),
        measured("seeds", seed=1, wrong=120, exact=3, tracked=90),
        measured("seeds", seed=2, wrong=7.5, exact=4, tracked=100),
        measured("seeds", seed=0, exact=4, tracked=100) | {"block": "pong"},
    ]
    rows = rows_of(results, "tracked", "pong_angles")
    assert [row.engine for row in rows] == ["seeds", "near", "exact", "refuses"]
    assert rows_of(results, "exact", "pong_angles")[0].engine == "exact"
    text = write(tmp_path / "new.md", study, rows)
    assert text.startswith(f"{BEGIN}\n## studied\n")
    assert "![pong_angles](assets/studied/pong_angles.png)" in text
    line = next(line for line in text.splitlines() if line.startswith("| seeds"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == [
        "seeds", "5 min x 2", "3 / 1 (2 to 4)", "90 / 1 (30 to ≥ 100)", "25% / – / –", "50% / –",
        "7.5 (0.251 to 120)", "1,000", "2,000", "0.50", "3",
    ]  # fmt: skip
    assert "--engines exact near seeds --minutes 5 --threads 2 --jobs 1 --seeds 3" in text


def test_rows_without_a_horizon_are_sorted_by_wrong_pixels() -> None:
    assert EARLY < PANEL_TICKS  # or they would not have been watched
    results = [measured(f"{wrong}", wrong=wrong, exact=0, tracked=0) for wrong in (9.0, 0.0, 20.0)]
    rows = rows_of(results, "exact", "pong_angles")
    assert [row.engine for row in rows] == ["0.0", "9.0", "20.0"]


def test_a_curve_is_the_mean_over_the_seeds_where_all_were_watched() -> None:
    results = [measured("a", seed=seed, exact=1) for seed in range(2)]
    results[0]["curves"] = {"ticks": [1, 5, 10], "frames": [1.0, 0.5, 0.25]}
    results[1]["curves"] = {"ticks": [1, 10, 100], "frames": [0.5, 0.75]}
    (row,) = rows_of(results, "exact", "pong_angles")
    assert row.curve("frames") == ([1, 10], [0.75, 0.5])


def test_tables_go_to_the_end_if_there_are_no_markers(tmp_path: Path, study: Study) -> None:
    page = tmp_path / "page.md"
    other = "<!-- leaderboard -->\nanother study's\n<!-- /leaderboard -->"
    page.write_text(f"# Title\n\nsome words\n{other}\n")
    (study.configs / "about.md").write_text("# What it is\n\nWhy it is.\n")
    rows = rows_of([measured("a", exact=1, tracked=2)], "exact", "pong_angles")
    once = write(page, study, rows)
    begun = f"# Title\n\nsome words\n{other}\n\n{BEGIN}\n## What it is\n\nWhy it is.\n\n"
    assert once.startswith(begun)
    assert write(page, study, rows) == once
    page.write_text(f"# Title\n{BEGIN}\n")
    with pytest.raises(UserError, match="not both in this order"):
        write(page, study, rows)
    assert page.read_text() == f"# Title\n{BEGIN}\n"


def test_lessons_are_drawn_for_each_class_of_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(
        pictures, "draw_learning", lambda path, curves, *_: drawn.update({path.name: curves})
    )
    results = [measured(name, seed, exact=0) for name in ("a", "b", "c") for seed in (0, 1)]
    for result in results:
        kind = {"class_path": "GruEngine"} if result["engine"] == "a" else "DilatedEngine"
        settings = {"model": {"engine": kind}, "data": {"compared_ticks": 9}}
        late = result["seed"]  # measured later, and worse
        lesson = {"minutes": [late, 2.0 + late], "wrong_pixels": [20.0 + late, 10.0 + late]}
        result |= {"settings": settings, "learning": lesson}
    rows = rows_of([*results, measured("d", exact=0)], "exact", "pong_angles")
    paths = pictures.draw_lessons(tmp_path, BLOCKS["pong_angles"], rows)
    assert [path.name for path in paths] == sorted(drawn)
    assert {name: list(curves) for name, curves in drawn.items()} == {
        "pong_angles_GruEngine.png": ["a"], "pong_angles_DilatedEngine.png": ["b", "c"]
    }  # fmt: skip
    minutes, wrong = drawn["pong_angles_GruEngine.png"]["a"]
    assert (minutes[0], minutes[-1]) == (1.0, 2.0)
    assert (wrong[0], wrong[-1]) == pytest.approx(((15 + 21) / 2, (10 + 16) / 2))


def test_an_experiment_takes_a_config_that_is_only_differences(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("name: base\nmodel: {engine: GruEngine, warmup: 7}\n")
    path = tmp_path / "own.yaml"
    path.write_text("differs_from: base.yaml\nname: own\n")
    for arguments in (["--config", str(path)], [f"--config={path}"]):
        settings = Experiment([*arguments, "--model.warmup=9"]).settings
        assert settings["name"] == "own"
        assert settings["model"]["engine"]["class_path"].endswith("GruEngine")
        assert settings["model"]["warmup"] == 9


def test_a_config_differs_from_another(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "base.yaml").write_text("model: {engine: A, width: 3}\nlengths: [1, 2]\nema: 0.5\n")
    middle, last = tmp_path / "inner" / "middle.yaml", tmp_path / "inner" / "last.yaml"
    middle.write_text("differs_from: ../base.yaml\nmodel: {engine: {class_path: B}, depth: 1}\n")
    last.write_text("differs_from: middle.yaml\nlengths: [4]\nmodel: {width: 5}\n")
    assert read_config(last) == {
        "model": {"engine": {"class_path": "B"}, "width": 5, "depth": 1},
        "lengths": [4],
        "ema": 0.5,
    }
    middle.write_text("differs_from: last.yaml\n")
    with pytest.raises(UserError, match="differs from itself"):
        read_config(last)
    last.write_text("differs_from: nowhere.yaml\n")
    with pytest.raises(UserError, match=r"nowhere\.yaml"):
        read_config(last)
