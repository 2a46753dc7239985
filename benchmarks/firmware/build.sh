#!/usr/bin/env bash
# Builds the benchmark programs (arm-none-eabi-gcc). Without arguments: for each core into the ELFs beside their sources, the M7's for its
# ITCM. `build.sh <folder> <core> <flash base> <RAM base>` links one core's programs for another memory map. With COREMARK=<folder of EEMBC's
# sources> it links CoreMark instead.
set -euo pipefail
TARGET=$(realpath "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
EXPECTED=0xaa95 # what `gcc -O2 -DPRINT workload.c` prints on a PC
MIXED=0xf2e81f97 # and with mixed.c
RTOS=0x524285a0 # and with -ffp-contract=off rtos.c
flags=(-g0 -ffreestanding -nostartfiles --specs=nano.specs -ffile-prefix-map="$PWD"=. -T link.ld -Wl,--build-id=none -Wl,--no-warn-rwx-segments)
build() { # core cpu flash-base ram-base
  local core=$1 cpu=(-mcpu="$2" -mthumb -mfloat-abi=soft -Wl,--defsym=flash_base="$3" -Wl,--defsym=ram_base="$4")
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 -DEXPECTED="$EXPECTED" start.c workload.c -lgcc -o "$TARGET/workload.$core.elf"
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O0 start.c delay.c -lgcc -o "$TARGET/delay.$core.elf"
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 start.c poll.c -lgcc -o "$TARGET/poll.$core.elf"
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 start.c tick.c -lgcc -o "$TARGET/tick.$core.elf"
  mixed "$@" "$TARGET/mixed.$core.elf"
  rtos "$@" "$TARGET/rtos.$core.elf"
}
mixed() { # core cpu flash-base ram-base file
  local cpu=(-mcpu="$2" -mthumb -mfloat-abi=soft -Wl,--defsym=flash_base="$3" -Wl,--defsym=ram_base="$4")
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 -DEXPECTED="$MIXED" start.c setup.c mixed.c -lgcc -o "$5"
}
rtos() { # core cpu flash-base ram-base file
  local cpu=(-mcpu="$2" -mthumb -Wl,--defsym=flash_base="$3" -Wl,--defsym=ram_base="$4")
  case $1 in
    m0) cpu+=(-mfloat-abi=soft) ;;
    m4) cpu+=(-mfloat-abi=hard -mfpu=fpv4-sp-d16) ;;
    *) cpu+=(-mfloat-abi=hard -mfpu=fpv5-sp-d16) ;;
  esac
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 -ffp-contract=off -DEXPECTED="$RTOS" start.c setup.c rtos.c -lgcc -o "$5"
}
coremark() { # core cpu flash-base ram-base file
  local cpu=(-mcpu="$2" -mthumb -mfloat-abi=soft -Wl,--defsym=flash_base="$3" -Wl,--defsym=ram_base="$4")
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 -DPERFORMANCE_RUN=1 -Icoremark -I"$COREMARK" start.c setup.c coremark/core_portme.c \
    "$COREMARK"/core_{list_join,main,matrix,state,util}.c -lgcc -o "$5"
}
if [ -n "${COREMARK:-}" ]; then
  coremark "$2" "cortex-$2" "$3" "$4" "$TARGET/coremark.$2.elf"
elif [ $# -gt 0 ]; then
  build "$2" "cortex-$2" "$3" "$4"
else
  for core in m0 m4 m33; do build "$core" "cortex-$core" 0x08000000 0x20000000; done
  build m7 cortex-m7 0 0x20000000
  mixed m7 cortex-m7 0x08000000 0x24000000 "$TARGET/mixed.h745.elf"
  rtos m7 cortex-m7 0x08000000 0x24000000 "$TARGET/rtos.h745.elf"
fi
