"""The layers of DESIGN.md: an import may only point from the learner to the truth, never back, and
nothing that makes data loads torch."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN = {
    "data_gen": {"gameengine", "experiments", "tests", "torch", "pytorch_lightning", "wandb"},
    "gameengine": {"experiments", "tests"},
    "experiments": {"tests"},
}
FILES = [path for layer in FORBIDDEN for path in sorted((ROOT / layer).rglob("*.py"))]


def imports(source: str) -> set[str]:
    """The top-level names of all that `source` imports, wherever in it, also by import_module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func).split(".")[-1]
            if called in ("import_module", "__import__"):
                found.add(str(node.args[0].value).split(".")[0])
    return found


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import torch", "torch"),
        ("import numpy, torch.nn as nn", "torch"),
        ("from gameengine.engine import Engine", "gameengine"),
        ("def f():\n    if True:\n        from torch import nn", "torch"),
        ("from importlib import import_module\nimport_module('torch.nn')", "torch"),
    ],
)
def test_forbidden_imports_would_be_found(source: str, name: str) -> None:
    assert name in imports(source)
    assert not imports("from . import torch") & {"torch"}


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_imports_point_upwards(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    forbidden = imports(path.read_text(encoding="utf-8")) & FORBIDDEN[layer]
    assert not forbidden, f"{layer} must not import {', '.join(sorted(forbidden))}"


def test_the_truth_runs_without_torch() -> None:
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "data_gen").rglob("*.py"))
    ]
    assert "data_gen.games.pong" in modules
    program = (
        f"import {', '.join(modules)}, sys\n"
        "from data_gen.check import check_game\n"
        "from data_gen.registry import GAMES, make_game\n"
        "for name in GAMES: check_game(make_game(name), ticks=2)\n"
        "heavy = {'torch', 'pytorch_lightning', 'wandb', 'gameengine'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
