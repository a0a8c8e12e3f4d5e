"""Holds the scripts of `make demo` and `make test` to what they promise; starts no servers. Step `scripts` runs it."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import demo
from application import Application
from test import progress

OURS = {name: text for name, text in os.environ.items() if not name.startswith("CHANGKE_")}


class Demo(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dev = Path(scratch.name) / ".dev"
        self.stack = self.dev / "stack"
        places = {"DEV": self.dev, "FOLDER": self.dev / "demo", "stack_folder": lambda: self.stack}
        for name, place in places.items():
            patch = mock.patch.object(demo, name, place)
            patch.start()
            self.addCleanup(patch.stop)
        demo.FOLDER.mkdir(parents=True)

    def application(self, database_url=None, binary="changke", **environment):
        with mock.patch.dict(os.environ, OURS | environment, clear=True):
            folder = demo.application_folder(database_url)
            urls = (database_url or "postgres://own", "nats://own")
            return Application(binary, folder, *urls, "127.0.0.1:8081", inherit=True)

    def stream(self, application):
        folder = self.stack / "nats" / "jetstream" / "$G" / "streams"
        folder /= f"{application.environment['CHANGKE_NATS__PREFIX']}_events"
        folder.mkdir(parents=True)
        return folder

    def reset(self):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            demo.reset()
        return said.getvalue()

    def test_events_and_secrets_belong_to_a_database(self):
        kinds = ("CHANGKE_NATS__PREFIX", "CHANGKE_DATABASE__ROLE_SECRET_FILE", "CHANGKE_CLUSTER__SECRET_FILE")
        own, again, other = self.application(), self.application(), self.application("postgres://other")
        for kind in kinds:
            self.assertEqual(own.environment[kind], again.environment[kind])
            self.assertNotEqual(own.environment[kind], other.environment[kind])
        self.assertRegex(own.environment["CHANGKE_NATS__PREFIX"], r"^\w+$")
        chosen = self.application(CHANGKE_NATS__PREFIX="crm").environment["CHANGKE_NATS__PREFIX"]
        self.assertEqual(chosen, "crm")

    def test_a_reset_forgets_what_is_ours_alone(self):
        own, other = self.application(), self.application("postgres://other")
        streams = [self.stream(own), self.stream(other)]
        (self.stack / "postgres").mkdir()
        self.assertIn(other.folder.name, self.reset())
        self.assertEqual([stream.exists() for stream in streams], [False, True])
        self.assertFalse((self.stack / "postgres").exists())
        self.assertEqual(list(demo.FOLDER.iterdir()), [other.folder])
        self.assertTrue(list(other.folder.iterdir()))
        renewed = self.application().environment["CHANGKE_NATS__PREFIX"]
        self.assertNotEqual(renewed, own.environment["CHANGKE_NATS__PREFIX"])

    def test_a_reset_without_databases_of_others_leaves_nothing(self):
        self.stream(self.application())
        self.assertNotIn("named", self.reset())
        self.assertFalse(self.stack.exists())

    def test_addresses_may_lie_in_files(self):
        file = self.dev / "url"
        file.write_text("postgres://file\n")
        variables = {f"{demo.DATABASE}_FILE": str(file)}
        with mock.patch.dict(os.environ, OURS | variables, clear=True):
            self.assertEqual(demo.named(demo.DATABASE), "postgres://file")
            self.assertIsNone(demo.named(demo.NATS))
        self.assertNotIn(f"{demo.DATABASE}_FILE", self.application("postgres://file", **variables).environment)
        for wrong in (variables | {demo.DATABASE: "postgres://both"}, {f"{demo.DATABASE}_FILE": "/nonexistent"}):
            with mock.patch.dict(os.environ, OURS | wrong, clear=True):
                self.assertRaisesRegex(SystemExit, demo.DATABASE, demo.named, demo.DATABASE)

    def test_numbers_are_refused_by_name(self):
        for text in ("abc", "99999", "0", "-1", "８０"):
            with mock.patch.dict(os.environ, {"CHANGKE_DEMO_PORT": text}):
                self.assertRaisesRegex(SystemExit, "CHANGKE_DEMO_PORT", demo.number, "CHANGKE_DEMO_PORT", 8080, 65_535)

    def test_a_test_takes_nothing_over_from_its_caller(self):
        given = {"CHANGKE_GATEWAY__UPLOAD_LIMIT": "1", "CHANGKE_SLIP": "x", "CHANGKE_DEMO_PORT": "1"}
        kept = self.application(**given).environment
        self.assertEqual([name in kept for name in given], [True, True, False])
        with mock.patch.dict(os.environ, given):
            closed = Application("changke", demo.FOLDER, "postgres://own", "nats://own", "127.0.0.1:8081").environment
        self.assertEqual([name in closed for name in given], [False, False, False])

    def test_the_company_is_made_once_and_grows_when_asked(self):
        binary, calls = self.dev / "changke", self.dev / "calls"
        binary.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\n')
        binary.chmod(0o755)
        application = self.application(binary=binary)
        for options in [(), (), ("--customers", "300"), ("--customers", "300"), (), ("--customers", "900")]:
            application.seed(*options)
        ends = [line.rpartition("sign-ins.json")[2].strip() for line in calls.read_text().splitlines()]
        self.assertEqual(ends, ["", "--customers 300", "--customers 900"])


class Progress(unittest.TestCase):
    def test_it_counts_tests_once(self):
        log = "   Compiling a v1\n    Starting 4 tests across 1 binary\n        PASS [   0.010s] (1/4) a b\n"
        self.assertEqual(progress(log[:18]), "Compiling a v1")
        log += "        SLOW [> 60.000s] (   ─) a c\n        FAIL [   0.020s] (2/4) a d\n"
        self.assertEqual(progress(log), "2 of 4 tests, 1 failed")
        log += "     Summary [   1.000s] 2/4 tests run\n        FAIL [   0.020s] (2/4) a d\n"
        self.assertEqual(progress(log), "2 of 4 tests, 1 failed")


if __name__ == "__main__":
    unittest.main()
