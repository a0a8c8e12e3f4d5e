"""Child processes that never outlive us: each leads its own process group, is stopped in order by the code that
started it, and on Linux gets a signal from the kernel should we be killed outright.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

_alive = set()
_cancelled = threading.Event()


def spawn(command, death_signal=signal.SIGTERM, **options):
    """Start `command` in a group of its own.

    The kernel sends `death_signal` when the *thread* that called this ends, so a thread that starts a child waits
    for it. An own group keeps a terminal's Ctrl-C away from the child: we decide the order in which things stop.
    """
    parent = os.getpid()

    def tie_to_parent():
        if LIBC:
            LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    if _cancelled.is_set():
        raise SystemExit("cancelled")
    command = [str(word) for word in command]
    process = subprocess.Popen(command, start_new_session=True, preexec_fn=tie_to_parent, **options)
    _alive.add(process)
    return process


def stop(process, how=signal.SIGTERM, seconds=20):
    """Ask `process` to stop, then insist. What it left behind in its group is killed too."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            print(f"{process.args[0]} did not stop within {seconds} s; killing it", file=sys.stderr)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()
    _alive.discard(process)


def cancel():
    """Make other threads give up: what they run is asked to stop, and they can start nothing more."""
    _cancelled.set()
    for process in list(_alive):
        if process.poll() is None:
            process.terminate()


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
    # Started by make, we end with it even when it is killed outright.
    if LIBC and os.environ.get("MAKELEVEL"):
        LIBC.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
