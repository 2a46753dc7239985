/**
 * What one build of bootbench answers, line by line: `node tools/run-ts.mjs tools/ab/collect.ts --dist <folder> --part <part> --out <file> [--only <text>]`.
 * Only the public library is asked, so that a build of any commit can be. Each line is a pair: what was asked, and the answer.
 */
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type * as Library from '../../src/index.ts';
import type * as Files from '../../src/node.ts';
import { leavesOf } from './leaves.ts';
import { randomProgram, random } from './programs.ts';

const { values } = parseArgs({
  options: {
    dist: { type: 'string' },
    part: { type: 'string' },
    out: { type: 'string' },
    only: { type: 'string', default: '' },
    fixtures: { type: 'string', default: 'fixtures' },
  },
});
const from = (file: string): Promise<unknown> => import(pathToFileURL(join(resolve(values.dist!), file)).href);
const { bench, serialise, openMachine, CHIPS } = (await from('index-node.js')) as typeof Library;
const { readBytes, readImage, readScenario } = (await from('node.js')) as typeof Files;
type Machine = Library.BenchMachine;

const out = openSync(values.out!, 'w');
const answer = (key: string, value: unknown): void => void writeSync(out, `${JSON.stringify([key, value])}\n`);
const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');

/** What a version refuses is an answer, too. */
async function tried(key: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    answer(key, `refused: ${error instanceof Error ? error.message : String(error)}`);
  }
}

// ---- results: every scenario of every fixture -------------------------------------------------------------------------------------
/** Files that the DFU steps of a scenario send. */
function filesOf(scenario: Library.Scenario, folder: string): ReadonlyMap<string, Uint8Array> {
  const names = JSON.stringify(scenario.steps ?? []).matchAll(/"file":"([^"]+)"/g);
  return new Map([...names].map(([, name]) => [name!, readBytes(join(folder, name!))]));
}
async function result(path: string, key: string): Promise<void> {
  const { images = [], chip, ...scenario } = await readScenario(path);
  const folder = dirname(path);
  const read = images.map((image) => ({ ...readImage(join(folder, image)), path: image }));
  const files = filesOf(scenario as Library.Scenario, folder);
  const found = await bench({ chip: chip as Library.ChipName, images: read, scenario, ...(files.size > 0 ? { files } : {}) });
  // the document, without what results in memory have beside it
  for (const [leaf, value] of leavesOf(JSON.parse(serialise(found)))) answer(`${key} ${leaf}`, value);
}
async function results(): Promise<void> {
  const paths = readdirSync(values.fixtures, { recursive: true, encoding: 'utf8' }).filter((path) => /\/scenario(\..+)?\.json$/.test(path));
  for (const path of paths.sort()) if (path.includes(values.only)) await tried(path, () => result(join(values.fixtures, path), path));
}

// ---- chips -------------------------------------------------------------------------------------------------------------------------
const chips = (): string[] => CHIPS.map(({ name }) => name).filter((name) => name.toLowerCase().includes(values.only.toLowerCase()));
const inRom = (chip: string): Promise<Machine> =>
  openMachine({ chip: chip as Library.ChipName, images: [], scenario: { board: { boot0: 1 } } });
function registersOf(machine: Machine): string[] {
  return machine.peripherals.flatMap((block) => {
    try {
      return machine.registersOf(block).map((register) => `${block}.${register}`);
    } catch {
      return [];
    }
  });
}
const read = (machine: Machine, path: string): string => {
  try {
    return hex(machine.read(path));
  } catch {
    return 'bus error';
  }
};
function write(machine: Machine, path: string, value: number): void {
  try {
    machine.write(path, value);
  } catch {
    // a bus error is seen when it is read
  }
}
const switchOn = (machine: Machine, paths: readonly string[]): void => {
  for (const path of paths) if (/^RCC\w*\.\w*ENR/.test(path)) write(machine, path, 0xffffffff);
};

/** Reset values, and what is left of ones and of zeros, with every clock on. */
async function registers(): Promise<void> {
  for (const chip of chips())
    await tried(chip, async () => {
      const machine = await inRom(chip);
      const paths = registersOf(machine);
      const reset = new Map(paths.map((path) => [path, read(machine, path)]));
      switchOn(machine, paths);
      const start = machine.save();
      for (const path of paths) {
        write(machine, path, 0xffffffff);
        const ones = read(machine, path);
        machine.restore(start);
        write(machine, path, 0);
        answer(`${chip} ${path}`, `reset ${reset.get(path)!} ones ${ones} zeros ${read(machine, path)}`);
        machine.restore(start);
      }
      machine.close();
    });
}

const WRITES = 300;
/** What all registers read after random writes while the ROM runs, and where the core is then. */
async function writes(): Promise<void> {
  for (const [i, chip] of chips().entries())
    await tried(chip, async () => {
      const machine = await inRom(chip);
      const paths = registersOf(machine);
      const next = random(i + 1);
      switchOn(machine, paths);
      for (let n = 0; n < WRITES; n++) {
        write(machine, paths[next(paths.length)]!, next(2) === 0 ? 2 ** next(32) : next(2 ** 32));
        if (n % 10 === 9) await machine.run('20us');
      }
      for (const path of paths) answer(`${chip} ${path}`, read(machine, path));
      answer(`${chip} core`, stateOf(machine));
      machine.close();
    });
}
const stateOf = (machine: Machine): string =>
  `${machine.instructions} instructions, ${Math.round(machine.now * 1e9)} ns, ${Object.entries(machine.registers)
    .map(([name, value]) => `${name} ${hex(value)}`)
    .join(' ')}`;

const PROGRAMS = 40;
/** Registers and time after random programs, on the first chip of each core. */
async function programs(): Promise<void> {
  const seen = new Set<string>();
  for (const { name, cores, memories } of CHIPS) {
    const core = cores.map((c) => c.type).join('+');
    if (seen.has(core)) continue;
    seen.add(core);
    const ram = memories.find(({ kind, base }) => kind === 'ram' && base >= 0x20000000)!;
    for (let seed = 1; seed <= PROGRAMS; seed++)
      await tried(`${core} ${name} program ${seed}`, async () => {
        const bytes = randomProgram(seed, ram.base);
        const machine = await openMachine({ chip: name as Library.ChipName, images: [{ path: 'program.bin@0x08000000', bytes }] });
        await machine.run('300us');
        answer(`${core} ${name} program ${seed}`, stateOf(machine));
        machine.close();
      });
  }
}

/** Boots into the stand-in ROM up to DFU. */
async function boots(): Promise<void> {
  for (const chip of chips())
    await tried(chip, async () => {
      const machine = await inRom(chip);
      const stopped = await machine.runUntil({ usb: 'dfu' }, { limit: '2s' });
      answer(`${chip} ended by`, stopped.by);
      answer(`${chip} time in ns`, Math.round(machine.now * 1e9));
      answer(`${chip} instructions`, machine.instructions);
      machine.close();
    });
}

const PARTS = { results, registers, writes, programs, boots };
await PARTS[values.part as keyof typeof PARTS]();
closeSync(out);
process.exit(0);
