"""Postgres and NATS JetStream on free local ports, as a context manager and as a command.

    with Stack(kind="bench") as stack:
        use(stack.database_url, stack.nats_url)

    python3 deploy/local/stack.py run -- cargo nextest run -p platform
    python3 deploy/local/stack.py up --dir /tmp/my-stack
"""

import argparse
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import fetch
from places import give_to_server, make_reachable, server_home, server_user
from processes import run, spawn, stop, unwind_on_signals

START_SECONDS = 60

# Every cluster has room for many parallel tests, each with a pool of its own.
SETTINGS = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "300"}
# A test's data dies with the test, so nothing waits for the disk; a demo and a benchmark wait as production does.
SETTINGS_BY_KIND = {
    "test": {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "shared_buffers": "256MB",
    },
    "bench": {"shared_buffers": "512MB", "max_wal_size": "4GB", "shared_preload_libraries": "pg_stat_statements"},
    "demo": {"shared_buffers": "256MB", "max_wal_size": "2GB"},
}


class Stack:
    """A Postgres and a NATS server, from `__enter__` to `__exit__`.

    `kind` is "test" (durability off), "bench" or "demo" (durability on). Without `folder` the data is thrown away
    at the end; with it, it stays. While running, `database_url` is the superuser's URL of the database `postgres`,
    and `nats_url` carries its password; `process_ids` names both servers' processes. A server that somebody else
    runs is left out by naming its URL.
    """

    def __init__(self, kind="test", folder=None, database_url=None, nats_url=None):
        self.kind = kind
        self.throw_away = folder is None
        self.folder = Path(folder).resolve() if folder else None
        self.database_url = database_url
        self.nats_url = nats_url
        self._servers = []

    @property
    def process_ids(self):
        return {name: server.pid for name, server, _ in self._servers}

    def __enter__(self):
        try:
            self._claim_folder()
            if not self.database_url:
                self._start_postgres()
            if not self.nats_url:
                self._start_nats()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stop both servers, the last started first, and remove what was meant to be thrown away."""
        while self._servers:
            _, server, how = self._servers.pop()
            stop(server, how)
        if self.throw_away and self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        """The variables by which the integration tests find their servers."""
        return {"CHANGKE_TEST_DATABASE_URL": self.database_url, "CHANGKE_TEST_NATS_URL": self.nats_url}

    def check(self):
        """Raise when a server has died."""
        for name, server, _ in self._servers:
            if server.poll() is not None:
                raise SystemExit(f"{name} stopped unexpectedly:\n{tail(self.folder / f'{name}.log')}")

    def _claim_folder(self):
        if self.throw_away:
            runs = server_home() / "run"
            make_reachable(runs)
            with fetch.locked(runs.with_suffix(".lock")):
                sweep(runs)
                self.folder = Path(tempfile.mkdtemp(prefix=f"{self.kind}-", dir=runs))
                self._lock_folder()
        else:
            self._lock_folder()
        password = self.folder / "password"
        if not password.exists():
            write_for_server(password, secrets.token_urlsafe(24))
        self._password = password.read_text()

    def _lock_folder(self):
        give_to_server(self.folder)
        self._lock = open(self.folder / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit(f"{self.folder} is in use by another run") from None

    def _start_postgres(self):
        binaries = fetch.postgres() / "bin"
        data = self.folder / "postgres"
        log = self.folder / "postgres.log"
        if not data.exists():
            self._create_cluster(binaries, data, log)
        wait_for_predecessor(data)
        settings = SETTINGS | SETTINGS_BY_KIND[self.kind]
        how = signal.SIGQUIT if self.throw_away else signal.SIGINT
        for _ in range(3):
            port = free_port()
            command = [binaries / "postgres", "-D", data, "-p", port]
            for name, value in settings.items():
                command += ["-c", f"{name}={value}"]
            server = self._serve("postgres", command, how)
            probe = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-d", "postgres"]
            if wait_until(lambda: server.poll() is not None or subprocess.run(probe).returncode == 0):
                if server.poll() is None:
                    self.database_url = f"postgres://postgres:{self._password}@127.0.0.1:{port}/postgres"
                    return
            stop(server, how)
            self._servers.pop()
            # Somebody may have taken the port between our look and the server's: only then is another try of use.
            if "could not create any TCP/IP sockets" not in tail(log):
                break
        raise SystemExit(f"Postgres did not start:\n{tail(log)}")

    def _create_cluster(self, binaries, data, log):
        scratch = data.with_suffix(".new")
        shutil.rmtree(scratch, ignore_errors=True)
        # Character classes know Chinese; order is by code point.
        command = [binaries / "initdb", "-D", scratch, "-U", "postgres", "--encoding=UTF8", "--locale=C"]
        command += [f"--lc-ctype={unicode_locale()}", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--auth=scram-sha-256", f"--pwfile={self.folder / 'password'}"]
        command += ["--no-sync"] if self.kind == "test" else []
        with open(log, "ab") as output:
            status = run(command, cwd="/", stdout=output, stderr=output, **server_user())
        if status != 0:
            raise SystemExit(f"Postgres could not create its files:\n{tail(log)}")
        scratch.rename(data)

    def _start_nats(self):
        store = self.folder / "nats"
        give_to_server(store)
        for stale in store.glob("*.ports"):
            stale.unlink()
        configuration = {
            "server_name": "changke-local",
            "host": "127.0.0.1",
            "port": -1,
            "http": "127.0.0.1:-1",
            "ports_file_dir": str(store),
            "jetstream": {"store_dir": str(store), "max_mem": 256 << 20, "max_file": 8 << 30},
            "authorization": {"user": "changke", "password": self._password},
        }
        write_for_server(self.folder / "nats.json", json.dumps(configuration))
        server = self._serve("nats", [fetch.nats_server(), "-c", self.folder / "nats.json"], signal.SIGTERM)
        # The server picks free ports itself and writes them down.
        if not wait_until(lambda: server.poll() is not None or any(store.glob("*.ports"))) or server.poll() is not None:
            raise SystemExit(f"NATS did not start:\n{tail(self.folder / 'nats.log')}")
        ports = json.loads(next(store.glob("*.ports")).read_text())
        if not wait_until(lambda: healthy(f"{ports['monitoring'][0]}/healthz")):
            raise SystemExit(f"JetStream did not get ready:\n{tail(self.folder / 'nats.log')}")
        address = ports["nats"][0].removeprefix("nats://")
        self.nats_url = f"nats://changke:{self._password}@{address}"

    def _serve(self, name, command, how):
        with open(self.folder / f"{name}.log", "ab") as log:
            options = {"cwd": "/", "stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **server_user()}
            server = spawn(command, how=how, **options)
        self._servers.append((name, server, how))
        return server


def sweep(runs):
    """Remove throw-away folders whose run was killed before it could."""
    for folder in runs.iterdir():
        try:
            with open(folder / "lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except (BlockingIOError, FileNotFoundError):
            continue


def write_for_server(path, text):
    """Write a file that only the server user (and root) can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    user = server_user()
    if user:
        os.chown(path, user["user"], user["group"])


