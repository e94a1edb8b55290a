"""Players: each does what its name says, by its seed alone, whatever company it is in."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reference import players
from reference.pong import expert

from data_gen.games.life import life
from data_gen.games.pong import pong
from data_gen.players import PLAYERS, Cast, Player, ReplayPlayer, Scripted, make_players
from data_gen.randomness import held_out_seeds, training_seeds
from data_gen.rollout import play, roll_out

PONG = pong()
RANDOM, STICKY, TRACKER = (Cast([PLAYERS[name]]) for name in ("random", "sticky", "tracker"))
CASTS = [RANDOM, STICKY, TRACKER, make_players(["random", "tracker:0.3", "sticky", "tracker:1"])]


def actions_of(player: Player, seeds: NDArray[np.uint64], ticks: int) -> NDArray[np.uint8]:
    return roll_out(PONG, player, seeds, ticks).actions  # (B, T, P)


@pytest.mark.parametrize("cast", CASTS, ids=lambda cast: "+".join(cast.names))
@given(seed=st.integers(0, 2**63))
@settings(max_examples=10, deadline=None)
def test_they_act_as_in_plain_numpy(cast: Cast, seed: int) -> None:
    """In a true game, and before frames in which anything may be anywhere."""
    seeds = training_seeds(seed, 0, 5)
    reference = players.Reference(cast, expert)
    wanted, found = roll_out(PONG, reference, seeds, 40), roll_out(PONG, cast, seeds, 40)
    np.testing.assert_array_equal(found.actions, wanted.actions)
    np.testing.assert_array_equal(found.policy, wanted.policy)
    noise = np.random.default_rng(seed).integers(0, 5, (20, 5, *PONG.spec.shape), np.uint8)
    known, memory = reference.start(PONG.spec, seeds), cast.start(PONG.spec, seeds)
    for frames in noise:
        chosen, known = reference.act(PONG.spec, known, frames)
        actions, memory = cast.act(PONG.spec, memory, frames)
        np.testing.assert_array_equal(actions, chosen)


def test_random_chooses_all_actions_alike() -> None:
    actions = actions_of(RANDOM, training_seeds(0, 0, 50), 200)
    for seat in range(2):
        counts = np.bincount(actions[:, :, seat].reshape(-1), minlength=3)
        # 10,000 draws: standard deviation 47
        assert abs(counts - 10_000 / 3).max() < 200
    assert abs((actions[:, :, 0] == actions[:, :, 1]).mean() - 1 / 3) < 0.02
    assert abs((actions[:, 1:] == actions[:, :-1]).mean() - 1 / 3) < 0.02


@pytest.mark.parametrize("hold", [2.0, 8.0, 20.0])
def test_sticky_holds_a_choice_for_a_while(hold: float) -> None:
    actions = actions_of(Cast([Scripted("sticky", hold=hold)]), training_seeds(0, 0, 64), 400)
    # A choice ends once in `hold` ticks, and one new choice in three is the old one again.
    changes = (actions[:, 1:] != actions[:, :-1]).mean()
    assert changes == pytest.approx(2 / 3 / hold, rel=0.06)
    assert set(np.unique(actions[:, 0])) == {0, 1, 2}  # the first choice is drawn, too


def misses(cast: Cast, ticks: int) -> float:
    """Balls missed in a game, on average over 32 games."""
    rollout = roll_out(PONG, cast, held_out_seeds(5, 32), ticks)
    return float((rollout.reward != 0).any(2).sum(1).mean())


def test_a_skilled_tracker_returns_the_ball_far_longer_than_chance() -> None:
    skilled, middling, lucky = (
        misses(make_players([name]), 1000) for name in ("tracker:1", "tracker:0.6", "random")
    )
    # A serve crosses half a board of 32 px at 1 px a tick, so a miss costs about 16 ticks.
    assert lucky > 15
    assert skilled < lucky / 10
    assert skilled < middling < lucky


def test_a_tracker_without_skill_plays_sticky() -> None:
    seeds = training_seeds(0, 0, 32)
    actions = actions_of(make_players(["tracker:0"]), seeds, 200)
    np.testing.assert_array_equal(actions, actions_of(STICKY, seeds, 200))


def test_a_tracker_of_a_game_without_expert_does_nothing_special() -> None:
    rollout = roll_out(life(size=(8, 8)), make_players(["tracker"]), training_seeds(0, 0, 3), 5)
    assert not rollout.actions.any()


@pytest.mark.parametrize("cast", CASTS, ids=lambda cast: "+".join(cast.names))
def test_players_follow_their_seeds_alone(cast: Cast) -> None:
    seeds = training_seeds(2, 0, 8)
    whole = actions_of(cast, seeds, 60)
    np.testing.assert_array_equal(actions_of(cast, seeds, 60), whole)
    assert (actions_of(cast, training_seeds(3, 0, 8), 60) != whole).any((1, 2)).all()
    for item in range(len(seeds)):
        alone = actions_of(cast, seeds[item : item + 1], 60)
        np.testing.assert_array_equal(alone[0], whole[item])
    assert whole.max() < 3


@pytest.mark.parametrize("cast", CASTS, ids=lambda cast: "+".join(cast.names))
def test_acting_changes_no_memory(cast: Cast) -> None:
    seeds = training_seeds(2, 0, 4)
    memory = cast.start(PONG.spec, seeds)
    assert set(memory) == {"seeds", "tick", "policy", "seats"}
    frames = PONG.render(PONG.init(seeds))
    for _ in range(5):
        before = {key: value.copy() for key, value in memory.items()}
        first, after = cast.act(PONG.spec, memory, frames)
        second, _ = cast.act(PONG.spec, memory, frames)
        np.testing.assert_array_equal(first, second)
        for key, value in before.items():
            np.testing.assert_array_equal(memory[key], value)
        memory = after


def test_a_replay_leads_to_the_same_frames() -> None:
    seeds = training_seeds(4, 0, 6)
    recorded = roll_out(PONG, make_players(["random", "sticky", "tracker"]), seeds, 120)
    replayed = roll_out(PONG, ReplayPlayer(recorded.actions), seeds, 120)
    np.testing.assert_array_equal(replayed.frames, recorded.frames)
    np.testing.assert_array_equal(replayed.actions, recorded.actions)
    np.testing.assert_array_equal(replayed.reward, recorded.reward)
    assert ReplayPlayer(recorded.actions).names == ("replay",)
    assert not replayed.policy.any()


def test_a_replay_says_who_had_acted() -> None:
    seeds = training_seeds(4, 0, 6)
    cast = make_players(["random", "sticky", "tracker"])
    recorded = roll_out(PONG, cast, seeds, 50)
    recorded.policy[:, 20:, 0] = 2  # as if someone had taken a seat in the middle of it
    player = ReplayPlayer(recorded.actions, recorded.policy, cast.names)
    replayed = roll_out(PONG, player, seeds, 50)
    np.testing.assert_array_equal(replayed.actions, recorded.actions)
    np.testing.assert_array_equal(replayed.policy, recorded.policy)


def test_a_replay_stays_after_its_end() -> None:
    player = ReplayPlayer(np.full((2, 3, 2), 2))
    actions = actions_of(player, training_seeds(4, 0, 2), 5)
    assert actions[0, :, 0].tolist() == [2, 2, 2, 0, 0]


def test_a_replay_needs_a_recording_for_each_game() -> None:
    with pytest.raises(ValueError, match="2 recordings cannot play 3 games"):
        actions_of(ReplayPlayer(np.zeros((2, 3, 2), np.int64)), training_seeds(4, 0, 3), 5)


def test_the_policy_says_who_acted() -> None:
    seeds = training_seeds(6, 0, 300)
    cast = make_players(["random", "sticky", "tracker:1"])
    rollout = roll_out(PONG, cast, seeds, 300)
    policy = rollout.policy[:, 0]  # (B, P)
    assert cast.names == ("random", "sticky", "tracker:1")
    np.testing.assert_array_equal(policy, cast.policy(seeds, 2))
    np.testing.assert_array_equal(rollout.policy, policy[:, None].repeat(300, 1))
    counts = np.bincount(policy.reshape(-1), minlength=3)
    assert counts.min() > 150  # of 600 seats; standard deviation 12
    assert (policy[:, 0] != policy[:, 1]).mean() > 0.5
    # Who it is shows: the random ones change their minds most often, and the trackers miss least.
    changes = (rollout.actions[:, 1:] != rollout.actions[:, :-1]).mean(1)
    missed = (rollout.reward == -1).mean(1)
    assert changes[policy == 0].min() > 0.5
    assert changes[policy == 1].max() < 0.25
    assert missed[policy == 2].mean() < missed[policy != 2].mean() / 5


def test_each_player_of_a_cast_acts_as_it_would_alone() -> None:
    seeds = training_seeds(7, 0, 40)
    cast = make_players(["random", "sticky"])
    policy, actions = cast.policy(seeds, 2), roll_out(PONG, cast, seeds, 30).actions
    # Neither of them looks at the frames, so that what happens in the game does not matter.
    for number, player in enumerate(cast.players):
        alone = actions_of(Cast([player]), seeds, 30)
        mine = (policy == number)[:, None].repeat(30, 1)
        assert mine.any()
        np.testing.assert_array_equal(actions[mine], alone[mine])


def test_play_yields_what_roll_out_records() -> None:
    seeds = training_seeds(8, 0, 3)
    cast = make_players(["tracker"])
    rollout = roll_out(PONG, cast, seeds, 20)
    for tick, (actions, state, frames) in enumerate(
        islice(play(PONG, cast, seeds, PONG.init(seeds)), 20)
    ):
        np.testing.assert_array_equal(rollout.actions[:, tick], actions)
        np.testing.assert_array_equal(rollout.frames[:, tick + 1], frames)
        np.testing.assert_array_equal(rollout.event[:, tick], state.event)


def test_players_are_made_from_names() -> None:
    cast = make_players(["random", "tracker:0.9", "tracker"])
    assert cast.names == ("random", "tracker:0.9", "tracker")
    assert [player.skill for player in cast.players] == [0, 0.9, PLAYERS["tracker"].skill]
    assert [player.hold for player in cast.players] == [1, 8, 8]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "at least one player"),
        (["expert"], "unknown player 'expert'; choose from random, sticky, tracker, or tracker:"),
        (["random:0.5"], "unknown player 'random:0.5'"),
        (["tracker:good"], "the skill in 'tracker:good' must be a number from 0 to 1"),
        (["tracker:2"], "the skill in 'tracker:2' must be a number from 0 to 1"),
    ],
)
def test_unknown_players_are_named(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_players(names)


@pytest.mark.parametrize("skill", [-0.1, 1.1, float("nan")])
def test_a_skill_out_of_range_is_named(skill: float) -> None:
    with pytest.raises(ValueError, match="skill must lie in 0 to 1"):
        Scripted("careless", skill=skill)


@pytest.mark.parametrize("ticks", [0.9, 0, -1, float("nan")])
@pytest.mark.parametrize("what", ["hold", "lapse"])
def test_a_time_below_a_tick_is_named(what: str, ticks: float) -> None:
    with pytest.raises(ValueError, match=f"{what} must be at least 1 tick, not {ticks!r}"):
        Scripted("hasty", **{what: ticks})


def test_a_rollout_needs_a_tick() -> None:
    with pytest.raises(ValueError, match="at least 1 tick, not 0"):
        roll_out(PONG, make_players(["random"]), training_seeds(0, 0, 1), 0)


def test_a_policy_can_name_256_players() -> None:
    seeds = np.arange(4000, dtype=np.uint64)
    assert make_players(["random"] * 256).policy(seeds, 1).max() == 255
    with pytest.raises(ValueError, match="at most 256 players, not 257"):
        make_players(["random"] * 257)
