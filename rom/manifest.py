"""Writes rom/images/<image>.json: what the image is and what it was built from. Called by build.sh with the compiler's dependencies on stdin."""
import hashlib
import json
import os
import sys

image, ident, version, base, size, options, compiler, out = sys.argv[1:]


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


words = sys.stdin.read().replace("\\\n", " ").split()
sources = {os.path.normpath(word) for word in words if not word.endswith(":")}
sources |= {"build.sh", "manifest.py", "common/sections.ld", f"generated/{image}/rom.ld"}
manifest = {
    "id": ident,
    "version": version,
    "base": f"0x{int(base, 16):08x}",
    "size": int(size),
    "optionBlock": f"0x{int(options, 16):08x}",
    "sha256": sha256(f"{out}/{image}.bin"),
    "compiler": f"arm-none-eabi-gcc {compiler}",
    "sources": {path: sha256(path) for path in sorted(sources)},
}
with open(f"{out}/{image}.json", "w", encoding="utf-8") as file:
    json.dump(manifest, file, indent=2)
    file.write("\n")
