/** A machine that is restored goes on as it did the first time, whatever it has done in between. */
import { describe, expect, it } from 'vitest';
import { PS_PER_SECOND } from '../../src/emu/time.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { bareMachine, FLASH, MAIN, NOP, PS_PER_CYCLE, RAM } from './core/bare-machine.ts';
import { BriefMachine } from '../brief.ts';

/** adds r0, #1 · adds r1, #1 · eors r1, r0 · NOPs · b back: a loop over three flash lines that never repeats itself. */
const BODY = [0x3001, 0x3101, 0x4041, ...Array<number>(16).fill(NOP)];
const COUNTING = [...BODY, 0xe000 | (-(BODY.length + 2) & 0x7ff)];

/** An M4 whose flash has wait states. */
function machineWithSlowFlash(): Machine {
  const { chip } = bareMachine('m4');
  const memories = chip.memories.map((m) => (m.kind === 'flash' ? { ...m, waitStates: true as const } : m));
  const machine = new BriefMachine({ chip: { ...chip, memories }, models: {}, seed: 1 });
  machine.system.setClock('hclk', { num: PS_PER_SECOND / PS_PER_CYCLE, den: 1 });
  const image = new Uint8Array(0x2000);
  const view = new DataView(image.buffer);
  view.setUint32(0, RAM + 0x8000, true);
  view.setUint32(4, FLASH + MAIN + 1, true);
  COUNTING.forEach((h, i) => view.setUint16(MAIN + 2 * i, h, true));
  machine.load(FLASH, image);
  machine.powerOn();
  return machine;
}

describe('Forks', () => {
  it('run with the wait states of their checkpoint, also when translated code was made for others', () => {
    const machine = machineWithSlowFlash();
    const cpu = machine.cores[0]!;
    const timing = (waitStates: number) => cpu.caches.setFlashTiming({ waitStates, cache: false, sets: 256, ways: 2, kinds: 0 });
    const on = (cycles: number): number => {
      const before = cpu.retired();
      machine.run(machine.now + cycles * PS_PER_CYCLE);
      return cpu.retired() - before;
    };
    timing(4);
    on(100);
    const start = machine.save();
    const slow = on(200_000);
    timing(0);
    expect(on(200_000)).toBeGreaterThan(slow * 1.2);
    machine.restore(start);
    expect(on(200_000)).toBe(slow);
  });
  it('have the board of their checkpoint: jumpers and option bytes that were changed later are as they were', () => {
    const { system } = machineWithSlowFlash();
    const levels = () => ['boot0.level', 'hse.hz'].map((name) => system.parameter(name));
    const before = system.save();
    const first = levels();
    system.setParameter('boot0.level', 1);
    const after = system.save();
    system.setParameter('boot0.level', 0);
    system.setParameter('hse.hz', 8_000_000);
    system.restore(after);
    expect(levels()).toEqual([1, first[1]]);
    system.restore(before);
    expect(levels()).toEqual(first);
  });
  it('have the memory of their checkpoint, however often they go from one to another', () => {
    // before power comes, which fills all of it
    const machine = bareMachine('m4');
    const [first, second] = [RAM + 0x100, RAM + 0x1100];
    const words = () => [first, second].map((at) => machine.system.read(at, 4));
    const empty = words();
    const before = machine.save();
    machine.poke(first, 4, 0x1111);
    const between = machine.save();
    machine.poke(second, 4, 0x2222);
    const after = machine.save();
    const held = new Map([
      [before, empty],
      [between, [0x1111, empty[1]]],
      [after, [0x1111, 0x2222]],
    ]);
    for (const to of [before, after, before, between, before, after, between, after, before]) {
      machine.restore(to);
      expect(words()).toEqual(held.get(to));
      // of itself, and with the pages of another one where those are the same
      for (const since of [undefined, before, between, after]) {
        const again = machine.save(since);
        expect([...again.pages.keys()].sort((a, b) => a - b)).toEqual([...machine.save().pages.keys()]);
        machine.restore(before);
        machine.restore(again);
        expect(words()).toEqual(held.get(to));
      }
    }
  });
  it('share with an earlier checkpoint the pages that are as they were, and those that it remembers stay as they were', () => {
    const machine = bareMachine('m4');
    const [first, second] = [RAM + 0x100, RAM + 0x1100];
    const pageOf = (at: number): number => machine.system.hostOf(machine.system.regionAt(at, 0)!, at) >>> 12;
    machine.poke(first, 4, 0x1111);
    machine.poke(second, 4, 0x2222);
    const before = machine.save();
    machine.poke(second, 4, 0x3333);
    const after = machine.save(before);
    expect(after.pages.get(pageOf(first))).toBe(before.pages.get(pageOf(first)));
    expect(after.pages.get(pageOf(second))).not.toBe(before.pages.get(pageOf(second)));
    machine.restore(before);
    expect(machine.system.read(second, 4)).toBe(0x2222);
    machine.restore(after);
    expect(machine.system.read(second, 4)).toBe(0x3333);
  });
});
