/** `bootbench rom learn` on dumps of stand-ins: what it prints, what it writes, and what it refuses. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { loadRom } from '../../src/rom/load.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { cli, folder } from './helpers.ts';

const profile = romProfileOf(findChip('stm32f072rb')!)!;
const dumpOf = (chosen: Readonly<Record<string, string>>): Uint8Array => {
  const { segments } = loadRom(profile, romImage(profile.image), chosen);
  return segments.find((s) => s.address === profile.systemMemory.value.base)!.bytes.slice();
};
/** As code that is not the stand-in's: another letter in a string that no option looks at. */
function foreign(chosen: Readonly<Record<string, string>>): Uint8Array {
  const dump = dumpOf(chosen);
  dump[Buffer.from(dump).indexOf('BOOTLOADER')] = 0x62;
  return dump;
}
function place(bytes: Uint8Array): string {
  const cwd = folder();
  writeFileSync(join(cwd, 'rom.bin'), bytes);
  return cwd;
}
const LEARN = ['rom', 'learn', 'rom.bin', '--chip', 'stm32f072rb'];

describe('bootbench rom learn', () => {
  it('prints each option, marks what the stand-in has otherwise, and says of a stand-in that it is one', async () => {
    const { code, out } = await cli(LEARN, { cwd: place(dumpOf({ systick: 'off' })) });
    expect(code).toBe(0);
    expect(out).toMatch(/^STM32F072RB, ROM with SHA-256 [0-9a-f]{64}\nThis dump is a stand-in ROM of bootbench/);
    expect(out).toMatch(/\n\* systick +off \(SysTick running/);
    expect(out).toMatch(/\n {2}primask +keeps \(PRIMASK = 1 at the entry, 1 in the idle ROM; not\s+served\)/);
    expect(out).toMatch(/\* = the stand-in has another value:\n {2}systick +uses \(assumed\)\n$/);
  });
  it('prints JSON', async () => {
    const { code, out } = await cli([...LEARN, '--json'], { cwd: place(foreign({})) });
    expect(code).toBe(0);
    const document = JSON.parse(out) as { options: { option: string; pc: string | null }[] };
    expect(document).toMatchObject({ schema: 'bootbench/rom-learn@1', chip: 'STM32F072RB', romId: profile.id, plain: true, control: true });
    expect(document.options.find((o) => o.option === 'sysclk')).toMatchObject({
      value: 'sets',
      standIn: { value: 'sets', confidence: 'documented' },
    });
    expect(document.options.find((o) => o.option === 'sysclk')!.pc).toMatch(/^0x1fff[0-9a-f]{4}$/);
  });
  it('writes evidence: a line for each option that is decided, with the hash and no bytes of the ROM', async () => {
    const cwd = place(foreign({ primask: 'clears' }));
    const { code } = await cli([...LEARN, '--evidence', 'rom.jsonl'], { cwd });
    expect(code).toBe(0);
    const lines = readFileSync(join(cwd, 'rom.jsonl'), 'utf8').trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.length).toBeGreaterThan(12);
    expect(rows.find((r) => r['option'] === 'primask')).toMatchObject({
      schema: 'bootbench/evidence@1',
      value: 'clears',
      probe: 'rom learn',
      control: true,
    });
    expect(Object.keys(rows[0]!).join(' ')).toBe(
      'schema chip dbgmcu romId romSha256 option value probe control tries debugger at version recording',
    );
    expect(rows[0]!['romSha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(Math.max(...lines.map((l) => l.length))).toBeLessThan(400);
  });
  it('takes no stand-in for evidence, and writes nothing then', async () => {
    const cwd = place(dumpOf({}));
    const { code, err, out } = await cli([...LEARN, '--evidence', 'rom.jsonl'], { cwd });
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('a stand-in ROM of bootbench, which is no evidence');
    expect(existsSync(join(cwd, 'rom.jsonl'))).toBe(false);
  });
  it.each([
    ['of a protected chip', new Uint8Array(0x3000).fill(0xff), 'rom.bin: the dump is 0xFF throughout'],
    ['of another chip', new Uint8Array(0x3000).fill(0x20), 'rom.bin: the dump is not of STM32F072RB'],
    ['that is too short', new Uint8Array(64), 'rom.bin: a dump of 64 bytes is too short for a ROM'],
  ])('refuses a dump %s in one sentence', async (_, bytes, why) => {
    const { code, err, out } = await cli(LEARN, { cwd: place(bytes) });
    expect([code, out]).toEqual([2, '']);
    expect(err.replaceAll(/\s+/g, ' ')).toContain(why);
  });
  it.each([
    [['rom', 'learn', 'rom.bin'], '--chip is missing'],
    [['rom', 'learn', 'gone.bin', '--chip', 'stm32f072rb'], 'cannot read gone.bin'],
    [['rom', 'learn', 'rom.bin', '--chip', 'stm32x'], 'stm32x'],
  ])('%j is a mistake', async (args, why) => {
    const { code, err } = await cli(args, { cwd: place(dumpOf({})) });
    expect(code).toBe(2);
    expect(err).toContain(why);
  });
  it('ends with 1 where the ROM does not answer', async () => {
    const dump = foreign({});
    const entry = (new DataView(dump.buffer).getUint32(4, true) & ~1) - profile.systemMemory.value.base;
    dump.set([0xfe, 0xe7], entry);
    const { code, out } = await cli(LEARN, { cwd: place(dump) });
    expect(code).toBe(1);
    expect(out.replaceAll(/\s+/g, ' ')).toContain('so nothing is decided: is it the ROM of STM32F072RB?');
  });
});

const COMPARE = ['rom', 'compare', 'rom.bin', '--chip', 'stm32f072rb'];
describe('bootbench rom compare', () => {
  it('exit 0 and a line for each part where dump and stand-in do the same', async () => {
    const { code, out } = await cli(COMPARE, { cwd: place(dumpOf({})) });
    expect(code).toBe(0);
    expect(out).toMatch(/\noptions \(\d+ undecided\): \d+ alike, 0 not\n/);
    expect(out).toMatch(/\nregisters that the idle ROM has written: [1-9]\d* alike, 0 not\n/);
    expect(out).toMatch(/\ncommands of AN3155: 5\d alike, 0 not\n/);
    expect(out).toMatch(/\nrequirements of DFU: \d\d+ alike, 0 not\n/);
  });
  it('exit 1 and both answers where they do not', async () => {
    const { code, out } = await cli(COMPARE, { cwd: place(dumpOf({ leave: 'silent' })) });
    expect(code).toBe(1);
    expect(out).toMatch(/\n {2}leave\n {4}dump +silent\n {4}stand-in +answers\n/);
    expect(out).toMatch(/\n {2}leave\.manifest: .*\n {4}dump +dialect: GETSTATUS is not answered/);
  });
  it('prints JSON, and shows all that is alike on request', async () => {
    const { out } = await cli(['rom', 'compare', 'rom.bin', '--chip', 'stm32f103c8', '--json'], { cwd: place(f103()) });
    const document = JSON.parse(out) as { schema: string; dfu: unknown; serial: { what: string; dump: string; standIn: string }[] };
    expect(document).toMatchObject({ schema: 'bootbench/rom-compare@1', dfu: null });
    expect(document.serial.find((r) => r.what === 'Get ID')).toMatchObject({ dump: expect.stringMatching(/^7901041079/) as string });
    const all = await cli(['rom', 'compare', 'rom.bin', '--chip', 'stm32f103c8', '--all'], { cwd: place(f103()) });
    expect(all.out).toMatch(/\n {2}Get ID\n {4}dump +7901041079/);
  });
  it.each([200, 1000])('--wall %i ms ends it, whatever it is at', async (ms) => {
    const begun = performance.now();
    const { code, err } = await cli([...COMPARE, '--wall', `${ms}ms`], { cwd: place(dumpOf({})) });
    expect([code, err]).toEqual([2, expect.stringContaining('the comparison was not finished')]);
    expect(performance.now() - begun).toBeLessThan(ms + 5_000);
  });
  it('refuses what is no dump of the chip', async () => {
    const { code, err } = await cli(COMPARE, { cwd: place(new Uint8Array(0x3000).fill(0xff)) });
    expect([code, err]).toEqual([2, expect.stringContaining('0xFF throughout')]);
  });
});
function f103(): Uint8Array {
  const own = romProfileOf(findChip('stm32f103c8')!)!;
  return loadRom(own, romImage(own.image))
    .segments.find((s) => s.address === own.systemMemory.value.base)!
    .bytes.slice();
}
