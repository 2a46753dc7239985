/** What is planted into a right program: faults of each kind, drawn evenly, with the instructions that are to blame. */
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { Assembler } from './assembler.ts';
import { word, type Step } from './assembler.ts';
import { registerAt, switchOn, type Writable } from './facts.ts';

export const FAULT_KINDS = ['field', 'core', 'mask', 'stack', 'interrupt', 'lost', 'delay'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
/** Stores that open the way of another one. */
export type Opener = 'pwr-clock' | 'dbp' | 'rtc-clock';

export interface Fault {
  readonly kind: FaultKind;
  /** `USART1.CR1.UE = 1` */
  readonly what: string;
  /** Makes it; the addresses of the instructions each of which is to blame. */
  readonly bad: (asm: Assembler) => readonly number[];
  /** What a right program has in its place. */
  readonly good?: (asm: Assembler) => void;
  /** Thread mode alone can do it; `jump`: it comes behind what the jump itself sets. */
  readonly only?: 'thread' | 'jump';
  /** A store that the program leaves out. */
  readonly omits?: Opener;
  /** What is written, for who else can write it. */
  readonly field?: { readonly address: number; readonly value: number; readonly clock: Step | null };
}
export type Draw = () => number;
export const below = (draw: Draw, n: number): number => Math.floor(draw() * n);
export const oneOf = <T>(draw: Draw, list: readonly T[]): T => list[below(draw, list.length)]!;

const SYST = { CSR: 0xe000e010, RVR: 0xe000e014, CVR: 0xe000e018 };
const ISER = 0xe000e100;
const ISPR = 0xe000e200;
const SCR = 0xe000ed10;
const VTOR = 0xe000ed08;
const CPSIE_I = 0xb662;

/** All of them are to blame: without any one nothing happens. */
const each =
  (...steps: readonly Step[]) =>
  (asm: Assembler): readonly number[] =>
    steps.map((step) => asm.make(step));
/** The last of them is to blame. */
const last =
  (...steps: readonly Step[]) =>
  (asm: Assembler): readonly number[] =>
    steps.map((step) => asm.make(step)).slice(-1);

const isV6 = ({ cores }: ChipDescription): boolean => cores[0]!.type.startsWith('cortex-m0');

function fieldFault(fields: readonly Writable[], draw: Draw): Fault {
  const { name, clock, at, bit, width, reset } = oneOf(draw, fields);
  const value = ((below(draw, 2 ** Math.min(width, 31)) << bit) & at.mask) >>> 0;
  const field = { address: at.address, value: ((reset & ~at.mask) | value) >>> 0, clock };
  return {
    kind: 'field',
    what: `${name} = 0x${(value >>> bit).toString(16)}`,
    bad: last(...(clock ? [clock] : []), { ...at, value }),
    ...(at.size === 4 ? { field } : {}),
  };
}
function coreFault(chip: ChipDescription, draw: Draw): Fault {
  const bit = (what: string, mask: number): Fault => ({ kind: 'core', what, bad: last(word(SCR, mask, mask)) });
  return oneOf(draw, [
    bit('SCB.SCR.SLEEPONEXIT', 2),
    bit('SCB.SCR.SLEEPDEEP', 4),
    bit('SCB.SCR.SEVONPEND', 16),
    { kind: 'core', what: 'SCB.VTOR', bad: last(word(VTOR, 0x08000200)) },
    { kind: 'core', what: 'MPU_CTRL.ENABLE', bad: last(word(0xe000ed94, 1, 7)) },
    ...(isV6(chip) ? [] : [{ kind: 'core', what: 'SCB.CCR.UNALIGN_TRP', bad: last(word(0xe000ed14, 8, 8)) } as const]),
  ]);
}
function maskFault(chip: ChipDescription, draw: Draw): Fault {
  const of = (what: string, ...halves: readonly number[]): Fault => ({ kind: 'mask', what, bad: last({ halves }) });
  const level = ((1 + below(draw, 15)) << 4) & 0xff;
  return oneOf(draw, [
    of('PRIMASK = 1', 0xb672),
    // MOVS R0, #level; MSR BASEPRI, R0
    ...(isV6(chip) ? [] : [of('FAULTMASK = 1', 0xb671), of(`BASEPRI = 0x${level.toString(16)}`, 0x2000 | level, 0xf380, 0x8811)]),
  ]);
}
/** MSR special, R1, from a literal. */
const writesSpecial =
  (special: number, value: number) =>
  (asm: Assembler): number => {
    asm.load(1, value).op(0xf381, 0x8800 | special);
    return asm.here - 4;
  };
const [MSP, PSP, CONTROL] = [8, 9, 20];
function stackFault(chip: ChipDescription, draw: Draw): Fault {
  const ram = chip.memories.find((m) => m.kind === 'ram' && m.base >>> 28 === 2)!;
  const bad = oneOf(draw, [0x00000020, 0x08000400, ram.base, ram.base + 0x40, 0x60000000, 0xfffffff8]);
  if (below(draw, 2) === 0)
    return { kind: 'stack', what: `MSP = 0x${bad.toString(16)}`, only: 'jump', bad: (asm) => [writesSpecial(MSP, bad)(asm)] };
  const psp = oneOf(draw, [bad, ram.base + 0x800]);
  return {
    kind: 'stack',
    what: `CONTROL.SPSEL, PSP = 0x${psp.toString(16)}`,
    only: 'thread',
    bad: (asm) => [writesSpecial(PSP, psp)(asm), writesSpecial(CONTROL, 2)(asm)],
  };
}
function interruptFault(chip: ChipDescription, draw: Draw): Fault {
  const timer = timerOf(chip, draw);
  if (timer === null || below(draw, 2) === 0) {
    const reload = Math.min(0xffffff, 2 ** (10 + below(draw, 9)));
    const steps = [word(SYST.RVR, reload), word(SYST.CVR, 0), word(SYST.CSR, 7)];
    return { kind: 'interrupt', what: `SysTick each ${reload} cycles`, bad: each(...steps) };
  }
  const { name, clock, line } = timer;
  const { arr, dier, cr1 } = timer.at;
  const steps = [
    word(arr, 400 << below(draw, 7)),
    word(dier, 1, 1),
    word(ISER + 4 * (line >>> 5), 2 ** (line & 31), 2 ** (line & 31)),
    word(cr1, 1, 1),
  ];
  return {
    kind: 'interrupt',
    what: `${name} and its interrupt`,
    bad: each(clock, ...steps),
  };
}
interface Timer {
  readonly name: string;
  readonly clock: Step;
  readonly line: number;
  readonly at: { readonly cr1: number; readonly dier: number; readonly sr: number; readonly arr: number; readonly egr: number };
}
function timerOf(chip: ChipDescription, draw: Draw): Timer | null {
  const all = chip.blocks.flatMap((row): Timer[] => {
    const clock = switchOn(chip, row.clock);
    const [cr1, dier, sr, arr, egr] = ['CR1', 'DIER', 'SR', 'ARR', 'EGR'].map((r) => registerAt(chip, `${row.name}.${r}`));
    const line = row.irqs?.[0];
    if (!/^TIM([2-7]|1[4-7])$/.test(row.name) || !clock || line === undefined || !cr1 || !dier || !sr || !arr || !egr) return [];
    return [{ name: row.name, clock, line, at: { cr1, dier, sr, arr, egr } }];
  });
  return all.length === 0 ? null : oneOf(draw, all);
}

/** A timer is used up to its first update, and stopped: in the wrong program its clock is already off then. */
function stopFault(chip: ChipDescription, draw: Draw): Fault | null {
  const timer = timerOf(chip, draw);
  if (timer === null || !('mask' in timer.clock)) return null;
  const { clock, line, at } = timer;
  const off: Step = { ...clock, value: 0 };
  const bit = 2 ** (line & 31);
  const use = (asm: Assembler): void => {
    asm.op(0xb672).make(clock);
    for (const step of [word(at.arr, 400), word(ISER + 4 * (line >>> 5), bit, bit), word(at.dier, 1, 1), word(at.cr1, 1, 1)])
      asm.make(step);
    asm.wait(at.sr, 1, 'set');
  };
  const stop = (asm: Assembler): readonly number[] => [asm.store(at.cr1, 0), asm.store(at.dier, 0), asm.store(at.sr, 0)];
  const drop = (asm: Assembler): void => {
    asm.store(ISPR + 0x80 + 4 * (line >>> 5), bit);
    asm.op(CPSIE_I);
  };
  return {
    kind: 'lost',
    what: `${timer.name} is stopped without its clock`,
    only: 'thread',
    bad: (asm) => {
      use(asm);
      const guilty = [asm.make(off), ...stop(asm)];
      drop(asm);
      return guilty;
    },
    good: (asm) => {
      use(asm);
      stop(asm);
      asm.make(off);
      drop(asm);
    },
  };
}
function lostFault(chip: ChipDescription, draw: Draw, omits: readonly Opener[]): Fault | null {
  if (omits.length === 0) return stopFault(chip, draw);
  const omitted = oneOf(draw, omits);
  return { kind: 'lost', what: `without ${omitted}`, omits: omitted, bad: () => [] };
}

const COUNTFLAG = 1 << 16;
function delayFault(draw: Draw): Fault {
  const set = [word(SYST.RVR, 999), word(SYST.CVR, 0)];
  const off = word(SYST.CSR, 0);
  const wait = (asm: Assembler): readonly number[] => asm.wait(SYST.CSR, COUNTFLAG, 'set');
  if (below(draw, 2) === 0)
    return {
      kind: 'delay',
      what: 'SysTick is waited for, and off',
      bad: (asm) => {
        const stores = set.map((step) => asm.make(step));
        return [...stores.slice(-1), ...wait(asm)];
      },
      good: (asm) => {
        for (const step of [...set, word(SYST.CSR, 5)]) asm.make(step);
        wait(asm);
        asm.make(off);
      },
    };
  const count = 2 ** 28 + below(draw, 2 ** 30);
  return { kind: 'delay', what: `a delay of ${count} rounds`, bad: (asm) => asm.spin(count), good: (asm) => void asm.spin(100) };
}

/** One of this kind; null where the chip or the program has none. */
export function drawFault(
  chip: ChipDescription,
  kind: FaultKind,
  draw: Draw,
  of: { readonly fields: readonly Writable[]; readonly openers: readonly Opener[] },
): Fault | null {
  switch (kind) {
    case 'field':
      return fieldFault(of.fields, draw);
    case 'core':
      return coreFault(chip, draw);
    case 'mask':
      return maskFault(chip, draw);
    case 'stack':
      return stackFault(chip, draw);
    case 'interrupt':
      return interruptFault(chip, draw);
    case 'lost':
      return lostFault(chip, draw, of.openers);
    case 'delay':
      return delayFault(draw);
  }
}

/** A channel that copies a word once: what sets it up, the last of which starts it. Null where the chip has no such channel. */
export function copying(chip: ChipDescription, from: number, to: number): readonly Step[] | null {
  const at = (path: string): number | null => registerAt(chip, path);
  const clockOf = (name: string): Step | null => switchOn(chip, chip.blocks.find((b) => b.name === name)?.clock);
  const all = (...steps: readonly (Step | null)[]): readonly Step[] | null => {
    const made = steps.filter((step) => step !== null);
    return made.length === steps.length ? made : null;
  };
  const set = (path: string, value: number): Step | null => {
    const address = at(path);
    return address === null ? null : word(address, value);
  };
  if (at('GPDMA1.C0CR') !== null)
    return all(
      clockOf('GPDMA1'),
      set('GPDMA1.C0TR1', 0x00020002),
      set('GPDMA1.C0TR2', 1 << 9),
      set('GPDMA1.C0BR1', 4),
      set('GPDMA1.C0SAR', from),
      set('GPDMA1.C0DAR', to),
      set('GPDMA1.C0CR', 1),
    );
  if (at('DMA2.S0CR') !== null)
    return all(
      clockOf('DMA2'),
      set('DMA2.S0FCR', 4),
      set('DMA2.S0PAR', from),
      set('DMA2.S0M0AR', to),
      set('DMA2.S0NDTR', 1),
      set('DMA2.S0CR', 0x5081),
    );
  return all(clockOf('DMA1'), set('DMA1.CPAR1', from), set('DMA1.CMAR1', to), set('DMA1.CNDTR1', 1), set('DMA1.CCR1', 0x4a01));
}
/** The same fault, by DMA; null where no channel can do it. */
export function byDma(chip: ChipDescription, fault: Fault, source: number): Fault | null {
  const { field } = fault;
  const steps = field === undefined ? null : copying(chip, source, field.address);
  if (field === undefined || steps === null) return null;
  return {
    kind: fault.kind,
    what: `${fault.what} by DMA`,
    bad: (asm) => {
      if (field.clock) asm.make(field.clock);
      asm.store(source, field.value);
      const guilty = steps.slice(1).map((step, i) => (i === 0 ? (asm.make(steps[0]!), asm.make(step)) : asm.make(step)));
      asm.spin(100);
      return guilty;
    },
  };
}
