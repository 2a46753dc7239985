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

# what nobody sees and a terminal or a reader obeys: src/bench/documents/unseen.ts, in Python, which knows no properties but the category
UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
NO_WIDTH = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufdd0-\ufdef\ufe00-\ufe0d\uffa0\ufff0-\ufff8\ufffe\uffff\U0001d159\U000e0000-\U000e0fff]"
)
EMOJI = "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23fa\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
EAST_ASIAN = "[\u1100-\u11ff\u3001-\u303f\u3041-\u31bf\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff]"
JOINS = "[\u0620-\u077f\u07c0-\u07ff\u08a0-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1820-\u18aa\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc]"
JOINER = re.compile(f"(?<={JOINS})[\u200c\u200d](?={JOINS})")
JOINED_PICTURE = re.compile(f"(?:(?<={EMOJI})|(?<={EMOJI}\ufe0f))\u200d(?={EMOJI})")
SELECTOR = re.compile(f"(?<!{EMOJI})(?<![0-9#*](?=\ufe0f\u20e3))[\ufe0e\ufe0f]")
BLANK = re.compile(
    "[\u1680\u2000-\u2008\u200a\u205f]"
    r"|(?<!\S)[\u00a0\u2009\u202f]|[\u00a0\u2009\u202f](?!\S)"
    f"|(?<!{EAST_ASIAN})\u3000(?!{EAST_ASIAN})|\u3000(?!\\S)"
    "|(?<![\u2801-\u28ff])\u2800|\u2800(?![\u2801-\u28ff])"
)
MOST_MARKS = 5
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
    shown = "".join(escaped(ord(c)) if unseen(lines, i) else c for i, c in enumerate(lines))
    quiet = re.sub(r"##(?=\w*\[)", r"#\\x23", shown)
    quiet = re.sub(r"section_(start|end):(?=\d)", r"section_\1\\x3a", quiet)
    return re.sub(r"^((?:[^\S\n]|\ufeff)*):(?=:)", r"\1\\x3a", quiet, flags=re.MULTILINE)


def unseen(text, at):
    c = text[at]
    if " " <= c <= "~" or c in "\t\n":
        return False
    if c in "\u200c\u200d":
        return not joins(text, at)
    if c in "\ufe0e\ufe0f":
        return SELECTOR.match(text, at) is not None
    if unicodedata.category(c)[0] == "M" and paints(text, at):
        return True
    return unicodedata.category(c) in UNSEEN or NO_WIDTH.match(c) is not None or BLANK.match(text, at) is not None


def joins(text, at):
    """Between letters that have other forms beside each other, or within a sequence of emoji."""
    beside = text[at - 1 : at] + text[at + 1 : at + 2]
    letters = all(unicodedata.category(c)[0] in "LM" for c in beside)
    return (letters and JOINER.match(text, at) is not None) or JOINED_PICTURE.match(text, at) is not None


def paints(text, at):
    """A mark without a letter, or one of many on it."""
    before = text[max(0, at - MOST_MARKS) : at]
    marks = sum(unicodedata.category(c)[0] == "M" for c in before)
    return marks == MOST_MARKS or unicodedata.category(before[-1:] or " ")[0] not in "LNMS"


def escaped(code):
    if code > 0xFFFF:
        return f"\\u{{{code:x}}}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def failed(image, name, why):
    print(spoken(f"{image}:1:{name}:FAIL: {' '.join(why.split())}"))
    print("1 Tests 1 Failures 0 Ignored")


if __name__ == "__main__":
    main(*sys.argv[1:])
