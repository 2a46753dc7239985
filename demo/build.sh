#!/usr/bin/env bash
# Builds the demonstration: `demo/build.sh [--check]`. The firmware, and what it becomes by each of the changes in fixes/, one after the other.
# --check compares with what is committed, byte for byte; skipped with a message where another compiler is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/firmware"

MADE_BY='arm-none-eabi-gcc (15:12.2.rel1-1) 12.2.1 20221205'
check=0
[ "${1:-}" = --check ] && check=1
have=$(arm-none-eabi-gcc --version 2>/dev/null | head -n 1 || true)
if [ "$have" != "$MADE_BY" ]; then
  echo "demo: skipped, made by $MADE_BY, here is ${have:-no arm-none-eabi-gcc}"
  [ $check -eq 1 ] && exit 0
  exit 2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r . "$work"
built() { # image
  rm -f "$work/build/firmware.elf"
  make -s -C "$work"
  if [ $check -eq 1 ]; then cmp "$1" "$work/build/firmware.elf"; else cp "$work/build/firmware.elf" "$1"; fi
}
built build/firmware.elf
for change in fixes/*.diff; do
  patch -s -d "$work" -p1 <"$change"
  built "${change%.diff}.elf"
done
[ $check -eq 0 ] || echo "demo: $(ls fixes/*.diff | wc -l) changes, all images identical"
