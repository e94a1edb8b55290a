"""`python -m gameengine.look`: probes, influence and memory."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from only_left import LEFT, PONG, OnlyLeft
from test_engines import every_engine, small_engine

from data_gen.games.pong import COLUMNS
from data_gen.players import make_players
from data_gen.randomness import held_out_seeds
from data_gen.registry import make_game
from gameengine.engines import make_engine
from gameengine.learned_game import LearnedGame
from gameengine.look.findings import Asked, figures, find
from gameengine.look.hidden_parts import label
from gameengine.look.influence import (
    Scene,
    draw_scene,
    gradients,
    of_actions,
    of_hidden,
    of_inputs,
    of_patches,
)
from gameengine.look.layers import remembered, slowness
from gameengine.look.probes import ALL, across_ticks, probe, scores
from gameengine.look.truth import true_variables
from gameengine.look.watch import chosen_ticks, untrained_like, watch


def pong_scene(count: int = 6) -> Scene:
    return draw_scene(make_game("pong"), make_players(["sticky"]), held_out_seeds(3, count))


def test_a_probe_finds_what_is_held_and_nothing_else() -> None:
    torch.manual_seed(0)
    game = LearnedGame(OnlyLeft(PONG))
    seeds = held_out_seeds(0, 96)
    watched = watch([game], make_players(["random"]), seeds, 24)
    found = probe(watched, 0, len(PONG.colours))
    left, right = found.names.index("left paddle"), found.names.index("right paddle")
    assert set(found.of_all) == {"state", "idle", ALL}
    for name in ("state", ALL):
        assert found.of_all[name][left].min() > 0.999
        assert found.of_all[name][right].max() < 0.15
    assert found.of_all["idle"][left].max() < 0.15
    assert found.of_each[left].min() > 0.999
    assert found.of_each[right].max() < 0.3  # few rollouts
    assert "ball speed" not in found.names  # it is constant


def test_a_probe_reads_frames_and_tells_values_apart() -> None:
    game = LearnedGame(small_engine("feedback"))
    watched = watch([game], make_players(["sticky"]), held_out_seeds(0, 96), 1)
    found = probe(watched, 0, len(PONG.colours))
    first = {name: found.of_each[index, 0] for index, name in enumerate(found.names)}
    assert first["left paddle"] > 0.98  # the true frames are still held
    assert first["side"] > 0.98
    side = found.names.index("side")
    assert found.right[side, 0] == 1.0
    assert 0.5 <= found.usual[side] < 0.7
    assert np.isnan(found.right[found.names.index("left paddle")]).all()  # 25 values


def test_a_probe_is_judged_by_rollouts_that_it_never_saw() -> None:
    random = torch.Generator().manual_seed(0)
    seen = torch.randn(40, 1, 200, generator=random)  # enough features to learn 20 by heart
    target = torch.randn(40, 1, 1, generator=random, dtype=torch.float64)
    said = across_ticks(seen, target, 20)
    assert scores(target, said, 20)[0, 0] < 0.2


@pytest.mark.parametrize("width", [5, 60])
def test_the_ridge_is_least_squares_with_a_penalty(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gameengine.look.probes.STRENGTHS", (0.1,))
    random = np.random.default_rng(0)
    seen, target = random.normal(size=(16, 2, width)), random.normal(size=(16, 2, 1))
    flat, wanted = seen[:8].reshape(16, width), target[:8].reshape(16, 1)
    penalty = np.sqrt(0.1 * 16) * np.eye(width)
    rows = np.concatenate([flat - flat.mean(0), penalty])
    goal = np.concatenate([wanted - wanted.mean(0), np.zeros((width, 1))])
    weights = np.linalg.lstsq(rows, goal, rcond=None)[0]
    expected = (seen - flat.mean(0)) @ weights + wanted.mean(0)
    said = across_ticks(torch.from_numpy(seen).float(), torch.from_numpy(target), 8)
    np.testing.assert_allclose(said.numpy(), expected, atol=1e-5)


def test_a_variable_that_hardly_varies_at_a_tick_is_not_judged() -> None:
    truth = torch.randn(20, 3, 1, dtype=torch.float64)
    truth[:, 1] *= 0.01
    found = scores(truth, truth.clone(), 10)
    assert np.isnan(found[0, 1])
    assert found[0, [0, 2]].tolist() == [1.0, 1.0]


def test_true_variables_of_rows_and_of_cells() -> None:
    pong = make_game("pong")
    state = pong.init(held_out_seeds(0, 3))
    found = true_variables(pong, state)
    assert tuple(found) == COLUMNS
    assert found["paddle height"].tolist() == [7, 7, 7]
    life = make_game("life", size=[8, 8])
    state = life.init(held_out_seeds(0, 3))
    alive = true_variables(life, state)["living cells"]
    assert alive.tolist() == life.render(state).sum((1, 2, 3)).tolist()


def test_the_engine_that_ignores_a_player_is_not_influenced_by_it() -> None:
    engine, scene = OnlyLeft(PONG), pong_scene()
    found = of_actions(engine, scene, (1, 4))
    left, right = found
    assert not right.any()
    assert left[0].sum() > 1
    assert not left[..., :1].any()  # it draws in columns 1 and 2 only
    assert not left[..., 3:].any()
    inputs = of_inputs(engine, scene, found)
    assert inputs["action of right"] == inputs["frame 1 ago"] == inputs["actions before"] == 0
    assert inputs["action of left"] > 1
    assert inputs["frame now"] > 1
    assert inputs["description: paddle height (constant)"] == 0


def test_only_pixels_that_are_read_have_influence() -> None:
    scene = pong_scene(2)
    anywhere, far = of_patches(OnlyLeft(PONG), scene)
    assert anywhere.shape == far.shape == (2, 2, 16, 16)
    assert not anywhere[:, 0].any()  # the older frame is not read
    assert anywhere[:, 1].any()
    assert (far <= anywhere).all()
    assert far.sum() < anywhere.sum()
    # A paddle painted at the top, where its first row is looked for, moves the one that is drawn;
    # what is painted below it does not, and the paddle has 7 rows.
    lowest = int((scene.frames[0, 1, 0] == LEFT).any(1).nonzero()[-1])
    assert anywhere[0, 1, 0].max() > 1
    if lowest < 29:
        assert not anywhere[0, 1, lowest // 2 + 1 :].any()


def test_what_the_picture_comes_from_is_found_in_the_hidden_state() -> None:
    torch.manual_seed(0)
    engine, scene = OnlyLeft(PONG), pong_scene()
    exchanged = of_hidden(engine, scene)
    assert not exchanged["idle"].any()
    assert exchanged["state"][0] > 1
    assert torch.equal(exchanged["state"], exchanged["everything"])
    slopes = gradients(engine, scene)
    assert set(slopes) == {"state"}
    assert slopes["state"][0] > 0


def test_slow_layers_remember_longer() -> None:
    torch.manual_seed(0)
    engine = make_engine("dilated", PONG, width=24, dilations=[1, 16], sight=32)
    found = remembered(engine, pong_scene(8))
    assert found is not None
    fast, slow = found.memory["state0"], found.memory["state1"]
    assert fast is not None
    assert slow is not None
    assert slow > 1.5 * fast
    assert found.difference["state1"][0] > 0  # the newest state is looked at, not the oldest
    assert found.difference["state0"][0] > 3 * found.difference["state0"][16]
    labels = [label(name, engine) for name in found.memory]
    assert labels == ["layer 0, dilation 1", "layer 1, dilation 16"]


def test_slowness_is_the_autocorrelation_time() -> None:
    random = torch.Generator().manual_seed(0)
    steps = torch.randn(64, 200, 2, generator=random)
    kept = torch.tensor([0.9, 0.0])  # falls below 1/e after 9.5 ticks, and at once
    states = [steps[:, 0]]
    for tick in range(1, 200):
        states.append(kept * states[-1] + (1 - kept**2).sqrt() * steps[:, tick])
    together = torch.stack(states, 1)
    assert slowness(together[..., :1])[1] == pytest.approx(10, abs=1)
    assert slowness(together[..., 1:])[1] == 1
    assert slowness(torch.ones(4, 20, 3)) == (0, 0, 0)


@every_engine
def test_every_engine_can_be_looked_into(name: str) -> None:
    learned = LearnedGame(small_engine(name))
    asked = Asked(rollouts=16, ticks=3, seed=1, scenes=3, painted=1)
    found = find(learned, make_players(["random"]), asked)
    recurrent = {"gru", "deep_gru", "dilated"} & set(name.split()) or "memory" in name
    assert (found.remembered is not None) == bool(recurrent)
    if recurrent and "slots" not in name:  # those show what they have snapped
        assert found.slopes
    assert all(torch.isfinite(value).all() for value in found.swapped.values())
    assert found.swapped.keys() <= found.labels.keys()
    plain = figures(found)
    json.dumps(plain, allow_nan=False)
    assert plain["r2"].keys() == plain["r2_untrained"].keys() == set(found.probed.names)


def test_the_untrained_twin_has_other_weights_and_leaves_chance_alone() -> None:
    engine = small_engine("gru")
    torch.manual_seed(5)
    before = torch.get_rng_state()
    twin = untrained_like(engine, 0)
    assert torch.equal(torch.get_rng_state(), before)
    assert twin.options == engine.options
    pairs = zip(engine.parameters(), twin.parameters(), strict=True)
    assert not any(torch.equal(mine, other) for mine, other in pairs if mine.numel() > 100)


@pytest.mark.parametrize("ticks", [1, 2, 50, 1000])
def test_chosen_ticks_go_from_the_first_to_the_last(ticks: int) -> None:
    marks = chosen_ticks(ticks)
    assert marks[0] == 0
    assert marks[-1] == ticks
    assert (np.diff(marks) > 0).all()
    assert len(marks) <= 64
