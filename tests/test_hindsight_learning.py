"""Looking back while an engine of Pong with serve angles learns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.data import GameData
from gameengine.engine import Context
from gameengine.engines import make_engine
from gameengine.engines.slots import SlotsEngine
from gameengine.live import LiveSource
from gameengine.slot_nets import SlotNet
from gameengine.slot_networks import PRIOR_LOOKS
from gameengine.slot_variables import AFTER, NOW
from gameengine.windows import Arrays


def smooth() -> SlotsEngine:
    torch.manual_seed(0)
    game = make_game("pong", serve_angles=True)
    made = make_engine("slots", game.spec, width=16, reach=2, smooth=["ball"])
    assert isinstance(made, SlotsEngine)
    batch = source().draw(2048, 1)
    made.prepare(batch["frames"][:, -1], batch["description"])
    return made


def source(engine: SlotsEngine | None = None) -> LiveSource:
    cast = make_players(["sticky", "tracker:0.8"])

    def ask(chunk: Arrays, rng: np.random.Generator) -> NDArray[np.int16] | None:
        if engine is None:
            return None
        frames, description = (torch.from_numpy(chunk[key]) for key in ("frames", "description"))
        actions = torch.from_numpy(chunk["actions"].astype(np.int64))
        return engine.look_back(frames, actions, description, rng).numpy().astype(np.int16)

    game = make_game("pong", serve_angles=True)
    return LiveSource(game, cast, games=16, chunk=48, look_back=ask)


def test_windows_hold_what_was_told_and_go_on_with_it_after_a_stop() -> None:
    made = smooth()
    first = source(made)
    batch = first.draw(64, 2)
    assert batch["hindsight"].shape == (64, 4, 1, 6)
    saved = first.state_dict()
    for weight in made.parameters():
        weight.data.add_(1.0)  # the engine has learned on meanwhile
    again = source(made)
    again.load_state_dict(saved)
    expected, got = first.draw(64, 2), again.draw(64, 2)
    assert all(torch.equal(value, got[key]) for key, value in expected.items())


def test_most_speeds_in_pong_are_told_before_anything_is_learned() -> None:
    made, game = smooth(), make_game("pong", serve_angles=True)
    state = game.init(np.arange(64, dtype=np.uint64))
    states, frames = [state.values], [game.render(state)]
    still = np.zeros((64, 2), np.uint8)
    for _ in range(96):
        state = game.step(state, still)
        states.append(state.values)
        frames.append(game.render(state))
    found = made.look_back(
        torch.from_numpy(np.stack(frames, 1)),
        torch.zeros(64, 96, 2, dtype=torch.long),
        torch.from_numpy(state.description),
        np.random.default_rng(0),
    )[:, 1:-1, 0]  # (64, 95, 6)
    places = np.stack(states, 1)[:, :, 2:4]  # (64, 97, 2): x and y in sixteenths
    moved = np.diff(places, axis=1)[:, 1:]
    right = (found[..., 2:4].numpy() - 32 == moved[..., ::-1]) & (found[..., 4:].numpy() > 0)
    assert right[..., 1].mean() > 0.65  # across
    assert right[..., 0].mean() > 0.4  # down, where it is slower


def test_what_jumps_begins_anew_however_it_moved() -> None:
    made, game = smooth(), make_game("pong", serve_angles=True)
    state = game.init(np.arange(2, dtype=np.uint64))
    seen = torch.from_numpy(np.repeat(game.render(state), 3, 0)).unflatten(0, (2, 3))
    tokens = made._read(seen[:, :, 0], torch.from_numpy(state.description))  # (2, 3, V)
    ball = made._words.smooth[0]
    tokens[:, NOW, 3 * ball + 2] = 1  # at the edge, and then in the middle
    tokens[:, AFTER, made._words.hidden(ball)] = torch.tensor([1, 2, 40, 50])
    gone, jumped = tokens.clone(), tokens.clone()
    gone[:, NOW, 3 * ball + 2] = tokens[:, AFTER, 3 * ball + 2] - 1
    jumped[:, NOW, made._words.hidden(ball)] = torch.tensor([3, 4, 10, 20])
    for given in (tokens, gone, jumped):
        made._begin(given)
    hidden = made._words.hidden(ball)
    assert gone[:, AFTER, hidden].tolist() == [[1, 2, 40, 50]] * 2
    assert torch.equal(tokens[:, AFTER, hidden], jumped[:, AFTER, hidden])
    assert tokens[:, AFTER, hidden][:, :2].tolist() == [[0, 0]] * 2  # on whole pixels


def told_of(made: SlotsEngine, batch: Arrays) -> Tensor:
    frames, description = (torch.from_numpy(batch[key]) for key in ("frames", "description"))
    actions = torch.from_numpy(batch["actions"].astype(np.int64))
    return made.look_back(frames, actions, description, np.random.default_rng(0))


def test_what_was_learned_counts_only_after_some_looks() -> None:
    made, other = smooth(), smooth()
    kept: list[Arrays] = []
    feeding = source()
    feeding._look_back = lambda chunk, rng: kept.append(chunk)
    feeding.draw(1, 1)
    torch.manual_seed(1)
    for net in (*other.paces, *other.movers, other.guess, other.fresh):
        assert isinstance(net, SlotNet)
        torch.nn.init.normal_(net.head.weight)
    assert torch.equal(told_of(made, kept[0]), told_of(other, kept[0]))
    made.looks += 2 * PRIOR_LOOKS
    other.looks += 2 * PRIOR_LOOKS
    assert not torch.equal(told_of(made, kept[0]), told_of(other, kept[0]))


def test_only_the_network_for_beginnings_learns_how_a_serve_flies() -> None:
    made = smooth()
    feeding = source(made)
    batch = feeding.draw(2048, 1)
    context = Context(batch["frames"][:, :2], batch["actions"][:, :1], batch["hindsight"])
    after = made._read(batch["frames"][:, 2:, 0])[:, 0]
    hidden = made.encode(context, batch["description"])
    three = torch.stack([hidden["before"], hidden["now"], after], 1)
    served = made._begun(three)[:, 0]
    assert 10 < served.sum() < 1000
    still_sure = made._go_on(three.clone(), torch.ones(2048, 1, 2))[:, 0]
    assert torch.equal(still_sure, (~served).float()[:, None].expand(-1, 2))
    losses = []
    for far in (0, 5):  # the speeds after a serve are others
        hindsight = batch["hindsight"].clone()
        hindsight[served, -1, 0, 2:4] = 40 + far
        known = made.encode(replace(context, hindsight=hindsight), batch["description"])
        made.zero_grad()
        made.judge(known, batch["actions"][:, 1:], batch["frames"][:, 2:], True).loss.backward()
        losses.append({name: part.grad for name, part in made.named_parameters()})
    changed = {name.split(".")[0] for name in losses[0] if different(losses, name)}
    assert changed == {"fresh"}


def different(gradients: list[dict[str, Tensor | None]], name: str) -> bool:
    one, other = (each[name] for each in gradients)
    return one is not None and other is not None and not torch.equal(one, other)


def test_files_cannot_be_looked_back_on() -> None:
    data = GameData("pong", {"serve_angles": True})
    data._longest = 5  # as for a folder
    with pytest.raises(ValueError, match=r"leave data\.folder out"):
        data.ask(smooth())
