"""Pong as it is often written: an object for each thing, one game at a time, drawn with OpenCV.

A baseline for the generators' benchmark, by the rules of data_gen/games/pong.py in whole pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from data_gen.games.pong import BALL, DOWN, LEFT_PADDLE, RIGHT_PADDLE, SCORE, UP, WINNING, ZONES

SIZE, TALL = 32, 7
FIELD = SIZE - 1  # rows below the score


class Thing:
    """A rectangle of one colour; x, y are of its upper left pixel, in the field."""

    def __init__(self, x: int, y: int, width: int, height: int, colour: int) -> None:
        self.x, self.y, self.width, self.height, self.colour = x, y, width, height, colour

    def draw(self, frame: NDArray[np.uint8]) -> None:
        corner = (self.x + self.width - 1, self.y + self.height)
        cv2.rectangle(frame, (self.x, self.y + 1), corner, self.colour, -1)


class Paddle(Thing):
    def move(self, action: int) -> None:
        self.y += 2 * ((action == DOWN) - (action == UP))
        self.y = min(max(self.y, 0), FIELD - self.height)

    def zone(self, ball: Ball) -> int | None:
        """Where the ball hits, 0 at the top to 4 at the bottom."""
        offset, contacts = ball.y - self.y + ball.height - 1, self.height + ball.height - 1
        if not 0 <= offset < contacts:
            return None
        return min((2 * offset + 1) * ZONES // (2 * contacts), ZONES - 1)


class Ball(Thing):
    def __init__(self) -> None:
        super().__init__(15, 14, 2, 2, BALL)
        self.side, self.rise = 1, 0

    def move(self, left: Paddle, right: Paddle) -> None:
        paddle = left if self.side < 0 else right
        distance = self.x - 3 if self.side < 0 else SIZE - 5 - self.x
        travel = 1
        if 0 <= distance < travel:
            zone = paddle.zone(self)
            if zone is not None:
                self.rise, travel = zone - 2, 2 * distance - travel
                self.x += self.side * travel
                self.side, travel = -self.side, 0
        self.x += self.side * travel
        self.y += self.rise
        lowest = FIELD - self.height
        if not 0 <= self.y <= lowest:
            self.y = -self.y if self.y < 0 else 2 * lowest - self.y
            self.rise = -self.rise


class ObjectPong:
    def __init__(self) -> None:
        self.left = Paddle(1, 12, 2, TALL, LEFT_PADDLE)
        self.right = Paddle(SIZE - 3, 12, 2, TALL, RIGHT_PADDLE)
        self.ball, self.score = Ball(), [0, 0]

    def step(self, actions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """One tick. actions (2,). Returns the frame (32, 32)."""
        self.left.move(int(actions[0]))
        self.right.move(int(actions[1]))
        self.ball.move(self.left, self.right)
        if not 0 <= self.ball.x <= SIZE - self.ball.width:
            self._serve(scorer=int(self.ball.x < 0))
        frame = np.zeros((SIZE, SIZE), np.uint8)
        for seat, points in enumerate(self.score):
            for point in range(points):
                column = 1 + 2 * point if seat == 0 else SIZE - 2 - 2 * point
                Thing(column, -1, 1, 1, SCORE).draw(frame)
        for thing in (self.left, self.right, self.ball):
            thing.draw(frame)
        return frame

    def _serve(self, scorer: int) -> None:
        self.score[scorer] += 1
        if self.score[scorer] >= WINNING:
            self.score = [0, 0]
        self.ball = Ball()
        self.ball.side = 1 if sum(self.score) % 2 == 0 else -1
        self.ball.rise = (2 * self.score[0] + self.score[1]) % 5 - 2
