/** A chip that is nothing but a core, flash at 0 and 0x08000000 (0x10000000 too) and RAM: for tests of cores, exceptions and the PPB. */
import fc from 'fast-check';
import type { ChipDescription, CoreRow } from '../../../src/emu/chip.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import type { CoreName } from '../../../src/emu/core/models/names.ts';
import { S } from '../../../src/emu/core/state.ts';
import { Machine } from '../../../src/emu/machine.ts';
import type { ModelFactory } from '../../../src/emu/registers.ts';
import { PS_PER_SECOND } from '../../../src/emu/time.ts';
import { BriefMachine } from '../../brief.ts';

export type { CoreName };
/** Cores with instructions of their own; the Cortex-M0+ has the M0's and the Cortex-M3 a part of the M4's. */
export const CORE_NAMES: readonly CoreName[] = ['m0', 'm4', 'm33', 'm7'];
type Row = Pick<CoreRow, 'type' | 'nvicLines' | 'priorityBits' | 'mpuRegions'>;
/** Interrupt lines and MPU regions as STM32 chips have them. */
const SIZES: Partial<Record<CoreName, Partial<Row>>> = {
  m0: { mpuRegions: 0 },
  m3: { nvicLines: 60 },
  m4: { nvicLines: 82 },
  m33: { nvicLines: 133 },
  m7: { nvicLines: 150, mpuRegions: 16 },
};
export const coreRow = (name: CoreName): Row => {
  const { type, arch } = PROFILES[name];
  return { type, nvicLines: 32, priorityBits: arch === 'v6m' ? 2 : 4, mpuRegions: 8, ...SIZES[name] };
};
export const FLASH = 0x0800_0000;
export const RAM = 0x2000_0000;
export const RAM_END = RAM + 0x2_0000;
/** Core cycles last this long. */
export const PS_PER_CYCLE = 1000;

/**
 * How the cores of bare machines run from now on. Tests that are imported after a change run so too.
 *  default: the translated tier, for places that become hot; translated: from the first arrival on; mixed: switched by chance at each run
 */
export type Mode = 'default' | 'translated' | 'mixed';
let mode: Mode = 'default';
export function setMode(to: Mode): void {
  mode = to;
}
export const isDefaultMode = (): boolean => mode === 'default';
const cores: Core[] = [];
/** Regions that have been translated in this mode. */
export const regionsTranslated = (): number => cores.reduce((n, cpu) => n + cpu.tier.counters.compiled, 0);
function applyMode(machine: Machine): Machine {
  if (mode === 'default') return machine;
  const [cpu] = machine.cores as [Core];
  cpu.setTranslating(true, 1);
  cores.push(cpu);
  if (mode !== 'mixed') return machine;
  let x = 0x9e3779b1;
  const run = machine.run.bind(machine);
  machine.run = (...args) => {
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) + 1;
    cpu.setTranslating((x & 0x300) !== 0, 1 + ((x >>> 12) & 3));
    return run(...args);
  };
  return machine;
}

/**
 * Machines that a run of a property has made, which are given up behind it: hundreds of a hundred megabytes each would wait for the garbage collector. Null
 * outside of properties.
 */
let made: Machine[] | null = null;
fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  beforeEach: () => void (made = []),
  afterEach: () => {
    for (const machine of made ?? []) machine.release();
    made = null;
  },
});

type Models = Readonly<Record<string, ModelFactory>>;
export function bareMachine(core: CoreName, row: Partial<CoreRow> = {}, over: Partial<ChipDescription> = {}, models: Models = {}): Machine {
  const chip: ChipDescription = {
    name: 'BARE',
    family: 'bare',
    line: 'bare',
    rcc: 'RCC',
    clocks: ['hclk', 'ext'],
    parameters: {},
    facts: {},
    blocks: [],
    cores: [{ name: 'cpu', ...coreRow(core), clock: 'hclk', sysTickClock: 'ext', ...row }],
    memories: [
      { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0, 0x1000_0000] },
      { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user', aliases: [0x3800_0000] },
    ],
    boot: [{ when: [], boots: 'user', vectors: FLASH, source: 'test', confidence: 'assumed' }],
    ...over,
  };
  const options = { chip, models, seed: 1 };
  const machine = made ? new Machine(options) : new BriefMachine(options);
  made?.push(machine);
  const hz = PS_PER_SECOND / PS_PER_CYCLE;
  machine.system.setClock('hclk', { num: hz, den: 1 });
  machine.system.setClock('ext', { num: hz, den: 8 });
  return applyMode(machine);
}

