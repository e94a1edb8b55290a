"""The budget's clock."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any, cast

from gameengine.budget import Budget

STOPPED = 1.0  # seconds


def test_time_stopped_does_not_count() -> None:
    budget, trainer = Budget(minutes=1.0), cast(Any, SimpleNamespace(global_step=1))
    handler = signal.getsignal(signal.SIGCONT)
    budget.on_train_start(trainer, cast(Any, None))
    time.sleep(0.1)
    budget.on_train_batch_end(trainer, cast(Any, None), None, None, 0)
    go_on = f"import os, time; time.sleep({STOPPED}); os.kill({os.getpid()}, {signal.SIGCONT:d})"
    with subprocess.Popen([sys.executable, "-c", go_on]):
        os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.1)
    budget.on_train_end(trainer, cast(Any, None))
    assert 0.2 <= budget.seconds < 0.2 + STOPPED
    assert signal.getsignal(signal.SIGCONT) == handler
