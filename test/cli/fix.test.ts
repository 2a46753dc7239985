/** `bootbench fix` in a project as users have them: a repository, a makefile, a jump from an interrupt. */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { inThread, type Bench } from '../../src/cli/engine.ts';
import { causeInFull, comesBehind, sameAgain } from '../../src/cli/fix.ts';
import { SMALL_PROJECT, shell, smallProject } from '../fixes/small-project.ts';
import { primaskResult } from '../samples/results.ts';
import { cli, FIRMWARE, folder, IMAGE, isGone, type Ran } from './helpers.ts';

const missing = ['arm-none-eabi-gcc', 'make', 'git', 'patch'].filter((name) => spawnSync(name, ['--version']).status !== 0);
const skipped = missing.length > 0 && process.env['BOOTBENCH_REQUIRE_ORACLES'] !== '1';
const why = missing.length === 0 ? '' : ` (${missing.join(', ')} missing)`;

const PATH = process.env['PATH']!;
const fix = (cwd: string, ...more: readonly string[]): Promise<Ran> => fixImage(cwd, 'build/app.elf', ...more);
const fixImage = (cwd: string, image: string, ...more: readonly string[]): Promise<Ran> =>
  cli(['fix', image, '--chip', 'stm32f405rg', ...more], { cwd, env: { PATH }, bench: (job, hooks) => inThread(job, hooks) });
const BUILD = ['--apply', '--build', 'make'];
/** It jumps out of the handler of a fault. */
const FAULTING: Readonly<Record<string, string>> = {
  'src/isr.c':
    'void enter_bootloader(void);\nvoid HardFault_Handler(void)\n{\n\tenter_bootloader();\n}\nvoid SysTick_Handler(void)\n{\n}\n',
  'src/start.c': SMALL_PROJECT['src/start.c']!.replace('Default_Handler, Default_Handler,', 'Default_Handler, HardFault_Handler,').replace(
    'void SysTick',
    'void HardFault_Handler(void);\nvoid SysTick',
  ),
  'src/main.c': SMALL_PROJECT['src/main.c']!.replace('work++;', 'if (++work == 1000)\n\t\t\t__asm volatile("udf #0");'),
};
/** With system memory at address 0 the jump relies on VTOR as a reset leaves it; behind a leave VTOR and the clocks are as the ROM has them. */
const LEFT_BY_THE_ROM: Readonly<Record<string, string>> = {
  'src/isr.c': '#include <stdint.h>\n\nvolatile uint32_t ticks;\n\nvoid SysTick_Handler(void)\n{\n\tticks++;\n}\n',
  'src/boot.c': SMALL_PROJECT['src/boot.c']!.replace(
    '\tSYST_CSR = 0;\n',
    '\tSYST_CSR = 0;\n\t*(volatile uint32_t *)0x40023844u |= 1u << 14;\n\t*(volatile uint32_t *)0x40013800u = 1u;\n',
  ),
  'src/main.c': `#include <stdint.h>
extern volatile uint32_t ticks;
void enter_bootloader(void);

int main(void)
{
\twhile ((*(volatile uint32_t *)0x40023830u & 1u) | (*(volatile uint32_t *)0x40023808u & 8u)) {
\t}
\t*(volatile uint32_t *)0xE000E014u = 16000u - 1u;
\t*(volatile uint32_t *)0xE000E010u = 7;
\twhile (ticks < 20) {
\t}
\tenter_bootloader();
\treturn 0;
}
`,
};
/** The same with ST's HAL, as far as it matters: one call that puts the clocks back. */
const withHal = (call: string, header = '#include "stm32f4xx_hal.h"\n'): Readonly<Record<string, string>> => ({
  ...LEFT_BY_THE_ROM,
  'src/stm32f4xx_hal.h': `typedef struct {
\tvolatile unsigned CPUID, ICSR, VTOR;
} SCB_Type;
#define SCB ((SCB_Type *)0xE000ED00u)
void HAL_RCC_DeInit(void);
`,
  'src/clocks.c': `#include <stdint.h>
#include "stm32f4xx_hal.h"
#define RCC(at) (*(volatile uint32_t *)(0x40023800u + (at)))
void HAL_RCC_DeInit(void)
{
${call}}
`,
  'src/main.c': `${header}${LEFT_BY_THE_ROM['src/main.c']!}`,
  Makefile: SMALL_PROJECT['Makefile']!.replace('SRC =', 'SRC = src/clocks.c'),
});
const CLOCKS_BACK = `\tRCC(0) |= 1u;
\twhile (!(RCC(0) & 2u)) {
\t}
\tRCC(8) = 0;
\twhile (RCC(8) & 12u) {
\t}
\tRCC(0) &= ~0x01010000u;
\tRCC(0x30) = 0x00100000u;
`;
/** USB comes above SysTick, so that DFU is there; behind a leave the program starts inside the handler that has jumped. */
const LOW_PRIORITY: Readonly<Record<string, string>> = {
  'src/main.c': SMALL_PROJECT['src/main.c']!.replace('\tSYST_RVR', '\t*(volatile uint32_t *)0xE000ED20u = 0xF0000000u;\n\tSYST_RVR'),
};
const diff = (root: string): string => shell('git diff', root);

