#!/bin/sh
# Rebuilds the small images of these tests and what addr2line says about every half-word of their code.
set -eu
cd "$(dirname "$0")"
same() {
  if [ -e "$2.tmp" ]; then cmp "$1" "$2.tmp"; else cp "$1" "$2.tmp"; fi
  mv "$1" "$2"
}
for version in 2 3 4 5; do
  for opt in O0 O2; do
    out=dwarf$version-$opt
    arm-none-eabi-gcc -mcpu=cortex-m33 -mthumb -"$opt" -gdwarf-$version -gstrict-dwarf -ffreestanding -ffunction-sections -nostdlib \
      -Wl,--gc-sections -Wl,-T,link.ld -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
      -fdebug-prefix-map="$PWD"=/src/project -o "$out.elf" main.c sub/other.c
    size=$(arm-none-eabi-objdump -h "$out.elf" | awk '$2 == ".text" { print $3 }')
    n=0
    while [ $n -lt $((0x$size)) ]; do printf '0x%08x\n' $((0x08000000 + n)); n=$((n + 2)); done > addresses.tmp
    arm-none-eabi-addr2line -a -e "$out.elf" < addresses.tmp | sed 's| (discriminator [0-9]*)||; s|/src/project/||' > "$out.lines"
    arm-none-eabi-addr2line -a -i -f -e "$out.elf" < addresses.tmp | sed 's| (discriminator [0-9]*)||; s|/src/project/||' > "$out.frames"
    rm addresses.tmp
    # all versions say the same; strict DWARF 2 has no word for code in several pieces
    same "$out.lines" "$opt.lines"
    if [ $out != dwarf2-O2 ]; then same "$out.frames" "$opt.frames"; fi
  done
done
rm -f ./*.tmp
# calls through headers and exceptions, with the debug sections as they come and compressed; built for the core with the fewest instructions
calls() {
  arm-none-eabi-gcc -mcpu=$2 -mthumb -O2 -gdwarf-$3 -ffreestanding -nostdlib -Wl,-T,link.ld -Wl,--build-id=none \
    -Wl,--no-warn-rwx-segments -fdebug-prefix-map="$PWD"=/src/project $4 -o "$1.elf" calls.c
}
calls calls cortex-m0 5 ""
calls calls-zlib cortex-m0 4 -Wl,--compress-debug-sections=zlib
calls calls-gnu cortex-m0 4 -Wl,--compress-debug-sections=zlib-gnu
arm-none-eabi-objcopy -O ihex dwarf5-O2.elf dwarf5-O2.hex
arm-none-eabi-objcopy -O binary dwarf5-O2.elf dwarf5-O2.bin
arm-none-eabi-objcopy -O srec dwarf5-O2.elf dwarf5-O2.srec
cp dwarf5-O2.bin dwarf5-O2-plain.dfu
dfu-suffix -v 0483 -p df11 -d ffff -a dwarf5-O2-plain.dfu
# by the writers of others, where they are in PATH: dfuse-pack.py of dfu-util, uf2conv.py of microsoft/uf2
! command -v dfuse-pack.py > /dev/null || dfuse-pack.py -b 0x08000000:dwarf5-O2.bin -b 0x08004000:dwarf5-O2.bin dwarf5-O2-twice.dfu
! command -v uf2conv.py > /dev/null || uf2conv.py -f STM32H5 -c -o dwarf5-O2.uf2 dwarf5-O2.hex
