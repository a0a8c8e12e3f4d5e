"""An SMTP server for tests: `smtp_server.py [REFUSED]` serves on a free port until its input ends.

Prints a line of JSON for what happens: its port first, then each message that it took. It turns the first REFUSED
messages away, for now, as a server does that is busy.
"""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

import tools
from processes import running


@contextmanager
def serving(path, log=None):
    """Serves in a process of its own that writes its lines to `path`; yields the URL to send to."""
    from stack import wait_until

    with open(path, "wb") as lines:
        command = [sys.executable, __file__]
        with running(command, stdin=subprocess.PIPE, stdout=lines, stderr=log) as server:
            done = wait_until(lambda: server.poll() is not None or path.read_bytes().endswith(b"\n"))
            if not done or server.poll() is not None:
                raise SystemExit("the SMTP server did not start")
            yield f"smtp://127.0.0.1:{json.loads(path.read_text().splitlines()[0])['port']}"


def main():
    if "aiosmtpd" not in os.environ.get("CHANGKE_SMTP_TEST", ""):
        python = tools.python_tools(sys.stderr)
        os.execve(python, [python, *sys.argv], os.environ | {"CHANGKE_SMTP_TEST": "aiosmtpd"})
    serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def serve(refused):
    from email import message_from_bytes, policy

    from aiosmtpd.controller import Controller

    class Handler:
        left = refused

        async def handle_DATA(self, server, session, envelope):
            if self.left > 0:
                self.left -= 1
                say({"refused": envelope.rcpt_tos})
                return "451 4.3.2 try again later"
            message = message_from_bytes(envelope.content, policy=policy.default)
            parts = {part.get_content_type(): part.get_content() for part in message.walk() if not part.is_multipart()}
            say({"to": envelope.rcpt_tos, "subject": message["subject"], "parts": parts})
            return "250 2.0.0 taken"

    from stack import free_port

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    say({"port": controller.port})
    sys.stdin.read()
    controller.stop()


def say(what):
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main()