it('the cause ends in its place, not in a full stop and its place', async () => {
  const failed = primaskResult();
  const explanation = 'It is so. With it as behind a reset, the application comes back.';
  const diagnosis = { ...failed.diagnosis, causes: failed.diagnosis.causes.map((c) => ({ ...c, explanation })) };
  const { err } = await cli(['fix', IMAGE, '--chip', 'stm32h533re'], { result: () => ({ ...failed, diagnosis }) });
  expect(err.split('\n')[1]).toMatch(/^Cause .*: It is so\. .* comes back, main\.c:42/);
});
it('--apply says what a green run leaves to its user, where the fix is no code', async () => {
  const failed = primaskResult();
  const causes = failed.diagnosis.causes.map((c) => ({ ...c, fix: '/* restore the clocks */' }));
  const result = () => ({ ...failed, outcome: 'dfu' as const, diagnosis: { ...failed.diagnosis, causes } });
  const { code, err } = await cli(['fix', IMAGE, '--chip', 'stm32h533re', '--apply'], { result });
  expect(err).toMatch(/^bootbench: left to you: .*restore the clocks/m);
  expect(code).toBe(0);
});
it.each([
  [true, 'add > fix.diff, then: '],
  [false, 'with this patch in fix.diff: '],
])('who has sent the patch somewhere is not told to: terminal %s', async (tty, words) => {
  const cwd = folder({ 'fw.bin': FIRMWARE, 'main.c': SOURCE });
  const { err, out } = await cli(['fix', IMAGE, '--chip', 'stm32h533re'], { cwd, tty, result: primaskResult });
  expect(out).toContain('+++ b/main.c');
  expect(err).toContain(`Next   ${words}patch -p1 < fix.diff; or add --apply`);
});
/** Line 42 disables interrupts, and line 50 jumps. */
const SOURCE = Array.from({ length: 60 }, (_, i) => (i === 41 ? '  __disable_irq();' : i === 49 ? '  jump();' : '')).join('\n');

