"""What schemathesis is kept from trying, which of its findings are none, each with its reason, and the records it meets."""

import json
import os
import random
import re
import uuid

import schemathesis

OWN_ID = os.environ["CHANGKE_OWN_ID"]
# By path with its parameters left empty: values of the parameters of records that are there.
RECORDS = json.loads(os.environ["CHANGKE_RECORDS"])
CHOICE = random.Random(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Half of the ids that are sound but made up become those of records, so that calls get further than a 404."""
    given = case.path_parameters or {}
    names = [name for name in re.findall(r"{(\w+)}", case.operation.path) if is_id(given.get(name))]
    if not names or CHOICE.random() < 0.5:
        return
    start = case.operation.path.split("{" + names[-1] + "}")[0].rstrip("/:")
    records = RECORDS.get(re.sub(r"{\w+}", "{}", start))
    if records:
        known = CHOICE.choice(records)
        if OWN_ID not in known:
            given.update(zip(names, known[-len(names):]))


def is_id(value):
    try:
        return str(uuid.UUID(str(value))) == str(value).lower()
    except ValueError:
        return False


@schemathesis.hook
def filter_case(context, case):
    """Not the branch that the run sits on: its own account, whose id it reads in answers, keeps password and roles."""
    return OWN_ID not in map(str, (case.path_parameters or {}).values())


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """In the JSON of protocol buffers a null stands for a field that is left out, whatever its type."""
    return not ("Schema-violating" in failure.title and holds_null(case.body))


def holds_null(value):
    if isinstance(value, dict):
        return any(holds_null(below) for below in value.values())
    if isinstance(value, list):
        return any(holds_null(below) for below in value)
    return value is None
