#!/usr/bin/env bash
# Builds the five projects beside their sources, as debug and release configurations do: -O0, -Og, -Os, -O2.
set -euo pipefail
cd "$(dirname "$0")"
gcc_include=$(arm-none-eabi-gcc -print-file-name=include)
flags=(-g -ffreestanding -nostdlib -fno-tree-loop-distribute-patterns -ffile-prefix-map="$gcc_include"=gcc -ffile-prefix-map="$PWD"=. -ffile-prefix-map="$(realpath ../../../fixtures)"=fixtures
  -I. -T ../link.ld -Wall -Wextra -Wno-override-init -Wl,--build-id=none -Wl,--no-warn-rwx-segments -gno-record-gcc-switches -mthumb -mfloat-abi=soft)
project() { # name part cpu level stack-top sources…
  arm-none-eabi-gcc "${flags[@]}" -mcpu="$3" -D"$2" "$4" -Wl,--defsym=ram_size="$5" startup.c hal.c clock.c main.c "${@:6}" -o "$1.elf"
}
project f103-none F103 cortex-m3 -Os 20K
project f405-uart F405 cortex-m4 -Og 128K
project g474-button G474 cortex-m4 -O0 96K
project h743-timer H743 cortex-m7 -O0 128K
project l432-usb L432 cortex-m4 -O2 48K ../../../fixtures/common/usb/fsdev.c ../../../fixtures/common/usb/cdc.c
