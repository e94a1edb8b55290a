"""Where things stand in the window of a match, in px."""

from __future__ import annotations

import pygame

from data_gen.game import GameSpec

MARGIN = 24  # between and around the panels
HEAD = 32  # for the titles
SEATS = 44  # for who plays
FOOT = 24  # for the last line
SLIDER = 30  # for each slider
KNOB = (12, 20)  # width and height
TRACK = 0.62  # of a slider's row that its track takes, on the right
PANEL = 448  # the longer side of a panel in a window of the default size
DESKTOP_SHARE = 0.92  # of the desktop's width and height that a new window takes at most


def preferred_size(
    spec: GameSpec, panels: int, desktop: tuple[int, int], sliders: int = 0
) -> tuple[int, int]:
    """The window (width, height): panels of about PANEL px, less if the desktop is small."""
    _, height, width = spec.shape
    factor = max(1, PANEL // max(height, width))
    while factor > 1 and not _fits(_window_around(spec, panels, factor, sliders), desktop):
        factor -= 1
    return _window_around(spec, panels, factor, sliders)


def places(
    window: tuple[int, int], spec: GameSpec, panels: int, sliders: int = 0
) -> list[pygame.Rect]:
    """Where the panels stand: as large as an integer factor allows, in the middle. A frame that is
    larger than its room is made smaller, by any factor."""
    _, height, width = spec.shape
    above, below = _rims(spec, sliders)
    room_across = max(1, (window[0] - MARGIN) // panels - MARGIN)
    room_down = max(1, window[1] - above - below)
    factor = min(room_across / width, room_down / height)
    factor = int(factor) if factor >= 1 else factor
    size = max(1, int(width * factor)), max(1, int(height * factor))
    left = (window[0] - panels * (size[0] + MARGIN) + MARGIN) // 2
    top = above + (room_down - size[1]) // 2
    return [pygame.Rect((left + n * (size[0] + MARGIN), top), size) for n in range(panels)]


def seats_height(spec: GameSpec) -> int:
    """What the keys of the seats take below the panels; nothing if there are none."""
    return SEATS if any(spec.keys) else 0


def tracks(around: pygame.Rect, spec: GameSpec, sliders: int) -> list[pygame.Rect]:
    """Where sliders can be taken, below the seats' keys. around: of all panels."""
    top = around.bottom + seats_height(spec) + 8
    width = int(TRACK * around.width)
    size = (width, SLIDER)
    return [pygame.Rect((around.right - width, top + n * SLIDER), size) for n in range(sliders)]


def knob(track: pygame.Rect, share: float) -> pygame.Rect:
    """What is taken hold of, at a share of its way along the track."""
    place = pygame.Rect((0, 0), KNOB)
    place.midleft = round(track.left + share * (track.width - KNOB[0])), track.centery
    return place


def share_at(track: pygame.Rect, across: int) -> float:
    """The share of its way at which the knob's middle is `across` px; below 0 and above 1 beyond
    the ends."""
    return (across - track.left - KNOB[0] / 2) / (track.width - KNOB[0])


def _rims(spec: GameSpec, sliders: int) -> tuple[int, int]:
    """What is kept above and below the panels."""
    return MARGIN // 2 + HEAD, seats_height(spec) + sliders * SLIDER + FOOT + MARGIN // 2


def _window_around(spec: GameSpec, panels: int, factor: int, sliders: int) -> tuple[int, int]:
    _, height, width = spec.shape
    rims = sum(_rims(spec, sliders))
    return panels * (width * factor + MARGIN) + MARGIN, height * factor + rims


def _fits(size: tuple[int, int], desktop: tuple[int, int]) -> bool:
    return all(mine <= DESKTOP_SHARE * its for mine, its in zip(size, desktop, strict=True))
