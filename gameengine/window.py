"""The window of a match: events, clock and drawing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import pygame

from data_gen.errors import UserError
from data_gen.pictures import enlarge
from data_gen.registry import played_by
from gameengine.canvas import Canvas, View
from gameengine.clock import Clock
from gameengine.layout import places, preferred_size, share_at, tracks
from gameengine.match import Match
from gameengine.sliders import Slider

SHORTEST_DRAW = 1 / 75  # seconds between two pictures; more would only take time from the game
LONGEST_SLEEP = 0.01  # seconds, so that a key is never late


@dataclass(frozen=True)
class Panel:
    """Sliders that change the dream. apply: dream state -> the state that they make of it."""

    sliders: Sequence[Slider] = ()
    apply: Callable[[Any], Any] = lambda state: state


NO_SLIDERS = Panel()


def play_in_window(
    match: Match,
    ticks: int | None = None,
    watch: Callable[[Match], Any] = lambda match: None,
    panel: Panel = NO_SLIDERS,
) -> None:
    """Play until the person quits, or `ticks` ticks have been played, restarts included. `watch` is
    called after every tick. Raises UserError when no window can be opened."""
    try:
        pygame.display.init()
        pygame.font.init()
        window = Window(match, watch, panel)
    except pygame.error as error:
        raise UserError(f"no display ({error}): use --record out.gif") from error
    try:
        window.run(inf if ticks is None else ticks)
    finally:
        pygame.quit()


class Window:
    """One match in one window. The keys of the game's seats go before the window's own."""

    def __init__(
        self,
        match: Match,
        watch: Callable[[Match], Any] = lambda match: None,
        panel: Panel = NO_SLIDERS,
    ) -> None:
        """pygame's display and font must be initialised."""
        self.match = match
        self.clock = Clock(match.spec.fps)
        self.open = True
        self._watch = watch
        self._difference = self._help = False
        self._panel = panel
        self._chosen = 0  # the slider that keys move
        self._dragged: int | None = None  # the slider that the mouse holds
        self._canvas = Canvas(match.spec)
        self._drawn_at = -inf  # seconds
        self._stale = True  # what is shown
        self._left = inf  # ticks to play
        pygame.display.set_caption(f"{played_by(match.spec)}: {' and '.join(match.panels())}")
        pygame.display.set_icon(_icon(match))
        self._chosen_size = self._fit_window()
        self._commands: dict[str, Callable[[], None]] = {
            "p": self._pause,
            "space": self._pause,  # but for games that use it
            ".": self._single_tick,
            "+": lambda: self.clock.change_speed(1),
            "=": lambda: self.clock.change_speed(1),  # + without shift on many keyboards
            "-": lambda: self.clock.change_speed(-1),
            "r": self._restart,
            "d": self._toggle_difference,
            "h": self._toggle_help,
            "[": lambda: self._move_slider(-1),
            "]": lambda: self._move_slider(1),
            "tab": lambda: self._choose_slider(1),
            "left": lambda: self._move_slider(-1),  # arrows but for games that use them
            "right": lambda: self._move_slider(1),
            "up": lambda: self._choose_slider(-1),
            "down": lambda: self._choose_slider(1),
            "escape": self._quit,
            "q": self._quit,
        }

    def run(self, ticks: float = inf) -> None:
        """Play until closed, or for so many ticks."""
        self._left = ticks
        while self.open and self._left > 0:
            self.step(time.perf_counter())
            time.sleep(min(LONGEST_SLEEP, max(0.0, self.clock.seconds_to_next())))

    def step(self, now: float) -> None:
        """Handle what came in, play the ticks that are due at the time `now` (s), and draw."""
        for event in pygame.event.get():
            self._handle(event)
        for _ in range(self.clock.due(now)):
            self._tick()
        if self._stale and now - self._drawn_at >= SHORTEST_DRAW:
            self._draw(now)

    def _tick(self) -> None:
        if self._left <= 0:
            return
        self.match.advance(1 / self.clock.rate)
        self._watch(self.match)
        self._left -= 1
        self._stale = True

    def _draw(self, now: float) -> None:
        view = View(
            self._difference,
            self._help,
            self.clock.paused,
            self.clock.speed,
            self._panel.sliders,
            self._chosen,
        )
        surface = pygame.display.get_surface()  # another one after each change of its size
        assert surface is not None, "the window is gone"
        self._canvas.draw(surface, self.match, view)
        pygame.display.flip()
        self._drawn_at, self._stale = now, False

    def _handle(self, event: pygame.Event) -> None:
        self._stale = True  # resized, uncovered, a key: cheaper to draw than to tell apart
        if event.type == pygame.QUIT:
            self._quit()
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._take_slider(event.pos)
        elif event.type == pygame.MOUSEMOTION and self._dragged is not None:
            self._drag_slider(event.pos)
        elif event.type == pygame.MOUSEBUTTONUP:
            self._dragged = None
        elif event.type == pygame.KEYUP:
            self.match.seats.release(pygame.key.name(event.key))
        elif event.type == pygame.KEYDOWN:
            key = pygame.key.name(event.key)
            if self.match.seats.press(key):
                return
            # By what was typed as well: '+' is another key on every keyboard.
            command = self._commands.get(key) or self._commands.get(event.unicode)
            if command:
                command()

    def _pause(self) -> None:
        self.clock.paused = not self.clock.paused

    def _single_tick(self) -> None:
        self.clock.paused = True
        self._tick()

    def _restart(self) -> None:
        self.match.restart()
        self._apply_sliders()

    def _move_slider(self, steps: int) -> None:
        if self._panel.sliders:
            self._panel.sliders[self._chosen].move(steps)
            self._apply_sliders()

    def _choose_slider(self, steps: int) -> None:
        self._chosen = (self._chosen + steps) % max(1, len(self._panel.sliders))

    def _take_slider(self, at: tuple[int, int]) -> None:
        for number, track in enumerate(self._tracks()):
            if track.inflate(16, 0).collidepoint(at):
                self._chosen = self._dragged = number
                self._drag_slider(at)

    def _drag_slider(self, at: tuple[int, int]) -> None:
        slider, track = self._panel.sliders[self._chosen], self._tracks()[self._chosen]
        slider.set(slider.low + share_at(track, at[0]) * (slider.high - slider.low))
        self._apply_sliders()

    def _tracks(self) -> list[pygame.Rect]:
        count, panels = len(self._panel.sliders), len(self.match.panels(self._difference))
        stands = places(pygame.display.get_window_size(), self.match.spec, panels, count)
        return tracks(stands[0].unionall(stands), self.match.spec, count)

    def _apply_sliders(self) -> None:
        if self._panel.sliders:
            self.match.change_dream(self._panel.apply)

    def _toggle_difference(self) -> None:
        self._difference = not self._difference and self.match.dream_frame is not None
        # Make room for the panel, unless the person has chosen a size.
        if pygame.display.get_window_size() == self._chosen_size:
            left, top = pygame.display.get_window_position()
            middle = left + self._chosen_size[0] // 2
            self._chosen_size = self._fit_window()
            pygame.display.set_window_position((max(0, middle - self._chosen_size[0] // 2), top))

    def _toggle_help(self) -> None:
        self._help = not self._help

    def _quit(self) -> None:
        self.open = False

    def _fit_window(self) -> tuple[int, int]:
        """Give the window its preferred size, and return that."""
        panels = len(self.match.panels(self._difference))
        desktop = pygame.display.get_desktop_sizes()[0]
        size = preferred_size(self.match.spec, panels, desktop, len(self._panel.sliders))
        pygame.display.set_mode(size, pygame.RESIZABLE)
        return size


def _icon(match: Match) -> pygame.Surface:
    picture = match.panels()["truth"]
    picture = enlarge(picture, max(1, 64 // max(picture.shape)))
    return pygame.surfarray.make_surface(np.swapaxes(picture, 0, 1))
