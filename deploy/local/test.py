"""`make test`: runs the checks of checks.py, each with a log of its own, and ends with a table.

    python3 deploy/local/test.py [STEP …]
"""

import sys
import threading
import time
import traceback

from checks import PHASES
from places import DEV, ROOT
from processes import running, spawn, stop, unwind_on_signals
from stack import tail
from tools import Unavailable, with_path

LOGS = DEV / "test" / "logs"
TAIL_LINES = 60


class Failed(Exception):
    """A command of a step ended with a status other than zero."""


class Step:
    """One check under way: its name, its log, and how it runs commands."""

    def __init__(self, name, check, run):
        self.name = name
        self.check = check
        self.outcome = "not run"
        self.seconds = 0.0
        self.log_path = LOGS / f"{name}.log"
        self._run = run

    def perform(self):
        began = time.monotonic()
        print(f"start   {self.name}", flush=True)
        with open(self.log_path, "w") as self.log:
            self.outcome = self._attempt()
        self.seconds = time.monotonic() - began
        print(f"{self.outcome:7} {self.name}  {self.seconds:.1f} s", flush=True)

    def _attempt(self):
        try:
            self.check(self)
            return "ok"
        except (Failed, Unavailable, SystemExit, FileNotFoundError) as fault:
            print(f"\n{type(fault).__name__}: {fault}", file=self.log)
        except Exception:
            traceback.print_exc(file=self.log)
        return "FAILED"

    def run(self, *command, cwd=ROOT, env=None, path=()):
        """Run a command into the log; anything but success fails the step."""
        command = [str(word) for word in command]
        print(f"$ {' '.join(command)}", file=self.log, flush=True)
        status = self._run(command, cwd=cwd, env=with_path(path) | (env or {}), stdout=self.log, stderr=self.log)
        if status != 0:
            raise Failed(f"{command[0]} ended with status {status}")
