"""`make demo`: from a checkout to a running CRM with demo data, until Ctrl-C. `--reset` forgets the demo's data."""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
import unicodedata

from application import Application, build, build_console, free_port_from
from places import DEV, server_home
from processes import unwind_on_signals
from stack import Stack, tail

FOLDER = DEV / "demo"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reset", action="store_true", help="remove the demo's data and end")
    options = parser.parse_args()
    unwind_on_signals()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(DEV / "demo.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit("the demo of this checkout is running; stop it first (Ctrl-C in its terminal)")
        if options.reset:
            reset()
        else:
            demo()


def demo():
    say("Building the server (minutes the first time, nothing when unchanged)")
    binary = build("demo")
    say("Building the console")
    build_console()
    say("Starting Postgres and NATS")
    named = {"database_url": os.environ.get("CHANGKE_DATABASE__URL"), "nats_url": os.environ.get("CHANGKE_NATS__URL")}
    with Stack(kind="demo", folder=stack_folder(), **named) as stack:
        port = free_port_from(int(os.environ.get("CHANGKE_DEMO_PORT", "8080")))
        listen = os.environ.get("CHANGKE_GATEWAY__LISTEN", f"127.0.0.1:{port}")
        application = Application(binary, application_folder(), stack.database_url, stack.nats_url, listen)
        say("Migrating the database")
        application.migrate()
        say("Loading demo data (the first time only)")
        application.seed()
        say("Starting Changke")
        with application.served() as server:
            welcome(application)
            try:
                while True:
                    time.sleep(0.5)
                    stack.check()
                    if server.poll() is not None:
                        sys.exit(f"changke stopped unexpectedly:\n{tail(application.log)}")
            finally:
                say("Stopping")


def reset():
    for folder in (FOLDER, stack_folder()):
        shutil.rmtree(folder, ignore_errors=True)
    print("The demo's data is gone; the next `make demo` starts afresh.")
    if os.environ.get("CHANGKE_DATABASE__URL"):
        print("The database that CHANGKE_DATABASE__URL names is yours and was not touched.")


def application_folder():
    """Secrets and sign-ins belong to a database: one that the environment names has its own."""
    named = os.environ.get("CHANGKE_DATABASE__URL")
    return FOLDER / hashlib.sha256(named.encode()).hexdigest()[:12] if named else FOLDER


def stack_folder():
    return server_home() / "demo-stack"


def welcome(application):
    print(f"\n  Changke is ready:  {application.url}      (log: {application.log.relative_to(DEV.parent)})\n")
    if application.sign_ins.exists():
        columns = ("loginName", "password", "displayName", "role")
        rows = [("sign-in", "password", "name", "role")]
        entries = json.loads(application.sign_ins.read_text())
        rows += [tuple(str(entry.get(name, "")) for name in columns) for entry in entries]
        widths = [max(shown_width(row[column]) for row in rows) for column in range(len(columns))]
        for row in rows:
            print("  " + "  ".join(text + " " * (width - shown_width(text)) for text, width in zip(row, widths)))
    print("\n  Ctrl-C stops everything; the data stays. `make demo-reset` starts over.\n", flush=True)


def shown_width(text):
    """Columns on a terminal, where a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


if __name__ == "__main__":
    main()
