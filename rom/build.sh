#!/bin/sh
# Builds the stand-in ROMs: rom/build.sh [family…]   (default: all). Output: rom/images/<family>.{bin,elf,json}, the same bytes on every
# machine with the same compiler. OUT=<dir> writes elsewhere (the test compares). Needs arm-none-eabi-gcc and python3.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
OUT=${OUT:-images}
mkdir -p "$OUT"
CC=arm-none-eabi-gcc

build() { # family, cpu flags, manifest fields: id version base size options
  family=$1 cpu=$2
  # shellcheck disable=SC2086
  $CC $cpu -std=c11 -Os -g -ffreestanding -fno-common -ffunction-sections -fno-builtin -Wall -Wextra -Werror \
    -ffile-prefix-map="$PWD"=rom -fdebug-prefix-map="$PWD"=rom -gno-record-gcc-switches -nostdlib -Wl,--gc-sections -Wl,--build-id=none \
    -T "$family/rom.ld" -o "$OUT/$family.elf" common/*.c "$family"/*.c -lgcc
  arm-none-eabi-objcopy -O binary --gap-fill 0xFF --pad-to "$(printf '0x%x' $(($5 + $6)))" "$OUT/$family.elf" "$OUT/$family.bin"
  chmod 644 "$OUT/$family.bin" "$OUT/$family.elf"
  python3 manifest.py "$family" "$3" "$4" "$5" "$6" "$7" "$($CC -dumpfullversion)" "$OUT"
}

for family in ${*:-h5}; do
  case $family in
    h5) build h5 "-mcpu=cortex-m33 -mthumb -mfloat-abi=soft" stm32h5 V14.2 0x0BF97000 35840 0x0BF9FB00 ;;
    *) echo "build.sh: no ROM for $family" >&2; exit 2 ;;
  esac
done
