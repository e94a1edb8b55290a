"""Pong as it is often written: an object for each thing, one game at a time, drawn with OpenCV.

A baseline for the generators' benchmark: not the rules of Pong here, only as much work.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 32


class Paddle:
    def __init__(self, x: int) -> None:
        self.x, self.y, self.height = x, 12, 7

    def move(self, action: int) -> None:
        self.y = min(max(self.y + 2 * ((action == 2) - (action == 1)), 1), SIZE - self.height)

    def draw(self, frame: NDArray[np.uint8]) -> None:
        cv2.rectangle(frame, (self.x, self.y), (self.x + 1, self.y + self.height - 1), 255, -1)


class Ball:
    def __init__(self) -> None:
        self.x, self.y, self.vx, self.vy = 15, 15, 1, 1

    def move(self, paddles: list[Paddle]) -> None:
        self.x, self.y = self.x + self.vx, self.y + self.vy
        if not 1 <= self.y <= SIZE - 2:
            self.vy = -self.vy
        for paddle in paddles:
            if abs(self.x - paddle.x) <= 1 and paddle.y - 1 <= self.y <= paddle.y + paddle.height:
                self.vx = -self.vx
        if not 0 <= self.x <= SIZE - 2:
            self.x, self.y = 15, 15

    def draw(self, frame: NDArray[np.uint8]) -> None:
        cv2.rectangle(frame, (self.x, self.y), (self.x + 1, self.y + 1), 255, -1)


class ObjectPong:
    def __init__(self) -> None:
        self.paddles, self.ball = [Paddle(1), Paddle(29)], Ball()

    def step(self, actions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """One tick. actions (2,). Returns the frame (32, 32)."""
        for paddle, action in zip(self.paddles, actions, strict=True):
            paddle.move(int(action))
        self.ball.move(self.paddles)
        frame = np.zeros((SIZE, SIZE), np.uint8)
        for thing in (*self.paddles, self.ball):
            thing.draw(frame)
        return frame
