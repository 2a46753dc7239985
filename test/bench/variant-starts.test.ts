/**
 * Where a run under other ROM options or on another board starts over, beside where it did (edits/starts.txt): as late as nothing has read what differs. Small firmwares on STM32H533, whose
 * ROM has options that change what is loaded; told are the checkpoints that are restored, the ROM that is put in, and what comes of it. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { describe, expect, it } from 'vitest';
import type { Subject } from '../../src/checks/check.ts';
import type { Starts } from '../../src/bench/proof/attempt.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { NamedRepair } from '../../src/bench/proof/repairs.ts';
import { Session } from '../../src/bench/session/session.ts';
import { Variants, type Change } from '../../src/bench/proof/variants.ts';
import { findChip } from '../../src/chips/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const CHIP = 'stm32h533re';
const TABLE = findChip(CHIP)!.rom!.vectorTable.value;
/** In front of the ROM, where sysflash-gap says what is read. */
const GAP = 0x0bf80000;

type Part = (t: Thumb) => unknown;
const jumps: Part = (t) => t.constant(0, TABLE).ldr(1, 0).movSp(1).ldr(1, 0, 4).bx(1);
const reads =
  (address: number): Part =>
  (t) =>
    t.constant(0, address).ldr(1, 0);
/** Longer than the trail's checkpoints are apart. */
const waits: Part = (t) => t.constant(2, 600_000).label(`spin${t.length}`).put(0x3a01, 0xd1fd);
const FIRMWARES: Readonly<Record<string, readonly Part[]>> = {
  'jumps by the table': [waits, jumps],
  'reads the gap, waits and jumps': [waits, reads(GAP), waits, jumps],
  'faults in the gap': [waits, reads(GAP), waits, (t) => t.put(0xde00)],
  'never enters': [(t) => t.label('here').b('here')],
};
const CHANGES: Readonly<Record<string, Change>> = {
  'VTOR kept': { rom: { vtor: 'keeps' } },
  'gap zero': { rom: { 'sysflash-gap': 'zero' } },
  'gap faults': { rom: { 'sysflash-gap': 'fault' } },
  'secure alias': { rom: { 'vector-table': 'secure-alias' } },
  'gap zero, VTOR kept': { rom: { 'sysflash-gap': 'zero', vtor: 'keeps' } },
  'a crystal': { rom: {}, parameters: { 'hse.hz': 8_000_000 } },
  'BOOT0 high': { rom: {}, pins: { BOOT0: 1 } },
};

const nowhere = {} as Subject;
const atEntry: NamedRepair = {
  id: 'primask',
  subject: nowhere,
  repair: { at: 'entry', what: '', fix: '', apply: (t) => t.setCore('primask', 0) },
};
const other: NamedRepair = { ...atEntry, id: 'faultmask' };
const onPath: NamedRepair = { id: 'way', subject: nowhere, repair: { at: 'redirect', what: '', fix: '', from: 0x08000000 } };
const REPAIRS: Readonly<Record<string, readonly NamedRepair[]>> = {
  plain: [],
  'a repair at the entry': [atEntry],
  'one on the way': [onPath],
};

