/** Repairs that act before the entry: what a read is answered with, which writes are left out, and when. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { pathInterceptor } from '../../src/bench/proof/repairs.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Repair } from '../../src/checks/check.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const RAM = 0x20000000;
const TABLE = 0x1fff0000;
const WRONG = 0x1ffff000;

/** An F405 in a loop behind its reset, and the watch that the repairs make. */
function watch(...repairs: readonly Repair[]) {
  const bytes = new Uint8Array(0x110);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  view.setUint32(4, FLASH + 0x101, true);
  bytes.set(new Thumb(FLASH + 0x100).label('here').b('here').bytes(), 0x100);
  const session = new Session(jobInput(plainJob('stm32f405rg', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.run({ until: 1_000_000_000 });
  const { machine } = session;
  const core = machine.bootCore;
  const named = repairs.map((repair) => ({ id: 'entry-address', repair, subject: null as never }) as const);
  const made = pathInterceptor(machine, named, TABLE);
  return {
    machine,
    core,
    made,
    read: (address: number, size: number) => made!.read!(core, address, size),
    write: (address: number, value: number) => made!.write!(core, address, 4, value),
    reset: () => machine.history.resets.push({ ...machine.history.resets[0]!, by: 'software' }),
  };
}
const keep = (...words: Extract<Repair, { at: 'keep' }>['words']): Repair => ({
  at: 'keep',
  what: '',
  words,
  fix: '',
});

it('without one of them nothing is watched', () => {
  expect(watch().made).toBeNull();
  expect(watch({ at: 'entry', what: '', apply: () => {}, fix: '' }).made).toBeNull();
});

describe('A redirect', () => {
  const redirect: Repair = { at: 'redirect', what: '', from: WRONG, fix: '' };
  it("answers reads of the wrong table's two words with the ROM's, of every width", () => {
    const { read, core } = watch(redirect);
    for (const size of [1, 2, 4] as const)
      for (let offset = 0; offset < 8; offset += size) expect(read(WRONG + offset, size)).toBe(core.peek(TABLE + offset, size));
    expect(new Set([0, 1, 2, 3, 4, 5, 6, 7].map((offset) => read(WRONG + offset, 1))).size).toBeGreaterThan(3);
  });
  it('leaves everything else as it is', () => {
    const { read, made } = watch(redirect);
    expect([WRONG - 1, WRONG + 8].map((address) => read(address, 1))).toEqual([null, null]);
    expect([WRONG - 2, WRONG + 6].map((address) => read(address, 4))).toEqual([null, null]);
    expect([...made!.pages!]).toEqual([WRONG >>> 12]);
  });
  it('watches both pages where the words lie in two', () => {
    expect([...watch({ ...redirect, from: 0x1fffeffc } as Repair).made!.pages!]).toEqual([0x1fffe, 0x1ffff]);
  });
});

describe('A kept request', () => {
  it('is read as it was behind the first reset, until it is written', () => {
    const { read, write, reset } = watch(keep({ address: RAM + 16, value: 0xb0071234 }));
    expect(read(RAM + 16, 4)).toBeNull();
    reset();
    expect([RAM + 12, RAM + 20].map((address) => read(address, 4))).toEqual([null, null]);
    expect([read(RAM + 16, 4), read(RAM + 16, 4)]).toEqual([0xb0071234, 0xb0071234]);
    expect([write(RAM + 16, 5), read(RAM + 16, 4)]).toEqual([5, null]);
  });
  it('of a later reset is kept behind that one alone', () => {
    const { read, write, reset } = watch(keep({ address: RAM + 16, value: 1, resets: 3 }));
    reset();
    expect([read(RAM + 16, 4), write(RAM + 16, 7)]).toEqual([null, 7]);
    reset();
    expect([write(RAM + 16, 7), read(RAM + 16, 4)]).toEqual([null, 1]);
  });
  it('is kept from writes until then', () => {
    const { read, write, reset } = watch(keep({ address: RAM + 16, value: 1 }, { address: RAM + 20, value: 2 }));
    expect(write(RAM + 16, 7)).toBe(7);
    reset();
    expect([write(RAM + 16, 7), write(RAM + 20, 7), write(RAM + 24, 7)]).toEqual([null, null, 7]);
    read(RAM + 16, 4);
    expect([write(RAM + 16, 7), write(RAM + 20, 7)]).toEqual([7, null]);
  });
  it('is watched where it is kept alone: the stack may be there, and to watch it is slow', () => {
    const { core, made, read, write, reset } = watch(keep({ address: RAM + 16, value: 1 }));
    const watched = (): boolean => made!.pages.has(RAM >>> 12);
    expect(watched()).toBe(false);
    reset();
    expect(watched()).toBe(true);
    core.zone = 'systemMemory';
    expect(watched()).toBe(false);
    core.zone = 'user';
    read(RAM + 16, 4);
    expect(watched()).toBe(true);
    write(RAM + 16, 7);
    expect(watched()).toBe(false);
  });
  it('is nothing to the ROM', () => {
    const { core, read, write, reset } = watch(keep({ address: RAM + 16, value: 1 }));
    reset();
    core.zone = 'systemMemory';
    expect([read(RAM + 16, 4), write(RAM + 16, 7)]).toEqual([null, 7]);
    core.zone = 'user';
    expect(read(RAM + 16, 4)).toBe(1);
  });
});

describe('A write that is repaired', () => {
  const before = (seq: number, value: number | null): Repair => ({ at: 'before-write', what: '', seq, value, fix: '' }) as Repair;
  it('is the one of that number, with another value', () => {
    const { write, machine } = watch(before(5, 9));
    machine.history.seq = 3;
    expect(write(0x40020000, 7)).toBe(7);
    machine.history.seq = 4;
    expect(write(0x40020000, 7)).toBe(9);
    expect(machine.history.seq).toBe(4);
    machine.history.seq = 5;
    expect(write(0x40020000, 7)).toBe(7);
  });
  it('is left out, and has its number all the same', () => {
    const { write, machine } = watch(before(5, null));
    machine.history.seq = 4;
    expect([write(0x40020000, 7), machine.history.seq]).toEqual([null, 5]);
    expect([write(0x40020000, 7), machine.history.seq]).toEqual([7, 5]);
  });
  it('watches every write to a block; a reset that is vetoed does not', () => {
    expect(watch(before(5, 9)).made!.everyDeviceWrite).toBe(true);
    const veto = watch({ ...before(5, 9), vetoes: 'iwdg' } as Repair).made!;
    expect([veto.everyDeviceWrite, veto.vetoReset!('iwdg'), veto.vetoReset!('wwdg')]).toEqual([false, true, false]);
  });
  it('of a special register keeps what it held, or takes the other value', () => {
    for (const [value, taken] of [
      [null, 1],
      [0, 0],
    ] as const) {
      const { made, core, machine } = watch(before(5, value));
      machine.history.seq = 5;
      expect(made!.special!(core, 'PRIMASK', 1, 3)).toBe(taken);
      machine.history.seq = 6;
      expect(made!.special!(core, 'PRIMASK', 1, 3)).toBe(3);
    }
  });
});
