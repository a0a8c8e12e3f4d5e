"""Holds the Helm chart to what it promises. `make test` runs it as step `charts`, with compose_check.py.

The chart is linted and rendered as every variant; each manifest is held against the schemas of the oldest Kubernetes
that the chart allows and of the newest known, and against rules of our own. No cluster is needed or asked.
"""

import functools
import json
import re
import unittest

import kubernetes_validate

from compose_check import Compose, Dashboard  # noqa: F401  unittest finds them here
from manifests import (
    CHART,
    KUBERNETES,
    ROOT,
    VARIANTS,
    Manifests,
    component_of,
    container_of,
    environment_of,
    helm,
    labels_of,
    notes,
    pod_of,
    rendered,
    secrets_of,
    template,
    unknown_settings,
    values,
)

# Kinds that Kubernetes itself does not know, so that it has no schema for them.
FOREIGN = {"ServiceMonitor"}
DRAIN_SECONDS = 30


def in_each_variant(test):
    """Run a test with the manifests of every variant."""

    @functools.wraps(test)
    def run(self):
        for variant in VARIANTS:
            with self.subTest(variant):
                test(self, rendered(variant))

    return run


def of_each_pod(test):
    """Run a test with the name and the workload of every pod of every variant."""

    @in_each_variant
    @functools.wraps(test)
    def run(self, manifests):
        for name, workload in manifests.workloads.items():
            with self.subTest(pod=name):
                test(self, name, workload)

    return run


