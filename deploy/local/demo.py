"""`make demo`: from a checkout to a running CRM with demo data, until Ctrl-C. `--reset` forgets the demo's data.

CHANGKE_DEMO_PORT is the first port to try, CHANGKE_DEMO_CUSTOMERS the size of the company. A database and a NATS server
that CHANGKE_DATABASE__URL and CHANGKE_NATS__URL name (or files that their `…_FILE` name) are used instead of own ones.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import sys
import time
import unicodedata
from pathlib import Path

from application import Application, build, build_console, free_port_from
from places import DEV, server_home
from processes import unwind_on_signals
from stack import Stack, tail

FOLDER = DEV / "demo"
DATABASE = "CHANGKE_DATABASE__URL"
NATS = "CHANGKE_NATS__URL"


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
    # What is wrong with them is said before minutes go by.
    first_port = number("CHANGKE_DEMO_PORT", 8080, 65_535)
    customers = number("CHANGKE_DEMO_CUSTOMERS", None, 10_000_000)
    database_url, nats_url = named(DATABASE), named(NATS)
    say("Building the server (minutes the first time, nothing when unchanged)")
    binary = build("demo")
    say("Building the console")
    build_console()
    say("Starting Postgres and NATS")
    with Stack(kind="demo", folder=stack_folder(), database_url=database_url, nats_url=nats_url) as stack:
        listen = os.environ.get("CHANGKE_GATEWAY__LISTEN") or f"127.0.0.1:{free_port_from(first_port)}"
        urls = (stack.database_url, stack.nats_url)
        application = Application(binary, application_folder(database_url), *urls, listen, inherit=True)
        say("Migrating the database")
        application.migrate()
        say("Loading demo data (the first time only)")
        application.seed(*(["--customers", str(customers)] if customers else []))
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
    prefix = FOLDER / "nats-prefix"
    own = f"*{prefix.read_text()}*" if prefix.exists() else ""
    # What is ours are files; each database that somebody else runs has a folder.
    kept = [entry for entry in FOLDER.iterdir() if entry.is_dir()]
    for entry in set(FOLDER.iterdir()) - set(kept):
        entry.unlink()
    if not kept:
        shutil.rmtree(stack_folder(), ignore_errors=True)
    else:
        # Their events may lie in our NATS.
        shutil.rmtree(stack_folder() / "postgres", ignore_errors=True)
        for stream in (stack_folder() / "nats").glob(f"jetstream/*/streams/{own}") if own else []:
            shutil.rmtree(stream)
    print("The demo's data is gone; the next `make demo` starts afresh.")
    if kept:
        print("Databases that you named are yours and were not touched. Their secrets and sign-ins stay here;")
        print("remove the folder of one that you have emptied:")
        print("\n".join(f"  {entry.relative_to(DEV.parent)}" for entry in kept))


def number(variable, default, most):
    text = os.environ.get(variable)
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        sys.exit(f"{variable}={text}: a number from 1 to {most} is needed")
    return int(text)


def named(variable):
    """What a variable says, or the file that its `…_FILE` names; nothing without either."""
    text, path = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if text and path:
        sys.exit(f"{variable} and {variable}_FILE are both set; one is enough")
    if not path:
        return text
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as fault:
        sys.exit(f"{variable}_FILE: {fault}")


def application_folder(database_url):
    """Secrets, sign-ins and events belong to a database: one that the environment names has its own."""
    return FOLDER / hashlib.sha256(database_url.encode()).hexdigest()[:12] if database_url else FOLDER


def stack_folder():
    return server_home() / "demo-stack"


def welcome(application):
    print(f"\n  Changke is ready:  {application.public_url}      (log: {application.log.relative_to(DEV.parent)})\n")
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
