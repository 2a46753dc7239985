#!/bin/sh
# Builds the stand-in ROMs: rom/build.sh [image…]   (default: all). Output: rom/images/<image>.{bin,elf,json}, the same bytes on every
# machine with the same compiler. OUT=<dir> writes elsewhere (the test compares). Needs arm-none-eabi-gcc and python3.
set -eu
export LC_ALL=C
cd "$(dirname "$0")"
OUT=${OUT:-images}
mkdir -p "$OUT"
CC=arm-none-eabi-gcc
DFU="common/descriptors.c common/dfu.c common/usb_device.c"
ROM="$DFU common/inherited.c common/interfaces.c common/iwdg.c common/memory.c common/start.c common/vectors.c"

build() { # image, folder, compiler flags, common sources, manifest fields: id version base size options
  image=$1 folder=$2
  # shellcheck disable=SC2086
  $CC $3 -std=c11 -Os -g -ffreestanding -fno-common -ffunction-sections -fno-builtin -Wall -Wextra -Werror -I "$folder" \
    -ffile-prefix-map="$PWD"=rom -fdebug-prefix-map="$PWD"=rom -gno-record-gcc-switches -nostdlib -Wl,--gc-sections -Wl,--build-id=none \
    -T "$folder/rom.ld" -o "$OUT/$image.elf" $4 "$folder"/*.c -lgcc
  arm-none-eabi-objcopy -O binary --gap-fill 0xFF --pad-to "$(printf '0x%x' $(($7 + $8)))" "$OUT/$image.elf" "$OUT/$image.bin"
  chmod 644 "$OUT/$image.bin" "$OUT/$image.elf"
  python3 manifest.py "$image" "$folder" "$5" "$6" "$7" "$8" "$9" "$($CC -dumpfullversion)" "$OUT"
}

M0="-mcpu=cortex-m0 -mthumb -mfloat-abi=soft"
M4="-mcpu=cortex-m4 -mthumb -mfloat-abi=soft"
M7="-mcpu=cortex-m7 -mthumb -mfloat-abi=soft"
M33="-mcpu=cortex-m33 -mthumb -mfloat-abi=soft"
DWC2="$ROM common/usb_dwc2.c"
HSE="$DWC2 common/hse.c"

for image in ${*:-h5 l476 l496 f072 h745 f405 f411}; do
  case $image in
    h5) build h5 h5 "$M33" "$DFU" stm32h5 V14.2 0x0BF97000 35840 0x0BF9FB00 ;;
    l476) build l476 l4 "$M4 -DCHIP_L476" "$HSE" stm32l476 V10.3 0x1FFF0000 28672 0x1FFF6F00 ;;
    l496) build l496 l4 "$M4 -DCHIP_L496" "$DWC2" stm32l496 V9.3 0x1FFF0000 28672 0x1FFF6F00 ;;
    f072) build f072 f0 "$M0" "$ROM common/usb_fsdev.c" stm32f072 V10.1 0x1FFFC800 12288 0x1FFFF700 ;;
    h745) build h745 h7 "$M7" "$DWC2" stm32h745 V9.2 0x1FF09800 86016 0x1FF1E700 ;;
    f405) build f405 f4 "$M4 -DCHIP_F405" "$HSE" stm32f405 V9.1 0x1FFF0000 30720 0x1FFF7500 ;;
    f411) build f411 f4 "$M4 -DCHIP_F411" "$HSE" stm32f411 V13.0 0x1FFF0000 30720 0x1FFF7500 ;;
    *) echo "build.sh: no ROM for $image" >&2; exit 2 ;;
  esac
done
