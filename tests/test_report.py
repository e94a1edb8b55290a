"""Reports, comparisons and what `evaluate` prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_gen.errors import UserError
from data_gen.pictures import write_png
from data_gen.registry import make_game
from gameengine.checkpoint import save_engine
from gameengine.compare import main as compare
from gameengine.engines import make_engine
from gameengine.evaluate import main as evaluate
from gameengine.report import Report

ROOT = Path(__file__).parent.parent


@pytest.fixture
def life(tmp_path: Path) -> Path:
    path = tmp_path / "life.ckpt"
    save_engine(path, make_engine("cell", make_game("life", size=[8, 8]).spec), {})
    return path


def test_a_report_holds_its_pictures_and_no_links(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    write_png(picture, np.zeros((4, 4, 3), np.uint8))
    page = tmp_path / "report.html"
    Report("<Pong>", "lead & more", "play", [("12", "ticks")], strips=[(picture, "a strip")]).write(
        page
    )
    text = page.read_text()
    assert "&lt;Pong&gt;" in text
    assert "lead &amp; more" in text
    assert "data:image/png;base64,iVBOR" in text
    assert "src='a.png'" not in text
    assert "Curves" not in text  # an empty part is left out


def test_evaluate_prints_one_json_object(life: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate([str(life), "--rollouts", "3", "--ticks", "12", "--players", "random", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert set(result["exact_horizon"]) == {"median", "p10", "censored"}
    assert list(result["survival"]) == ["1", "3", "10", "12"]
    assert result["ms_per_tick"] > 0
    assert result["game"] == "life"


def test_evaluate_draws_the_curve_and_talks(
    life: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    curve = tmp_path / "curve.png"
    evaluate([str(life), "--rollouts", "2", "--ticks", "5", "--curve", str(curve)])
    assert Image.open(curve).size[0] > 400
    assert "exact horizon    median" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nothing.ckpt"], "no file nothing.ckpt"),
        (["x", "--rollouts", "0"], "--rollouts must be at least 1"),
        (["x", "--players", "nobody"], "unknown player 'nobody'"),
        (["x", "--seed", "-1"], "--seed"),
    ],
)
def test_evaluate_complains_in_one_line(words: list[str], named: str) -> None:
    with pytest.raises(UserError, match=named):
        evaluate(words)


def test_help_does_not_load_torch() -> None:
    script = (
        "import sys\nfrom gameengine.evaluate import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'torch', 'matplotlib', 'pygame'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def test_runs_are_compared_in_one_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, best in (("a", 8), ("b", 3)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.csv").write_text(
            f"step,seconds,horizon_so_far\n1,30,0\n2,45,\n3,60,{best}\n"
        )
    picture = tmp_path / "out.png"
    compare([f"growing={tmp_path / 'a'}", f"{tmp_path / 'b'}", "--out", str(picture)])
    said = capsys.readouterr().out
    assert "growing  last 8, from 0 to 8, 1.0 minutes" in said
    assert "b        last 3" in said
    assert Image.open(picture).size[0] > 400
    compare([str(tmp_path / "a"), "--out", str(picture), "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["runs"] == {"a": {"last": 8, "least": 0, "most": 8, "minutes": 1.0}}
    with pytest.raises(UserError, match=r"no metric 'los'.*horizon_so_far"):
        compare([str(tmp_path / "a"), "--metric", "los"])
    with pytest.raises(UserError, match="not the folder of a run"):
        compare([str(tmp_path / "none")])
