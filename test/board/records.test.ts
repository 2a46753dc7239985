/** What each `board` command records says the same without the board, and holds no byte of the ROM and no serial number. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { gdbCommand } from '../../src/cli/gdb.ts';
import { ownWords, romHash } from '../../src/rom/identity.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { cli, folder } from '../cli/helpers.ts';
import { ROOT, serve } from '../debug/serve.ts';

const CHIP = 'stm32l476rg';
const ELF = join(ROOT, 'fixtures/l476-leave-vtor/firmware.elf');
const board = async (): Promise<string[]> => {
  const { line } = await serve((io) => gdbCommand([ELF], { chip: CHIP, port: '0' }, io));
  return ['--gdb', line.trim().replace('gdb ', ''), '--chip', CHIP, '--record', 'r.txt'];
};

describe('the record of', () => {
  it('settle says the same, and what it says is looked up in the answers', async () => {
    const cwd = folder();
    const run = await cli(['board', 'settle', 'primask', 'vtor', ...(await board()), '--watch-for', '6s', '--tries', '1', '--json', '-'], {
      cwd,
    });
    expect(run.code).toBe(0);
    expect(JSON.parse(run.out)).toMatchObject({
      schema: 'bootbench/board-settle@1',
      rom: { kind: 'stand-in', emulated: true },
      options: [
        { option: 'primask', value: 'keeps', served: false, tries: 1 },
        { option: 'vtor', value: 'sets', served: true },
      ],
    });
    expect((await cli(['board', 'replay', 'r.txt', '--json', '-'], { cwd })).out).toBe(run.out);
    const record = readFileSync(join(cwd, 'r.txt'), 'utf8');
    writeFileSync(join(cwd, 'forged.txt'), record.replace('@ seen nothing', '@ seen dfu'));
    const forged = await cli(['board', 'replay', 'forged.txt'], { cwd });
    expect([forged.code, forged.err]).toEqual([2, expect.stringContaining('the record says dfu, and its answers say nothing')]);
    const over = await cli(['board', 'replay', 'r.txt', '--json', 'r.txt'], { cwd });
    expect(over).toMatchObject({ code: 2, err: 'bootbench: --json: r.txt is an input of this run; give another name\n' });
  }, 120_000);
  it('settle has no byte of the ROM but its two vectors, and no serial number', async () => {
    const cwd = folder();
    await cli(['board', 'settle', 'vtor', ...(await board()), '--watch-for', '1s', '--tries', '1'], { cwd });
    const record = readFileSync(join(cwd, 'r.txt'), 'utf8');
    const asked = [...record.matchAll(/^> m([0-9a-f]+),([0-9a-f]+)$/gm)].map(([, at, size]) => [parseInt(at!, 16), parseInt(size!, 16)]);
    const chip = findChip(CHIP)!;
    const [first, last] = chip.rom!.range.value;
    const inRom = asked.filter(([at, size]) => at! + size! > first && at! <= last);
    expect(inRom.every(([at, size]) => at! >= first && at! + size! <= first + 8)).toBe(true);
    expect(inRom.length).toBeGreaterThan(0);
    for (const uid of ownWords(chip)!.uid) expect(asked.some(([at, size]) => at! <= uid && uid < at! + size!)).toBe(false);
    expect(record).toMatch(/^@ rom [0-9a-f]{64} stand-in emulated$/m);
  }, 60_000);
  it('watch says the same', async () => {
    const cwd = folder();
    const run = await cli(['board', 'watch', '--reset', ...(await board()), '--watch-for', '1s'], { cwd });
    expect(await cli(['board', 'replay', 'r.txt'], { cwd })).toMatchObject({ code: run.code, out: run.out });
  });
  it('dump-rom has the hash alone', async () => {
    const cwd = folder();
    const run = await cli(['board', 'dump-rom', 'rom.bin', ...(await board())], { cwd });
    expect([run.code, run.out]).toEqual([0, expect.stringMatching(/^SHA-256 [0-9a-f]{64}\n$/)]);
    const chip = findChip(CHIP)!;
    expect(run.out).toContain(romHash(chip, romProfileOf(chip)!, readFileSync(join(cwd, 'rom.bin'))));
    const again = await cli(['board', 'replay', 'r.txt'], { cwd });
    expect(again).toMatchObject({ code: 0, out: run.out });
    expect(again.err).toContain('none of its bytes');
    const reads = readFileSync(join(cwd, 'r.txt'), 'utf8').match(/^> m1fff/gm) ?? [];
    expect(reads).toEqual([]);
  });
  it('step-compare says the same beside the firmware, which it does not hold', async () => {
    const cwd = folder();
    const elf = join(ROOT, 'fixtures/h533-straight/firmware.elf');
    const { line } = await serve((io) => gdbCommand([elf], { chip: 'stm32h533', port: '0' }, io));
    const on = ['--gdb', line.trim().replace('gdb ', ''), '--chip', 'stm32h533', '--record', 'r.txt'];
    const run = await cli(['board', 'step-compare', elf, ...on, '--steps', '20', '--json', '-'], { cwd });
    expect(JSON.parse(run.out)).toMatchObject({ steps: 20, difference: null });
    const again = await cli(['board', 'replay', 'r.txt', elf, '--json', '-'], { cwd });
    expect([again.code, again.out]).toEqual([run.code, run.out]);
    const alone = await cli(['board', 'replay', 'r.txt'], { cwd });
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('does not hold the firmware that was compared')]);
  });
  it('capture in the running ROM says the same', async () => {
    const cwd = folder();
    const run = await cli(['board', 'capture', '-', '--at', 'rom', ...(await board())], { cwd });
    const facts = JSON.parse(run.out) as { settles: { option: string; value: string; by: string }[]; date: string };
    expect(facts.settles.map((s) => [s.option, s.value])).toEqual(
      expect.arrayContaining([
        ['vtor', 'sets'],
        ['sysclk', 'sets'],
        ['usb-supply', 'sets'],
      ]),
    );
    const again = JSON.parse((await cli(['board', 'replay', 'r.txt'], { cwd })).out) as object;
    expect(again).toEqual({ ...facts, date: null });
  });
});
