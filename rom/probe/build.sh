#!/usr/bin/env bash
# Assembles the probe of `board settle`: `rom/probe/build.sh [--check]`. Writes settle.bin and, with the same bytes as text, src/board/settle-image.ts.
# --check compares with what is committed; without an assembler it says so and is content.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

AS=${AS:-arm-none-eabi-as}
OBJCOPY=${OBJCOPY:-arm-none-eabi-objcopy}
if ! command -v "$AS" >/dev/null; then
  [ "${1:-}" = --check ] && { echo "rom/probe: not compared, $AS is not installed"; exit 0; }
  echo "$AS is not installed" >&2
  exit 2
fi
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
"$AS" -mthumb -o "$temporary/settle.o" settle.S
"$OBJCOPY" -O binary "$temporary/settle.o" "$temporary/settle.bin"
{
  echo '/** The bytes of rom/probe/settle.S, by rom/probe/build.sh: do not edit. */'
  echo 'export const SETTLE_PROBE ='
  echo "  '$(od -An -v -tx1 "$temporary/settle.bin" | tr -d ' \n')';"
} >"$temporary/settle-image.ts"
if [ "${1:-}" = --check ]; then
  cmp settle.bin "$temporary/settle.bin"
  # the formatter may break the line
  cmp <(tr -d ' \n' <../../src/board/settle-image.ts) <(tr -d ' \n' <"$temporary/settle-image.ts")
  echo 'rom/probe: the same bytes'
else
  cp "$temporary/settle.bin" settle.bin
  cp "$temporary/settle-image.ts" ../../src/board/settle-image.ts
fi
