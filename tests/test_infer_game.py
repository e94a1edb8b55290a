"""`gameengine.infer --game`: which game a few frames of a held-out game are of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_gen.errors import UserError
from gameengine.infer.__main__ import main
from gameengine.learned_game import LearnedGame

ASSETS = Path(__file__).parent.parent / "assets"
RULES, PONGS = str(ASSETS / "rules.ckpt"), str(ASSETS / "pong_variants.ckpt")


@pytest.fixture(autouse=True)
def short_judgement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gameengine.inducing.ROLLOUTS", 2)
    monkeypatch.setattr("gameengine.inducing.TICKS", 20)


def test_a_pong_is_known_by_its_frames(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [PONGS, "--game", "--frames", "61", "--json", "--out", str(tmp_path)]
    unseen = {"paddle_height": 9, "paddle_speed": 2, "ball_speed": 2}
    assert main([*words, "--option", *(f"{key}=[{value}]" for key, value in unseen.items())]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["exact"]
    found = {key: result["description"][key.replace("_", " ")] for key in unseen}
    assert found == unseen
    assert (result["wrong"], result["frames"]) == (0, 61)
    assert LearnedGame.load(tmp_path / "game.ckpt").spec.name == "pong"
    assert (tmp_path / "game.gif").stat().st_size > 1000


def test_what_was_not_found_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two ticks of a rule that soon fills the board show little of it."""
    rule = 'rules=["B0235678/S12"]'
    words = [RULES, "--game", "--frames", "3", "--seed", "4", "--option", rule]
    assert main([*words, "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "held-out game 4 of lifelike: 3 frames watched" in told
    assert "not exact: it was B0235678/S12\ntry: more --frames" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([PONGS, "--game"], "--game needs --frames"),
        ([PONGS, "--frames", "9", "--option", "ball_speed=2"], "--option needs --game"),
        ([PONGS, "--frames", "9", "--game", "--cover", "ball"], "only one of"),
        ([PONGS, "--frames", "3", "--game"], "4 frames are needed"),
        ([PONGS, "--frames", "9", "--game", "--option", "rule=1"], "pong has no option 'rule'"),
        ([str(ASSETS / "pong.ckpt"), "--frames", "9", "--game"], "knows one game only"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(words: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told) as error:
        main(words)
    assert "\n" not in str(error.value)
