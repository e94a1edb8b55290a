"""experiments/life_seeds.py: Life is learned in seconds, proved, and a failure is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "experiments" / "life_seeds.py"


def life_seeds(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_life_is_learned_and_certified(tmp_path: Path) -> None:
    done = life_seeds("--seeds", "1", "--runs", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "certified: all 512 neighbourhoods and 74,240 small boards" in done.stdout
    assert "4 of 4 soups of 64 x 64 exact for 1,000 ticks" in done.stdout
    assert "1 of 1 seeds certified" in done.stdout


def test_a_seed_that_is_not_certified_fails(tmp_path: Path) -> None:
    done = life_seeds("--seeds", "1", "--steps", "3", "--runs", str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert "not certified: " in done.stdout
    assert "0 of 4 soups" in done.stdout
    assert "0 of 1 seeds certified" in done.stdout


def test_no_seed_is_refused() -> None:
    done = life_seeds("--seeds", "0")
    assert done.returncode == 2
    assert done.stderr == "error: --seeds must be at least 1, not 0\n"