describe.skipIf(skipped)(`bootbench fix${why}`, { timeout: 120_000 }, () => {
  it('prints the verdict in two lines and a patch that git apply takes, from the root and from another folder', async () => {
    const root = smallProject();
    const ran = await fix(root);
    expect(ran.code).toBe(1);
    expect(ran.err.split('\n')[0]).toMatch(/^FAIL +rom-silent/);
    expect(ran.err.split('\n')[1]).toMatch(/^Cause +handler-mode: /);
    expect(ran.err).toContain('with this patch in fix.diff: git apply fix.diff');
    shell('git apply --check', root, ran.out);
    const below = await fixImage(join(root, 'src'), '../build/app.elf');
    expect(below.out).toBe(ran.out);
    expect(below.err).toContain('in fix.diff: git -C .. apply < fix.diff');
    writeFileSync(join(root, 'src', 'fix.diff'), below.out);
    shell('git -C .. apply < fix.diff', join(root, 'src'));
    expect(diff(root)).toContain('dfu_requested = 1;');
  });

  it('without a repository names paths from the working folder, for patch -p1', async () => {
    const root = smallProject({}, false);
    const ran = await fix(root);
    expect(ran.err).toContain('in fix.diff: patch -p1 < fix.diff');
    shell('patch -p1', root, ran.out);
    expect(readFileSync(join(root, 'src', 'isr.c'), 'utf8')).toContain('dfu_requested = 1;');
  });

  it('--apply --build makes it green: a flag in the interrupt, the jump in the loop of main()', async () => {
    const root = smallProject();
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toMatch(
      /^FAIL[^]*\nround 1: handler-mode: src\/isr\.c, src\/main\.c changed; built in \d+\.\d s\nOK  [^]*\nHolds  if the real ROM /,
    );
    // what `run` says of the application behind a leave is mended, too
    expect(ran.out).toMatch(
      /\nCause +.*the leave starts the application.*\nHolds .*\nDFU is there, and stays so: the next patch is for what comes behind it\nround 2:/,
    );
    expect(ran.out).toMatch(/\nround 2: VTOR: src\/main\.c, src\/boot\.c changed; built in \d+\.\d s\nOK /);
    expect(ran.code).toBe(0);
    expect(shell('git diff --name-only', root)).toBe('src/boot.c\nsrc/isr.c\nsrc/main.c\n');
    expect(await fix(root)).toMatchObject({ code: 0, out: '' });
  });

  it('sets a flag in the interrupt also where the ROM is looked for at a wrong address, so that the jump fails on its way', async () => {
    const root = smallProject({ 'src/boot.c': SMALL_PROJECT['src/boot.c']!.replaceAll('0x1fff000', '0x1ffff00') });
    const ran = await fix(root);
    expect(ran.err).toMatch(/^Cause +entry-address: .*src\/boot\.c:[78] /m);
    expect(ran.err).toMatch(/^Cause +handler-mode: .*src\/boot\.c:11 /m);
    shell('git apply', root, ran.out);
    expect(diff(root)).toMatch(/\+\t*uint32_t sp = .*0x1fff0000u[^]*\+\t\tdfu_requested = 1;/);
    expect(diff(root)).not.toContain('NVIC_SystemReset');
  });

  it('two causes behind a leave are mended together: VTOR, and a jump inside the handler that is active still', async () => {
    const root = smallProject(LOW_PRIORITY);
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toMatch(
      /^OK, but[^]*\nround 1: VTOR and IPSR: src\/main\.c, src\/boot\.c, src\/isr\.c changed; built in \d+\.\d s\nOK /,
    );
    expect(diff(root)).toMatch(/\+.*dfu_requested = 1;[^]*\+.* = 0x08000000u;/);
    expect(await fix(root)).toMatchObject({ code: 0, out: '' });
  });

  it('out of the handler of a fault asks for the ROM over a reset: the main loop would meet the same fault again', async () => {
    const root = smallProject(FAULTING);
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toMatch(/^FAIL +rom-silent: [^]*\nround 1: handler-mode: [^]*\nOK /);
    expect(ran.code).toBe(0);
    expect(diff(root)).toContain('dfu_request = 0xB00710ADu;');
  });

  it.each([
    ['an interrupt', {}, 'dfu_requested = 1;'],
    ['the handler of a fault', FAULTING, 'dfu_request = 0xB00710ADu;'],
  ])('a file that the debug data name from the root is one file: out of %s', async (_what, over, line) => {
    const { 'src/main.c': main, 'src/isr.c': isr, 'src/boot.c': boot, Makefile } = { ...SMALL_PROJECT, ...over };
    const head = '#include <stdint.h>\n';
    const register = '#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)\n';
    const texts = [boot!, isr!, main!].map((text) => text.replace(head, '').replace(register, ''));
    const root = smallProject({
      ...over,
      'src/main.c': [head, register, ...texts].join(''),
      // compiled in the build folder, as CMake does
      Makefile: Makefile!
        .replace(/^SRC = .*$/m, 'SRC = $(CURDIR)/src/main.c $(CURDIR)/src/start.c')
        .replace('\tarm-none-eabi-gcc', '\tcd build && arm-none-eabi-gcc')
        .replace('-T link.ld -o $@', '-T ../link.ld -o app.elf'),
    });
    const { out } = await fix(root);
    expect(out.match(/^---.*$/gm)).toEqual(['--- a/src/main.c']);
    expect(out).toContain(line);
    expect((await fix(root, ...BUILD)).code).toBe(0);
  });

  it('VTOR that main() sets for behind a leave is the table of the ROM again right before the jump', async () => {
    const root = smallProject(LEFT_BY_THE_ROM);
    const keeps = ['--rom-option', 'vtor=keeps'];
    expect((await fix(root, ...keeps)).err).toMatch(/^OK +dfu/);
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toContain('\nround 1: VTOR: src/main.c, src/boot.c changed; RCC and PWR is left; built');
    expect(diff(root)).toMatch(
      /src\/boot\.c[^]*\+\t.* = 0x1fff0000u;[^]* \t__asm volatile\("msr msp[^]*src\/main\.c[^]*\+\t.* = 0x08000000u;/,
    );
    expect((await fix(root, ...keeps)).err).toMatch(/^OK +dfu/);
  });

  it("puts the clocks back by the call of ST's HAL, behind the line that sets VTOR, where the same leave then works", async () => {
    const root = smallProject(withHal(CLOCKS_BACK));
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toMatch(/^OK +dfu[^]*\nround 1: VTOR and RCC and PWR: src\/main\.c, src\/boot\.c changed; built in \d+\.\d s\nOK /);
    expect(diff(root)).toMatch(/\+\s+SCB->VTOR = 0x08000000u;\n\+\s+HAL_RCC_DeInit\(\);/);
    expect(ran.code).toBe(0);
  });
  it('puts that call behind the one of HAL_Init(), where another function than main() makes that', async () => {
    const over = withHal(CLOCKS_BACK);
    const [clocks, main] = [over['src/clocks.c']!, over['src/main.c']!];
    const root = smallProject({
      ...over,
      'src/clocks.c': `${clocks}__attribute__((noinline)) void HAL_Init(void)\n{\n\t__asm volatile("");\n}\nvoid board_init(void)\n{\n\tHAL_Init();\n\t__asm volatile("");\n}\n`,
      'src/main.c': main.replace('int main(void)\n{\n', 'void board_init(void);\nint main(void)\n{\n\tboard_init();\n'),
    });
    const ran = await fix(root, ...BUILD);
    expect(diff(root)).toMatch(/src\/clocks\.c[^]*\tHAL_Init\(\);\n\+\s+HAL_RCC_DeInit\(\);/);
    expect(ran.code).toBe(0);
  });
  it.each([
    ['a call that does too little', withHal('\tRCC(0) |= 1u;\n'), /RCC and PWR: how is yours to decide: .*write every field/],
    [
      'no header of it in main.c',
      withHal(CLOCKS_BACK, ''),
      /RCC and PWR: src\/main\.c includes no header that declares HAL_RCC_DeInit\(\)/,
    ],
  ])('%s is no such fix', async (_what, over, why) => {
    const ran = await fix(smallProject(over));
    expect(ran.err).toMatch(why);
    expect(ran.out).not.toMatch(/\+\s+HAL_RCC_DeInit/);
  });

  it('puts the clocks back by their registers, where the image has no such call, and the same leave then works', async () => {
    const main = LEFT_BY_THE_ROM['src/main.c']!.replace('(*(volatile uint32_t *)0x40023830u & 1u) | ', '');
    const root = smallProject({ ...LEFT_BY_THE_ROM, 'src/main.c': main });
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toMatch(/^OK +dfu[^]*\nround 1: VTOR and RCC and PWR: src\/main\.c, src\/boot\.c changed; built in \d+\.\d s\nOK /);
    // RCC_CFGR
    expect(diff(root)).toMatch(/src\/main\.c[^]*\+.*0x40023808u/);
    expect(ran.code).toBe(0);
  });
  it('takes a second cause in a second round', async () => {
    // masked in the handler's way, which only shows once the jump is made elsewhere
    const boot = SMALL_PROJECT['src/boot.c']!.replace('\tSYST_CSR = 0;', '\tSYST_CSR = 0;\n\t__asm volatile("cpsid i" : : : "memory");');
    const root = smallProject({ 'src/boot.c': boot });
    const ran = await fix(root, ...BUILD);
    expect(ran.code).toBe(0);
    expect(diff(root)).toContain('+\t__asm volatile("cpsie i" : : : "memory");');
  });

  it('goes on where DFU comes, and a host could not use it', async () => {
    const root = smallProject();
    const usable = { outcome: 'dfu', diagnosis: { explained: null, causes: [], sets: [], harmless: [] } } as const;
    let rounds = 0;
    const bench: Bench = async (job, hooks) => ({
      ...(await inThread(job, hooks)),
      ...(rounds++ === 0 ? { outcome: 'dfu' as const } : usable),
    });
    const ran = await cli(['fix', 'build/app.elf', '--chip', 'stm32f405rg', ...BUILD], { cwd: root, env: { PATH }, bench });
    expect(ran.out).toMatch(/\nround 1: handler-mode: src\/isr\.c, src\/main\.c changed/);
    expect([ran.code, rounds]).toEqual([0, 2]);
  });

  it('writes no file with uncommitted changes, and none at all then, unless it is told to', async () => {
    const root = smallProject();
    appendFileSync(join(root, 'src', 'main.c'), '/* mine */\n');
    shell('make', root);
    const before = diff(root);
    const ran = await fix(root, ...BUILD);
    expect(ran).toMatchObject({
      code: 2,
      err: expect.stringContaining('src/main.c has uncommitted changes; commit or stash them, or give'),
    });
    expect(diff(root)).toBe(before);
    expect((await fix(root, ...BUILD, '--allow-dirty')).code).toBe(0);
    expect(diff(root)).toContain('+/* mine */');
  });

  it('an image that was not built since the fix was written is to be built first', async () => {
    const root = smallProject();
    expect(await fix(root, '--apply')).toMatchObject({ code: 1, out: expect.stringContaining('changed\nNext   build it') });
    const fixed = diff(root);
    const again = await fix(root, '--apply');
    expect(again).toMatchObject({
      code: 2,
      err: expect.stringMatching(/has uncommitted changes that are newer than the image.*build it first/),
    });
    const later = Date.now() / 1000 + 120;
    for (const file of ['isr.c', 'main.c', 'boot.c']) utimesSync(join(root, 'src', file), later, later);
    expect(await fix(root, '--apply')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/src\/\w+\.c was changed after the image was built; build it first/),
    });
    expect(diff(root)).toBe(fixed);
    expect((await fix(root, ...BUILD)).code).toBe(0);
  });
  it('says the same where the newer text shows no place for a fix', async () => {
    const root = smallProject();
    const file = join(root, 'src', 'boot.c');
    writeFileSync(file, '/* moved elsewhere */\n');
    const later = Date.now() / 1000 + 120;
    utimesSync(file, later, later);
    expect((await fix(root)).err).toContain('src/boot.c was changed after the image was built: build it first');
    expect(await fix(root, '--apply')).toMatchObject({
      code: 2,
      err: expect.stringContaining('src/boot.c was changed after the image was built'),
    });
  });

  it.each(['assume-unchanged', 'skip-worktree'])('writes no file that git is told to leave out by --%s', async (flag) => {
    const root = smallProject();
    shell(`git update-index --${flag} src/isr.c`, root);
    appendFileSync(join(root, 'src', 'isr.c'), '/* mine */\n');
    shell('make', root);
    const before = readFileSync(join(root, 'src', 'isr.c'), 'utf8');
    const ran = await fix(root, '--apply');
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('git is told not to look for changes in src/isr.c') });
    expect(readFileSync(join(root, 'src', 'isr.c'), 'utf8')).toBe(before);
  });

  it.each([
    ['a monitor of the file system', 'git config core.fsmonitor ./program', 1, /^FAIL/],
    [
      'what fetches an object that it does not hold',
      [
        'git config core.repositoryformatversion 1 && git config extensions.partialClone origin && git config remote.origin.promisor true',
        'git config remote.origin.url "$PWD" && git config remote.origin.uploadpack ./program',
        'tree=$(git rev-parse HEAD:) && rm -f ".git/objects/$(echo $tree | cut -c1-2)/$(echo $tree | cut -c3-)"',
      ].join(' && '),
      4,
      /^/,
    ],
  ])('%s, which a repository names, is not started', async (_what, configure, code, said) => {
    const root = smallProject();
    writeFileSync(join(root, 'program'), `#!/bin/sh\ntouch '${root}/started'\n`, { mode: 0o755 });
    shell(configure, root);
    const ran = await fix(root, '--apply');
    expect([ran.code, existsSync(join(root, 'started'))], ran.err).toEqual([code, false]);
    expect(ran.out).toMatch(said);
  });

  it('writes nothing where no repository could bring it back', async () => {
    const root = smallProject({}, false);
    const ran = await fix(root, ...BUILD);
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('lies in no git repository') });
    expect(readFileSync(join(root, 'src', 'isr.c'), 'utf8')).toBe(SMALL_PROJECT['src/isr.c']);
  });

  it('a git that waits for ever is ended by a signal, with all that it has started', async () => {
    const root = smallProject();
    shell(
      'git config filter.slow.clean "echo \\$\\$ > started; sleep 1000" && echo "*.c filter=slow" > .git/info/attributes && touch src/isr.c',
      root,
    );
    shell('make', root);
    let signal = (): void => undefined;
    const watch = setInterval(() => existsSync(join(root, 'started')) && signal(), 20);
    const ran = await cli(['fix', 'build/app.elf', '--chip', 'stm32f405rg', '--apply', '--build', 'make'], {
      cwd: root,
      env: { PATH },
      bench: (job, hooks) => inThread(job, hooks),
      onInterrupt: (raise) => (signal = raise),
    });
    clearInterval(watch);
    expect([ran.code, ran.err.trim().split('\n').at(-1)]).toEqual([130, 'bootbench: interrupted while git looked at the sources']);
    const pid = Number(readFileSync(join(root, 'started'), 'utf8'));
    await vi.waitUntil(() => isGone(pid), { timeout: 10_000 });
  });

  it('what git cannot read is told in its words, and is not called no repository', async () => {
    const root = smallProject();
    appendFileSync(join(root, '.git', 'config'), '[broken\n');
    const ran = await fix(root, '--apply');
    expect(ran).toMatchObject({
      code: 4,
      err: expect.stringMatching(/git cannot say whether src\/\w+\.c has uncommitted changes: .*config/),
    });
  });

  it('writes through no link', async () => {
    const root = smallProject();
    mkdirSync(join(root, 'real'));
    renameSync(join(root, 'src', 'isr.c'), join(root, 'real', 'isr.c'));
    symlinkSync('../real/isr.c', join(root, 'src', 'isr.c'));
    shell('git add -A && git -c user.name=a -c user.email=a@b.invalid commit -q -m link && touch src/main.c && make', root);
    const ran = await fix(root, ...BUILD);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('is reached through a link');
    expect(diff(root)).toBe('');
  });

  it('ends with 4 and the last lines of a build that fails', async () => {
    const root = smallProject();
    const ran = await fix(root, '--apply', '--build', 'echo one; echo the reason >&2; exit 7');
    expect(ran.code).toBe(4);
    expect(ran.err).toContain('  the reason\n');
    expect(ran.err).toContain('ended with 7; changed: src/isr.c, src/main.c');
  });

  it.each([
    ['a signal', [], 130, /^bootbench: interrupted in the build$/],
    ['--build-wall', ['--build-wall', '2s'], 4, /^bootbench: the build was not over within 2s, and was ended; .*--build-wall$/],
  ])('%s ends the build with all that it has started', async (what, more, code, said) => {
    const root = smallProject();
    // a shell below the shell, deaf to SIGTERM, that holds the output open; the other one has a group of its own
    const deaf = `sh -c 'trap "" TERM; echo $$ > started; sleep 1000'; true`;
    const build = what === 'a signal' || process.platform !== 'linux' ? deaf : `setsid ${deaf}`;
    let signal = (): void => undefined;
    const watch = setInterval(() => {
      if (what === 'a signal' && existsSync(join(root, 'started'))) signal();
    }, 20);
    const ran = await cli(['fix', 'build/app.elf', '--chip', 'stm32f405rg', '--apply', '--build', build, ...more], {
      cwd: root,
      env: { PATH },
      bench: (job, hooks) => inThread(job, hooks),
      onInterrupt: (raise) => (signal = raise),
    });
    clearInterval(watch);
    expect([ran.code, ran.err.trim().split('\n').at(-1)]).toEqual([code, expect.stringMatching(said)]);
    const pid = Number(readFileSync(join(root, 'started'), 'utf8'));
    await vi.waitUntil(() => isGone(pid), { timeout: 10_000 });
  });

  it('a build that leaves a server behind is over with its own end', async () => {
    const root = smallProject();
    const ran = await fix(root, '--apply', '--build', 'sleep 1000 & echo $! > started; exit 7');
    process.kill(Number(readFileSync(join(root, 'started'), 'utf8')));
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining('ended with 7') });
  });

  it('ends with 4 where the build makes no new image', async () => {
    const ran = await fix(smallProject(), '--apply', '--build', 'true');
    expect(ran).toMatchObject({ code: 4, err: expect.stringContaining('the build did not change build/app.elf') });
  });

  it('stops where the same cause comes again', async () => {
    const root = smallProject();
    // the image changes, and is still the broken one
    const ran = await fix(
      root,
      '--apply',
      '--build',
      'git stash -q && echo "/* again */" >> src/boot.c && sed -i s/20/21/ src/isr.c && make -s && git checkout -q . && git stash pop -q',
    );
    expect(ran.out).toContain('stopped: the same cause again: handler-mode; changed: src/isr.c, src/main.c');
    expect(ran.code).toBe(1);
  });

  it('another register is another cause, and the one that comes again is named', () => {
    const state = (what: string) => ({ id: 'state', what }) as const;
    const mended = new Set([causeInFull(state('SYST_CSR')), causeInFull({ id: 'iwdg' })]);
    expect(sameAgain([state('SYST_RVR')], mended)).toBeNull();
    expect(sameAgain([state('SYST_CSR'), { id: 'iwdg' }], mended)).toBe('the same cause again: state (SYST_CSR), iwdg');
  });

  it('what is mended behind the goal is told of that goal', () => {
    const of = (name: string): string => comesBehind({ goal: { name, reached: true, at: null } });
    expect(of('usb')).toMatch(/^DFU is there, and stays so: /);
    expect(of('usart1')).toMatch(/^the ROM answers, and stays so: /);
  });

  it('stops where the sources are not there', async () => {
    const root = smallProject();
    shell('rm -r src', root);
    const ran = await fix(root, ...BUILD);
    expect(ran.out).toContain('was not found beside the image');
    expect(ran.code).toBe(1);
  });

  it('stops where the fix is no code', async () => {
    const fixture = join(process.cwd(), 'fixtures', 'f405-protection');
    const { expect: _, ...scenario } = JSON.parse(readFileSync(join(fixture, 'scenario.json'), 'utf8')) as Record<string, unknown>;
    const cwd = folder({ 'scenario.json': JSON.stringify(scenario) });
    const ran = await cli(['fix', join(fixture, 'firmware.elf'), '--scenario', 'scenario.json', ...BUILD], {
      cwd,
      bench: (job, hooks) => inThread(job, hooks),
    });
    expect(ran.out).toContain('stopped: board: no change in this program repairs it');
    expect(ran.code).toBe(1);
  });
});

it.each([
  [['--build', 'make'], '--build says how to apply the fix'],
  [['--allow-dirty'], '--allow-dirty says how to apply the fix'],
  [['--apply', '--build', ' '], '--build: the command is empty'],
  [['--apply', '--rounds', '0'], '--rounds 0: it is a number from 1 to 50'],
])('fix %j is refused', async (options, message) => {
  expect(await cli(['fix', 'fw.bin@0x08000000', '--chip', 'h533re', ...options])).toMatchObject({
    code: 2,
    err: expect.stringContaining(message),
  });
});
