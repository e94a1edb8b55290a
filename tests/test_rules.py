"""The study of life-like rules, small: training on a few, and asking for all others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, f"experiments/{script}", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)


@pytest.fixture
def configs(tmp_path: Path) -> Path:
    """The engines of the study, each of which learns for two steps."""
    folder = tmp_path / "rules"
    shutil.copytree(ROOT / "experiments/rules", folder, ignore=shutil.ignore_patterns("results"))
    for path in folder.glob("*.yaml"):
        path.write_text(path.read_text().replace("steps: 3000", "steps: 2"))
    return folder


def test_every_engine_is_asked_for_unseen_rules(configs: Path, tmp_path: Path) -> None:
    asked = ["--configs", configs, "--rules", 3, "--seeds", 1, "--runs", tmp_path / "runs"]
    done = run("rules.py", *asked, "--out", tmp_path / "table.md")
    assert done.returncode == 0, done.stderr
    results = {path.parent.name: json.loads(path.read_text()) for path in configs.rglob("*.json")}
    assert set(results) == {"all", "choice", "concatenated", "head"}
    for result in results.values():
        assert result["unseen"] == 0  # nobody learns that in two steps
        assert 0.2 < result["neighbourhoods"] < 0.8
    table = (tmp_path / "table.md").read_text()
    assert "| engine | 3 rules | seconds | parameters | seeds |" in table
    assert f"| head | 0.0% | {results['head']['seconds']:.0f} to" in table
    before = {path: path.stat().st_mtime_ns for path in configs.rglob("*.json")}
    again = run("rules.py", *asked, "--out", tmp_path / "again.md")
    assert again.returncode == 0
    assert (tmp_path / "again.md").read_text() == table
    assert {path: path.stat().st_mtime_ns for path in configs.rglob("*.json")} == before


@pytest.mark.parametrize(
    ("script", "arguments", "told"),
    [
        ("rules.py", ["--engines", "cell"], "unknown engine 'cell'; choose from all, choice"),
        ("rules.py", ["--rules", "0"], "--rules must lie in 1 to 261144, not 0"),
        ("watch_rules.py", ["--frames", "1"], "--frames must be at least 2, not 1"),
        ("watch_rules.py", ["assets/life.ckpt"], "holds a CellEngine"),
        ("blend_rules.py", ["--pairs", "0"], "--pairs must lie in 1 to 100000, not 0"),
    ],
)
def test_what_cannot_be_studied_is_told(script: str, arguments: list[str], told: str) -> None:
    done = run(script, *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_unseen_rules_are_watched() -> None:
    done = run("watch_rules.py", "--rules", 20, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["right_on_all_seen"] == 1.0
    assert result["rules"] == 20
    assert 100 < result["neighbourhoods_seen"] < 512  # no rule is right because nothing was seen
    assert result["right_on_all_512"] < 1


def test_what_two_rules_have_in_common_stays_between_them() -> None:
    done = run("blend_rules.py", "--pairs", 40, "--json")
    assert done.returncode == 0, done.stderr
    places = json.loads(done.stdout)["places"]
    assert all(row["common_kept"] == 1.0 for row in places)
    shares = [row["of_the_second"] for row in places]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert 0.3 < shares[len(shares) // 2] < 0.7
    assert places[0]["are_rules"] == places[-1]["are_rules"] == 1
