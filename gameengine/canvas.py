"""What the window of a match looks like: panels, who plays, the keys, and the help above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from data_gen.game import GameSpec
from data_gen.pictures import ALARM, INK, PAPER, Picture
from data_gen.registry import played_by
from gameengine.clock import SPEEDS
from gameengine.layout import FOOT, MARGIN, SEATS, SLIDER, knob, places, seats_height, tracks
from gameengine.lettering import CAP, CAP_HEIGHT, LARGE, NORMAL, RIM, SMALL, Colour, Lettering
from gameengine.match import Match
from gameengine.seats import PATIENCE
from gameengine.sliders import Slider

QUIET: Colour = (118, 120, 130)  # text that can wait
CALM: Colour = (38, 118, 88)  # the dream is true
BORDER = 4  # px, around a dream that has parted from the truth
VEIL = (*PAPER, 200)  # over all that is behind the help

DIFFERENCE = "d"
HELP = (  # keys, what they do
    (("p", "space"), "pause, go on"),
    ((".",), "one tick, then pause"),
    (("+", "-"), f"faster, slower: x{SPEEDS[0]:g} to x{SPEEDS[-1]:g}"),
    (("r",), "restart, from the next seed"),
    ((DIFFERENCE,), "difference: wrong pixels in red"),
    (("h",), "this help"),
    (("esc",), "quit, as does q"),
)
SLIDER_HELP = (
    (("[", "]"), "move the slider, as free arrows and the mouse do"),
    (("tab",), "the next slider"),
)
SLIDER_HINT = ("[ ]", "slider")
HINTS = (  # as many as there is room for, the first ones first
    ("h", "help"),
    ("p", "pause"),
    ("r", "restart"),
    (DIFFERENCE, "difference"),
    ("+ -", "speed"),
    (".", "one tick"),
    ("esc", "quit"),
)


@dataclass(frozen=True)
class View:
    """What is shown besides the match."""

    difference: bool = False
    help: bool = False
    paused: bool = False
    speed: float = 1.0
    sliders: Sequence[Slider] = ()
    chosen: int = 0  # the slider that keys move

    @property
    def tuned(self) -> bool:
        """The dream is another game than the truth, as the person wanted."""
        return any(slider.value for slider in self.sliders)


class Canvas:
    """Draws matches of one game. pygame's font module must be initialised."""

    def __init__(self, spec: GameSpec) -> None:
        self._spec = spec
        self._lettering = Lettering()

    def draw(self, surface: pygame.Surface, match: Match, view: View) -> None:
        """Draw everything onto `surface`, whatever its size."""
        surface.fill(PAPER)
        panels = match.panels(view.difference)
        stands = places(surface.get_size(), self._spec, len(panels), len(view.sliders))
        for place, (title, picture) in zip(stands, panels.items(), strict=True):
            parted = title == "dream" and match.parted_at is not None and not view.tuned
            _draw_panel(surface, place, picture, ALARM if parted else None)
            self._title(surface, place, title, *_note(match, view, title))
        around = stands[0].unionall(stands)
        if any(self._spec.keys):
            self._seats(surface, around, match)
        self._sliders(surface, around, view)
        self._last_line(surface, around, match, view)
        if view.help:
            self._help(surface, match, view)

    def _title(
        self, surface: pygame.Surface, panel: pygame.Rect, title: str, note: str, colour: Colour
    ) -> None:
        """The title above the left end of a panel, the note above its right end."""
        written = self._lettering.text(title, LARGE)
        noted = self._lettering.text(note, NORMAL, colour)
        place = noted.get_rect(bottomright=(panel.right, panel.top - 7))
        # The note matters more than the title when there is no room for both.
        if panel.left + written.get_width() + 8 < place.left:
            surface.blit(written, written.get_rect(bottomleft=(panel.left, panel.top - 5)))
        surface.blit(noted, place)

    def _seats(self, surface: pygame.Surface, around: pygame.Rect, match: Match) -> None:
        """The keys of every seat and who plays it, spread evenly below the panels."""
        persons, count = match.seats.persons(), self._spec.taken
        middle = around.bottom + SEATS // 2 + 4
        taken = list(zip(self._spec.players, self._spec.keys, strict=True))[:count]
        for seat, (name, keys) in enumerate(taken):
            left = around.left + seat * (around.width + MARGIN) // count
            caps = self._lettering.caps(tuple(keys), match.seats.held(seat))
            place = surface.blit(caps, caps.get_rect(midleft=(left, middle)))
            mine = seat in persons
            who = f"{name}: {'you' if mine else 'tracker'}"
            written = self._lettering.text(who, NORMAL, INK if mine else QUIET)
            surface.blit(written, written.get_rect(midleft=(place.right + 11, middle)))

    def _sliders(self, surface: pygame.Surface, around: pygame.Rect, view: View) -> None:
        """A row for each: its name, and a track with a knob, dark where keys move it."""
        rows = tracks(around, self._spec, len(view.sliders))
        for number, (slider, track) in enumerate(zip(view.sliders, rows, strict=True)):
            ink = INK if number == view.chosen else QUIET
            name = self._lettering.text(f"{slider.name}: {slider.value:.2f}", NORMAL, ink)
            surface.blit(name, name.get_rect(midleft=(around.left, track.centery)))
            line = pygame.Rect(track.left, track.centery - 2, track.width, 4)
            pygame.draw.rect(surface, RIM, line, border_radius=2)
            pygame.draw.rect(surface, ink, knob(track, slider.share), border_radius=5)

    def _last_line(
        self, surface: pygame.Surface, around: pygame.Rect, match: Match, view: View
    ) -> None:
        """Where the match is on the left; on the right the keys to know, if there is room."""
        below = seats_height(self._spec) + len(view.sliders) * SLIDER
        middle = around.bottom + below + FOOT // 2 + 4
        where = (
            f"{played_by(match.spec)}   tick {match.tick:,}   x{view.speed:g}   seed {match.seed}"
        )
        written = self._lettering.text(where, SMALL, QUIET)
        surface.blit(written, written.get_rect(midleft=(around.left, middle)))
        room = around.width - written.get_width() - MARGIN
        tune = [SLIDER_HINT] if view.sliders else []
        hints = tune + [
            hint for hint in HINTS if hint[0] != DIFFERENCE or match.dream_frame is not None
        ]
        for count in range(len(hints), 0, -1):
            drawn = self._lettering.hints(hints[:count], QUIET)
            if drawn.get_width() <= room:
                surface.blit(drawn, drawn.get_rect(midright=(around.right, middle)))
                break

    def _help(self, surface: pygame.Surface, match: Match, view: View) -> None:
        """A card in the middle with all keys, above what is dimmed."""
        veil = pygame.Surface(surface.get_size(), pygame.SRCALPHA)
        veil.fill(VEIL)
        surface.blit(veil, (0, 0))
        rows = [
            (self._lettering.caps(keys), self._lettering.text(text))
            for keys, text in (
                *_seat_help(self._spec),
                *(SLIDER_HELP if view.sliders else ()),
                *HELP,
            )
            if keys != (DIFFERENCE,) or match.dream_frame is not None
        ]
        rule = f"A seat whose keys rest for {PATIENCE:g} s goes to the tracker."
        footnote = self._lettering.text(rule if any(self._spec.keys) else "", SMALL, QUIET)
        indent = max(caps.get_width() for caps, _ in rows) + 18
        width = max(footnote.get_width(), indent + max(text.get_width() for _, text in rows))
        line = CAP_HEIGHT + 8
        card = pygame.Rect(0, 0, width + 56, line * len(rows) + footnote.get_height() + 56)
        card.center = surface.get_rect().center
        pygame.draw.rect(surface, CAP, card, border_radius=10)
        pygame.draw.rect(surface, RIM, card, 1, border_radius=10)
        left, middle = card.left + 28, card.top + 24 + line // 2
        for caps, text in rows:
            surface.blit(caps, caps.get_rect(midleft=(left, middle)))
            surface.blit(text, text.get_rect(midleft=(left + indent, middle)))
            middle += line
        surface.blit(footnote, (left, middle - line // 2 + 8))


def _note(match: Match, view: View, title: str) -> tuple[str, Colour]:
    """What stands beside the title of a panel."""
    if title == "truth":
        return "paused" if view.paused else "", INK
    if title == "dream" and view.tuned:
        return "another game", QUIET
    if title == "dream":
        return match.verdict(), CALM if match.parted_at is None else ALARM
    wrong = match.wrong_pixels()
    return f"{wrong:,} wrong pixel{'' if wrong == 1 else 's'}", ALARM if wrong else QUIET


def _seat_help(spec: GameSpec) -> list[tuple[tuple[str, ...], str]]:
    """For each seat with keys: those, and what they do."""
    return [
        (tuple(keys), f"{player}: {', '.join(spec.actions[action] for action in keys.values())}")
        for player, keys in zip(spec.players, spec.keys, strict=True)
        if keys
    ]


def _draw_panel(
    surface: pygame.Surface, place: pygame.Rect, picture: Picture, border: Colour | None
) -> None:
    """Enlarge picture (H, W, 3) to `place`; nearest neighbour, so that nothing is blurred."""
    height, width, _ = picture.shape
    small = pygame.image.frombuffer(picture.tobytes(), (width, height), "RGB")
    if border:
        pygame.draw.rect(surface, border, place.inflate(2 * BORDER, 2 * BORDER), border_radius=3)
    surface.blit(pygame.transform.scale(small, place.size), place)
