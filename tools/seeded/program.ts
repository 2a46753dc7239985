/**
 * Small programs that jump to the ROM rightly, but for one thing that they do before: one field of one register set to a value that a reset does not give it, drawn evenly over
 * all fields that software can write, or a word of the core. Assembled here, so that the guilty instruction is known by its address.
 */
import type { ChipDescription } from '../../src/emu/chip.ts';
import { Assembler, word, type Step } from './assembler.ts';
import type { Writable } from './facts.ts';

/** One thing that a program does before it jumps: the last step is to blame. */
export interface Fault {
  /** `USART1.CR1.UE = 1` */
  readonly what: string;
  readonly steps: readonly Step[];
}
/** A program, with the addresses of the instructions that make its faults. */
export interface Program {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly guilty: readonly number[];
}

const VECTORS = 0x400;
/** At the start of the flash: vectors that all lead to an endless loop, the faults, the jump by the ROM's table. */
export function program(chip: ChipDescription, faults: readonly Fault[]): Program {
  const flash = chip.memories.find((m) => m.kind === 'flash' && m.zone === 'user')!;
  const ram = chip.memories.find((m) => m.kind === 'ram' && m.base >>> 28 === 2)!;
  return placed(flash.base, ram.base + Math.min(ram.size, 0x4000), (asm) => {
    const guilty = faults.map(({ steps }) => steps.map((step) => asm.make(step)).at(-1)!);
    asm.load(0, chip.rom!.vectorTable.value).op(0x6801, 0xf381, 0x8808, 0x6841, 0x4708);
    return guilty;
  });
}
const APPLICATION = 0x8000;
/** A loader that does these things and then starts an application rightly, and that application: it serves a tick each millisecond. */
export function pair(chip: ChipDescription, faults: readonly Fault[]): { readonly loader: Program; readonly application: Program } {
  const flash = chip.memories.find((m) => m.kind === 'flash' && m.zone === 'user')!;
  const ram = chip.memories.find((m) => m.kind === 'ram' && m.base >>> 28 === 2)!;
  const sp = ram.base + Math.min(ram.size, 0x4000);
  const table = flash.base + APPLICATION;
  const loader = placed(flash.base, sp, (asm) => {
    const guilty = faults.map(({ steps }) => steps.map((step) => asm.make(step)).at(-1)!);
    asm.make(word(0xe000ed08, table));
    asm.load(0, table).op(0x6801, 0xf381, 0x8808, 0x6841, 0x4708);
    return guilty;
  });
  const application = placed(table, sp, (asm) => {
    for (const step of [word(0xe000e014, 3999), word(0xe000e018, 0), word(0xe000e010, 7)]) asm.make(step);
    asm.op(0xe7fe);
    return [];
  });
  // its tick returns at once: BX LR stands where the endless loop of others begins
  const view = new DataView(application.bytes.buffer);
  view.setUint16(VECTORS + 2, 0x4770, true);
  view.setUint32(4 * 15, (table + VECTORS + 2) | 1, true);
  return { loader, application };
}
/** Vectors that lead to an endless loop, and code. */
function placed(base: number, sp: number, code: (asm: Assembler) => readonly number[]): Program {
  const asm = new Assembler(base + VECTORS);
  asm.op(0xe7fe, 0xbf00);
  const start = asm.here;
  const guilty = code(asm);
  const made = asm.bytes();
  const bytes = new Uint8Array(VECTORS + made.length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < VECTORS; at += 4) view.setUint32(at, (base + VECTORS) | 1, true);
  view.setUint32(0, sp, true);
  view.setUint32(4, start | 1, true);
  bytes.set(made, VECTORS);
  return { bytes, base, guilty };
}

const WRITES_BASEPRI = [0x2010, 0xf380, 0x8811];
/** What is left of a core, with the cores that have it (DDI 0403 B3.2, DDI 0419 B3.2). */
const CORE_FAULTS: readonly (Fault & { readonly v7?: boolean })[] = [
  { what: 'SCB.SCR.SLEEPONEXIT', steps: [word(0xe000ed10, 2, 2)] },
  { what: 'SCB.SCR.SLEEPDEEP', steps: [word(0xe000ed10, 4, 4)] },
  { what: 'SCB.SCR.SEVONPEND', steps: [word(0xe000ed10, 16, 16)] },
  { what: 'SCB.VTOR', steps: [word(0xe000ed08, 0x08000200)] },
  { what: 'PRIMASK', steps: [{ halves: [0xb672] }] },
  { what: 'FAULTMASK', v7: true, steps: [{ halves: [0xb671] }] },
  { what: 'BASEPRI', v7: true, steps: [{ halves: WRITES_BASEPRI }] },
  { what: 'SysTick 1 ms', steps: [word(0xe000e014, 3999), word(0xe000e018, 0), word(0xe000e010, 7)] },
  { what: 'SysTick 1 s', steps: [word(0xe000e014, 0x3fffff), word(0xe000e018, 0), word(0xe000e010, 7)] },
];
export type Draw = () => number;
const below = (draw: Draw, n: number): number => Math.floor(draw() * n);

/** One in sixteen is of the core, for these are few beside thousands of fields. */
export function anyFault(chip: ChipDescription, fields: readonly Writable[], draw: Draw): Fault {
  if (below(draw, 16) === 0) {
    const isV6 = chip.cores[0]!.type.startsWith('cortex-m0');
    const some = CORE_FAULTS.filter(({ v7 }) => !isV6 || v7 !== true);
    return some[below(draw, some.length)]!;
  }
  const { name, clock, at, bit, width } = fields[below(draw, fields.length)]!;
  const value = ((below(draw, 2 ** Math.min(width, 31)) << bit) & at.mask) >>> 0;
  return { what: `${name} = 0x${(value >>> bit).toString(16)}`, steps: [...(clock ? [clock] : []), { ...at, value }] };
}
