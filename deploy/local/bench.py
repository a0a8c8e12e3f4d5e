"""Measure the product against floors in one run: `make bench`, or `bench.py --quick` for a first impression.

Floors and the product are measured in turns on the same database, so that what the machine does meanwhile meets both;
each figure is the median of the rounds.
"""

import argparse
import hashlib
import hmac
import json
import os
import random
import re
import statistics
import subprocess
import time
import urllib.parse
import urllib.request
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import fetch
from application import Application, READY_SECONDS
from places import ROOT
from processes import run, spawn, stop
from stack import Stack, free_port, healthy, wait_until

RESULTS = ROOT / "target" / "bench"
SERVICES = ["identity", "customers", "reporting"]
# Sees the customers of some groups; the floor has the same predicate.
READER = "manager"
# What of personal data the reader sees in clear; the rest is masked in every answer.
CLEAR = ["PHONE", "EMAIL", "ADDRESS"]
PINYIN = """zs zhangsan ww wangwei lq liqiang cj chenjing yy chongqing cq shanxiongxin hangzhou hzrf shanghai ouyang zxx
jxzz dzkj nanjing gz shenzhen ylqx wlyxgs zhaolei sunjie zhoumin wufang""".split()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the data and one round")
    options = parser.parse_args()
    customers, rounds, seconds, rows = (20_000, 1, 2, 10_000) if options.quick else (200_000, 5, 4, 100_000)
    binaries = build()
    RESULTS.mkdir(parents=True, exist_ok=True)
    with ExitStack() as exits:
        stack = exits.enter_context(Stack(kind="bench"))
        bench = Bench(exits, stack, binaries, customers)
        report = Report()
        bench.warm_up()
        bench.interleaved(report, rounds, seconds)
        bench.stop_apart()
        bench.searches(report, seconds)
        bench.event_lag(report, max(seconds, 4) * 2)
        bench.imports(report, rows, min(rounds, 3))
        bench.memory(report)
        bench.sign_ins(report, seconds)
        bench.access(report)
        bench.scopes(report, seconds, 10_000 if options.quick else 1_000_000)
        bench.duplicates(report)
        report.write(RESULTS / "results.json", customers)


def build():
    command = ["cargo", "build", "--release", "-p", "changke", "-p", "load", "--bins"]
    if run(command, cwd=ROOT) != 0:
        raise SystemExit("cargo build failed")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return {name: target / "release" / name for name in ("changke", "load")}


class Report:
    """Rows of the table, and of `results.json`."""

    def __init__(self):
        self.rows = []

    def add(self, name, unit, floor, ours, ratio=None, note=""):
        if ratio is None and floor:
            ratio = ours / floor
        row = {"name": name, "unit": unit, "floor": floor, "ours": ours, "ratio": ratio, "note": note}
        self.rows.append({key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()})
        print(f"  {name:<24}{text(floor):>12}{text(ours):>12}{text(ratio, 2):>8}  {unit:<7}{note}", flush=True)

    def write(self, path, customers):
        path.write_text(json.dumps(self.rows, ensure_ascii=False, indent=1) + "\n")
        print(f"\n{customers:,} customers on {machine()}; written to {path.relative_to(ROOT)}")


def text(value, digits=1):
    return "" if value is None else f"{value:,.{digits}f}"


def machine():
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text()).group(1)) // 1024 // 1024
    return f"{os.cpu_count()} cores ({cpu.group(1) if cpu else 'unknown'}), {memory} GiB"


