"""Child processes that never outlive us.

Each leads a process group of its own, so that a terminal's Ctrl-C reaches only us and we decide the order in which
things stop. Should we be killed outright, a guard (this file run as a script) sees its pipe end and stops the rest.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

_alive = set()
_cancelled = threading.Event()
_guard_lock = threading.Lock()
_guard = None


def spawn(command, how=signal.SIGTERM, **options):
    """Start `command` in a group of its own; `how` is the signal by which the guard would ask it to stop."""
    if _cancelled.is_set():
        raise SystemExit("cancelled")
    command = [str(word) for word in command]
    options.setdefault("stdin", subprocess.DEVNULL)
    tell_guard("")
    process = subprocess.Popen(command, start_new_session=True, **options)
    tell_guard(f"{process.pid} {int(how)}\n")
    _alive.add(process)
    return process


def stop(process, how=signal.SIGTERM, seconds=20):
    """Ask `process` and its group to stop, then insist. What it left behind in its group is killed too."""
    if process.poll() is None:
        signal_group(process.pid, how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            print(f"{process.args[0]} did not stop within {seconds} s; killing it", file=sys.stderr)
    signal_group(process.pid, signal.SIGKILL)
    process.wait()
    tell_guard(f"{process.pid} 0\n")
    _alive.discard(process)


def signal_group(pid, number):
    """Whether the group led by `pid` was there to get the signal."""
    try:
        os.killpg(pid, number)
        return True
    except (ProcessLookupError, PermissionError):
        return False


@contextmanager
def running(command, **options):
    """`spawn` for the length of a `with` block."""
    process = spawn(command, **options)
    try:
        yield process
    finally:
        stop(process)


def run(command, **options):
    """Run `command` to its end and return its status; an exception in between (Ctrl-C) stops it and what it started."""
    with running(command, **options) as process:
        return process.wait()


@contextmanager
def ticking(seconds, tell):
    """Call `tell` every so many seconds for the length of a `with` block."""
    done = threading.Event()

    def tick():
        while not done.wait(seconds):
            tell()

    threading.Thread(target=tick, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def cancel():
    """Make other threads give up: what they run is asked to stop, and they can start nothing more."""
    _cancelled.set()
    for process in list(_alive):
        signal_group(process.pid, signal.SIGTERM)


def unwind_on_signals():
    """Turn the first SIGINT, SIGTERM or SIGHUP into `SystemExit`, so that every `with` block cleans up.

    Later ones are ignored: cleaning up has its own deadlines and must not be cut short by an impatient Ctrl-C.
    """
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def unwind(number, _frame):
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for name in names:
        signal.signal(name, unwind)
    if os.environ.get("MAKELEVEL"):
        threading.Thread(target=end_with_parent, args=[os.getppid()], daemon=True).start()


def end_with_parent(parent):
    """Started by make, we end with it even when it is killed outright."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def tell_guard(line):
    global _guard
    with _guard_lock:
        if _guard is None:
            options = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "start_new_session": True, "text": True}
            _guard = subprocess.Popen([sys.executable, __file__], **options)
        _guard.stdin.write(line)
        _guard.stdin.flush()


def guard():
    """Keep the list of groups that run; once our pipe ends, stop what is left of it, the last started first."""
    groups = {}
    for line in sys.stdin:
        pid, number = map(int, line.split())
        if number:
            groups[pid] = number
        else:
            groups.pop(pid, None)
    for pid, number in reversed(groups.items()):
        deadline = time.monotonic() + 15
        signal_group(pid, number)
        while time.monotonic() < deadline and signal_group(pid, 0) and not ended(pid):
            time.sleep(0.05)
        signal_group(pid, signal.SIGKILL)


def ended(pid):
    """Whether `pid` is a zombie: in a container nobody may be there to collect an orphan."""
    try:
        with open(f"/proc/{pid}/stat") as status:
            return status.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


if __name__ == "__main__":
    guard()
