/** The benchmark programs as files: words written into a linked ELF, and machines that run it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jobInput } from '../src/bench/input/job.ts';
import { serveSemihosting } from '../src/bench/input/semihosting.ts';
import { Session } from '../src/bench/session/session.ts';
import type { ChipDescription } from '../src/emu/chip.ts';
import { findSymbol, loadImage, type LoadedImage } from '../src/image/image.ts';
import { Machine } from '../src/emu/machine.ts';
import { PS_PER_SECOND } from '../src/emu/time.ts';
import { findChip } from '../src/chips/index.ts';
import { romProfileIfAny } from '../src/bench/input/job.ts';
import type { Scenario } from '../src/bench/documents/scenario-types.ts';
import { VERSION } from '../src/version.ts';

export type Words = Readonly<Record<string, number>>;

/** A copy of an ELF with other values in its 32-bit constants. */
export function withWords(elf: Uint8Array, words: Words, name: string): Uint8Array {
  const image = loadImage(elf, name);
  const bytes = elf.slice();
  const view = new DataView(bytes.buffer);
  const headers = view.getUint32(28, true);
  for (const [symbol, value] of Object.entries(words)) {
    const address = findSymbol([image], symbol)?.address;
    if (address === undefined) throw new Error(`${name} has no symbol ${symbol}`);
    let written = false;
    for (let i = 0; i < view.getUint16(44, true); i++) {
      const header = headers + i * view.getUint16(42, true);
      const [type, offset, vaddr, , size] = [0, 4, 8, 12, 16].map((o) => view.getUint32(header + o, true)) as [
        number,
        number,
        number,
        number,
        number,
      ];
      if (type !== 1 || address < vaddr || address + 4 > vaddr + size) continue;
      view.setUint32(offset + (address - vaddr), value, true);
      written = true;
    }
    if (!written) throw new Error(`${name}: ${symbol} lies in no segment of the file`);
  }
  return bytes;
}

/** A machine with the program in it, out of reset; `exit` is null until the program ends itself. */
export interface Guest {
  readonly machine: Machine;
  exit(): number | null;
}

/** `m7-tcm` is a Cortex-M7 alone with ITCM and DTCM; everything else is a chip. */
export const M7_TCM = 'm7-tcm';

export function guestOn(target: string, elf: Uint8Array): Guest {
  if (target === M7_TCM) return m7Tcm(loadImage(elf, 'program.elf'));
  const { machine } = sessionOf(target, [{ path: 'program.elf', bytes: elf }], {});
  return { machine, exit: () => machine.state.semihostingExit };
}

export function sessionOf(chipName: string, images: readonly { path: string; bytes: Uint8Array }[], scenario: Scenario): Session {
  const chip = findChip(chipName);
  if (chip === undefined) throw new Error(`there is no chip ${chipName}`);
  const profile = romProfileIfAny(chip);
  const bytes = profile ? new Uint8Array(readFileSync(join(process.cwd(), 'rom', 'images', `${profile.image}.bin`))) : new Uint8Array(0);
  const input = jobInput({
    version: VERSION,
    chip: chip.name,
    images,
    scenario,
    overrides: { images: images.map((i) => i.path) },
    limits: { maxInstructions: null, wallMs: null, maxMemory: null },
    rom: { kind: 'stand-in', bytes, version: null, options: {} },
    symptoms: [],
    engine: 'bootbench',
    semihosting: true,
    bootAt: null,
    files: new Map(),
  });
  return new Session(input);
}

function m7Tcm(image: LoadedImage): Guest {
  const chip: ChipDescription = {
    name: 'M7-TCM',
    family: 'bench',
    line: 'bench',
    rcc: 'RCC',
    clocks: ['hclk'],
    parameters: {},
    facts: {},
    blocks: [],
    cores: [{ name: 'cpu', type: 'cortex-m7f', nvicLines: 150, priorityBits: 4, mpuRegions: 16, clock: 'hclk', sysTickClock: null }],
    memories: [
      { name: 'ITCM', base: 0, size: 0x1_0000, kind: 'ram', zone: 'user' },
      { name: 'DTCM', base: 0x2000_0000, size: 0x2_0000, kind: 'ram', zone: 'user' },
    ],
    boot: [{ when: [], boots: 'user', vectors: 0, source: 'benchmark', confidence: 'assumed' }],
  };
  const machine = new Machine({ chip, models: {}, seed: 1 });
  machine.system.setClock('hclk', { num: 25_000_000, den: 1 });
  let exit: number | null = null;
  machine.observer.semihosting = (core) => {
    serveSemihosting(core, {
      print: () => {},
      exit: (code) => {
        exit = code;
        machine.stop();
      },
      now: () => machine.now,
    });
    return true;
  };
  machine.powerOn();
  // The RAM has its power-on pattern now; the program comes in as a debugger puts it there, then the core starts over.
  for (const chunk of image.chunks) machine.load(chunk.address, chunk.data);
  machine.bootCore.reset(0, 'power');
  machine.bootCore.syncClock(machine.now);
  return { machine, exit: () => exit };
}

/** Runs a program to its end. */
export function runGuest(guest: Guest): number {
  const limit = 100_000 * PS_PER_SECOND;
  while (guest.exit() === null) {
    if (guest.machine.run(limit) === 'limit') throw new Error('the program did not end');
    if (guest.machine.state.lockup) throw new Error(`lockup: ${guest.machine.state.lockup.reason}`);
  }
  return guest.exit()!;
}
