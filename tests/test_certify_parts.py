"""The certificate by parts: the same counts as asking the engine itself for every transition."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from walk import all_contexts, walk

from data_gen.contexts import contexts_of
from data_gen.kernel_game import KernelGame
from data_gen.reachable import joint_actions, reachable
from data_gen.registry import make_game
from gameengine.certify import part_certificate, verdict
from gameengine.certify.certificate import EVERY, PARTS, SAMPLE, Wanted
from gameengine.certify.memo import Memo
from gameengine.certify.part_estimate import total
from gameengine.certify.verdict import certify
from gameengine.certify.world import UnfitError, world_of
from gameengine.engine import Context
from gameengine.engines.slots import SlotsEngine

ALL = Wanted(most=10**9)
COUNTS = ("transitions", "contexts", "wrong", "by_event", "states", "certified")
CATCH = make_game("catch", size=[20, 20], fall_speed=3)


def everything(game: KernelGame) -> list[Tensor]:
    """All transitions: frames of the context, actions between them, description, action, frame
    after it, reward and end."""
    states, moves = reachable(game), joint_actions(game.spec)
    first = len(moves) if game.spec.context > 1 else 1
    before, between, chosen = (
        axis.reshape(-1)
        for axis in np.meshgrid(*map(np.arange, (len(states), first, len(moves))), indexing="ij")
    )
    contexts = contexts_of(states, before, between)
    after = game.step(contexts.state, moves[chosen])
    arrays = contexts.frames, contexts.between.astype(np.int64), contexts.state.description
    arrays += moves[chosen].astype(np.int64), game.render(after), after.reward, after.terminated
    return [torch.from_numpy(array) for array in arrays]


def taught(
    game: KernelGame, steps: int, seen: Any = slice(None), drop: str = "", **options: Any
) -> SlotsEngine:
    """An engine that has learned for some steps. seen: which transitions it learns its sprites
    from. drop: variables whose name begins so are not looked at."""
    torch.manual_seed(0)
    data = everything(game)
    engine = SlotsEngine(game.spec, width=32, **options)
    engine.prepare(data[0][seen][:, -1], data[2][seen])
    for net in (*engine.movers, engine.switch):
        for number, variable in enumerate(net.variables if net else ()):
            if drop and variable.name.startswith(drop):
                net.kept[number] = 0.0
    optimizer = torch.optim.Adam(engine.parameters(), 1e-2)
    for _ in range(steps):
        chosen = torch.randint(len(data[0]), (512,))
        frames, between, description, actions, after, reward, end = (one[chosen] for one in data)
        start = engine.encode(Context(frames, between), description)
        judged = engine.judge(start, actions[:, None], after[:, None], forced=True)
        loss = judged.loss + F.mse_loss(judged.reward[:, 0], reward)
        loss = loss + F.binary_cross_entropy_with_logits(judged.termination[:, 0], end.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return engine


def prune(engine: SlotsEngine) -> SlotsEngine:
    """It looks at three of four variables only, whatever that does to what it learned."""
    for net in engine.movers:
        net.kept[1::4] = 0.0
    return engine


def as_a_whole(
    game: KernelGame, engine: SlotsEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        patch.setattr(verdict, "has_parts", lambda *_: False)
        return certify(game, engine, ALL, folder, quiet=True)


@pytest.fixture(scope="module")
def catch() -> SlotsEngine:
    return taught(CATCH, 40, sight=3)


@pytest.mark.parametrize("sight", [0, 3])
@pytest.mark.parametrize("pruned", [False, True])
def test_two_frames_give_the_same_counts(
    sight: int, pruned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = taught(walk(), 8, reach=2, sight=sight)
    engine = prune(engine) if pruned else engine
    whole = as_a_whole(walk(), engine, tmp_path / "whole", monkeypatch)
    parts = certify(walk(), engine, ALL, tmp_path / "parts", quiet=True)
    assert (whole["method"], parts["method"]) == (EVERY, PARTS)
    assert parts["contexts"] == len(all_contexts())
    assert [parts[name] for name in COUNTS] == [whole[name] for name in COUNTS]
    assert 0 < parts["wrong"] < parts["transitions"]
    assert all(Path(picture).exists() for picture in parts["pictures"])
    assert len(parts["pictures"]) == len(whole["pictures"])
    for one in parts["parts"]:
        assert one["questions"] <= parts["transitions"]
        assert (one["wrong"] > 0) == (one["wrong_questions"] > 0)


@pytest.mark.parametrize("pruned", [False, True])
def test_one_frame_gives_the_same_counts(
    pruned: bool, catch: SlotsEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_certificate, "BLOCK", 1000)
    monkeypatch.setattr(part_certificate, "_WAYS", 2000)
    monkeypatch.setattr(part_certificate, "_FRESH", 512)
    kept = [net.kept.clone() for net in catch.movers]
    engine = prune(catch) if pruned else catch
    whole = as_a_whole(CATCH, engine, tmp_path / "whole", monkeypatch)
    parts = certify(CATCH, engine, ALL, tmp_path / "parts", quiet=True)
    for net, before in zip(catch.movers, kept, strict=True):
        net.kept.copy_(before)
    assert [parts[name] for name in COUNTS] == [whole[name] for name in COUNTS]
    assert 0 < parts["wrong"] < parts["transitions"]
    listed = {str(one["state"]) + str(one["actions"]) for one in parts["first_wrong"]}
    assert len(listed) == len(parts["first_wrong"]) > 2


def test_an_exact_engine_is_certified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = taught(walk(), 150, reach=2)
    parts = certify(walk(), engine, ALL, tmp_path, quiet=True)
    assert (parts["certified"], parts["wrong"], parts["wrong_rewards"]) == (True, 0, 0)
    assert parts["margin"] > 0
    assert [one["name"] for one in parts["parts"]] == ["walker", "lamp", "rewards and end"]
    whole = as_a_whole(walk(), engine, tmp_path, monkeypatch)
    assert [parts[name] for name in COUNTS] == [whole[name] for name in COUNTS]


def test_what_a_part_does_not_look_at_makes_it_wrong(tmp_path: Path) -> None:
    """Without its way the walker has two true futures after the same question."""
    engine = taught(walk(), 150, reach=2, drop="way across of walker to now")
    parts = certify(walk(), engine, ALL, tmp_path, quiet=True)
    walker, lamp, _ = parts["parts"]
    assert not parts["certified"]
    assert "way across of walker to now" not in walker["looks_at"]
    assert walker["wrong_questions"] > 0
    assert walker["questions"] < lamp["questions"] * 2


def test_frames_that_the_sprites_do_not_give_back_are_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dark = everything(walk())[0][:, -1, 0, 1, 0] == 0
    engine = taught(walk(), 150, seen=dark, reach=2)
    assert len(engine.sprites.colours) == 1
    parts = certify(walk(), engine, ALL, tmp_path, quiet=True)
    assert parts["lost_frames"] == 5
    assert sum(one["wrong"] for one in parts["parts"][:-1]) < parts["wrong"]
    whole = as_a_whole(walk(), engine, tmp_path, monkeypatch)
    assert [parts[name] for name in COUNTS] == [whole[name] for name in COUNTS]


def test_too_many_questions_are_told_in_one_line(
    catch: SlotsEngine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = replace(ALL, questions=3000)
    told = certify(CATCH, catch, wanted, tmp_path)
    assert told["method"] == EVERY
    said = [line for line in capsys.readouterr().err.splitlines() if "parts" in line]
    assert len(said) == 1
    assert "variables; --questions allows 3,000" in said[0]


def test_too_many_questions_for_rewards_leave_them_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = prune(taught(walk(), 8, reach=2))
    whole = certify(walk(), engine, ALL, tmp_path)
    asked = [one["questions"] for one in whole["parts"]]
    told = certify(walk(), engine, replace(ALL, questions=sum(asked) - 1), tmp_path)
    assert told["wrong_rewards"] is None
    assert [one["questions"] for one in told["parts"]] == asked[:-1]
    assert told["wrong"] == whole["wrong"]
    assert "rewards and ends are not asked for" in capsys.readouterr().err


def test_a_sample_is_asked_of_the_engine_itself(tmp_path: Path) -> None:
    told = certify(walk(), taught(walk(), 1), Wanted(sample=100), tmp_path, quiet=True)
    assert (told["method"], told["transitions"]) == (SAMPLE, 100)


def test_a_stop_loses_no_counts(
    catch: SlotsEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_certificate, "BLOCK", 1000)
    whole = certify(CATCH, catch, ALL, tmp_path / "whole", quiet=True)
    block, firsts = part_certificate.PartCertificate._block, []

    def stop_once(self: Any, first: int, *rest: Any) -> Any:
        firsts.append(first)
        if len(firsts) == 2:
            raise KeyboardInterrupt
        return block(self, first, *rest)

    monkeypatch.setattr(part_certificate.PartCertificate, "_block", stop_once)
    with pytest.raises(KeyboardInterrupt):
        certify(CATCH, catch, ALL, tmp_path / "stopped", quiet=True)
    stopped = certify(CATCH, catch, ALL, tmp_path / "stopped", quiet=True)
    assert firsts == [0, 1000, 1000, 2000]
    assert [stopped[name] for name in COUNTS] == [whole[name] for name in COUNTS]
    assert [one["wrong"] for one in stopped["parts"]] == [one["wrong"] for one in whole["parts"]]
    assert stopped["first_wrong"] == whole["first_wrong"]


def test_the_world_is_the_game() -> None:
    game = walk()
    engine = taught(game, 0)
    world = world_of(reachable(game), engine.sprites)
    numbers = np.arange(len(world.states))
    state = world.states.state(numbers)
    drawn = engine.sprites.draw(world.tokens[world.frame_of].astype(np.int64))
    np.testing.assert_array_equal(drawn, game.render(state)[:, 0])
    for action, chosen in enumerate(world.moves):
        after = game.step(state, np.tile(chosen, (len(numbers), 1)).astype(np.uint8))
        there = world.states.state(world.after[:, action].astype(np.int64))
        np.testing.assert_array_equal(there.values, after.values)
        kinds = world.kinds[world.kind[:, action]]
        np.testing.assert_array_equal(kinds[:, 0], after.event)
        np.testing.assert_array_equal(kinds[:, 1:-1], after.reward)
    ends, shown = world.ways_to(3, 9)
    for place, state in enumerate(range(3, 9)):
        expected = np.argwhere(world.after == state)[:, 0]
        listed = shown[ends[place] : ends[place + 1]]
        assert sorted(listed) == sorted(world.frame_of[expected])


def test_the_memo_grows_and_refuses() -> None:
    memo = Memo(2, most=150_000)
    keys = np.random.default_rng(0).integers(0, 1 << 61, (100_000, 2))
    assert memo.add(keys).all()
    assert not memo.add(keys).any()
    with pytest.raises(UnfitError, match="more than 150,000 questions"):
        memo.add(keys[:, ::-1].copy())


@pytest.mark.parametrize("there", [1000, 100_000, 10_000_000])
def test_how_many_there_are_is_told_from_those_that_come_twice(there: int) -> None:
    drawn = np.random.default_rng(1).integers(there, size=1 << 17)
    assert total(len(np.unique(drawn)), len(drawn)) == pytest.approx(there, rel=0.1)
