"""Holds docker/ to what it promises, and the dashboard to the metrics that the code has. Run by chart_check.py.

It reads the files and asks no Docker, so it does not tell whether the image builds.
"""

import json
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

from manifests import ROOT, pod_of, rendered, unknown_settings


class Compose(unittest.TestCase):
    FILE = ROOT / "docker" / "compose.yaml"

    def setUp(self):
        self.compose = yaml.safe_load(self.FILE.read_text())
        services = self.compose["services"]
        self.ours = {name: service for name, service in services.items() if service["image"].startswith("changke:")}

    def test_our_containers_are_closed(self):
        self.assertLessEqual({"migrate", "changke", "gateway", "identity", "customers", "reporting"}, set(self.ours))
        for name, service in self.ours.items():
            with self.subTest(name):
                self.assertEqual((service["read_only"], service["cap_drop"]), (True, ["ALL"]))
                self.assertIn("no-new-privileges:true", service["security_opt"])

    def test_images_are_named_by_version(self):
        for name, service in self.compose["services"].items():
            image = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service["image"])
            self.assertRegex(image, r":\d", name)

    def test_variables_are_settings_and_secrets_are_made(self):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "make-secrets.sh"
            script.write_bytes((self.FILE.parent / "make-secrets.sh").read_bytes())
            for _ in range(2):
                subprocess.run(["sh", script], check=True)
                made = {path.name: path.read_text() for path in (Path(folder) / "secrets").iterdir()}
                self.assertTrue(all(len(secret) >= 32 for secret in made.values()))
                self.assertIn(made["postgres_password"], made["database_administrator_url"])
        for name, service in self.ours.items():
            with self.subTest(name):
                self.assertEqual(unknown_settings(service["environment"]), [])
                files = [value for key, value in service["environment"].items() if key.endswith("_FILE")]
                self.assertEqual({Path(file).name for file in files}, set(service["secrets"]))
                self.assertLessEqual(set(service["secrets"]), set(made) & set(self.compose["secrets"]))

    def test_profiles_do_not_share_a_port(self):
        publishing = {name: service.get("profiles") for name, service in self.ours.items() if service.get("ports")}
        self.assertEqual(publishing, {"changke": ["together"], "gateway": ["apart"]})
        self.assertIn("COMPOSE_PROFILES=together", (self.FILE.parent / ".env").read_text().splitlines())

    def test_those_alone_reach_out_who_have_to(self):
        self.assertEqual(self.compose["networks"], {"inside": {"internal": True}, "outside": {}})
        for name, service in self.compose["services"].items():
            # Who publishes a port has to be reached; identity sends mail and webhooks and asks providers of sign-on.
            outside = name == "identity" or "ports" in service
            self.assertEqual(service["networks"], ["inside", "outside"] if outside else ["inside"], name)

    def test_image_runs_as_a_numbered_user(self):
        final = (self.FILE.parent / "Dockerfile").read_text().split("\nFROM ")[-1]
        user = re.search(r"^USER (\d+):\d+$", final, re.MULTILINE)
        self.assertGreater(int(user[1]), 0)
        pods = rendered("default").workloads.values()
        self.assertEqual({pod_of(pod)["securityContext"]["runAsUser"] for pod in pods}, {int(user[1])})


class Dashboard(unittest.TestCase):
    def test_it_asks_for_metrics_that_the_code_has(self):
        sources = "\n".join(path.read_text() for path in ROOT.glob("services/*/src/**/*.rs"))
        recorded = {name: kind for kind, name in re.findall(r'metrics::(\w+)!\(\s*"(\w+)"', sources)}
        asked = set()
        for file in (ROOT / "deploy" / "grafana").glob("*.json"):
            panels = json.loads(file.read_text())["panels"]
            expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
            for metric in re.findall(r"(\w+)\{", "\n".join(expressions)):
                name = re.sub(r"_(bucket|count|sum)$", "", metric)
                self.assertIn(name, recorded)
                self.assertEqual(name != metric, recorded[name] == "histogram", metric)
                asked.add(name)
        self.assertEqual(asked, set(recorded), "metrics that no dashboard shows")