/** A session that has run, and takes note of what is restored and put in. */
class Ran {
  readonly session: Session;
  readonly starts: Starts;
  readonly variants: Variants;
  private noted: string[] = [];
  private readonly seen = new Map<unknown, string>();
  constructor(parts: readonly Part[], boot0: 0 | 1 = 0, more: Partial<Starts> = {}) {
    const bytes = new Uint8Array(0x300);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x20001000, true);
    for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x101 : 0x201), true);
    const main = new Thumb(FLASH + 0x100);
    for (const part of parts) part(main);
    bytes.set(main.bytes(), 0x100);
    bytes.set(new Thumb(FLASH + 0x200).label('here').b('here').bytes(), 0x200);
    const session = (this.session = new Session(
      jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }], { board: { boot0 } })),
    ));
    const powerOn = session.save();
    session.keepTrail = true;
    session.run();
    session.keepTrail = false;
    const entry = session.lastEntry();
    this.starts = { powerOn, entry, entryNumber: 1, fault: entry ? null : session.faultCheckpoint, ...more };
    this.variants = new Variants(session, this.starts);
    const restore = session.restore.bind(session);
    session.restore = (to) => {
      this.noted.push(this.nameOf(to));
      restore(to);
    };
    const swap = session.swapRom.bind(session);
    session.swapRom = (rom) => {
      this.noted.push('other ROM');
      return swap(rom);
    };
  }
  private nameOf(to: Starts['powerOn']): string {
    const { powerOn, entry, fault } = this.starts;
    const at = this.session.trail.indexOf(to);
    return to === powerOn ? 'power-on' : to === entry ? 'entry' : to === fault ? 'fault' : at >= 0 ? `trail ${at}` : 'entry of that ROM';
  }
  told(change: Change, repairs: readonly NamedRepair[], name: string): string {
    this.noted = [];
    const run = this.variants.run(change, repairs);
    const known = this.seen.get(run);
    if (known === undefined) this.seen.set(run, name);
    const where = known === undefined ? this.noted.join(', ') || 'a machine of its own' : `as ${known}`;
    return `${name}: ${where}: ${run.outcome} at ${Math.round(run.end.at / 1e9)} ms, ${run.entries} entries`;
  }
}

function table(ran: Ran, changes: readonly string[], file: string): void {
  const { session, starts } = ran;
  const lines = [`${session.trail.length} on the trail, ${starts.entry ? 'an entry' : 'none'}, ${starts.fault ? 'a fault' : 'none'}`];
  for (const what of changes)
    for (const [repaired, repairs] of Object.entries(REPAIRS)) lines.push(ran.told(CHANGES[what]!, repairs, `${what}, ${repaired}`));
  session.release();
  expectAsBefore(lines, new URL(`./edits/starts-${file}.txt`, import.meta.url));
}
const LOADED = ['gap zero', 'gap faults', 'secure alias'];

describe('Runs of another ROM or board', () => {
  it.each(Object.keys(FIRMWARES))('of a firmware that %s start where they did', (name) => {
    const enters = name.includes('jumps');
    table(new Ran(FIRMWARES[name]!), enters ? LOADED : Object.keys(CHANGES), name.replaceAll(/[ ,]+/g, '-'));
  });
  it('of a chip that starts in its ROM start where they did', () => {
    table(new Ran([], 1), ['gap zero', 'secure alias'], 'in-the-rom');
  });
  it('start where they did when the entry that is judged is the second', () => {
    table(
      new Ran(FIRMWARES['jumps by the table']!, 0, { entryNumber: 2 }),
      ['VTOR kept', 'gap zero', 'gap zero, VTOR kept'],
      'second-entry',
    );
  });
  it('are made once, in whatever order their options and repairs are named', () => {
    const { variants, session } = new Ran(FIRMWARES['never enters']!);
    const run = (change: Change, ...repairs: NamedRepair[]): unknown => variants.run(change, repairs);
    expect(run({ rom: { vtor: 'keeps', hsi48: 'keeps' } }, atEntry, other)).toBe(
      run({ rom: { hsi48: 'keeps', vtor: 'keeps' } }, other, atEntry),
    );
    const board = { parameters: { 'hse.hz': 8_000_000 }, pins: { PA0: 1 } } as const;
    expect(run({ rom: {}, ...board })).toBe(run({ rom: {}, pins: board.pins, parameters: board.parameters }));
    expect(run({ rom: {}, ...board })).not.toBe(run({ rom: {}, ...board, pins: { PA0: 0 } }));
    expect(run({ rom: {}, ...board })).not.toBe(run({ rom: {}, ...board, parameters: { 'hse.hz': null } }));
    expect(run({ rom: { vtor: 'keeps' } }, atEntry)).not.toBe(run({ rom: { vtor: 'keeps' } }, other));
    session.release();
  });
});
