"""`make test`: runs the checks of checks.py, each with a log of its own, and ends with a table.

    python3 deploy/local/test.py [STEP …]
"""

import re
import sys
import threading
import time
import traceback

from checks import PHASES
from places import DEV, ROOT
from processes import cancel, run, ticking, unwind_on_signals
from stack import tail
from tools import Unavailable, with_path

LOGS = DEV / "test" / "logs"
TAIL_LINES = 60
TICK_SECONDS = 30


class Failed(Exception):
    """A command of a step ended with a status other than zero."""


class Step:
    """One check under way: its name, its log, and how it runs commands."""

    def __init__(self, name, check):
        self.name = name
        self.check = check
        self.outcome = "not run"
        self.seconds = 0.0
        self.log_path = LOGS / f"{name}.log"

    def perform(self):
        began = time.monotonic()
        say(f"start   {self.name}")
        with open(self.log_path, "w") as self.log, ticking(TICK_SECONDS, lambda: self.tell(began)):
            self.outcome = self._attempt()
        self.seconds = time.monotonic() - began
        say(f"{self.outcome:7} {self.name}  {self.seconds:.1f} s")

    def tell(self, began):
        far = progress(self.log_path.read_text(errors="replace"))
        say(f"        {self.name}  {time.monotonic() - began:.0f} s: {far}")

    def _attempt(self):
        try:
            self.check(self)
            return "ok"
        except (Failed, Unavailable, SystemExit, FileNotFoundError) as fault:
            print(f"\n{type(fault).__name__}: {fault}", file=self.log)
        except Exception:
            traceback.print_exc(file=self.log)
        return "FAILED"

    def run(self, *command, cwd=ROOT, env=None, path=(), stdout=None):
        """Run a command into the log (its output elsewhere with `stdout`); anything but success fails the step."""
        command = [str(word) for word in command]
        print(f"$ {' '.join(command)}", file=self.log, flush=True)
        environment = with_path(path) | {"NO_COLOR": "1"} | (env or {})
        status = run(command, cwd=cwd, env=environment, stdout=stdout or self.log, stderr=self.log)
        if status != 0:
            raise Failed(f"{command[0]} ended with status {status}")


def progress(log):
    """How far a log shows its step to be: the tests that are done, or what it said last."""
    started = re.search(r"^ *Starting (\d+) tests", log, re.MULTILINE)
    if not started:
        return next((line.strip()[:100] for line in reversed(log.splitlines()) if line.strip()), "")
    # The summary names those that failed once more.
    under_way = log[started.end() :].partition("Summary [")[0]
    outcomes = re.findall(r"^ *([A-Z]+) \[ *[\d.]+s\]", under_way, re.MULTILINE)
    done = [outcome for outcome in outcomes if outcome not in ("SLOW", "TERMINATING")]
    failed = [outcome for outcome in done if outcome not in ("PASS", "LEAK")]
    return f"{len(done)} of {started[1]} tests, {len(failed)} failed"


def say(line):
    """Print a whole line at once; the lanes share the terminal."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main():
    wanted = set(sys.argv[1:])
    phases = [[[Step(*entry) for entry in lane] for lane in lanes] for lanes in PHASES]
    steps = [step for lanes in phases for lane in lanes for step in lane]
    unknown = wanted - {step.name for step in steps}
    if unknown:
        sys.exit(f"no step {', '.join(sorted(unknown))}; there are: {', '.join(step.name for step in steps)}")
    selected = [step for step in steps if not wanted or step.name in wanted]
    unwind_on_signals()
    LOGS.mkdir(parents=True, exist_ok=True)
    say(f"{len(selected)} steps; the log of each is {LOGS.relative_to(ROOT)}/STEP.log")
    try:
        for lanes in phases:
            run_phase([[step for step in lane if step in selected] for lane in lanes])
    finally:
        report(selected)
    sys.exit(any(step.outcome != "ok" for step in selected))


def run_phase(lanes):
    """Run the lanes side by side. An interruption stops what they run before it goes on upwards."""

    # Events, because a `Thread.join` that a signal's exception interrupts takes the thread for finished.
    finished = [threading.Event() for _ in lanes]

    def run_lane(lane, done):
        try:
            for step in lane:
                step.perform()
        finally:
            done.set()

    for lane, done in zip(lanes, finished):
        threading.Thread(target=run_lane, args=[lane, done], daemon=True).start()
    try:
        for done in finished:
            done.wait()
    except BaseException:
        cancel()
        for done in finished:
            done.wait(60)
        raise


def report(steps):
    failed = [step for step in steps if step.outcome != "ok"]
    for step in failed:
        if step.log_path.exists():
            print(f"\n{step.name}: the end of {step.log_path.relative_to(ROOT)}")
            print(tail(step.log_path, TAIL_LINES))
    width = max(len(step.name) for step in steps)
    print()
    for step in steps:
        print(f"{step.name:{width}}  {step.outcome:7}  {step.seconds:7.1f} s")
    print(f"\n{len(steps) - len(failed)} passed, {len(failed)} failed", flush=True)


if __name__ == "__main__":
    main()
