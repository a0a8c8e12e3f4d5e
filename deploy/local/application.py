"""Builds `changke` and its console and serves them beside a stack: for the demo, and for tests of the whole."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import tools
from places import DEV, ROOT
from processes import run, running, spawn, stop
from stack import Stack, free_port, healthy, tail, wait_until

CONSOLE = ROOT / "services" / "console"
READY_SECONDS = 60
SCRIPT_VARIABLES = ("CHANGKE_DEMO_", "CHANGKE_TEST_")


def build(profile, log=None):
    """Build the binary in `profile` and return its path. cargo decides whether there is anything to do."""
    # For tests everything is selected, as the test runner does: with other dependencies' features left out, cargo
    # would build half of them a second time.
    selection = ["--workspace", "--all-targets"] if profile == "dev" else ["-p", "changke", "--bin", "changke"]
    command = ["cargo", "build", "--profile", profile, *selection, "--message-format", "json-render-diagnostics"]
    binary = None
    with running(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True) as cargo:
        for line in cargo.stdout:
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("executable") and message["target"]["name"] == "changke" and not message["profile"]["test"]:
                binary = Path(message["executable"])
        if cargo.wait() != 0 or not binary:
            raise SystemExit("cargo build failed")
    return binary


def build_console(log=None):
    """Build the console unless nothing of it has changed since the last time; returns the folder of its files."""
    inputs = [path for path in CONSOLE.iterdir() if path.name not in ("node_modules", "dist")]
    stamp = DEV / "console.stamp"
    done, now = tools.fresh(stamp, inputs)
    if not (done and (CONSOLE / "dist" / "index.html").exists()):
        tools.npm_ci(CONSOLE, log)
        if run(["npm", "run", "build"], cwd=CONSOLE, stdout=log, stderr=log) != 0:
            raise SystemExit("the console's build failed")
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(now)
    return CONSOLE / "dist"


class Application:
    """The binary with its settings; `folder` holds its secrets, its log and the sign-ins of the employees."""

    def __init__(self, binary, folder, database_url, nats_url, listen, settings=None, inherit=False):
        self.binary = binary
        self.folder = folder
        self.listen = listen
        self.url = f"http://{listen}"
        self.log = folder / "changke.log"
        self.sign_ins = folder / "sign-ins.json"
        folder.mkdir(parents=True, exist_ok=True)
        # What a test or a benchmark finds must not hang on the caller's settings. The scripts' own are none of the binary.
        left_out = SCRIPT_VARIABLES if inherit else ("CHANGKE_",)
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(left_out)}
        # A setting that the caller's environment names wins, except for what was decided here.
        defaults = {
            "CHANGKE_GATEWAY__CONSOLE_DIR": str(CONSOLE / "dist"),
            # Served without a certificate, where browsers keep no secure cookies.
            "CHANGKE_GATEWAY__SECURE_COOKIES": "false",
            "CHANGKE_TELEMETRY__LOG_FORMAT": "text",
            # Passkeys belong to a name, not to an address.
            "CHANGKE_IDENTITY__PUBLIC_URL": f"http://localhost:{listen.rsplit(':', 1)[1]}",
            # Events belong to a database: what another one has left on the same server must not be counted in.
            "CHANGKE_NATS__PREFIX": Path(made_once(folder / "nats-prefix", f"changke_{secrets.token_hex(6)}")).read_text(),
        }
        for name in ("CHANGKE_DATABASE__ROLE_SECRET", "CHANGKE_CLUSTER__SECRET"):
            if name not in inherited:
                defaults[f"{name}_FILE"] = made_once(folder / name.lower(), secrets.token_urlsafe(48))
        if not any(name.startswith("CHANGKE_BLOB__") for name in inherited):
            defaults["CHANGKE_BLOB__DIRECTORY"] = str(folder.absolute() / "files")
        decided = {
            "CHANGKE_DATABASE__URL": database_url,
            "CHANGKE_NATS__URL": nats_url,
            "CHANGKE_GATEWAY__LISTEN": listen,
        }
        for name in decided:
            inherited.pop(f"{name}_FILE", None)
        self.environment = defaults | inherited | decided | (settings or {})
        self.public_url = self.environment["CHANGKE_IDENTITY__PUBLIC_URL"]

    def migrate(self, log=None):
        self._run("migrate", log=log)

    def seed(self, *options, log=None):
        """Load the demo company, once for a database; again when another size is asked for, to which it may grow."""
        marker, wanted = self.folder / "seeded", " ".join(options)
        if not marker.exists() or (wanted and marker.read_text() != wanted):
            self._run("seed", "--sign-ins", self.sign_ins, *options, log=log)
            marker.write_text(wanted)

    @contextmanager
    def served(self):
        """Serve all services in one process and wait until it is ready."""
        with open(self.log, "ab") as log:
            server = spawn([self.binary, "serve"], env=self.environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            ready = f"{self.url}/health/ready"
            done = wait_until(lambda: server.poll() is not None or healthy(ready), READY_SECONDS)
            if not done or server.poll() is not None:
                raise SystemExit(f"changke did not get ready:\n{tail(self.log)}")
            yield server
        finally:
            stop(server)

    def _run(self, *command, log=None):
        # Its progress is for people; of its log only what went wrong.
        quiet = {"CHANGKE_TELEMETRY__LOG_FILTER": "warn"}
        status = run([self.binary, *command], env=self.environment | quiet, cwd=ROOT, stdout=log, stderr=log)
        if status != 0:
            raise SystemExit(f"changke {command[0]} failed with status {status}")


@contextmanager
def served_for_tests(folder, customers, log=None, settings=None):
    """A throw-away stack with a small demo company, served; yields the variables that tell a test where it is."""
    shutil.rmtree(folder, ignore_errors=True)
    with Stack() as stack:
        listen = f"127.0.0.1:{free_port()}"
        binary = build("dev", log)
        application = Application(binary, folder, stack.database_url, stack.nats_url, listen, settings)
        application.migrate(log)
        application.seed("--customers", customers, log=log)
        with application.served():
            yield {"CHANGKE_BASE_URL": application.url, "CHANGKE_SIGN_INS": str(application.sign_ins)}


def made_once(path, secret):
    """The path of a file with a secret: the one it got when it was made, `secret` if that is now."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secret)
    return str(path)


def free_port_from(first):
    """The first port from `first` on that nobody listens on."""
    last = min(first + 99, 65_535)
    for port in range(first, last + 1):
        with socket.socket() as probe:
            # As the server itself binds: a port in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    sys.exit(f"no free port between {first} and {last}")
