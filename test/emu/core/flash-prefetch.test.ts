/** The prefetch buffer of STM32F0's flash: words read one ahead, in both tiers, against a model that follows what was executed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../../src/emu/chip.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { KIND } from '../../../src/emu/core/caches/flash-cache.ts';
import { S } from '../../../src/emu/core/state.ts';
import { STM32F072RB } from '../../../src/chips/stm32f072.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { BX_LR, FLASH, LOOP, MAIN, NOP, RAM, RAM_END, runCycles, runTo, started } from './bare-machine.ts';
import { BriefMachine } from '../../brief.ts';

const WAIT = 1;
const F0: Partial<ChipDescription> = {
  flashCache: STM32F072RB.flashCache!,
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user' },
  ],
};
const setTiming = (cpu: Core, waitStates: number, kinds: number): void =>
  cpu.caches.setFlashTiming({ waitStates, cache: false, sets: 256, ways: 2, kinds });

const LDR_SP = 0x9800;
const MULS = 0x4348;
const PUSH = [0xb403, 0xbc03];
const MRS = [0xf3ef, 0x8300];
const DMB = [0xf3bf, 0x8f5f];
const POOL = 0x300;
/** Leaf functions, one of them at a second half-word. */
const FUNCTIONS = [0x3000, 0x3022].map((o) => FLASH + o);
const LEAF = [NOP, MULS, LDR_SP, BX_LR];
const isLiteral = (half: number): boolean => half >>> 11 === 9;
const isBranch = (half: number): boolean => half >>> 12 === 0xd || half >>> 11 === 0x1c || half === BX_LR;

type Op =
  | { readonly code: readonly number[] }
  | { readonly call: number }
  | { readonly literal: number }
  | { readonly skip: number; readonly if: boolean };
/** A loop of these, R5 times round. */
function programOf(ops: readonly Op[]): { code: number[]; end: number } {
  const code: number[] = [NOP];
  const literal = (n: number): void => {
    const here = 2 * code.length;
    code.push(0x4a00 | ((POOL + 4 * n - ((here + 4) & ~3)) >> 2));
  };
  for (const op of ops) {
    if ('code' in op) code.push(...op.code);
    else if ('literal' in op) literal(op.literal);
    else if ('skip' in op) code.push(op.if ? 0xd000 | op.skip : 0xe000 | op.skip, ...Array<number>(op.skip + 1).fill(NOP));
    else {
      const d = FUNCTIONS[op.call]! - (FLASH + MAIN + 2 * code.length + 4);
      code.push(0xf000 | ((d >> 12) & 0x3ff), 0xf800 | ((d >> 1) & 0x7ff));
    }
  }
  // SUBS R5, #1; BEQ over the jump back
  code.push(0x3d01, 0xd000);
  code.push(0xe000 | (((2 - (2 * code.length + 4)) >> 1) & 0x7ff));
  return { code, end: 2 * code.length };
}

/** Waits for what was executed: each word is read while the one before it runs. */
class Follower {
  private word = -1;
  /** Cycles after which the next word is there. */
  private left = 0;
  private late = 0;
  waits = 0;
  private need(word: number): void {
    this.waits += word === this.word + 1 ? Math.min(WAIT, this.left) + this.late : WAIT;
    this.late = 0;
    this.word = word;
    this.left = WAIT + 1;
  }
  run(pc: number, half: number, wide: boolean, cycles: number): void {
    if (pc >>> 2 !== this.word) this.need(pc >>> 2);
    if (wide && (pc & 2) !== 0) this.need(this.word + 1);
    // what follows a branch is not waited for
    this.left = isBranch(half) ? 0 : Math.max(0, this.left - cycles);
    if (!isLiteral(half)) return;
    this.waits += WAIT;
    if ((pc & 2) !== 0) this.late = WAIT;
  }
}

type Program = ReturnType<typeof programOf>;
function machineFor(p: Program): { machine: Machine; cpu: Core } {
  const m = started('m0', { [MAIN]: [...p.code, LOOP], ...Object.fromEntries(FUNCTIONS.map((f) => [f - FLASH, LEAF])) }, {}, F0);
  return m;
}
function run(machine: Machine, cpu: Core, end: number, rounds: number): number {
  cpu.set(S.R + 20, rounds);
  cpu.branchTo(FLASH + MAIN);
  cpu.setBreakpoints(new Set([FLASH + MAIN + end]));
  const from = cpu.cycles();
  for (let i = 0; i < 1000 && cpu.pc !== FLASH + MAIN + end; i++) runCycles(machine, 997);
  expect(cpu.pc).toBe(FLASH + MAIN + end);
  return cpu.cycles() - from;
}
/** The same without wait states, instruction by instruction. */
function follow(p: Program, rounds: number): number {
  const { machine, cpu } = machineFor(p);
  cpu.setTranslating(false);
  cpu.set(S.R + 20, rounds);
  cpu.branchTo(FLASH + MAIN);
  const f = new Follower();
  for (let i = 0; cpu.pc !== FLASH + MAIN + p.end; i++) {
    if (i > 20_000) throw new Error('does not end');
    const { pc } = cpu;
    const half = machine.system.read(pc, 2);
    const from = cpu.cycles();
    cpu.step();
    f.run(pc, half, (half & 0xf800) > 0xe000, cpu.cycles() - from);
  }
  return f.waits;
}