/** Code at an offset of the flash, as half-words. */
export type Program = Readonly<Record<number, readonly number[]>>;
export const NOP = 0xbf00;
export const BX_LR = 0x4770;
export const LOOP = 0xe7fe;
export const UDF = 0xde00;
export const SVC = 0xdf00;
export const WFI = 0xbf30;
export const WFE = 0xbf20;
export const SEV = 0xbf40;
export const CPSID_I = 0xb672;
export const CPSIE_I = 0xb662;
export const MAIN = 0x1000;
/** Handler of exception n lies here. */
export const handlerAt = (exception: number): number => 0x2000 + 0x20 * exception;

/** A machine out of reset: vectors of all exceptions, `b .` in every handler and in main unless `program` says otherwise. */
export function started(
  core: CoreName,
  program: Program = {},
  row: Partial<CoreRow> = {},
  over: Partial<ChipDescription> = {},
  models: Models = {},
): { machine: Machine; cpu: Core } {
  const machine = bareMachine(core, row, over, models);
  const image = new Uint8Array(0x8000);
  const view = new DataView(image.buffer);
  const lines = machine.chip.cores[0]!.nvicLines;
  view.setUint32(0, RAM + 0x8000, true);
  view.setUint32(4, FLASH + MAIN + 1, true);
  for (let e = 2; e < 16 + lines; e++) {
    view.setUint32(4 * e, FLASH + handlerAt(e) + 1, true);
    view.setUint16(handlerAt(e), LOOP, true);
  }
  view.setUint16(MAIN, LOOP, true);
  for (const [at, code] of Object.entries(program)) code.forEach((h, i) => view.setUint16(Number(at) + 2 * i, h, true));
  machine.load(FLASH, image);
  machine.powerOn();
  return { machine, cpu: machine.cores[0]! };
}
/** Runs for a number of core cycles. */
export function runCycles(machine: Machine, cycles: number): void {
  machine.run(machine.now + cycles * PS_PER_CYCLE);
}
/** Runs until the PC stands at a flash offset; fails after `limit` cycles. */
export function runTo(machine: Machine, offset: number, limit = 1000): void {
  for (let i = 0; i < limit; i++) {
    if (machine.cores[0]!.pc === FLASH + offset) return;
    machine.run(machine.now + PS_PER_CYCLE);
  }
  throw new Error(`0x${(FLASH + offset).toString(16)} was not reached; pc is 0x${machine.cores[0]!.pc.toString(16)}`);
}
export const word = (cpu: Core, address: number): number => cpu.peek(address, 4)!;
export const reg = (cpu: Core, n: number): number => cpu.get(S.R + 4 * n);

/** From the start of the program at MAIN, with `rounds` in R5, to its `end`, `slice` cycles a call; returns the cycles. */
export function runProgram(machine: Machine, end: number, rounds: number, slice = 1000): number {
  const [cpu] = machine.cores as [Core];
  cpu.set(S.R + 20, rounds);
  cpu.branchTo(FLASH + MAIN);
  cpu.setBreakpoints(new Set([FLASH + MAIN + end]));
  const from = cpu.cycles();
  for (let i = 0; i < 1000 && cpu.pc !== FLASH + MAIN + end; i++) runCycles(machine, slice);
  if (cpu.pc !== FLASH + MAIN + end) throw new Error('the program has not come to its end');
  return cpu.cycles() - from;
}
