"""Scenarios of bootbench as tests of pytest, and a fixture that runs an image.

`pytest --bootbench scenarios` collects each scenario below `scenarios` that has `expect`. Thin over `bootbench test --list` and `bootbench run --json -`:
what is right is decided there.
"""

import json
import os
import pathlib
import shlex
import subprocess

import pytest


def _program(root):
    """The command that runs bootbench, as a list of words."""
    if os.environ.get("BOOTBENCH"):
        return shlex.split(os.environ["BOOTBENCH"])
    for folder in [root, *root.parents]:
        own = folder / "node_modules" / ".bin" / "bootbench"
        if own.exists():
            return [str(own)]
    return ["npx", "bootbench"]


def _run(root, *arguments):
    """A finished process; exit codes 0 and 1 are verdicts, all others raise."""
    done = subprocess.run([*_program(root), *arguments], cwd=root, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise BootbenchError(done.stderr.strip() or f"bootbench ended with {done.returncode}")
    return done


class BootbenchError(Exception):
    """Wrong input, or surroundings that failed: bootbench has no verdict."""


class ScenarioFailure(Exception):
    """The scenario does not hold; the text is bootbench's first screen."""


def pytest_addoption(parser):
    parser.addoption("--bootbench", action="append", default=[], metavar="FOLDER", help="run the bootbench scenarios below FOLDER")


def pytest_collection_modifyitems(session, config, items):
    for folder in config.getoption("--bootbench"):
        for path in _run(config.rootpath, "test", "--list", "--", folder).stdout.splitlines():
            items.append(ScenarioItem.from_parent(session, name=path))


class ScenarioItem(pytest.Item):
    def runtest(self):
        done = _run(self.config.rootpath, "run", "--scenario", self.name, "--no-color")
        if done.returncode == 1:
            raise ScenarioFailure(done.stdout)

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, (ScenarioFailure, BootbenchError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return pathlib.Path(self.name), 0, self.name


@pytest.fixture
def bootbench(request):
    """Runs images: `bootbench("fw.elf", chip="stm32f405rg", until="5s")` gives the document of `bootbench run --json` as a dictionary."""

    def run(*images, **options):
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        return json.loads(_run(request.config.rootpath, "run", *words, "--json", "-", "--", *map(str, images)).stdout)

    return run