const anyOp: fc.Arbitrary<Op> = fc.oneof(
  fc.constantFrom([NOP], [MULS], [LDR_SP], PUSH, MRS, DMB).map((code) => ({ code })),
  fc.record({ call: fc.nat(FUNCTIONS.length - 1) }),
  fc.record({ literal: fc.nat(0x1f) }),
  fc.record({ skip: fc.nat(4), if: fc.boolean() }),
);

describe('prefetch buffer of STM32F0', () => {
  it('waits as a model of the words that were executed says; both tiers in the same cycles', () => {
    let translated = 0;
    fc.assert(
      fc.property(fc.array(anyOp, { minLength: 2, maxLength: 30 }), (ops) => {
        const p = programOf(ops);
        const [a, b, off] = [machineFor(p), machineFor(p), machineFor(p)];
        a.cpu.setTranslating(false);
        b.cpu.setTranslating(true, 2);
        for (const m of [a, b]) setTiming(m.cpu, WAIT, KIND.PREFETCH);
        const cycles = run(a.machine, a.cpu, p.end, 9);
        expect(run(b.machine, b.cpu, p.end, 9)).toBe(cycles);
        expect(cycles - run(off.machine, off.cpu, p.end, 9)).toBe(follow(p, 9));
        translated += b.cpu.tier.counters.compiled;
      }),
      { numRuns: 60, seed: 72 },
    );
    expect(translated).toBeGreaterThan(40);
  });

  /** Cycles of code that begins at a first half-word behind another word, until `end`. */
  function cyclesOf(code: readonly number[], kinds: number, from = 0): number {
    const { machine, cpu } = started('m0', { [MAIN]: [NOP, NOP, ...code, LOOP] }, {}, F0);
    setTiming(cpu, WAIT, kinds);
    cpu.branchTo(FLASH + MAIN + from);
    const at = cpu.cycles();
    runTo(machine, MAIN + 4 + 2 * code.length);
    return cpu.cycles() - at;
  }
  const of = (code: readonly number[], kinds: number = KIND.PREFETCH): number => cyclesOf(code, kinds) - cyclesOf([], kinds);
  const nops = (n: number): number[] => Array<number>(n).fill(NOP);
  it('hides the wait state of straight 16-bit code', () => {
    expect(of(nops(16))).toBe(16);
  });
  it('without it each word waits', () => {
    expect(of(nops(16), 0)).toBe(16 + 8);
  });
  it('a literal loaded by the second instruction of a word costs a cycle more than by the first', () => {
    const first = of([0x4a08, NOP, ...nops(2)]);
    const second = of([NOP, 0x4a08, ...nops(2)]);
    expect([first, second]).toEqual([3 + 3, 3 + 4]);
  });
  it('a branch waits for its target; at a second half-word for the word behind it too', () => {
    const to = (n: number): number => of([0xe000 | n, ...nops(n + 1), ...nops(4)]);
    // B .+8: to the first half-word of a word behind the next
    expect([to(4), to(5)]).toEqual([3 + 1 + 4, 3 + 2 + 4]);
  });
  it('an instruction in two words waits for the second', () => {
    expect([of([...MRS, NOP, NOP]), of([NOP, ...MRS, NOP])]).toEqual([6, 7]);
  });

  it('FLASH_ACR.PRFTBE switches it, and it is on after a reset', () => {
    const machine = new BriefMachine({ chip: STM32F072RB, models: MODELS, seed: 1 });
    machine.eraseNonVolatile();
    machine.powerOn();
    const cpu = machine.cores[0]!;
    const ACR = 0x4002_2000;
    const now = (): number[] => [cpu.get(S.FETCH_MODE), cpu.get(S.FLASH_KINDS)];
    expect([cpu.read(ACR, 4), ...now()]).toEqual([0x30, 0, KIND.PREFETCH]);
    cpu.write(ACR, 4, 0x11);
    expect([cpu.read(ACR, 4), ...now()]).toEqual([0x31, 3, KIND.PREFETCH]);
    cpu.write(ACR, 4, 0x01);
    expect([cpu.read(ACR, 4), ...now()]).toEqual([0x01, 1, 0]);
  });
});
