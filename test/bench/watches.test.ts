/** What the watches for repairs on the way answer: redirected reads, writes that are replaced or left out, vetoed resets, kept words. */
import { expect, it } from 'vitest';
import type { Repair, Subject } from '../../src/checks/check.ts';
import { pathInterceptor, type NamedRepair } from '../../src/bench/proof/repairs.ts';
import type { Core } from '../../src/emu/core/core.ts';
import type { Machine } from '../../src/emu/machine.ts';

const FLASH = 0x08000000;
const RAM = 0x20000000;
const named = (repair: Repair): NamedRepair => ({ id: 'x', repair, subject: {} as Subject });
const told = { what: '', fix: '' };

const ROM_TABLE = 0x1fff0000;
/** The watch for these repairs, with what the machine has written and how often it was reset; the ROM's bytes are their offsets, and nothing is above them. */
function watched(repairs: readonly Repair[], seq = 0, resets = 2) {
  const history = { seq, resets: Array.from({ length: resets }, () => ({})) };
  const watch = pathInterceptor({ history, cores: [{ zone: 'user' }] } as unknown as Machine, repairs.map(named), ROM_TABLE);
  const peek = (at: number, size: number): number | null =>
    at >= ROM_TABLE + 4 ? null : [0x00, 0x0100, 0, 0x03020100][size - 1]! + 0x1111 * (at & 3);
  const core = { zone: 'user', peek, instructionAt: () => undefined, arm: { r: () => 0, sp: 0 } };
  const rom = { ...core, zone: 'systemMemory' };
  const read = (at: number, size: number, by = core): number | null => watch!.read!(by as unknown as Core, at, size);
  const write = (at: number, value: number, by = core): number | null => watch!.write!(by as unknown as Core, at, 4, value);
  const special = (old: number, value: number): number => watch!.special!(core as unknown as Core, 'PRIMASK', old, value);
  return { watch, history, rom, read, write, special };
}
const redirect = (from: number): Repair => ({ at: 'redirect', ...told, from });
const instead = (seq: number, value: number | null): Repair => ({ at: 'before-write', ...told, seq, value });
const keep = (words: { address: number; value: number; resets?: number }[]): Repair => ({ at: 'keep', ...told, words });

it('nothing is watched where no repair acts on the way', () => {
  expect(watched([]).watch).toBeNull();
  expect(watched([{ at: 'entry', ...told, apply: () => {} }]).watch).toBeNull();
});
it('reads within the two words of a redirected table are those of the ROM, also by the ROM', () => {
  const { watch, rom, read, write } = watched([redirect(RAM + 0xffc)]);
  expect([watch!.pages, watch!.everyDeviceWrite]).toEqual([new Set([RAM >>> 12, (RAM + 0x1000) >>> 12]), false]);
  expect([1, 2, 4].map((size) => read(RAM + 0xffc, size))).toEqual([0, 0x100, 0x3020100]);
  expect([read(RAM + 0xffd, 1), read(RAM + 0xffe, 2), read(RAM + 0xffc, 4, rom)]).toEqual([0x1111, 0x2322, 0x3020100]);
  // what cannot be read is 0; the last byte and the last half-word count
  expect([read(RAM + 0x1000, 4), read(RAM + 0x1003, 1), read(RAM + 0x1002, 2)]).toEqual([0, 0, 0]);
  expect([read(RAM + 0xffb, 1), read(RAM + 0xff8, 4), read(RAM + 0x1001, 4), read(RAM + 0x1004, 4)]).toEqual([null, null, null, null]);
  expect(write(RAM + 0xffc, 7)).toBe(7);
  expect(watched([redirect(FLASH)]).watch!.pages).toEqual(new Set([FLASH >>> 12]));
});
it('the write of that number is replaced or left out, and no other', () => {
  const { watch, history, read, write } = watched([instead(5, 0x55), instead(7, null)], 4);
  expect([watch!.pages.size, watch!.everyDeviceWrite, watch!.vetoReset!('iwdg' as never)]).toEqual([0, true, false]);
  expect([write(RAM, 1), history.seq, read(RAM, 4)]).toEqual([0x55, 4, null]);
  history.seq = 5;
  expect([write(RAM, 1), history.seq]).toEqual([1, 5]);
  history.seq = 6;
  // it has its number all the same: the next one is not left out too
  expect([write(RAM, 1), history.seq, write(RAM, 1), history.seq]).toEqual([null, 7, 1, 7]);
});
it('a special register keeps its value, or gets another, where its write has that number', () => {
  const { history, special } = watched([instead(5, 0x55), instead(7, null)], 5);
  expect(special(1, 2)).toBe(0x55);
  history.seq = 6;
  expect(special(1, 2)).toBe(2);
  history.seq = 7;
  expect(special(1, 2)).toBe(1);
});
it('a reset of that kind is vetoed, and no write is left out for it', () => {
  const { watch, write } = watched([{ ...instead(1, null), vetoes: 'iwdg' } as Repair]);
  expect(['iwdg', 'wwdg', 'software'].map((by) => watch!.vetoReset!(by as never))).toEqual([true, false, false]);
  expect([watch!.everyDeviceWrite, watch!.pages.size, write(RAM, 1)]).toEqual([false, 0, 1]);
});
it('a kept word is read by the program behind the reset that it was lost at, not overwritten before, and as it was until it is', () => {
  const words = [{ address: RAM + 0x1004, value: 0xdeadbeef }, { address: RAM + 8, value: 3, resets: 4 }]; // prettier-ignore
  const { watch, history, rom, read, write } = watched([keep(words), redirect(FLASH)], 0, 1);
  expect(watch!.pages).toEqual(new Set([FLASH >>> 12]));
  expect([read(RAM + 0x1004, 4), write(RAM + 0x1004, 9)]).toEqual([null, 9]);
  history.resets.push({});
  expect(watch!.pages).toEqual(new Set([FLASH >>> 12, (RAM + 0x1000) >>> 12]));
  expect([read(RAM + 0x1008, 4), write(RAM + 0x1008, 9), read(RAM + 8, 4), write(RAM + 8, 9)]).toEqual([null, 9, null, 9]);
  // what the ROM has there is its own
  expect([read(RAM + 0x1004, 4, rom), write(RAM + 0x1004, 9, rom)]).toEqual([null, 9]);
  expect([write(RAM + 0x1004, 9), read(RAM + 0x1004, 4)]).toEqual([null, 0xdeadbeef]);
  expect([read(RAM + 0x1004, 4), write(RAM + 0x1004, 9), read(RAM + 0x1004, 4)]).toEqual([0xdeadbeef, 9, null]);
  history.resets.push({}, {});
  // what was written is the program's own
  expect(watch!.pages).toEqual(new Set([FLASH >>> 12, RAM >>> 12]));
  expect([write(RAM + 8, 9), read(RAM + 8, 4), read(RAM + 8, 4)]).toEqual([null, 3, 3]);
});
