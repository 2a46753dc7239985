"""Unit tests of PlatformIO on an emulated STM32: `test_testing_command` of platformio.ini (docs/ci.md).

Runs the firmware of `pio test` until it has nothing more to say, and prints what it wrote to its serial ports. PlatformIO reads the lines of Unity there and
decides. What else is wrong, a fault before the last test or a missing file, is one more failed test: PlatformIO takes an exit code for a signal.
"""

import json
import os
import re
import shlex
import subprocess
import sys

ENDED = re.compile(r"^\d+ Tests \d+ Failures \d+ Ignored", re.MULTILINE)


def main(image, *options):
    program = shlex.split(os.environ.get("BOOTBENCH", "npx bootbench"))
    words = ["run", image, "--goal", "app", "--no-trigger", "--no-after", "--json", "-", *options]
    done = subprocess.run([*program, *words], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return failed(image, "bootbench", done.stderr)
    result = json.loads(done.stdout)
    text = "".join(result["console"].values())
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    if not ENDED.search(text):
        failed(image, "firmware", result["summary"])


def failed(image, name, why):
    print(f"{image}:1:{name}:FAIL: {' '.join(why.split())}")
    print("1 Tests 1 Failures 0 Ignored")


if __name__ == "__main__":
    main(*sys.argv[1:])
