"""The window of play, drawn without a display: panels, keys and time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pygame
import pytest
from flawed import Flawed

from data_gen.games.pong import DOWN, UP, pong
from data_gen.pictures import ALARM, Picture, enlarge, to_rgb
from data_gen.registry import make_game
from gameengine.clock import SPEEDS
from gameengine.layout import MARGIN, places, tracks
from gameengine.match import Match, Pair
from gameengine.sliders import Slider
from gameengine.window import NO_SLIDERS, Panel, Window

LEFT = 0

pytestmark = pytest.mark.usefixtures("screen")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pygame without a display: it draws as always, but no one sees it."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.init()
    pygame.font.init()
    yield
    pygame.quit()


class Desk:
    """A window, and the hands and the clock of the person before it."""

    def __init__(self, match: Match, panel: Panel = NO_SLIDERS) -> None:
        self.match = match
        self.window = Window(match, panel=panel)
        self._now = 0.0  # seconds
        self.window.step(0.0)

    def press(self, *keys: str) -> None:
        """Keys go down, and the window hears of it."""
        for key in keys:
            typed = key if len(key) == 1 else ""
            event = pygame.Event(pygame.KEYDOWN, key=pygame.key.key_code(key), unicode=typed)
            pygame.event.post(event)
        self.window.step(self._now)

    def wait(self, seconds: float) -> None:
        """A little longer, so that it is certain on which side of the last tick this ends."""
        end = self._now + seconds + 0.001
        while self._now < end:
            self._now = min(end, self._now + 0.004)
            self.window.step(self._now)

    def sees(self) -> Picture:
        """What the window shows now."""
        self.window._draw(self._now)
        surface = pygame.display.get_surface()
        assert surface is not None
        return pygame.surfarray.array3d(surface).swapaxes(0, 1)


def desk_of(wrong_at: int | None = None) -> Desk:
    return Desk(Match(Pair.beside(pong(), Flawed(pong(), wrong_at))))


def cut(picture: Picture, place: pygame.Rect) -> Picture:
    return picture[place.top : place.bottom, place.left : place.right]


@pytest.mark.parametrize("size", [(904, 540), (640, 480), (1283, 411), (301, 777)])
def test_panels_are_exact_enlargements_beside_each_other(size: tuple[int, int]) -> None:
    desk = desk_of(0)
    pygame.display.set_mode(size, pygame.RESIZABLE)
    picture, match = desk.sees(), desk.match
    truth, dream = places(size, match.spec, 2)
    factor = truth.width // 32
    assert truth.width == truth.height == 32 * factor
    assert (dream.left - truth.right, dream.top) == (MARGIN, truth.top)
    assert truth.left - (size[0] - dream.right) in (-1, 0, 1)
    assert dream.right + MARGIN > size[0] - 2 * 32 or truth.top < 60, "as large as it can be"
    for place, frame in ((truth, match.truth_frame), (dream, match.dream_frame)):
        assert frame is not None
        assert np.array_equal(cut(picture, place), enlarge(to_rgb(frame, match.spec), factor))


@pytest.mark.parametrize("size", [(1, 1), (60, 40), (3000, 90), (90, 2000)])
def test_no_size_is_too_odd(size: tuple[int, int]) -> None:
    desk = desk_of(0)
    desk.press("d", "h")
    pygame.display.set_mode(size, pygame.RESIZABLE)
    assert desk.sees().shape == (size[1], size[0], 3)


def test_the_parting_is_red_and_stays_until_restart() -> None:
    desk = desk_of(30)
    desk.wait(0.4)
    assert not reds(desk)
    desk.wait(0.2)
    assert desk.match.parted_at == 30
    assert reds(desk)
    _, dream = places(pygame.display.get_window_size(), desk.match.spec, 2)
    assert (desk.sees()[dream.top : dream.bottom, dream.left - 1] == ALARM).all(), "a border"
    desk.press("r")
    assert (desk.match.seed, desk.match.parted_at) == (1, None)
    assert not reds(desk)


def reds(desk: Desk) -> int:
    return int((desk.sees() == ALARM).all(-1).sum())


def test_the_difference_is_a_panel_on_a_key() -> None:
    desk = desk_of(0)
    alone = pygame.display.get_window_size()
    desk.press("d")
    wider = pygame.display.get_window_size()
    assert wider != alone, "the window makes room"
    picture, match = desk.sees(), desk.match
    place = places(wider, match.spec, 3)[2]
    expected = match.panels(with_difference=True)["difference"]
    assert np.array_equal(cut(picture, place), enlarge(expected, place.width // 32))
    desk.press("d")
    assert pygame.display.get_window_size() == alone


def test_a_size_that_a_person_chose_stays() -> None:
    desk = desk_of()
    pygame.display.set_mode((777, 555), pygame.RESIZABLE)
    desk.press("d")
    assert pygame.display.get_window_size() == (777, 555)


def test_help_comes_and_goes() -> None:
    desk = desk_of()
    without = desk.sees()
    desk.press("h")
    assert (desk.sees() != without).mean() > 0.5
    desk.press("h")
    assert np.array_equal(desk.sees(), without)


def test_pause_and_single_ticks() -> None:
    desk = desk_of()
    desk.wait(0.5)
    assert desk.match.tick == 30
    desk.press("space")
    desk.wait(1.0)
    assert desk.match.tick == 30
    desk.press(".", ".")
    assert desk.match.tick == 32
    desk.press("space")
    desk.wait(0.5)
    assert desk.match.tick == 62


def test_a_single_tick_pauses() -> None:
    desk = desk_of()
    desk.press(".")
    desk.wait(1.0)
    assert desk.match.tick == 1


@pytest.mark.parametrize(("key", "steps"), [("+", 1), ("=", 1), ("-", -1)])
def test_speed(key: str, steps: int) -> None:
    desk = desk_of()
    desk.press(key)
    desk.wait(1.0)
    assert desk.match.tick == 60 * SPEEDS[2 + steps]


def test_fast_games_are_not_drawn_at_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, drawn = desk_of(), []
    monkeypatch.setattr(desk.window._canvas, "draw", lambda *given: drawn.append(given))
    desk.press("+", "+")
    drawn.clear()
    desk.wait(1.0)
    assert desk.match.tick == 240
    assert 50 <= len(drawn) <= 75


def test_a_seats_keys_go_before_the_windows() -> None:
    desk = Desk(Match(Pair.alone(Flawed(pong()).with_keys({"d": UP, "q": DOWN}, {}))))
    desk.press("q")
    desk.match.advance()
    assert desk.window.open
    assert desk.match.actions[LEFT] == DOWN


@pytest.mark.parametrize("key", ["escape", "q"])
def test_quitting(key: str) -> None:
    desk = desk_of()
    desk.press(key)
    assert not desk.window.open


def test_it_ends_after_the_ticks_asked_for_restarts_included() -> None:
    seen: list[tuple[int, int]] = []
    window = Window(Match(Pair.alone(pong())), lambda match: seen.append((match.seed, match.tick)))
    pygame.event.post(pygame.Event(pygame.KEYDOWN, key=pygame.K_PERIOD, unicode="."))
    pygame.event.post(pygame.Event(pygame.KEYDOWN, key=pygame.K_r, unicode="r"))
    pygame.event.post(pygame.Event(pygame.KEYDOWN, key=pygame.K_SPACE, unicode=" "))
    window.run(4)
    assert seen == [(0, 1), (1, 1), (1, 2), (1, 3)]


def test_a_game_may_use_space_for_itself() -> None:
    desk = Desk(Match(Pair.alone(make_game("flappy"))))
    desk.press("space")
    assert not desk.window.clock.paused
    desk.press("p")
    assert desk.window.clock.paused


def test_sliders_are_moved_by_keys_and_dragged() -> None:
    sliders = [Slider("to snow", 0.0, 1.0), Slider("direction 1", -3.0, 3.0)]
    applied: list[tuple[float, ...]] = []

    def apply(state: object) -> object:
        applied.append(tuple(slider.value for slider in sliders))
        return state

    match = Match(Pair.beside(pong(), pong()))
    desk = Desk(match, Panel(sliders, apply))
    plain = desk.sees()
    desk.press("]", "]", "tab", "[")
    assert applied == [(0.05, 0.0), (0.1, 0.0), (0.1, pytest.approx(-0.15))]
    desk.press("r")
    assert len(applied) == 4  # the next dream begins as the sliders stand
    stands = places(pygame.display.get_window_size(), match.spec, 2, 2)
    first, second = tracks(stands[0].unionall(stands), match.spec, 2)
    for kind, at in (
        (pygame.MOUSEBUTTONDOWN, first.center),
        (pygame.MOUSEMOTION, (first.right + 300, second.centery)),
        (pygame.MOUSEBUTTONUP, first.center),
        (pygame.MOUSEMOTION, first.midleft),
    ):
        pygame.event.post(pygame.Event(kind, pos=at, button=1))
    desk.press()
    assert [values[0] for values in applied[4:]] == [pytest.approx(0.5, abs=0.01), 1.0]
    seen = desk.sees()
    for place in (first, second):
        assert (cut(seen, place) != cut(plain, place)).any()


def test_arrows_that_the_game_leaves_free_walk_through_the_embeddings() -> None:
    walked: dict[str, list[int]] = {}
    for game in (make_game("life"), pong()):  # Pong's right paddle takes up and down
        sliders = [Slider("direction 1", -3.0, 3.0), Slider("direction 2", -3.0, 3.0)]
        desk = Desk(Match(Pair.beside(game, game)), Panel(sliders))
        desk.press("right", "down", "left", "left", "up", "right")
        walked[game.spec.name] = [round(20 * slider.value / slider.high) for slider in sliders]
    assert walked == {"life": [2, -2], "pong": [0, 0]}


def test_a_dream_that_was_tuned_is_not_said_to_be_wrong() -> None:
    slider = Slider("to snow", 0.0, 1.0)
    desk = Desk(Match(Pair.beside(pong(), Flawed(pong(), 0))), Panel([slider]))
    desk.wait(0.2)
    assert (desk.sees() == ALARM).all(2).any()
    slider.set(0.5)
    assert not (desk.sees() == ALARM).all(2).any()


def test_without_sliders_their_keys_do_nothing() -> None:
    desk = desk_of()
    desk.press("]", "[", "tab", "left", "right", "up", "down")
    pygame.event.post(pygame.Event(pygame.MOUSEBUTTONDOWN, pos=(300, 400), button=1))
    desk.press()
    assert desk.window.open
