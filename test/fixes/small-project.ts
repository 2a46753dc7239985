/** A small project of STM32F405 that jumps into the ROM from the handler of SysTick, with a makefile, in a git repository of its own. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

const ISR = `#include <stdint.h>

void enter_bootloader(void);

static volatile uint32_t ticks;

void SysTick_Handler(void)
{
\tticks++;
\tif (ticks == 20)
\t\tenter_bootloader();
}
`;
const BOOT = `#include <stdint.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)

void enter_bootloader(void)
{
\tuint32_t sp = *(volatile uint32_t *)0x1fff0000u;
\tuint32_t pc = *(volatile uint32_t *)0x1fff0004u;

\tSYST_CSR = 0;
\t__asm volatile("msr msp, %0\\n\\tbx %1" : : "r"(sp), "r"(pc) : "memory");
}
`;
const MAIN = `#include <stdint.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)

static volatile uint32_t work;

int main(void)
{
\tSYST_RVR = 16000u - 1u;
\tSYST_CSR = 7;
\twhile (1)
\t{
\t\twork++;
\t}
}
`;
const START = `extern unsigned _estack, _sidata, _sdata, _edata, _sbss, _ebss;
int main(void);
void SysTick_Handler(void);
void Reset_Handler(void)
{
\tunsigned *from = &_sidata;
\tfor (unsigned *to = &_sdata; to < &_edata;)
\t\t*to++ = *from++;
\tfor (unsigned *to = &_sbss; to < &_ebss;)
\t\t*to++ = 0;
\tmain();
\tfor (;;) {
\t}
}
void Default_Handler(void)
{
\tfor (;;) {
\t}
}
__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
\t(void (*)(void))&_estack, Reset_Handler, Default_Handler, Default_Handler, Default_Handler, Default_Handler, Default_Handler,
\t0, 0, 0, 0, Default_Handler, Default_Handler, 0, Default_Handler, SysTick_Handler,
};
`;
const LINK = `MEMORY
{
  FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 128K
  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K
}
ENTRY(Reset_Handler)
_estack = ORIGIN(RAM) + LENGTH(RAM);
SECTIONS
{
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH
  _sidata = LOADADDR(.data);
  .data : { _sdata = .; *(.data*) . = ALIGN(4); _edata = .; } > RAM AT > FLASH
  .bss (NOLOAD) : { _sbss = .; *(.bss*) *(COMMON) . = ALIGN(4); _ebss = .; } > RAM
  .noinit (NOLOAD) : { *(.noinit*) } > RAM
}
`;
const MAKEFILE = `CFLAGS = -mcpu=cortex-m4 -mthumb -g -Os -ffreestanding -Wall -Werror
SRC = src/isr.c src/boot.c src/main.c src/start.c

build/app.elf: $(SRC) link.ld
\tmkdir -p build
\tarm-none-eabi-gcc $(CFLAGS) -nostdlib -Wl,--no-warn-rwx-segments -T link.ld -o $@ $(SRC)
`;

export const SMALL_PROJECT: Readonly<Record<string, string>> = {
  'src/isr.c': ISR,
  'src/boot.c': BOOT,
  'src/main.c': MAIN,
  'src/start.c': START,
  'link.ld': LINK,
  Makefile: MAKEFILE,
  '.gitignore': 'build\n',
};

/** Of a shell command in that folder: what it printed; an error where it failed. */
export function shell(command: string, cwd: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, { shell: true, cwd, input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
  return stdout;
}

/** Committed and built; gone after the test. */
export function smallProject(over: Readonly<Record<string, string>> = {}, repository = true): string {
  const root = mkdtempSync(join(tmpdir(), 'bootbench-project-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...SMALL_PROJECT, ...over })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  if (repository) shell('git init -q . && git add -A && git -c user.name=a -c user.email=a@b.invalid commit -q -m first', root);
  shell('make', root);
  return root;
}
