"""Several games, or variants of one, in one training."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import torch
from experiment_scripts import script

from data_gen.game import with_context
from data_gen.players import make_players
from data_gen.randomness import training_seeds
from data_gen.registry import make_game
from gameengine.checkpoint import load_checkpoint
from gameengine.configs import read_config
from gameengine.data import GameData
from gameengine.embedding_points import embedding_of
from gameengine.engines import make_engine
from gameengine.engines.hyper import HyperEngine
from gameengine.learned_game import LearnedGame
from gameengine.live import LiveSource
from gameengine.mixture import MixedSource
from gameengine.training import train
from gameengine.windows import MinedSource

ROOT = Path(__file__).parent.parent
VARIANTS = {"short": {"paddle_height": 3}, "tall": {"paddle_height": 20}, "usual": {}}


def mixed(seed: int = 0) -> MixedSource:
    cast = make_players(["random"])
    games = [with_context(make_game("pong", **options), 3) for options in VARIANTS.values()]
    sources = [LiveSource(game, cast, seed, games=4, chunk=16) for game in games]
    return MixedSource([MinedSource(source, 0.5) for source in sources], seed)


def test_every_batch_has_equally_many_windows_of_each_variant() -> None:
    source = mixed()
    batch = source.draw(12, 1)
    assert batch["variant"].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert batch["description"][:, 0].tolist() == [3] * 4 + [20] * 4 + [7] * 4
    assert source.draw(14, 1)["variant"].tolist() == batch["variant"].tolist()  # no more of some
    few = torch.cat([source.draw(2, 1)["variant"] for _ in range(60)]).bincount()
    assert few.sum() == 120
    assert few.min() >= 25  # drawn by chance


def test_each_variant_gets_its_own_mistakes_back() -> None:
    source = mixed()
    batch = source.draw(24, 1)
    source.mine(batch, batch["variant"] == 1)
    old = {frames.numpy().tobytes() for frames in batch["frames"][batch["variant"] == 1]}
    again = source.draw(24, 1)
    seen = [frames.numpy().tobytes() in old for frames in again["frames"]]
    assert sum(seen[8:16]) >= 4  # half of its share; some may come by chance
    assert again["variant"].tolist() == [0] * 8 + [1] * 8 + [2] * 8
    assert again["description"][8:16, 0].unique().tolist() == [20]


def test_a_saved_mixture_goes_on_where_it_was() -> None:
    source = mixed(3)
    for _ in range(30):
        source.draw(4, 1)
    saved = source.state_dict()
    following = [source.draw(4, 1) for _ in range(30)]
    other = mixed(3)
    other.load_state_dict(saved)
    for batch in following:
        for key, value in other.draw(4, 1).items():
            assert torch.equal(value, batch[key])


def test_all_variants_are_seen_as_long_as_the_one_that_needs_it_most() -> None:
    assert make_game("pong").spec.context == 2
    data = GameData(variants={"usual": {}, "fast": {"ball_speed": 2}}, ticks_per_batch=6)
    assert [game.spec.context for game in data.variants.values()] == [3, 3]
    assert data.draw()["frames"].shape[1] == data.held_out_windows(1)["frames"].shape[1] == 3 + 1
    assert data.spec.context == 3
    usual = LearnedGame(make_engine("dense", data.spec, width=8), make_game("pong"))
    assert usual.spec.context == 3
    truth, dream = usual.init_beside_truth(training_seeds(0, 0, 4))
    assert dream.hidden["frames"].shape[1] == 3
    np.testing.assert_array_equal(usual.truth.render(truth), dream.frames)


def test_held_out_windows_and_glimpses_are_of_all_variants() -> None:
    data = GameData(variants=VARIANTS, ticks_per_batch=6)
    windows = data.held_out_windows(2)
    assert windows["variant"].bincount().unique().numel() == 1
    heights = {0: 3, 1: 20, 2: 7}
    told = windows["description"][:, 0].tolist()
    assert told == [heights[number] for number in windows["variant"].tolist()]
    _, descriptions = data.glimpse(4)
    assert sorted(descriptions[:, 0].unique().tolist()) == [3, 7, 20]
    assert data.draw()["variant"].tolist() == [0, 0, 1, 1, 2, 2]


def test_games_that_no_engine_could_learn_at_once_are_told() -> None:
    with pytest.raises(ValueError, match=r"frame shape \(1, 32, 32\) cannot be one of pong with"):
        GameData(variants={"small": {}, "large": {"size": [64, 64]}})
    with pytest.raises(ValueError, match="paddle_height"):
        GameData(variants={"a": {"paddle_height": 99}})


def test_a_run_tells_of_each_game(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = read_config(ROOT / "experiments/families/arcade/hyper.yaml")
    settings["data"]["variants"] = {"pong": {"game": "pong"}, "life": {"game": "life"}}
    settings["data"] |= {"ticks_per_batch": 4, "round_batches": 2}
    settings["model"]["engine"]["init_args"]["base_options"] = {"width": 8, "depth": 1}
    settings["journal"] = {"marks": [0.5], "rollouts": 2, "ticks": 4, "gif_ticks": 6}
    settings |= {"judge": {"rollouts": 4, "ticks": 5}, "budget": {"minutes": None, "steps": 4}}
    settings |= {"runs": str(tmp_path), "wandb": "off"}
    (tmp_path / "mixed.yaml").write_text(json.dumps(settings))
    assert train(["--config", str(tmp_path / "mixed.yaml")]) == 0
    (run,) = (tmp_path / "arcade").iterdir()
    rows = list(csv.DictReader((run / "metrics.csv").open()))
    for name in ("pong", "life"):
        assert float(rows[0][f"held_out/{name}/loss"]) > 0
        assert float(rows[-1][f"horizon_so_far/{name}"]) >= 0
    each = [float(rows[0][f"held_out/{name}/loss"]) for name in ("pong", "life")]
    assert float(rows[0]["held_out/loss"]) == pytest.approx(sum(each) / 2, rel=1e-4)
    page = (run / "report.html").read_text()
    assert "pong: exact horizon" in page
    assert "2 rollouts of each game" in page
    said = capsys.readouterr().out
    assert "life: exact horizon over 2 held-out rollouts" in said
    assert "--option game=life" in said

    checkpoint = run / "checkpoints" / "engine.ckpt"
    for name in ("pong", "life"):
        learned = LearnedGame.load(checkpoint, {"game": name})
        assert learned.spec.options["game"] == name
    engine = load_checkpoint(checkpoint).engine
    assert isinstance(engine, HyperEngine)
    assert engine.embedding.table is not None
    points = torch.stack([embedding_of(engine, name) for name in ("life", "pong")])
    torch.testing.assert_close(points, engine.embedding.table.detach())  # games by description


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The families, whose engines are small, learn two variants, and those for two steps."""
    copy = tmp_path / "families"
    shutil.copytree(ROOT / "experiments/families", copy, ignore=shutil.ignore_patterns("results"))
    for path in copy.glob("*/*.yaml"):
        settings = read_config(path)
        variants = list((settings["data"]["variants"] or {}).items())
        settings["data"] |= {"variants": dict(variants[:2]) or None, "ticks_per_batch": 4}
        settings["data"]["round_batches"] = 2
        settings["journal"] = {"marks": [], "rollouts": 2, "ticks": 4, "gif_ticks": 6}
        settings["budget"] = {"minutes": None, "steps": 2}
        options = settings["model"]["engine"].setdefault("init_args", {})
        small = {"width": 8, "depth": 1} | ({"insight": 8} if path.parent.name == "arcade" else {})
        options |= {"base_options": small} if "base" in options else small
        path.write_text(json.dumps(settings))
    return copy


