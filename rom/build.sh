#!/bin/sh
# Builds the stand-in ROMs: rom/build.sh [image…]   (default: all). Output: rom/images/<image>.{bin,elf,json}, the same bytes on every
# machine with the same compiler. OUT=<dir> writes elsewhere (the test compares). Needs arm-none-eabi-gcc and python3.
# What an image is made of stands in generated/, which `node tools/run-ts.mjs tools/rom-config.ts` writes from src/rom.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
OUT=${OUT:-images}
mkdir -p "$OUT"
CC=arm-none-eabi-gcc
# For ROMs that hardly fit: the least size, as one program.
TIGHT_FLAGS="-Oz -flto -flto-partition=one -fno-ivopts -fno-move-loop-invariants -fno-guess-branch-probability"
COMMON_FLAGS="-mthumb -mfloat-abi=soft -std=c11 -Os -g -ffreestanding -fno-common -ffunction-sections -fno-builtin -Wall -Wextra -Werror"

build() { # a line of generated/images.txt: image folder cpu id version base size option-block plain|tight sources…
  image=$1 folder=$2 id=$4 version=$5 base=$6 size=$7 options=$8
  flags="$COMMON_FLAGS -mcpu=$3 -I generated/$image -include config.h -I $folder"
  case $9 in
  plain) ;;
  tight) flags="$flags $TIGHT_FLAGS -frandom-seed=$image" ;;
  esac
  shift 9
  sources=
  for file; do sources="$sources common/$file"; done
  # shellcheck disable=SC2086
  $CC $flags -ffile-prefix-map="$PWD"=rom -fdebug-prefix-map="$PWD"=rom -gno-record-gcc-switches -nostdlib -Wl,--gc-sections \
    -Wl,--build-id=none -T "generated/$image/rom.ld" -o "$OUT/$image.elf" $sources "$folder"/*.c -lgcc
  arm-none-eabi-objcopy -O binary --gap-fill 0xFF --pad-to "$(printf '0x%x' $((base + size)))" "$OUT/$image.elf" "$OUT/$image.bin"
  chmod 644 "$OUT/$image.bin" "$OUT/$image.elf"
  # shellcheck disable=SC2086
  $CC $flags -MM $sources "$folder"/*.c |
    python3 manifest.py "$image" "$id" "$version" "$base" "$size" "$options" "$($CC -dumpfullversion)" "$OUT"
}

[ $# -gt 0 ] || set -- $(cut -d ' ' -f 1 generated/images.txt)
for image; do
  line=$(grep "^$image " generated/images.txt) || { echo "build.sh: no ROM for $image" >&2; exit 2; }
  # shellcheck disable=SC2086
  build $line
done
