"""What a user did wrong, told in one line, and the end of a program that tells it."""

from __future__ import annotations

import sys
from collections.abc import Callable


class UserError(Exception):
    """What a user can mend. The message says what is wrong, what is allowed, what to do."""


def run_command(command: Callable[[], int | None]) -> None:
    """Run a command line's main function and exit: 0, or what it returns; 2 with one line for a
    UserError and for too little memory; 130 for Ctrl-C; quietly when the reader of a pipe has
    gone."""
    try:
        sys.exit(command() or 0)
    except UserError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except MemoryError as error:
        what = str(error) or "this"
        print(f"error: not enough memory for it ({what}); make it smaller", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # or Python complains once more while it shuts down
        sys.exit(141)
