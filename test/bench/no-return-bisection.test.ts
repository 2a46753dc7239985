/** The search for the point of no return on a machine that is a list of instructions with their times: it finds the last one at which the repair helps, and asks of each at most once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Repair, RepairTarget, Subject } from '../../src/checks/check.ts';
import type { Cause, Diagnosis } from '../../src/bench/proof/diagnosis.ts';
import { seconds } from '../../src/bench/documents/result.ts';
import { noReturnRow, noReturnText, pointOfNoReturn, type NoReturn } from '../../src/bench/verdict/point-of-no-return.ts';
import type { Session } from '../../src/bench/session/session.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';

/** An instruction of the fastest core, 550 MHz, and a long sleep, in picoseconds. */
const [SHORTEST, SLEEP] = [1_819, 2e11];
const from = 5_000_000;

interface Run {
  readonly found: NoReturn | null;
  /** When the repair was made, in the order of the runs. */
  readonly asked: readonly number[];
  /** How often the machine was put back to where it was. */
  readonly restored: number;
}
interface More {
  readonly sets?: Diagnosis['sets'];
  readonly reason?: string;
  readonly isLocked?: boolean;
}
/** @param times of instructions, the first at `from`; the repair helps up to `last`, wherever that lies */
function search(
  times: readonly number[],
  end: number,
  last: number,
  { sets = [['primask']], reason = 'settled', isLocked = false }: More = {},
): Run {
  const asked: number[] = [];
  let restored = 0;
  let here = 0;
  const core = { pc: 0 };
  const machine = {
    bootCore: core,
    cores: [core],
    state: { lockup: isLocked ? {} : null },
    get now() {
      return here;
    },
    run(time: number) {
      if (isLocked && here === times.at(-1)) return;
      here = times.find((t) => t >= time) ?? Math.max(time, end);
      core.pc = 0x100 + 2 * times.indexOf(here);
    },
  };
  const session = {
    machine,
    steps: { poll: () => {} },
    state: {},
    input: {},
    advance: (time: number) => machine.run(time),
    save: () => ({ here }),
    reaches: (outcome: string) => outcome === 'dfu',
    restore: (c: { readonly here: number }) => {
      restored++;
      machine.run((here = c.here));
    },
    run: () => {
      const helps = asked.at(-1)! <= last;
      machine.run(end);
      return { outcome: helps ? 'dfu' : 'rom-silent', reason };
    },
  };
  const repair: Repair = { at: 'entry', what: '', fix: '', apply: (t) => (t.write(0, 4, 0), undefined) };
  const applied: Repair = { ...repair, apply: () => void asked.push(here) };
  let looks = 0;
  // the first look asks whether it sends the core elsewhere
  const once: Repair = { ...repair, apply: (t, s) => (looks++ === 0 ? undefined : applied.apply(t, s)) };
  const judged = { judgement: { lastWriter: null }, subject: {} as Subject };
  const cause = { id: 'primask', repair: once, judged } as unknown as Cause;
  const entry = { here: from, history: { entries: [] } } as unknown as Checkpoint;
  const found = pointOfNoReturn(session as unknown as Session, entry, { sets, causes: [cause] } as unknown as Diagnosis, end);
  return { found, asked, restored };
}

const gaps = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.integer({ min: SHORTEST, max: 500_000 }) }, fc.integer({ min: 1e9, max: SLEEP })),
  {
    minLength: 1,
    maxLength: 30,
  },
);

