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
import unicodedata

# what nobody sees and a terminal or a reader obeys: src/bench/documents/unseen.ts, in Python, which knows no Default_Ignorable_Code_Point
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NO_WIDTH = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0d\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]")
ENDED = re.compile(r"^\d+ Tests \d+ Failures \d+ Ignored", re.MULTILINE)


def main(image, *options):
    program = shlex.split(os.environ.get("BOOTBENCH", "npx bootbench"))
    words = ["run", image, "--goal", "app", "--no-trigger", "--no-after", "--json", "-", *options]
    done = subprocess.run([*program, *words], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return failed(image, "bootbench", done.stderr)
    result = json.loads(done.stdout)
    text = "".join(result["console"].values())
    sys.stdout.write(spoken(text if text.endswith("\n") else text + "\n"))
    if not ENDED.search(text):
        failed(image, "firmware", result["summary"])


def spoken(text):
    """Text for a terminal and for the log of a CI runner, which obey none of it: `spoken` of src/report/text.ts, in Python."""
    lines = "\n".join(line.rstrip("\r") for line in text.split("\n"))
    shown = "".join(escaped(ord(c)) if unseen(c) else c for c in lines)
    quiet = re.sub(r"##(?=\w*\[)", r"#\\x23", shown)
    quiet = re.sub(r"section_(start|end):(?=\d)", r"section_\1\\x3a", quiet)
    return re.sub(r"^((?:[^\S\n]|\ufeff)*):(?=:)", r"\1\\x3a", quiet, flags=re.MULTILINE)


def unseen(c):
    return c not in "\t\n" and (unicodedata.category(c) in UNSEEN or NO_WIDTH.match(c) is not None)


def escaped(code):
    if code > 0xFFFF:
        return f"\\u{{{code:x}}}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def failed(image, name, why):
    print(spoken(f"{image}:1:{name}:FAIL: {' '.join(why.split())}"))
    print("1 Tests 1 Failures 0 Ignored")


if __name__ == "__main__":
    main(*sys.argv[1:])
