"""Where things lie: the checkout, `.dev`, and the user that Postgres runs as.

Postgres refuses to run as root, so under root it runs as `nobody`; its binaries and data then have to lie where
that user can reach them, which a checkout under /root is not. Used by every other script of this folder.
"""

import hashlib
import os
import pwd
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / ".dev"


@cache
def server_user():
    """Keyword arguments for `subprocess` that make a server run unprivileged; empty unless we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@cache
def server_home():
    """A folder that `server_user` can reach: `.dev` where possible, otherwise one in /var/tmp for this checkout."""
    make_reachable(DEV)
    probe = subprocess.run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(DEV)], cwd="/", **server_user())
    if probe.returncode == 0:
        return DEV
    home = Path("/var/tmp") / f"changke-{hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:12]}"
    make_reachable(home)
    if home.is_symlink() or home.stat().st_uid != os.geteuid():
        raise SystemExit(f"{home} belongs to somebody else; remove it and try again")
    return home


def make_reachable(folder):
    """Create `folder` so that other users can pass through it, whatever the umask says."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(0o755)


def give_to_server(folder):
    """Make `folder` the server user's own and nobody else's."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    user = server_user()
    if user:
        os.chown(folder, user["user"], user["group"])
