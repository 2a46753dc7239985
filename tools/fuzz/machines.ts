/** Machines with any firmware: the interpreter, translated code, code that another machine has translated, and a restored checkpoint come to the same. */
import { CHIPS } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { PROFILES } from '../../src/emu/core/models/index.ts';
import type { CoreName } from '../../src/emu/core/models/names.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import { Machine } from '../../src/emu/machine.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import { PS_PER_SECOND, US } from '../../src/emu/time.ts';
import { BOOKS } from '../../test/emu/core/book-keeping.ts';
import { machineWith, randomProgram, runCounted } from '../../test/machines/random-writes.ts';
import type { Draw } from './change.ts';
import { FLASH, FLASH_BYTES, RAM, randomFlash } from './thumb.ts';

const PS_PER_CYCLE = 1000;
const RAM_BYTES = 0x10000;
const CORES = Object.keys(PROFILES) as CoreName[];

/** A chip that is a core, flash and RAM. */
function bare(core: CoreName): ChipDescription {
  const { type, arch } = PROFILES[core];
  const v6 = arch === 'v6m';
  return {
    name: 'FUZZ',
    family: 'fuzz',
    line: 'fuzz',
    rcc: 'RCC',
    clocks: ['hclk'],
    parameters: {},
    facts: {},
    blocks: [],
    cores: [
      {
        name: 'cpu',
        type,
        nvicLines: 32,
        priorityBits: v6 ? 2 : 4,
        mpuRegions: core === 'm0' ? 0 : 8,
        clock: 'hclk',
        sysTickClock: 'hclk',
      },
    ],
    memories: [
      { name: 'FLASH', base: FLASH, size: FLASH_BYTES, kind: 'flash', zone: 'user', aliases: [0] },
      { name: 'RAM', base: RAM, size: RAM_BYTES, kind: 'ram', zone: 'user' },
    ],
    boot: [{ when: [], boots: 'user', vectors: FLASH, source: 'fuzz', confidence: 'assumed' }],
  };
}
function machineOf(chip: ChipDescription, flash: Uint8Array): Machine {
  const machine = new Machine({ chip, models: {}, seed: 1 });
  machine.system.setClock('hclk', { num: PS_PER_SECOND / PS_PER_CYCLE, den: 1 });
  machine.load(FLASH, flash);
  machine.powerOn();
  return machine;
}

/** FNV-1a over all states of this command, in their order: another Node has to come to the same. */
let digest = 0x811c9dc5;
export const digestSoFar = (): string => (digest >>> 0).toString(16).padStart(8, '0');
function digested(text: string): string {
  for (let i = 0; i < text.length; i++) digest = Math.imul(digest ^ text.charCodeAt(i), 0x01000193);
  return text;
}

/** What a program can see, as text. */
function stateOf(machine: Machine): string {
  const cores = machine.cores.map((core) => ({
    cycles: core.cycles(),
    retired: core.retired(),
    registers: registerFile(core, core.pc),
    words: [...core.stateWords()].filter((_, i) => !BOOKS.has(i)).join(),
  }));
  const { now, history, state } = machine;
  return JSON.stringify({
    now,
    cores,
    writes: history.seq,
    resets: history.resets.length,
    entries: history.entryCount,
    lockup: state.lockup,
    registers: machine.system.save().registers.join(),
    blocks: machine.system.blocks.map((b) => b.state.model),
  });
}
function memoryOf(machine: Machine, name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of machine.system.memoryBytes(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
/** The first stretch in which two texts differ. */
function difference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `${a.slice(Math.max(0, at - 60), at + 40)} | ${b.slice(Math.max(0, at - 60), at + 40)}`;
}
function same(what: string, expected: string, found: string): void {
  if (expected !== found) throw new Error(`${what}: ${difference(expected, found)}`);
}

const STOPS = 12;
/** Any code on any core. */
export function code(d: Draw): void {
  const core = d.one(CORES);
  const flash = randomFlash(d);
  const chip = bare(core);
  const [slow, fast, second] = [machineOf(bare(core), flash), machineOf(chip, flash), machineOf(chip, flash)];
  // takes the translations of the one before over, and goes on from the checkpoints of the first
  const machines = [slow, fast, second];
  try {
    slow.cores[0]!.setTranslating(false);
    for (const m of [fast, second]) m.cores[0]!.setTranslating(true, 1);
    let saved: Checkpoint | null = null;
    for (let stop = 0; stop < STOPS; stop++) {
      const to = slow.now + (1 + d.below(d.chance(0.3) ? 40 : 3000)) * PS_PER_CYCLE;
      for (const m of machines) if (m.now < to) m.run(to);
      const expected = digested(`${stateOf(slow)} ${memoryOf(slow, 'RAM')}`);
      for (const [name, m] of [['translated', fast], ['taken over', second]] as const) same(`${core}, stop ${stop}, ${name}`, expected, `${stateOf(m)} ${memoryOf(m, 'RAM')}`); // prettier-ignore
      if (d.chance(0.2)) second.restore((saved = slow.save()));
      else if (saved !== null && d.chance(0.2)) {
        const back: Checkpoint = saved;
        for (const m of machines) m.restore(back);
      }
    }
  } finally {
    for (const m of machines) m.release();
  }
}

const MOST_EVENTS = 200_000;
/** Any writes to registers of any line, in a loop. */
export function registers(d: Draw): void {
  const chip = d.one(CHIPS);
  const { writes, polled } = randomProgram(chip, d.below(2 ** 31));
  const program = {
    writes: Array<typeof writes>(1 + d.below(20))
      .fill(writes)
      .flat(),
    polled,
  };
  const machines: Machine[] = [];
  const made = (translating: boolean): Machine => {
    const machine = machineWith(chip, program);
    for (const core of machine.cores) core.setTranslating(translating, 1);
    machines.push(machine);
    return machine;
  };
  try {
    const [slow, fast] = [made(false), made(true)];
    let saved: Checkpoint | null = null;
    for (let stop = 0; stop < 4; stop++) {
      const to = slow.now + 1 + d.below(d.chance(0.3) ? US : 100 * US);
      for (const m of [slow, fast]) runCounted(m, to, MOST_EVENTS);
      same(`${chip.name}, stop ${stop}, translated`, digested(stateOf(slow)), stateOf(fast));
      if (stop === 1) saved = slow.save();
    }
    const restored = made(true);
    restored.restore(saved!);
    runCounted(restored, slow.now, MOST_EVENTS);
    same(`${chip.name}, restored`, stateOf(slow), stateOf(restored));
  } finally {
    for (const m of machines) m.release();
  }
}

export const MACHINES = { code, registers };