def test_a_family_beside_engines_of_one_game_each(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "experiments/families.py", "--families", "arcade", "--folder"]
    more = ["--rollouts", "2", "--ticks", "3", "--runs", tmp_path / "runs", "--out"]
    told = [*command, folder, *more, tmp_path / "table.md"]
    one = [*told, "--engines", "hyper"]
    done = subprocess.run(one, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "| alone" not in (tmp_path / "table.md").read_text()
    done = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    results = {path.name for path in (folder / "arcade/results").iterdir()}
    assert results == {
        f"{name}_seed0.json" for name in ("hyper", "concatenated", "alone_pong", "alone_breakout")
    }
    table = (tmp_path / "table.md").read_text()
    assert "| engine | pong | breakout | minutes |" in table
    rows = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")]
    assert rows == ["| engine", "| ---", "| alone", "| concatenated", "| hyper"]
    assert "--families arcade --rollouts 2 --ticks 3" in table
    done = subprocess.run(told, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == f"tables: {tmp_path / 'table.md'}\n"  # nothing is done again


def test_unseen_variants_are_asked_for_and_watched(folder: Path, tmp_path: Path) -> None:
    module = script("families")
    unseen = {"9-2-2": {"paddle_height": 9, "paddle_speed": 2, "ball_speed": 2}}
    module.FAMILIES["pong"], module.SECONDS = module.Family(unseen), 0.1
    asked = Namespace(folder=folder, runs=tmp_path / "runs", engines=["hyper"], rollouts=2, ticks=3)
    (config,) = module._configs(asked, "pong").values()
    assert module._measure("pong", "hyper", config, 0, asked) == 0
    told = json.loads((folder / "pong/results/hyper_seed0.json").read_text())
    assert set(told["rows"]) == {"hyper", "hyper, watching"}
    assert all(set(row) == {"9-2-2"} for row in told["rows"].values())
    (run,) = (tmp_path / "runs").rglob("engine.ckpt")
    engine, truth = load_checkpoint(run).engine, make_game("pong", **unseen["9-2-2"])
    watched = module._watched(engine, LearnedGame(engine, truth)).engine
    assert watched.embedding.fixed is not None  # found in what was seen, not told
    assert engine.embedding.fixed is None  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--families", "pang"], "unknown family 'pang'; choose from arcade, pong"),
        (["--engines", "gru", "--families", "pong"], "unknown engine 'gru'; choose from alone"),
        (["--ticks", "0"], "--ticks must be at least 1, not 0"),
    ],
)
def test_a_mistake_gets_one_line(words: list[str], named: str) -> None:
    command = [sys.executable, "experiments/families.py", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("family", ["arcade", "pong"])
def test_what_is_asked_for_was_not_learned_or_is_all_that_was(family: str) -> None:
    variants = read_config(ROOT / "experiments/families" / family / "hyper.yaml")["data"][
        "variants"
    ]
    unseen = script("families").FAMILIES[family].unseen
    options = [json.dumps(one, sort_keys=True) for one in (*variants.values(), *unseen.values())]
    assert len(set(options)) == len(options)