it('is the last instruction at which the repair helps', () => {
  fc.assert(
    fc.property(gaps, fc.nat(1000), fc.nat(3_000_000), (list, share, rest) => {
      const times = list.reduce((all, gap) => [...all, all.at(-1)! + gap], [from]);
      const end = times.at(-1)! + SHORTEST + rest;
      const last = from + Math.floor(((end - from) * share) / 1001);
      const { found, asked, restored } = search(times, end, last);
      const right = times.filter((t) => t <= last).at(-1)!;
      expect([found!.at, found!.pc]).toEqual([right, 0x100 + 2 * times.indexOf(right)]);
      // of each instruction at most once, and no more often than halving takes
      expect(new Set(asked).size).toBe(asked.length);
      const halvings = Math.ceil(Math.log2((end - from) / 1000));
      expect(asked.length).toBeLessThanOrEqual(2 + halvings);
      // the first two are the entry's own; it ends where nothing lies between
      expect(restored).toBeLessThanOrEqual(4 + halvings);
      expect(asked.slice(1).every((t) => times.includes(t))).toBe(true);
    }),
    { numRuns: 300 },
  );
});
it('is none where the repair helps at the end, too', () => {
  const { found, asked } = search([from, from + 10_000], from + 50_000, from + 50_000);
  expect([found!.at, found!.pc, asked]).toEqual([null, null, [from + 50_000]]);
});
it('is looked for where one cause alone is enough', () => {
  expect(search([from], from + 10_000, from, { sets: [['primask', 'systick']] }).found).toBeNull();
  expect(search([from], from + 10_000, from, { sets: [] }).found).toBeNull();
});
it('ends where the core has locked up, and where the user has had enough', () => {
  const times = [from, from + 10_000, from + 20_000];
  const { found } = search(times, from + 1e9, from + 10_000, { isLocked: true });
  expect(found!.at).toBe(from + 10_000);
  expect(() => search(times, from + 1e9, from, { reason: 'signal' })).toThrow();
});

/** Repairs that are no edits of the state handed over have an instruction of their own. */
describe('A repair on the way', () => {
  const writer = { at: 7_000_000, pc: 0x0800_0123 };
  const entries = [
    { at: 1_000_000, fromPc: 0x11 },
    { at: 9_000_000, fromPc: 0x22 },
  ];
  const edit = (apply: (t: RepairTarget) => void): Repair => ({ at: 'entry', what: 'x', fix: '', apply });
  const write: Repair = { at: 'before-write', what: 'x', fix: '', seq: 1, value: null };
  const branch = edit((t) => t.branchTo(0x1fff0101));
  it.each([
    ['a write: its writer', write, writer, entries, { at: writer.at, pc: writer.pc }],
    ['a write of nobody', write, null, entries, null],
    ['an edit without an entry: the writer', edit(() => {}), writer, null, { at: writer.at, pc: writer.pc }],
    ['an edit without an entry or a writer', edit(() => {}), null, null, null],
    ['the jump: where it went wrong at last', branch, writer, entries, { at: 9_000_000, pc: 0x22 }],
    ['the jump, of which nothing is known', branch, writer, [], null],
  ] as const)('%s', (_name, repair, lastWriter, history, expected) => {
    const cause = { id: 'vtor', repair, judged: { judgement: { lastWriter }, subject: {} } } as unknown as Cause;
    const entry = history && ({ history: { entries: history } } as unknown as Checkpoint);
    const found = pointOfNoReturn({} as Session, entry, { sets: [['vtor']], causes: [cause] } as unknown as Diagnosis, 1e9);
    expect(found && { at: found.at, pc: found.pc }).toEqual(expected);
  });
  it('is told with its time and place, or that there is none', () => {
    const cause = { id: 'vtor', repair: write } as unknown as Cause;
    const session = { input: { symbols: null, images: [] } } as unknown as Session;
    expect(noReturnText(session, null)).toBe('no single repair of one instruction saves DFU in this run');
    expect(noReturnText(session, { cause, at: null, pc: null })).toBe('repairing vtor (x) still leads to DFU at the end of the run');
    expect(noReturnText(session, { cause, at: 2e12, pc: null })).toBe(
      'the last instruction at which repairing vtor (x) still leads to DFU: an unknown place, at 2.000000000 s',
    );
    expect(noReturnRow(session, { cause, at: null, pc: null })).toMatchObject({
      at: seconds(0),
      kind: 'no-return',
      file: null,
      line: null,
    });
    expect(noReturnRow(session, { cause, at: 3e12, pc: null }).at).toBe(seconds(3e12));
  });
});
