"""What the Helm chart renders, and which settings the code knows: what chart_check.py and compose_check.py look at."""

import re
import subprocess
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "changke"
VARIANTS = {
    "default": [],
    "hospital": [CHART / "values-hospital.yaml"],
    "insurer": [CHART / "values-insurer.yaml"],
    "all options": [CHART / "ci" / "all-options-values.yaml"],
}
# The oldest that the chart allows.
KUBERNETES = "1.30"


def helm(*arguments):
    return subprocess.run(["helm", *map(str, arguments)], capture_output=True, text=True)


def template(files=(), settings=()):
    options = [option for setting in settings for option in ("--set-json", setting)]
    common = ["--namespace", "crm", "--kube-version", KUBERNETES]
    return helm("template", "changke", CHART, *common, *values(files), *options)


@cache
def notes(variant):
    """What Helm tells whoever installs a variant. `helm template` leaves it out."""
    common = ["--namespace", "crm", "--dry-run=client"]
    done = helm("install", "changke", CHART, *common, *values(VARIANTS[variant]))
    if done.returncode != 0:
        raise AssertionError(f"{variant} does not install:\n{done.stderr}")
    return done.stdout.partition("\nNOTES:\n")[2]


class Manifests:
    """What a variant renders, by kind and name."""

    def __init__(self, text):
        self.text = text
        self.all = [manifest for manifest in yaml.safe_load_all(text) if manifest]

    def of(self, kind):
        return {manifest["metadata"]["name"]: manifest for manifest in self.all if manifest["kind"] == kind}

    def component(self, kind):
        """By the name of the service that each belongs to."""
        manifests = [manifest for manifest in self.all if manifest["kind"] == kind]
        return {component_of(manifest): manifest for manifest in manifests if component_of(manifest)}

    @property
    def workloads(self):
        return self.component("Deployment") | self.component("Job")

    @property
    def services(self):
        return set(self.component("Deployment"))

    @property
    def backends(self):
        return self.services - {"gateway"}


def values(files):
    return [option for file in files for option in ("--values", file)]


def component_of(manifest):
    return manifest["metadata"].get("labels", {}).get("app.kubernetes.io/component")


def pod_of(workload):
    return workload["spec"]["template"]["spec"]


def container_of(workload):
    (container,) = pod_of(workload)["containers"]
    return container


def environment_of(workload):
    return {variable["name"]: variable.get("value") for variable in container_of(workload)["env"]}


def labels_of(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def secrets_of(workload):
    """The keys of Secrets that a pod sees, as (name, key)."""
    volumes = {volume["name"]: volume for volume in pod_of(workload)["volumes"]}
    sources = [source["secret"] for source in volumes["secrets"]["projected"]["sources"]]
    return {(source["name"], item["key"]) for source in sources for item in source["items"]}


@cache
def rendered(variant):
    done = template(VARIANTS[variant])
    if done.returncode != 0:
        raise AssertionError(f"{variant} does not render:\n{done.stderr}")
    return Manifests(done.stdout)


@cache
def known_settings():
    """Names that the configuration structs of the code declare."""
    files = [*ROOT.glob("services/*/src/**/config.rs"), ROOT / "services" / "platform" / "src" / "telemetry" / "mod.rs"]
    return {name for file in files for name in re.findall(r"^    pub (\w+):", file.read_text(), re.MULTILINE)}


def unknown_settings(environment):
    """Variables of ours that no setting of the code answers to; the binary would refuse to start."""
    unknown = []
    for name in environment:
        if name.startswith("CHANGKE_"):
            section, *keys = name.removeprefix("CHANGKE_").lower().split("__")
            by_service = len(keys) == 2 and keys[0] in ("upstreams", "service_urls")
            names = {section, *(keys[:1] if by_service else keys)}
            unknown += [name for key in names if key.removesuffix("_file") not in known_settings()]
    return unknown