def wait_for_predecessor(data):
    """After a killed run its Postgres is still shutting down; the next one waits for it."""

    def gone():
        try:
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), 0)
        except (OSError, IndexError, ValueError):
            return True
        return False

    wait_until(gone, seconds=15)


def unicode_locale():
    """A locale of this machine whose character classes cover all of Unicode."""
    import locale

    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "zh_CN.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
                return name
            except locale.Error:
                continue
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise SystemExit("no UTF-8 locale found; install one of C.UTF-8, en_US.UTF-8, zh_CN.UTF-8")


def wait_until(condition, seconds=START_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def healthy(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path, lines=20):
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return f"(no {path.name})"


def main():
    parser = argparse.ArgumentParser(description="Postgres and NATS for development")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run_verb = verbs.add_parser("run", help="run a command beside a throw-away stack, then tear it down")
    run_verb.add_argument("command", nargs=argparse.REMAINDER, help="-- COMMAND …")
    up_verb = verbs.add_parser("up", help="print the addresses and serve until Ctrl-C")
    up_verb.add_argument("--dir", type=Path, help="keep the data in this folder")
    for verb in (run_verb, up_verb):
        verb.add_argument("--kind", choices=sorted(SETTINGS_BY_KIND), default="test")
    options = parser.parse_args()

    unwind_on_signals()
    if options.verb == "run":
        command = options.command[1:] if options.command[:1] == ["--"] else options.command
        if not command:
            parser.error("run needs a command")
        with Stack(kind=options.kind) as stack:
            sys.exit(run(command, env=os.environ | stack.environment(), stdin=None))
    with Stack(kind=options.kind, folder=options.dir) as stack:
        for name, value in stack.environment().items():
            print(f"export {name}={value}", flush=True)
        while True:
            time.sleep(1)
            stack.check()


if __name__ == "__main__":
    main()
