"""Random and hostile input, derived from the OpenAPI document, against a running product as its administrator.

    CHANGKE_BASE_URL=http://127.0.0.1:8080 CHANGKE_SIGN_INS=.dev/demo/sign-ins.json python tests/schemathesis/run.py [--long]

No answer may be a 5xx or lie outside the document, and input outside the document must be refused. The product gets
filled with rubbish: never point it at data that anybody needs. hooks.py says what is left out, and why.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)
# These may end the run's own session; a short run of its own tries them as somebody else.
SESSION_ENDING = (
    "AuthenticationService_SignOut",
    "AuthenticationService_ChangePassword",
    "AuthenticationService_RevokeSession",
)
# Streams that never end by themselves; a short run asks for a second of them.
ENDLESS = ("CustomerService_WatchCustomers",)
# An access token is good for ten minutes.
LONG_SECONDS = 540
SHORT_SECONDS = 100
OTHER_SECONDS = 8


class Api:
    """Somebody signed in."""

    def __init__(self, base_url, sign_in):
        self.base_url = base_url
        credentials = {"loginName": sign_in["loginName"], "password": sign_in["password"]}
        self.token = self.call("POST", "/v1/sessions:signIn", credentials)["accessToken"]

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if body is None:
            headers["Authorization"] = f"Bearer {self.token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.base_url + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def own_id(self):
        return self.call("GET", "/v1/profile")["id"]

    def records(self):
        """By path of a collection, ids of a few of its records, each after those of the records it hangs on."""
        found = {}
        paths = self.call("GET", "/v1/openapi.json")["paths"]
        # What has a verb of its own is no collection, and may be a stream without an end.
        collections = [path for path, item in paths.items() if "get" in item and ":" not in path]
        for path in sorted(collections, key=lambda path: path.count("/")):
            start, nested, rest = path.partition("/{")
            if not nested:
                found[path] = [[one] for one in self.listed(path)]
            elif re.fullmatch(r"\w+}/\w+", rest):
                pattern = re.sub(r"{\w+}", "{}", path)
                parents = [parent for parent, in found.get(start, [])]
                found[pattern] = [[one, child] for one in parents for child in self.listed(pattern.format(one))]
        return {path: records[:20] for path, records in found.items() if records}

    def listed(self, path):
        try:
            answer = self.call("GET", path)
        except (urllib.error.HTTPError, TimeoutError, json.JSONDecodeError):
            return []  # Not a list that can be read without more.
        lists = [value for value in answer.values() if isinstance(value, list)] if isinstance(answer, dict) else []
        return [one["id"] for one in lists[0][:5] if isinstance(one, dict) and "id" in one] if len(lists) == 1 else []


def sign_ins():
    """One sign-in a role."""
    with open(os.environ["CHANGKE_SIGN_INS"], encoding="utf-8") as file:
        return {sign_in["role"]: sign_in for sign_in in json.load(file)}


def named(choice, operations):
    return [option for name in operations for option in (f"--{choice}-operation-id", name)]


def run(api, records, seconds, examples, *options):
    """Whether schemathesis finds nothing."""
    command = [
        *("schemathesis", "run", f"{api.base_url}/v1/openapi.json"),
        *("--header", f"Authorization: Bearer {api.token}"),
        *("--checks", ",".join(CHECKS)),
        *("--phases", "coverage,fuzzing,stateful"),
        *("--seed", "20260101"),
        *("--max-time", str(seconds)),
        *("--max-examples", str(examples)),
        # Below the gateway's limit for one caller, which would answer everything.
        *("--rate-limit", "90/s"),
        *("--request-timeout", "10"),
        # The session comes with the header above; made-up cookies beside it would make every call a stranger's.
        *("--generation-with-security-parameters", "false"),
        *("--generation-database", "none"),
        "--continue-on-failure",
        "--no-color",
        *options,
    ]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CHANGKE_OWN_ID": api.own_id(),
        "CHANGKE_RECORDS": json.dumps(records),
    }
    return subprocess.run(command, env=environment).returncode == 0


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--long", action="store_true", help="nine minutes instead of two")
    long = arguments.parse_args().long
    base_url = os.environ["CHANGKE_BASE_URL"].rstrip("/")
    known = sign_ins()

    # Both sign in now: the first run uses up what sign-ins a minute may bring, the second may disable whoever it meets.
    administrator, somebody = Api(base_url, known["administrator"]), Api(base_url, known["analyst"])
    records = administrator.records()
    well = run(somebody, records, OTHER_SECONDS, 20, *named("include", SESSION_ENDING))
    well &= run(administrator, records, OTHER_SECONDS, 4, *named("include", ENDLESS), "--header", "Prefer: wait=1")
    excluded = named("exclude", SESSION_ENDING + ENDLESS)
    well &= run(administrator, records, LONG_SECONDS if long else SHORT_SECONDS, 200 if long else 8, *excluded)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
