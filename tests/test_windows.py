"""Training windows: true, seeded, and the same again after a resume."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from data_gen.datasets.generate import generate
from data_gen.players import make_players
from data_gen.registry import make_game
from gameengine.data import GameData
from gameengine.live import LiveSource
from gameengine.windows import Batch, FolderSource, MinedSource


def live(seed: int = 0, **options: float) -> LiveSource:
    return LiveSource(make_game("pong"), make_players(["sticky"]), seed, games=16, **options)  # pyright: ignore


def same(one: Batch, other: Batch) -> bool:
    return all(torch.equal(one[key], other[key]) for key in one)


def test_windows_are_what_the_true_game_shows() -> None:
    game = make_game("life", size=[8, 9])
    batch = LiveSource(game, make_players(["random"]), 3, games=8).draw(20, 4)
    assert batch["frames"].shape == (20, 5, 1, 8, 9)
    frames = batch["frames"].numpy()
    state = game.init(np.zeros(20, np.uint64))
    field = next(name for name in vars(state) if getattr(state, name).shape == (20, 8, 9))
    for tick in range(4):
        cells = frames[:, tick, 0].astype(getattr(state, field).dtype)
        state = type(state)(**{**vars(state), field: cells})
        assert np.array_equal(
            game.render(game.step(state, np.zeros((20, 1), int))), frames[:, tick + 1]
        )


def test_shapes_and_kinds() -> None:
    batch = live().draw(6, 3)
    shapes = {key: tuple(value.shape) for key, value in batch.items()}
    assert shapes == {
        "frames": (6, 5, 1, 32, 32),
        "actions": (6, 4, 2),
        "reward": (6, 3, 2),
        "terminated": (6, 3),
        "description": (6, 4),
    }


def test_a_seed_gives_the_same_windows_and_another_one_others() -> None:
    assert same(live(1).draw(32, 1), live(1).draw(32, 1))
    assert not same(live(1).draw(32, 1), live(2).draw(32, 1))


@pytest.mark.parametrize("draws", [0, 3, 400])
def test_a_saved_source_goes_on_where_it_was(draws: int) -> None:
    source = live(5)
    for _ in range(draws):
        source.draw(32, 1)
    saved = source.state_dict()
    following = [source.draw(32, 1) for _ in range(40)]
    other = live(5)
    other.load_state_dict(saved)
    assert all(same(batch, other.draw(32, 1)) for batch in following)


def test_events_are_made_common() -> None:
    def scored(**options: float) -> float:
        source = live(0, start_share=0.0, **options)
        return float(np.mean([source.draw(64, 1)["reward"].any().item() for _ in range(40)]))

    rare = np.mean(
        [
            live(0, event_share=0.0, start_share=0.0)
            .draw(512, 1)["reward"][:, 0, 0]
            .ne(0)
            .float()
            .mean()
            .item()
        ]
    )
    common = np.mean(
        [
            live(0, event_share=1.0, start_share=0.0)
            .draw(512, 1)["reward"][:, 0, 0]
            .ne(0)
            .float()
            .mean()
            .item()
        ]
    )
    assert common > 3 * rare
    assert scored(event_share=1.0) == 1.0


def test_fresh_games_are_shown() -> None:
    source = live(0, start_share=1.0, event_share=0.0)
    balls = source.draw(64, 1)["frames"][:, 0, 0] == 3
    columns = (
        balls.any(1).float().argmax(1)
    )  # the serve is at columns 15 and 16, or 1 or 2 ticks off
    assert ((columns >= 13) & (columns <= 17)).all()
    served = live(0, start_share=1.0, event_share=0.0, start_ticks=1).draw(64, 1)
    assert (served["frames"][:, 0, 0, 16, 15:17] == 3).all()  # and nothing else


def test_mined_windows_come_back_until_they_are_learned() -> None:
    source = MinedSource(live(), share=0.5, capacity=8, patience=2)
    first = source.draw(8, 1)
    source.mine(first, torch.tensor([True] * 6 + [False] * 2))
    hard = [window.tobytes() for window in first["frames"][:6].numpy()]
    right = torch.zeros(8, dtype=torch.bool)
    for _ in range(3):  # half of the pool of 6 comes back, and stays in it while it is wrong
        batch = source.draw(8, 1)
        mined = batch["frames"][5:].numpy()
        assert all(window.tobytes() in hard for window in mined)
        assert len({window.tobytes() for window in mined}) == 3
        source.mine(batch, torch.tensor([False] * 5 + [True] * 3))
        assert len(source.state_dict()["streak"]) == 6
    sizes = []
    for _ in range(20):
        source.mine(source.draw(8, 1), right)
        sizes.append(len(source.state_dict()["streak"]))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 6  # right once is not enough
    assert sizes[-1] <= 1


def test_a_full_pool_takes_new_windows_in() -> None:
    source = MinedSource(live(), share=0.5, capacity=4)
    for _ in range(3):
        batch = source.draw(8, 1)
        source.mine(batch, torch.ones(8, dtype=torch.bool))
    assert len(source.state_dict()["streak"]) == 4


def test_a_saved_pool_goes_on_where_it_was() -> None:
    source, other = (MinedSource(live(), share=0.5) for _ in range(2))
    wrong = torch.arange(8) % 3 == 0
    for _ in range(5):
        source.mine(source.draw(8, 1), wrong)
    other.load_state_dict(source.state_dict())
    for _ in range(5):
        batch = source.draw(8, 1)
        assert same(batch, other.draw(8, 1))
        source.mine(batch, wrong)
        other.mine(batch, wrong)


def test_longer_windows_are_not_mined() -> None:
    source = MinedSource(live(), share=0.5)
    source.mine(source.draw(8, 3), torch.ones(8, dtype=torch.bool))
    assert len(source.state_dict()["streak"]) == 0


def test_windows_of_a_folder_are_its_episodes(tmp_path: Path) -> None:
    from data_gen.datasets.dataset import Dataset

    generate(tmp_path / "set", make_game("pong"), ["sticky"], 4, 20)
    source = FolderSource(tmp_path / "set", seed=1)
    batch = source.draw(5, 3)
    episodes = Dataset.open(tmp_path / "set").windows(np.arange(4), np.zeros(4, int), 20)
    for window in batch["frames"].numpy():
        assert any(
            np.array_equal(window, frames[start : start + 5])
            for frames in episodes.frames
            for start in range(17)
        )
    with pytest.raises(ValueError, match="windows of 21 ticks do not fit episodes of 20"):
        source.draw(5, 20)


def test_held_out_windows_stay_the_same_and_follow_the_length() -> None:
    data = GameData()
    data.length = 2
    (first,) = data.val_dataloader()
    assert first["reward"].shape[1] == 2
    (again,) = data.val_dataloader()
    assert same(first, again)
    data.length = 5
    (longer,) = data.val_dataloader()
    assert longer["reward"].shape[1] == 5


def test_ticks_per_batch_stay_when_windows_grow() -> None:
    data = GameData(ticks_per_batch=64)
    data.length = 4
    assert data.draw()["frames"].shape[:2] == (16, 6)
    data.length = 32
    assert data.draw()["frames"].shape[:2] == (2, 34)


@pytest.mark.parametrize(
    "options",
    [
        {"ticks_per_batch": 0},
        {"start_ticks": 0},
        {"round_batches": 0},
        {"event_share": 0.8, "start_share": 0.3},
    ],
)
def test_bad_settings_are_named(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"ticks_per_batch|start_ticks|round_batches|shares"):
        GameData(**options)  # pyright: ignore
