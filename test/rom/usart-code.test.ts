/**
 * The stand-ins of STM32F103 and STM32F05x against what was read in ST's own code of them (STM32F103C8 V2.2, STM32F051 V2.1), byte by byte. With
 * BOOTBENCH_ROMS=<folder>, which has f103c8.bin and f051.bin, the same scripts run on that code.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { playSerial, serialPlacesOf, serialScripts, type SerialAnswer } from '../../src/bench/learn/serial-scripts.ts';
import type { RunJob } from '../../src/bench/input/job.ts';
import { plainJob } from '../bench/plain-job.ts';

const all = (job: RunJob): ReadonlyMap<string, SerialAnswer | null> => {
  const scripts = serialScripts(serialPlacesOf(job)!);
  const answers = playSerial(job, scripts);
  return new Map(scripts.map(({ name }, i) => [name, answers[i]!]));
};
const F103 = all(plainJob('stm32f103c8', []));
const F051 = all(plainJob('stm32f051r8', []));
const said = (of: ReadonlyMap<string, SerialAnswer | null>, name: string): readonly string[] => of.get(name)!.answers;
const after = (of: ReadonlyMap<string, SerialAnswer | null>, name: string): Readonly<Record<string, string>> => of.get(name)!.after;

describe('a place that is no memory of the ROM', () => {
  it.each([
    ['Read Memory of a register', ['79', '79'], ['79', '791f']],
    ['Write Memory of a register', ['79', '79'], ['79', '791f']],
    ['Go to a register', ['79', '791f'], ['79', '791f']],
    ['Read Memory, wrong checksum of the address', ['79', '1f'], ['79', '1f1f']],
    ['Go, wrong checksum of the address', ['79', '1f1f'], ['79', '1f1f']],
  ])('%s: acknowledged first; only F051 and Go refuse it behind that', (name, f103, f051) => {
    expect(said(F103, name).slice(0, 2)).toEqual(f103);
    expect(said(F051, name).slice(0, 2)).toEqual(f051);
  });
  it('nor is the last byte of system memory, to F051', () => {
    const name = 'Read Memory of the last byte of system memory';
    expect([said(F103, name)[1], said(F051, name)[1]]).toEqual(['79', '791f']);
  });
  it('Go to erased flash: the handler of F103 resets, that of F051 pushes first, to a stack that is none', () => {
    expect(after(F103, 'Go to erased flash')).toMatchObject({ reset: 'software' });
    expect(after(F051, 'Go to erased flash')['reset']).toBeUndefined();
    expect(said(F051, 'Go to erased flash').at(-1)).toBe('');
  });
  it('the command loop goes on', () => {
    expect(said(F103, 'Read Memory of a register').at(-1)).toBe('7901041079');
    expect(said(F051, 'Read Memory of a register').at(-1)).toBe('7901044079');
  });
});

describe.each([
  ['STM32F103C8', F103],
  ['STM32F051R8', F051],
] as const)('%s', (_, rom) => {
  it('writes whole words: what stood behind the data in its buffer is programmed too', () => {
    expect(said(rom, 'Write Memory of 3 bytes').at(-1)).toBe('7901020378ffffffff');
    expect(said(rom, 'Write Memory of 2 bytes').at(-1)).toBe('7901025678ffffffff');
  });
  it('acknowledges a write over programmed words, which changes nothing', () => {
    expect(said(rom, 'Write Memory over programmed words').slice(3, 6)).toEqual(['79', '79', '79']);
    expect(said(rom, 'Write Memory over programmed words').at(-1)).toBe('79123456789abcdef0');
  });
  it('acknowledges the erase of a page that is not there', () => expect(said(rom, 'Erase of page 200')[4]).toBe('79'));
  it('erases a page: its own fetches wait meanwhile, so that the 4,095 looks at BSY of F051 are enough', () => {
    expect(said(rom, 'Erase of a page')[4]).toBe('79');
    expect(said(rom, 'Erase of a page').at(-1)).toBe('79ffffffffffffffff');
    expect(after(rom, 'Erase of a page')['reset']).toBeUndefined();
  });
  it('refuses a wrong sum of an erase twice', () => expect(said(rom, 'Erase, wrong checksum')[4]).toBe('1f1f'));
  it('acknowledges option bytes, erases the others, and resets', () => {
    expect(said(rom, 'Write Memory of the option bytes')).toEqual(['79', '79', '79']);
    expect(after(rom, 'Write Memory of the option bytes')).toMatchObject({ options: 'a55aff0011eeffffffffffffffffffff' });
    expect(after(rom, 'Write Memory of the option bytes')['reset']).toBeDefined();
  });
  it('protects pages, and takes that back', () => {
    expect(said(rom, 'Write Protect')).toEqual(['79', '79']);
    expect(after(rom, 'Write Protect')['options']!.slice(16, 20)).toBe('f609');
    expect(said(rom, 'Write Unprotect').slice(-2).join('')).toBe('7979');
    expect(after(rom, 'Write Unprotect')['options']!.slice(16)).toBe('ffffffffffffffff');
  });
  it('protects from reads; then only Get, Get Version, Get ID and Readout Unprotect are left', () => {
    expect(said(rom, 'Readout Protect').slice(-2).join('')).toBe('7979');
    expect(after(rom, 'Readout Protect')['options']!.slice(0, 4)).toBe('00ff');
    for (const code of ['0x00', '0x01', '0x02']) expect(said(rom, `protected: ${code}`)[0]).toMatch(/^79/);
    for (const code of ['0x11', '0x31', '0x63', '0x73', '0x82']) expect(said(rom, `protected: ${code}`)[0]).toMatch(/^1f/);
    expect(said(rom, 'protected: Readout Unprotect')).toEqual(['79', '79']);
  });
  it('leaves the clocks of a reset and interrupts on to what Go starts', () => {
    expect(after(rom, 'Go')).toMatchObject({
      'PC at the program': '08000008',
      'CPU.PRIMASK': '00000000',
      'CPU.SYST_CSR': expect.stringMatching(/[04]$/),
    });
    expect(after(rom, 'Go')['FLASH.ACR'] ?? '00000030').toMatch(/^000000[03]0$/);
  });
});
it('F103: a sum of an erase of all that is not 0 is acknowledged, and nothing is erased; F051 refuses it', () => {
  expect(said(F103, 'Erase of all, wrong checksum')[4]).toBe('79');
  expect(said(F103, 'Erase of all, wrong checksum').at(-1)).toBe('79123456789abcdef0');
  expect(said(F051, 'Erase of all, wrong checksum')[4]).toBe('1f');
});
it('F103: VTOR is 0 behind Go; F051: every clock enable is that of a reset', () => {
  expect(after(F103, 'Go')['CPU.VTOR']).toBe('00000000');
  expect(Object.keys(after(F051, 'Go')).filter((k) => /RCC.*ENR/.test(k))).toEqual([]);
});

/** A host that goes on behind a command that resets the chip: what it says meets the start of the ROM at another instant, if the code took another time. */
const unprotect = [0x92, 0x6d];
const GOES_ON = {
  stm32f103c8: { name: 'goes on with 0x7F', says: [{ bytes: [...unprotect, ...new Array<number>(300).fill(0x7f)] }] },
  // the parity bit of 0xFF ends the pulse that is measured, so that the ROM begins to answer while the host says 0x00
  stm32f051r8: { name: '0xFF 0x00', says: [{ bytes: unprotect }, { bytes: [], ms: 400 }, { bytes: [0xff, 0] }, { bytes: [0x11, 0xee] }] },
} as const;
const goesOn = (chip: keyof typeof GOES_ON, job: RunJob = plainJob(chip, [])): readonly string[] =>
  playSerial(job, [GOES_ON[chip]])[0]!.answers;