class Bench:
    """A seeded stack with the floor, the product in one process and the product apart, all serving."""

    def __init__(self, exits, stack, binaries, customers):
        self.exits, self.stack, self.load = exits, stack, binaries["load"]
        self.folder = RESULTS / "run"
        listen, collector = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        run(["rm", "-rf", self.folder])
        self.folder.mkdir(parents=True)
        # Traces go somewhere, at the sampling that an installation has by default.
        self.spawn([self.load, "collect", "--listen", collector], dict(os.environ))
        settings = {
            "CHANGKE_GATEWAY__RATE_LIMIT__PER_SECOND": "0",
            "CHANGKE_GATEWAY__RATE_LIMIT__SIGN_INS_PER_MINUTE": "0",
            "CHANGKE_TELEMETRY__LOG_FILTER": "warn",
            "CHANGKE_TELEMETRY__OTLP_ENDPOINT": f"http://{collector}",
        }
        self.app = Application(binaries["changke"], self.folder, stack.database_url, stack.nats_url, listen, settings)
        self.app.migrate()
        self.app.seed("--customers", str(customers), "--no-interactions")
        self.server = exits.enter_context(self.app.served())
        self.apart = self.serve_apart(binaries["changke"])
        self.mask_for_reader()
        self.token = self.sign_in(READER)
        profile = self.get("/v1/profile")
        groups = below(self.get("/v1/groups?pageSize=1000")["groups"], profile["groupId"])
        self.sight = {"employee": profile["id"], "group": groups[0], "groups": "{" + ",".join(groups) + "}"}
        self.floor = self.serve_floor(profile["id"], groups)
        wait_until(lambda: self.get("/v1/reports/feed")["pendingEventCount"] == "0" and self.outbox() == 0, 600)
        self.psql("VACUUM ANALYZE")
        self.ids = self.write_words("ids", self.sample("id"))
        names = self.sample("name")
        self.names = self.write_words("names", [part_of(name) for name in names for _ in range(2)])
        self.pinyin = self.write_words("pinyin", PINYIN)

    @property
    def role_url(self):
        secret = Path(self.app.environment["CHANGKE_DATABASE__ROLE_SECRET_FILE"]).read_text().strip()
        password = hmac.new(secret.encode(), b"customers", hashlib.sha256).hexdigest()
        url = urllib.parse.urlsplit(self.stack.database_url)
        return f"postgres://changke_customers:{password}@{url.hostname}:{url.port}{url.path}"

    def serve_apart(self, binary):
        ports = {name: free_port() for name in SERVICES}
        # Each as in a pod that is given one core; with a thread for every core they mostly wake each other.
        environment = dict(self.app.environment, TOKIO_WORKER_THREADS="1")
        for name, port in ports.items():
            environment[f"CHANGKE_CLUSTER__UPSTREAMS__{name.upper()}"] = f"http://127.0.0.1:{port}"
        listen, admin = f"127.0.0.1:{free_port()}", {}
        self.apart_processes = []
        for name in [*SERVICES, "gateway"]:
            own = dict(environment, CHANGKE_CLUSTER__ADMIN_LISTEN=f"127.0.0.1:{free_port()}")
            own["CHANGKE_GATEWAY__LISTEN"] = listen
            if name in ports:
                own["CHANGKE_CLUSTER__LISTEN"] = f"127.0.0.1:{ports[name]}"
            self.apart_processes.append(self.spawn([binary, "serve", name], own))
            admin[name] = own["CHANGKE_CLUSTER__ADMIN_LISTEN"]
        for address in admin.values():
            wait_until(lambda: healthy(f"http://{address}/health/ready"), READY_SECONDS)
        return listen

    def stop_apart(self):
        """From here on all work is done by the one process, whose memory is told at the end."""
        for process in self.apart_processes:
            stop(process)

    def serve_floor(self, employee, groups):
        listen = f"127.0.0.1:{free_port()}"
        environment = dict(os.environ, LOAD_DATABASE_URL=self.role_url + "?options=-csearch_path%3Dcustomers,public")
        self.spawn(
            [self.load, "floor", "--listen", listen, "--employee", employee, "--groups", ",".join(groups)], environment
        )
        host, port = listen.split(":")
        wait_until(lambda: subprocess.run(["bash", "-c", f"</dev/tcp/{host}/{port}"], capture_output=True).returncode == 0, 20)
        return listen

    def spawn(self, command, environment):
        log = self.exits.enter_context(open(self.folder / "processes.log", "ab"))
        process = spawn(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        self.exits.callback(stop, process)
        return process

    def mask_for_reader(self):
        """Give the reader a role like the one it has, but with some personal data masked."""
        self.token = self.sign_in("admin")
        known = next(role for role in self.get("/v1/roles?pageSize=200")["roles"] if role["preset"] == READER)
        clear = [{"personalData": f"PERSONAL_DATA_{kind}", "visibility": "VISIBILITY_CLEAR"} for kind in CLEAR]
        role = self.call("POST", "/v1/roles", {"name": "Bench", "grants": known["grants"], "fieldVisibilities": clear})
        self.role = role["id"]
        self.give_role(READER)

    def give_role(self, login_name):
        """Let somebody see what their group and those below it have."""
        self.token = self.sign_in(login_name)
        person = self.get("/v1/profile")["id"]
        self.token = self.sign_in("admin")
        etag = self.get(f"/v1/employees/{person}")["etag"]
        change = {"roleIds": [self.role], "etag": etag}
        self.call("PATCH", f"/v1/employees/{person}?updateMask=roleIds", change)

    def sign_in(self, login_name):
        person = next(p for p in json.loads(self.app.sign_ins.read_text()) if p["loginName"] == login_name)
        body = {"loginName": login_name, "password": person["password"]}
        return self.call("POST", "/v1/sessions:signIn", body)["accessToken"]

    def call(self, method, path, body=None, content_type="application/json", listen=None):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{listen or self.app.listen}{path}", data, method=method)
        if data is not None:
            request.add_header("content-type", content_type)
        if getattr(self, "token", None):
            request.add_header("authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def get(self, path):
        return self.call("GET", path)

    def psql(self, sql, url=None):
        command = [fetch.postgres() / "bin" / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]
        environment = dict(os.environ, PGOPTIONS="-c search_path=customers,public")
        return subprocess.run([*command, url or self.role_url], env=environment, check=True, capture_output=True, text=True).stdout

    def outbox(self):
        return int(self.psql("SELECT count(*) FROM outbox"))

    def sample(self, field):
        values, token = [], ""
        while len(values) < 2_000:
            page = self.get(f"/v1/customers?pageSize=200&pageToken={token}")
            values += [customer[field] for customer in page["customers"]]
            token = page["nextPageToken"]
            if not token:
                break
        return values

    def write_words(self, name, words):
        path = self.folder / name
        path.write_text("\n".join(words) + "\n")
        return path

    def drive(self, listen, scenario, seconds, connections=8, words=None):
        command = [self.load, "drive", "--address", listen, "--scenario", scenario, "--seconds", str(seconds)]
        command += ["--connections", str(connections), "--seed", str(random.randrange(1_000_000))]
        if words:
            command += ["--words", words]
        environment = dict(os.environ, LOAD_TOKEN="" if listen == self.floor else self.token)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{scenario} at {listen}: {done.stderr}")
        return json.loads(done.stdout)

    def pgbench(self, scenario, seconds):
        """The floor's statements alone, with nothing before the database."""
        script = self.folder / f"{scenario}.sql"
        with open(script, "wb") as output:
            subprocess.run([self.load, "script", "--scenario", scenario, "--words", self.ids], check=True, stdout=output)
        command = [fetch.postgres() / "bin" / "pgbench", "-n", "-M", "prepared", "-c", "8", "-j", "2"]
        command += [f"-D{name}={value}" for name, value in self.sight.items()]
        command += ["-T", str(max(1, int(seconds))), "-f", script, self.role_url]
        environment = dict(os.environ, PGOPTIONS="-c search_path=customers,public")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))

    def warm_up(self):
        for listen in (self.floor, self.app.listen, self.apart):
            for scenario in ("read", "list", "create"):
                self.drive(listen, scenario, 1, words=self.ids)

    def interleaved(self, report, rounds, seconds):
        print(f"\n  {'':<24}{'floor':>12}{'ours':>12}{'ratio':>8}")
        for scenario in ("read", "list", "create"):
            figures = {"floor": [], "inprocess": [], "tcp": [], "pgbench": []}
            for _ in range(rounds):
                for name, listen in (("floor", self.floor), ("inprocess", self.app.listen), ("tcp", self.apart)):
                    figures[name].append(self.drive(listen, scenario, seconds, words=self.ids)["per_second"])
                figures["pgbench"].append(self.pgbench(scenario, seconds))
            middle = {name: statistics.median(values) for name, values in figures.items()}
            note = f"pgbench {middle['pgbench']:,.0f}/s"
            for name in ("inprocess", "tcp"):
                report.add(f"{scenario}_{name}", "req/s", middle["floor"], middle[name], note=note)

    def searches(self, report, seconds):
        for name, words in (("fuzzy", self.names), ("pinyin", self.pinyin)):
            outcome = self.drive(self.app.listen, "search", seconds * 2, connections=2, words=words)
            note = f"p50 {outcome['p50_ms']:.1f} ms, {outcome['per_second']:,.0f}/s on two connections"
            report.add(f"search_{name}_p95_ms", "ms", None, outcome["p95_ms"], note=note)

    def event_lag(self, report, seconds):
        """From the transaction that makes an event to the one that counts it in, while creates run at full load."""
        before = self.lag_buckets()
        outcome = self.drive(self.app.listen, "create", seconds, connections=32)
        wait_until(lambda: self.outbox() == 0 and self.get("/v1/reports/feed")["pendingEventCount"] == "0", 120)
        counts = [(bound, count - before.get(bound, 0)) for bound, count in self.lag_buckets().items()]
        median, most = quantile(counts, 0.5) * 1_000, quantile(counts, 0.99) * 1_000
        note = f"p50 {median:.0f} ms at {outcome['per_second']:,.0f} creates/s; between the bounds of a histogram"
        report.add("event_lag_p99_ms", "ms", None, most, note=note)

    def lag_buckets(self):
        """How many events were counted in within so many seconds."""
        metrics = urllib.request.urlopen(f"http://{self.app.listen}/metrics").read().decode()
        pattern = r'changke_event_lag_seconds_bucket\{consumer="star_schema",le="([^"]+)"\} (\d+)'
        return {float(bound.replace("+Inf", "inf")): int(count) for bound, count in re.findall(pattern, metrics)}

    def imports(self, report, rows, rounds):
        ours, floors, uploads = [], [], []
        for one in range(rounds):
            upload_seconds, started, seconds = self.import_sheet(rows, one * rows)
            uploads.append(upload_seconds)
            ours.append(rows / seconds)
            floors.append(self.bare_copy(rows, started))
        note = f"COPY into the same tables and indexes; {rows:,} rows, {rounds} times; each uploaded in {statistics.median(uploads):.1f} s before"
        report.add("import_rows", "rows/s", statistics.median(floors), statistics.median(ours), note=note)

    def import_sheet(self, rows, first):
        """Seconds of the upload, when the import began, and its seconds."""
        sheet = self.folder / "sheet.csv"
        run([self.load, "sheet", "--rows", str(rows), "--first", str(first), "--to", sheet])
        started = time.monotonic()
        uploaded = self.call("POST", "/v1/imports?fileName=sheet.csv", sheet.read_bytes(), "text/csv")
        upload_seconds = time.monotonic() - started
        body = {"key": "IMPORT_KEY_PHONE", "duplicatePolicy": "DUPLICATE_POLICY_UPDATE"}
        path = f"/v1/imports/{uploaded['id']}"
        self.call("POST", f"{path}:run", body)
        wait_until(lambda: self.get(path)["state"] != "IMPORT_STATE_RUNNING", 1_200)
        done = self.get(path)
        if done["state"] != "IMPORT_STATE_COMPLETED" or done["progress"]["created"] != str(rows):
            raise SystemExit(f"the import ended as {done['state']}: {done['progress']}")
        return upload_seconds, done["startTime"], (moment(done["endTime"]) - moment(done["startTime"])).total_seconds()

    def bare_copy(self, rows, since):
        """Rows a second of what was imported since, by COPY into tables of the same size and with the same indexes."""
        imported = f"SELECT id FROM customer WHERE name LIKE '苏州第%精密机械有限公司' AND create_time >= '{since}'"
        seconds = 0.0
        for table, key in (("customer", "id"), ("search_document", "customer_id")):
            file = self.folder / f"{table}.copy"
            self.psql(f"DROP TABLE IF EXISTS floor_{table}; CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)")
            self.psql(f"INSERT INTO floor_{table} SELECT * FROM {table} WHERE {key} NOT IN ({imported})")
            self.psql(f"\\copy (SELECT * FROM {table} WHERE {key} IN ({imported})) TO '{file}'")
            started = time.monotonic()
            self.psql(f"\\copy floor_{table} FROM '{file}'")
            seconds += time.monotonic() - started
            found = int(self.psql(f"SELECT count(*) FROM floor_{table} WHERE {key} IN ({imported})"))
            if found != rows:
                raise SystemExit(f"{found} rows of {table} were copied, not {rows}")
        return rows / seconds

    def multiply(self, customers):
        """Copies of the customers, under numbers of their own, until there are so many; one in fifty is the same customer."""
        columns = self.psql("SELECT string_agg(column_name, ',') FROM information_schema.columns"
                            " WHERE table_schema = 'customers' AND table_name = 'customer'").strip()
        copied = columns.split(",")
        values = {"id": "gen_random_uuid()", "number": "number || '-' || copy",
                  "create_time": "create_time - copy * interval '1 second'"}
        same = "hashtext(number || copy) % 50 = 0"
        others = {"name": "name || copy || number", "id_number": "''", "email": "''",
                  "phone_digits": "'19' || lpad((abs(hashtext(number || copy)::bigint) % 1000000000)::text, 9, '0')"}
        values |= {column: f"CASE WHEN {same} THEN {column} ELSE {other} END" for column, other in others.items()}
        present = int(self.psql("SELECT count(*) FROM customer"))
        times = max(customers // present - 1, 0)
        source = ", ".join(values.get(column, column) for column in copied)
        self.psql(f"INSERT INTO customer ({columns}) SELECT {source} FROM customer, generate_series(1, {times}) AS copy")
        self.psql("VACUUM ANALYZE customer")

    def sign_ins(self, report, seconds):
        """Against the bare hash on as many threads as the product gives to passwords: all cores but one."""
        people = json.loads(self.app.sign_ins.read_text())
        words = self.write_words("sign-ins", [f"{person['loginName']} {person['password']}" for person in people])
        threads = max(1, os.cpu_count() - 1)
        floors, ours = [], []
        for _ in range(3):
            command = [self.load, "hash", "--threads", str(threads), "--seconds", str(seconds)]
            floors.append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
            ours.append(self.drive(self.app.listen, "sign-in", seconds, connections=4 * threads, words=words)["per_second"])
        note = f"Argon2id alone, {threads} at once"
        report.add("signin", "/s", statistics.median(floors), statistics.median(ours), note=note)

    def access(self, report):
        done = subprocess.run([self.load, "access"], check=True, capture_output=True, text=True)
        figures = json.loads(done.stdout)
        note = f"one core, new tokens against bare Ed25519; known ones {figures['known_tokens_per_second']:,.0f}/s"
        report.add("token_check_per_s", "/s", figures["signatures_per_second"], figures["tokens_per_second"], note=note)
        note = f"500 groups, 20,000 employees; p50 {figures['decision_p50_us']:.2f} µs"
        report.add("access_decision_p95_us", "µs", None, figures["decision_p95_us"], note=note)

    def scopes(self, report, seconds, customers):
        """The first page of many customers, seen by people with "group and below" and by one who sees all."""
        self.multiply(customers)
        # Of a group that has many customers, of one at the end of the tree, and of one that has none.
        leaders = [READER, "seller", "marketer"]
        for name in leaders[1:]:
            self.give_role(name)
        readers = {name: self.sign_in(name) for name in ("admin", *leaders)}
        figures = {name: [] for name in readers}
        for _ in range(3):
            for name, self.token in readers.items():
                figures[name].append(self.drive(self.app.listen, "page", seconds)["per_second"])
        middle = {name: statistics.median(values) for name, values in figures.items()}
        unscoped = middle.pop("admin")
        slowest = min(middle, key=middle.get)
        note = f"pages of 50 of {customers:,}; the slowest of {len(middle)} readers with group and below"
        report.add("list_scoped_vs_unscoped", "req/s", unscoped, middle[slowest], note=note)

    def duplicates(self, report):
        """All customers there are are compared; the time that the search itself took."""
        self.token = self.sign_in("admin")
        path = f"/v1/duplicateSearches/{self.call('POST', '/v1/duplicateSearches', {})['id']}"
        wait_until(lambda: self.get(path)["state"] != "DUPLICATE_SEARCH_STATE_RUNNING", 3_600)
        done = self.get(path)
        if done["state"] != "DUPLICATE_SEARCH_STATE_COMPLETED":
            raise SystemExit(f"the search ended as {done['state']}: {done['failure']}")
        seconds = (moment(done["endTime"]) - moment(done["createTime"])).total_seconds()
        note = f"{int(done['readCount']):,} customers, {int(done['pairCount']):,} pairs"
        report.add("duplicates_1m_s", "s", None, seconds, note=note)

    def memory(self, report):
        status = Path(f"/proc/{self.server.pid}/status").read_text()
        now, most = (int(re.search(rf"{key}:\s*(\d+)", status).group(1)) / 1024 for key in ("VmRSS", "VmHWM"))
        report.add("rss_mb", "MB", None, now, note=f"all services in one process after all this; at most {most:,.0f}")


def quantile(counts, share):
    """The quantile of a cumulative histogram, as Prometheus reckons it."""
    wanted, lower, under = counts[-1][1] * share, 0.0, 0
    for bound, count in counts:
        if count >= wanted:
            return lower if bound == float("inf") else lower + (bound - lower) * (wanted - under) / max(count - under, 1)
        lower, under = bound, count
    return lower


def below(groups, root):
    """The group and those below it, itself first; parents stand before their children."""
    found = [root]
    for group in groups:
        if group["parentId"] in found:
            found.append(group["id"])
    return found


def part_of(name):
    length = min(len(name), random.choice([1, 2, 2, 3, 4]))
    start = random.randrange(len(name) - length + 1)
    return name[start : start + length]


def moment(text):
    return datetime.fromisoformat(re.sub(r"\.(\d{1,6})\d*", lambda match: f".{match.group(1):<06}", text).replace("Z", "+00:00"))


if __name__ == "__main__":
    main()