class Chart(unittest.TestCase):
    def test_lint_finds_nothing(self):
        for variant, files in VARIANTS.items():
            with self.subTest(variant):
                done = helm("lint", "--strict", "--quiet", CHART, *values(files))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @in_each_variant
    def test_manifests_fit_the_schemas(self, manifests):
        kinds = {manifest["kind"] for manifest in manifests.all}
        self.assertLessEqual({"Deployment", "Service", "Job", "NetworkPolicy"}, kinds)
        for manifest in manifests.all:
            for version in {KUBERNETES, kubernetes_validate.latest_version()}:
                with self.subTest(kind=manifest["kind"], name=manifest["metadata"]["name"], version=version):
                    if manifest["kind"] not in FOREIGN:
                        kubernetes_validate.validate(manifest, version, strict=True)

    @in_each_variant
    def test_names_are_unique(self, manifests):
        names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests.all]
        self.assertEqual(len(names), len(set(names)))

    @of_each_pod
    def test_pods_are_restricted(self, _, workload):
        pod, container = pod_of(workload), container_of(workload)
        self.assertNotIn("initContainers", pod)
        for shared in ("hostNetwork", "hostPID", "hostIPC"):
            self.assertNotIn(shared, pod)
        self.assertIs(pod["automountServiceAccountToken"], False)
        self.assertIs(pod["enableServiceLinks"], False)
        context = pod["securityContext"]
        self.assertIs(context["runAsNonRoot"], True)
        self.assertGreater(context["runAsUser"], 0)
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(
            container["securityContext"],
            {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
            },
        )
        kinds = {kind for volume in pod["volumes"] for kind in volume if kind != "name"}
        self.assertLessEqual(kinds, {"projected", "emptyDir", "configMap"})

    @in_each_variant
    def test_no_secret_is_written_out(self, manifests):
        self.assertEqual(manifests.of("Secret"), {})
        self.assertIsNone(re.search(r"://[^/\s]*@", manifests.text), "a URL carries a password")

    @of_each_pod
    def test_secrets_come_from_mounted_files(self, name, workload):
        mounted = {mount["mountPath"] for mount in container_of(workload)["volumeMounts"] if mount.get("readOnly")}
        for variable, value in environment_of(workload).items():
            self.assertIsInstance(value, str, variable)
            if variable.endswith("_FILE") or variable == "CHANGKE_NATS__CREDENTIALS":
                self.assertIn(value.rsplit("/", 1)[0], mounted, variable)
            else:
                self.assertNotRegex(variable, "SECRET|PASSWORD|KEY|CREDENTIALS")

    def test_files_are_in_one_place(self):
        claimed = Manifests(template(settings=['files.claim="changke-files"']).stdout).workloads
        for name, pod in claimed.items():
            claims = [volume.get("persistentVolumeClaim") for volume in pod_of(pod)["volumes"] if volume["name"] == "files"]
            self.assertEqual(claims, [{"claimName": "changke-files"}] if name == "customers" else [])
        mounts = {mount["name"]: mount["mountPath"] for mount in container_of(claimed["customers"])["volumeMounts"]}
        self.assertEqual(environment_of(claimed["customers"])["CHANGKE_BLOB__DIRECTORY"], mounts["files"])
        both = template(settings=['files.claim="a"', 'files.s3={"endpoint": "https://s3.example", "region": "a", "bucket": "b"}'])
        self.assertNotEqual(both.returncode, 0)

    def test_each_secret_reaches_those_alone_who_need_it(self):
        pods = rendered("all options").workloads
        everyone, served = set(pods), set(pods) - {"migrate"}
        holders = {
            ("changke", "cluster-secret"): everyone,
            ("changke", "csrf-secret"): {"gateway"},
            ("changke-database", "role-secret"): everyone - {"gateway"},
            ("changke-database-administrator", "url"): {"migrate"},
            ("changke-customers-database", "url"): {"customers", "migrate"},
            ("changke-signing", "signing-key.pem"): {"identity"},
            ("changke-mail", "url"): {"identity"},
            ("changke-nats", "url"): served,
            ("changke-nats", "nats.creds"): served,
            ("changke-files", "access-key-id"): {"customers"},
            ("changke-files", "secret-access-key"): {"customers"},
        }
        for secret, wanted in holders.items():
            self.assertEqual({name for name, pod in pods.items() if secret in secrets_of(pod)}, wanted, secret)
        for name, pod in pods.items():
            self.assertLessEqual(secrets_of(pod), set(holders), name)
            for variant in VARIANTS:
                other = rendered(variant).workloads.get(name)
                self.assertTrue(other is None or secrets_of(other) <= secrets_of(pod), (variant, name))

    @in_each_variant
    def test_pods_know_exactly_the_services_that_are_there(self, manifests):
        services = manifests.of("Service")
        for name, deployment in manifests.component("Deployment").items():
            with self.subTest(service=name):
                prefix = "CHANGKE_CLUSTER__UPSTREAMS__"
                upstreams = {
                    variable.removeprefix(prefix).lower(): url
                    for variable, url in environment_of(deployment).items()
                    if variable.startswith(prefix)
                }
                self.assertEqual(set(upstreams), manifests.backends - {name})
                for url in upstreams.values():
                    host, port = url.removeprefix("http://").split(":")
                    self.assertIn(int(port), [entry["port"] for entry in services[host]["spec"]["ports"]])
                self.assertEqual(container_of(deployment)["args"], ["serve", name])

    @of_each_pod
    def test_every_variable_is_a_setting_of_the_code(self, _, workload):
        environment = environment_of(workload)
        self.assertEqual(unknown_settings(environment), [])
        # The binary refuses a setting that is given twice.
        self.assertEqual([name for name in environment if f"{name}_FILE" in environment], [])

    def test_numbers_stay_digits(self):
        environment = environment_of(rendered("all options").workloads["customers"])
        self.assertEqual(environment["CHANGKE_GATEWAY__UPLOAD_LIMIT"], "209715200")

    @of_each_pod
    def test_images_are_named_by_version(self, _, workload):
        image = container_of(workload)["image"]
        self.assertRegex(image, r"^[^:@]+:[^:@]+(@sha256:[0-9a-f]{64})?$")
        self.assertNotIn(":latest", image)

    @in_each_variant
    def test_migration_comes_first_and_reaches_its_database(self, manifests):
        job, policy = manifests.of("Job")["changke-migrate"], manifests.of("NetworkPolicy")["changke-migrate"]
        weights = []
        for hook in (policy, job):
            annotations = hook["metadata"]["annotations"]
            self.assertEqual(annotations["helm.sh/hook"], "pre-install,pre-upgrade")
            self.assertIn("before-hook-creation", annotations["helm.sh/hook-delete-policy"])
            weights.append(int(annotations["helm.sh/hook-weight"]))
        self.assertLess(*weights)
        verb, *services = container_of(job)["args"]
        self.assertEqual((verb, set(services)), ("migrate", manifests.backends))
        self.assertEqual(pod_of(job)["restartPolicy"], "Never")

    @in_each_variant
    def test_upgrades_lose_no_call(self, manifests):
        for name, deployment in manifests.component("Deployment").items():
            with self.subTest(service=name):
                strategy = deployment["spec"]["strategy"]
                self.assertEqual(strategy["type"], "RollingUpdate")
                self.assertEqual(strategy["rollingUpdate"]["maxUnavailable"], 0)
                container = container_of(deployment)
                announced = container["lifecycle"]["preStop"]["sleep"]["seconds"]
                grace = pod_of(deployment)["terminationGracePeriodSeconds"]
                self.assertGreaterEqual(grace, announced + DRAIN_SECONDS)
                for probe, path in (("startup", "startup"), ("readiness", "ready"), ("liveness", "live")):
                    asked = container[f"{probe}Probe"]["httpGet"]
                    self.assertEqual(asked, {"path": f"/health/{path}", "port": "admin"})
                ports = {port["name"]: port["containerPort"] for port in container["ports"]}
                listening = environment_of(deployment)
                self.assertTrue(listening["CHANGKE_CLUSTER__ADMIN_LISTEN"].endswith(f":{ports['admin']}"))
                port, variable = ("http", "GATEWAY") if name == "gateway" else ("grpc", "CLUSTER")
                self.assertTrue(listening[f"CHANGKE_{variable}__LISTEN"].endswith(f":{ports[port]}"))

    @of_each_pod
    def test_pods_ask_for_resources_and_spread(self, name, workload):
        resources = container_of(workload)["resources"]
        self.assertLessEqual({"cpu", "memory"}, set(resources["requests"]))
        self.assertIn("memory", resources["limits"])
        if name != "migrate":
            constraints = pod_of(workload)["topologySpreadConstraints"]
            keys = {constraint["topologyKey"] for constraint in constraints}
            self.assertEqual(keys, {"topology.kubernetes.io/zone", "kubernetes.io/hostname"})

    @in_each_variant
    def test_autoscalers_budgets_and_replicas_agree(self, manifests):
        scalers, budgets = manifests.of("HorizontalPodAutoscaler"), manifests.of("PodDisruptionBudget")
        for name, deployment in manifests.of("Deployment").items():
            with self.subTest(deployment=name):
                scaler = scalers.pop(name, None)
                self.assertEqual("replicas" in deployment["spec"], scaler is None)
                if scaler:
                    target = scaler["spec"]["scaleTargetRef"]
                    self.assertEqual((target["kind"], target["name"]), ("Deployment", name))
                    self.assertLess(scaler["spec"]["minReplicas"], scaler["spec"]["maxReplicas"])
                least = scaler["spec"]["minReplicas"] if scaler else deployment["spec"]["replicas"]
                budget = budgets.pop(name, None)
                self.assertEqual(budget is not None, least > 1)
                if budget:
                    self.assertEqual(budget["spec"]["maxUnavailable"], 1)
                    self.assertEqual(budget["spec"]["selector"], deployment["spec"]["selector"])
        self.assertEqual((scalers, budgets), ({}, {}))

    @in_each_variant
    def test_selectors_meet_their_pods_and_no_others(self, manifests):
        pods = {name: labels_of(workload) for name, workload in manifests.workloads.items()}
        chosen = [(m, m["spec"]["selector"]) for m in manifests.component("Service").values()]
        chosen += [(m, m["spec"]["podSelector"]["matchLabels"]) for m in manifests.component("NetworkPolicy").values()]
        chosen += [(m, m["spec"]["selector"]["matchLabels"]) for m in manifests.component("Deployment").values()]
        for manifest, selector in chosen:
            met = [name for name, labels in pods.items() if selector.items() <= labels.items()]
            self.assertEqual(met, [component_of(manifest)], (manifest["kind"], manifest["metadata"]["name"]))

    @in_each_variant
    def test_network_is_closed_but_for_what_is_named(self, manifests):
        policies = manifests.of("NetworkPolicy")
        closed = policies.pop("changke-deny")["spec"]
        self.assertEqual(set(closed), {"podSelector", "policyTypes"})
        for workload in manifests.workloads.values():
            self.assertLessEqual(closed["podSelector"]["matchLabels"].items(), labels_of(workload).items())
        self.assertEqual({component_of(policy) for policy in policies.values()}, set(manifests.workloads))
        for policy in policies.values():
            name, spec = component_of(policy), policy["spec"]
            with self.subTest(policy=name):
                self.assertEqual(spec["policyTypes"], ["Ingress", "Egress"])
                for rule in spec.get("ingress", []):
                    self.assertTrue(rule["from"] and rule["ports"], "anybody may come in")
                calls = [rule for rule in spec.get("ingress", []) if rule["ports"][0]["port"] == "grpc"]
                self.assertEqual(len(calls), name not in ("gateway", "migrate"))
                for rule in calls:
                    (expression,) = rule["from"][0]["podSelector"]["matchExpressions"]
                    self.assertEqual(set(expression["values"]), manifests.services)
                # Where mail, providers and receivers are, on any port: identity alone.
                anywhere = [rule["to"] for rule in spec["egress"] if "ports" not in rule]
                self.assertEqual(bool(anywhere), name == "identity")
                out = {port["port"] for rule in spec["egress"] for port in rule.get("ports", [])}
                database = 6432 if "6432" in manifests.text else 5432
                self.assertEqual(database in out, name != "gateway")
                self.assertEqual(9000 in out, name != "migrate")
                self.assertIn(53, out)

    def test_variants_leave_services_out(self):
        everything = rendered("default").services
        for variant in ("hospital", "insurer"):
            self.assertLess(rendered(variant).services, everything, variant)
            self.assertLessEqual({"gateway", "identity", "customers"}, rendered(variant).services, variant)

    def test_options_appear_only_where_chosen(self):
        self.assertEqual(rendered("default").of("Ingress") | rendered("default").of("ServiceMonitor"), {})
        chosen = rendered("all options")
        (rule,) = chosen.of("Ingress")["changke-gateway"]["spec"]["rules"]
        backend = rule["http"]["paths"][0]["backend"]["service"]
        self.assertEqual(backend, {"name": "changke-gateway", "port": {"name": "http"}})
        self.assertEqual(environment_of(chosen.workloads["gateway"])["CHANGKE_GATEWAY__TRUSTED_HOPS"], "1")
        for monitor in chosen.component("ServiceMonitor").values():
            self.assertEqual(monitor["spec"]["endpoints"][0]["port"], "admin")
        self.assertEqual(set(chosen.component("ServiceMonitor")), chosen.services)

    def test_notes_say_what_is_there_and_what_the_command_does(self):
        printed = (ROOT / "services" / "changke" / "src" / "main.rs").read_text()
        self.assertIn("/// Create an administrator, and print a link to set the password with, good for one use.", printed)
        for variant in VARIANTS:
            with self.subTest(variant):
                text, manifests = notes(variant), rendered(variant)
                self.assertIn("prints a link to set the password with, good for one use", text)
                self.assertIn("设置密码的链接", text)
                listed = text.splitlines()[0].partition(": ")[2]
                self.assertEqual(set(listed.split(", ")), manifests.services)
                for deployment in re.findall(r"\bdeploy/(\S+)", text):
                    self.assertIn(deployment, manifests.of("Deployment"))
                for service, port in re.findall(r"\bservice/(\S+) \d+:(\d+)", text):
                    ports = [entry["port"] for entry in manifests.of("Service")[service]["spec"]["ports"]]
                    self.assertIn(int(port), ports)
                (command,) = re.findall(r"-- changke (.*)", text)
                self.assertEqual(command, "admin create NAME")

    def test_wrong_values_are_refused_by_name(self):
        wrong = {
            "image.tag": "latest",
            "image.digest": "sha256:12",
            "image.pulPolicy": "Always",
            "database.url": "postgres://admin:secret@db:5432/crm",
            "database.maxConnections": 0,
            "nats.url": "nats://user:secret@nats:4222",
            "nats.prefix": "my-crm",
            "nats.replicas": "three",
            "secrets.cluster": {"name": "", "key": "cluster-secret"},
            "secrets.csrf": "s3cret",
            "services.identity.enabled": False,
            "services.customers.enabled": False,
            "services.gateway.enabled": False,
            "services.identity": None,
            "services.sails": {"enabled": True},
            "services.reporting.replicas": 0,
            "services.reporting.resources.requests.cpu": "a lot",
            "serviceDefaults.enabled": False,
            "serviceDefaults.resources.requests.cpu": None,
            "shutdown.drainSeconds": 5,
            "config.identity.signing_key": "-----BEGIN PRIVATE KEY-----",
            "config.gateway.listen": "0.0.0.0:80",
            "config.database.url": "postgres://elsewhere/crm",
            "ingress.enabled": True,
            "networkPolicy.gatewayFrom": [{}],
            "telemetry.sampleRatio": 2,
            "replicas": 3,
        }
        for key, value in wrong.items():
            with self.subTest(key):
                done = template(settings=[f"{key}={json.dumps(value)}"])
                self.assertNotEqual(done.returncode, 0, "it renders")
                self.assertIn("values don't meet the specifications of the schema", done.stderr)
                # It says where, or names a key that has no business there.
                *parents, name = key.split(".")
                where = "/".join(["at '", *parents])
                places = [f"{where}/", f"{where}'", *(f"'{part}'" for part in (name, *parents[1:]))]
                self.assertTrue(any(place in done.stderr for place in places), done.stderr)

    def test_fewer_pods_at_most_than_at_least_are_refused(self):
        done = template(settings=["services.reporting.maxReplicas=1"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("services.reporting: maxReplicas", done.stderr)


if __name__ == "__main__":
    unittest.main()