it('F103: Readout Unprotect takes as long as there, for a host that goes on with 0x7F', () => {
  expect(goesOn('stm32f103c8')).toEqual([`797979${'1f'.repeat(67)}`]);
});
it('F051: a byte right behind a 0xFF that was measured is thrown away, and is no command', () => {
  expect(goesOn('stm32f051r8')).toEqual(['79', '79', '79', '79']);
});

const ROMS = process.env['BOOTBENCH_ROMS'] ?? '';
describe.each([
  ['stm32f103c8', 'f103c8.bin', F103],
  ['stm32f051r8', 'f051.bin', F051],
] as const)("ST's own ROM of %s", (chip, file, standIn) => {
  const path = join(ROMS, file);
  const missing = ROMS === '' ? 'BOOTBENCH_ROMS=<folder> is not given' : existsSync(path) ? '' : `there is no ${path}`;
  test.skipIf(missing !== '')(`answers every script as the stand-in does${missing === '' ? '' : ` (${missing})`}`, () => {
    const job = plainJob(chip, []);
    const rom = { kind: 'dump', bytes: new Uint8Array(readFileSync(path)), version: null, options: {} } as const;
    const real = all({ ...job, rom });
    const differs = [...real].filter(([name, answer]) => JSON.stringify(answer) !== JSON.stringify(standIn.get(name)));
    expect(differs.map(([name]) => name)).toEqual([]);
    expect(goesOn(chip, { ...job, rom })).toEqual(goesOn(chip));
  });
});
