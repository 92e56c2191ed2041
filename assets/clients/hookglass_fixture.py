"""Starts hookglass for tests in Python. Copy this file next to your tests and import the fixture in
`conftest.py`: `from hookglass_fixture import hookglass`. The program is `hookglass`, or what HOOKGLASS
names.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import threading

import pytest

PROGRAM = os.environ.get("HOOKGLASS", "hookglass")


class Hookglass:
    """A listener on a free port with a store of its own. `args` are further flags."""

    def __init__(self, *args):
        self.folder = tempfile.TemporaryDirectory(prefix="hookglass-")
        self.store = str(pathlib.Path(self.folder.name) / "deliveries.db")
        flags = ["--headless", "--bind", "127.0.0.1:0", "--store", self.store]
        self.listener = subprocess.Popen(
            [PROGRAM, *flags, *args], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        line = self.listener.stderr.readline()
        if not line.startswith("listening on "):
            raise RuntimeError(f"hookglass ended: {line}{self.listener.stderr.read()}")
        self.url = line.removeprefix("listening on ").strip()
        # Nobody reads the rest, which must not fill the pipe.
        threading.Thread(target=self.listener.stderr.read, daemon=True).start()

    def deliveries(self, filter=""):
        """Returns the deliveries that match a filter, as JSON Lines have them."""
        return self._lines("list", filter)

    def wait_for(self, filter="", count=1, timeout="5s"):
        """Waits for deliveries that match a filter, and returns them; fails if they do not arrive in time."""
        return self._lines("wait", filter, "--since", "1d", "--count", str(count), "--timeout", timeout)

    def stop(self):
        self.listener.terminate()
        self.listener.wait()
        self.folder.cleanup()

    def _lines(self, command, filter, *flags):
        all = [PROGRAM, command, "--json", "--store", self.store, *flags, "--", filter]
        ran = subprocess.run(all, capture_output=True, text=True)
        if ran.returncode != 0:
            raise AssertionError(ran.stderr.strip())
        return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.fixture
def hookglass():
    running = Hookglass()
    yield running
    running.stop()
