"""The checks of `make test`, each a function that gets a `Step` to run commands with. test.py runs them."""

import sys
from contextlib import contextmanager

import application
import smtp_server
import tools
from places import DEV, ROOT
from stack import Stack

HERE = ROOT / "deploy" / "local"
CONSOLE = ROOT / "services" / "console"
# A real provider that the tests of single sign-on run against.
PROVIDER = ROOT / "services" / "identity" / "tests" / "provider"
# Enough rows for every page of the console, few enough for a server that isn't optimised.
TEST_CUSTOMERS = "2000"


def rustfmt(step):
    step.run("cargo", "fmt", "--all", "--check", "--", "--color", "never")


def clippy(step):
    step.run("cargo", "clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings")


def rust(step):
    """Every Rust test, against servers of its own and packages that check us from outside."""
    path = tools.nextest(step.log)
    tools.npm_ci(PROVIDER, step.log)
    tools.npm_tools(step.log)
    tools.python_tools(step.log)
    with Stack() as stack:
        step.run("cargo", "nextest", "run", "--workspace", "--no-fail-fast", env=stack.environment(), path=path)


def rust_tcp(step):
    """What goes through the gateway once more, with the services talking over TCP."""
    path = tools.nextest(step.log)
    tools.python_tools(step.log)
    with Stack() as stack:
        environment = stack.environment() | {"CHANGKE_TEST_ARRANGEMENT": "tcp"}
        # Chosen by a filter: with the package alone, cargo would build what it needs with other features once more.
        chosen = ["--workspace", "-E", "package(changke-tests) or (package(customers) + package(identity)) & binary(it)"]
        step.run("cargo", "nextest", "run", *chosen, "--no-fail-fast", env=environment, path=path)


def buf(step):
    step.run(tools.npm_tools(step.log) / "buf", "lint", cwd=ROOT / "proto")


def charts(step):
    python = tools.python_tools(step.log)
    path = [*tools.kubernetes_tools(step.log), python.parent]
    step.run(python, HERE / "chart_check.py", path=path)


def scripts(step):
    step.run(sys.executable, HERE / "scripts_check.py")


def console_lint(step):
    console_script(step, "lint")


def console_types(step):
    console_script(step, "typecheck")


def console_tests(step):
    console_script(step, "test")


def console_build(step):
    application.build_console(step.log)


def console_client(step):
    """The console's typed client says what the contracts say now."""
    document = DEV / "test" / "openapi.json"
    shapes = CONSOLE / "src" / "api" / "schema.d.ts"
    committed = shapes.read_bytes()
    tools.npm_ci(CONSOLE, step.log)
    with open(document, "wb") as output:
        step.run(application.build("dev", step.log), "openapi", stdout=output)
    try:
        step.run("npm", "run", "generate", "--", document, cwd=CONSOLE)
        generated = shapes.read_bytes()
    finally:
        shapes.write_bytes(committed)
    if generated != committed:
        raise SystemExit(f"{shapes.relative_to(ROOT)} is out of date: generate it from `changke openapi` and commit it")


def console_script(step, name):
    tools.npm_ci(CONSOLE, step.log)
    step.run("npm", "run", name, cwd=CONSOLE)


def browser(step):
    """The console in a headless browser, against a server with demo data."""
    folder = ROOT / "tests" / "browser"
    tools.npm_ci(folder, step.log)
    tools.npm_ci(PROVIDER, step.log)
    chromium = tools.chromium(step.log)
    application.build_console(step.log)
    with browser_services(step) as environment:
        step.run("npm", "test", cwd=folder, env=environment | {"CHROMIUM_PATH": chromium})


@contextmanager
def browser_services(step):
    """The product as the stories want it, with what they reach besides; yields their variables."""
    mail = DEV / "test" / f"{step.name}-mail.jsonl"
    with smtp_server.serving(mail, step.log) as smtp_url:
        local = {
            # The stories receive webhooks themselves and bring a provider of single sign-on.
            "CHANGKE_IDENTITY__WEBHOOKS__ALLOW_HTTP": "true",
            "CHANGKE_IDENTITY__WEBHOOKS__ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8",
            "CHANGKE_IDENTITY__ALLOW_INSECURE_PROVIDERS": "true",
            "CHANGKE_IDENTITY__MAIL__SMTP_URL": smtp_url,
            "CHANGKE_IDENTITY__MAIL__FROM": "Changke <crm@example.com>",
            # They sign in more often than people do, all from one address.
            "CHANGKE_GATEWAY__RATE_LIMIT__SIGN_INS_PER_MINUTE": "0",
        }
        with served(step, local) as environment:
            yield environment | {"CHANGKE_MAIL_FILE": str(mail)}


def schemathesis(step):
    """Hostile and random input from the OpenAPI document."""
    python = tools.python_tools(step.log)
    # A refusal for haste says nothing of the input.
    unlimited = {
        "CHANGKE_GATEWAY__RATE_LIMIT__PER_SECOND": "0",
        "CHANGKE_GATEWAY__RATE_LIMIT__SIGN_INS_PER_MINUTE": "0",
        "CHANGKE_IDENTITY__NETWORK_FAILURES": "0",
    }
    with served(step, unlimited) as environment:
        step.run(python, ROOT / "tests" / "schemathesis" / "run.py", env=environment, path=[python.parent])


def served(step, settings=None):
    return application.served_for_tests(DEV / "test" / step.name, TEST_CUSTOMERS, step.log, settings)


# Phases run one after the other; within a phase, lanes run side by side and each lane's steps in order.
# The lanes of the first keep one core at cargo and the other at everything else; what the second runs is built then.
PHASES = [
    [
        [("rustfmt", rustfmt), ("clippy", clippy), ("rust", rust)],
        [
            ("buf", buf),
            ("charts", charts),
            ("scripts", scripts),
            ("console-lint", console_lint),
            ("console-types", console_types),
            ("console-tests", console_tests),
            ("console-build", console_build),
        ],
    ],
    [
        [("rust-tcp", rust_tcp), ("schemathesis", schemathesis)],
        [("console-client", console_client), ("browser", browser)],
    ],
]
