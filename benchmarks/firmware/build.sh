#!/usr/bin/env bash
# Builds the benchmark programs for each core (arm-none-eabi-gcc) into the ELFs beside their sources.
set -euo pipefail
cd "$(dirname "$0")"
gcc -O2 -DPRINT workload.c -o /tmp/workload-host.$$ && EXPECTED=$(/tmp/workload-host.$$) && rm /tmp/workload-host.$$
flags=(-g0 -ffreestanding -nostartfiles --specs=nano.specs -ffile-prefix-map="$PWD"=. -T link.ld -Wl,--build-id=none)
for core in m0:cortex-m0 m4:cortex-m4 m33:cortex-m33 m7:cortex-m7; do
  cpu=(-mcpu="${core#*:}" -mthumb -mfloat-abi=soft)
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 -DEXPECTED="$EXPECTED" start.c workload.c -lgcc -o "workload.${core%%:*}.elf"
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O0 start.c delay.c -lgcc -o "delay.${core%%:*}.elf"
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 start.c poll.c -lgcc -o "poll.${core%%:*}.elf"
  arm-none-eabi-gcc "${cpu[@]}" "${flags[@]}" -O2 start.c tick.c -lgcc -o "tick.${core%%:*}.elf"
done
