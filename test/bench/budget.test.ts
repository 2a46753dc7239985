/** The limits of the user, and his signal, reach everything that a run repeats; a single search has a bound of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { RunInput } from '../../src/bench/input/run-input.ts';
import { boardDocument } from '../../src/bench/input/board.ts';
import { boardCauses, MOST_BOARD_RUNS } from '../../src/bench/proof/board-causes.ts';
import { firstRun } from '../../src/bench/first-run.ts';
import { runBench } from '../../src/bench/run.ts';
import { Budget, CutShort } from '../../src/bench/session/budget.ts';
import { Session } from '../../src/bench/session/session.ts';
import { traceFailure } from '../../src/bench/slice/failure.ts';
import { runTo } from '../../src/bench/slice/window.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { folder } from '../cli/helpers.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures', import.meta.url));
const RAM = 0x20000000;

/** Stores a bad pointer, counts to `rounds` beside it in RAM, and jumps through the pointer: the search goes back over all rounds. */
function lateFault(rounds: number): Uint8Array {
  const t = new Thumb(0x08000008);
  t.constant(0, RAM).constant(1, 0x30000001).str(1, 0).constant(2, rounds).movs(3, 0);
  t.label('loop').adds(3, 1).str(3, 0, 4).cmpRegister(3, 2).bne('loop').ldr(1, 0).blx(1);
  const code = t.bytes();
  const bytes = new Uint8Array(8 + code.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  view.setUint32(4, 0x08000009, true);
  bytes.set(code, 8);
  return bytes;
}
async function lateInput(): Promise<RunInput> {
  const cwd = folder({ 'fw.bin': lateFault(2_000_000) });
  return jobInput(await loadJob(['fw.bin@0x08000000'], { chip: 'stm32f103c8' }, cwd));
}

describe('a search', () => {
  it('is ended where it has repeated as many instructions as it may', async () => {
    const s = new Session(await lateInput());
    try {
      const powerOn = s.save();
      s.keepTrail = true;
      s.run();
      const { firstFault } = s.machine.state;
      const search = (): unknown => traceFailure(s, powerOn, firstFault, null, 0);
      expect(() => s.budget.within(1_000_000, search)).toThrow(CutShort);
      // the bound is that search's alone
      expect(s.budget.within(1e9, search)).not.toBeNull();
    } finally {
      s.release();
    }
  });
  it('of a run names its bound in the result', async () => {
    const input = await lateInput();
    const within = Budget.prototype.within;
    Budget.prototype.within = function <T>(this: Budget, _most: number, search: () => T): T {
      return within.call(this, 1_000_000, search) as T;
    };
    try {
      const { notes, outcome } = runBench(input);
      expect(outcome).toBe('fault');
      expect(notes).toContainEqual({
        kind: 'limit',
        text: expect.stringMatching(/^the search for what led to the failure was ended after \d+ million repeated instructions$/),
        about: { is: 'search-ended', more: true },
      });
      expect(notes.some((n) => n.kind === 'crash')).toBe(true);
    } finally {
      Budget.prototype.within = within;
    }
  });
  it('for what the board keeps from the goal says that it was ended at its bound', async () => {
    const cwd = folder({
      's.json': JSON.stringify({
        schema: 'bootbench/scenario@1',
        chip: 'stm32f103c8',
        images: ['fw.bin@0x08000000'],
        board: { vbus: false, vdd: 2.2, vdda: 2.4, debugger: true, ppm: { hsi: 20, hse: 20, lsi: 20, lse: 20 } },
        host: { cable: 'out', driver: 'none' },
      }),
      'fw.bin': lateFault(10),
    });
    const input = jobInput(await loadJob([], { scenario: 's.json' }, cwd));
    // only all together are enough, so that one after the other is tried
    let tried = 0;
    const reaches = vi.spyOn(Session.prototype, 'reaches').mockReturnValue(true);
    onTestFinished(() => reaches.mockRestore());
    const found = boardCauses(input, () => tried++ === 0);
    expect([tried, found.sets.length, found.bounded]).toEqual([MOST_BOARD_RUNS, 1, true]);
    const one = { ...input, scenario: { ...input.scenario, board: boardDocument(input.chip, {}) } };
    expect(boardCauses(one, () => true).bounded).toBeUndefined();
  });
  it('has nothing to change in a board whose usual clock comes as a signal', async () => {
    const input = await lateInput();
    const board = boardDocument(input.chip, {});
    const signal = { ...input, scenario: { ...input.scenario, board: { ...board, hse: { ...board.hse!, kind: 'bypass' as const } } } };
    const reaches = vi.spyOn(Session.prototype, 'reaches').mockReturnValue(true);
    onTestFinished(() => reaches.mockRestore());
    expect(boardCauses(signal, () => true).sets).toEqual([]);
  });
  it('does not change a clock that is assumed from what the firmware counts on', async () => {
    const input = await lateInput();
    const board = boardDocument(input.chip, {});
    const other = { ...input, scenario: { ...input.scenario, board: { ...board, hse: { ...board.hse!, hz: board.hse!.hz + 4e6 } } } };
    const reaches = vi.spyOn(Session.prototype, 'reaches').mockReturnValue(true);
    onTestFinished(() => reaches.mockRestore());
    expect(boardCauses(other, () => true).sets).toMatchObject([[{ what: 'HSE' }]]);
    expect(boardCauses({ ...other, hseAssumed: true }, () => true).sets).toEqual([]);
  });
  it('hears --wall and signals, and the result says so', async () => {
    const input = await lateInput();
    for (const reason of ['signal', 'wall'] as const) {
      let searching = false;
      // the run itself has ended when a checkpoint of it is gone back to
      const restore = Session.prototype.restore;
      Session.prototype.restore = function (this: Session, checkpoint) {
        searching = true;
        restore.call(this, checkpoint);
      };
      try {
        const limits = { ...input.limits, wallMs: 1000 };
        const result = runBench({
          ...input,
          ...(reason === 'signal' ? { signal: () => searching } : { limits, clock: () => (searching ? 2000 : 0) }),
        });
        expect(result.outcome).toBe('fault');
        expect(result.notes).toContainEqual({ kind: 'limit', text: `the analysis after the run was not finished (${reason})` });
        expect(result.notes.some((n) => n.kind === 'chain')).toBe(false);
      } finally {
        Session.prototype.restore = restore;
      }
    }
  });
});

it('a first run, with its search for a trigger and its control run, shares one --wall', async () => {
  const job = await loadJob([`${FIXTURES}/f405-serial-trigger/firmware.elf`], { chip: 'stm32f405rg', trigger: true }, FIXTURES);
  let now = 0;
  const result = firstRun({ ...job, limits: { ...job.limits, wallMs: 50 } }, { clock: () => (now += 1), startedAt: 0 });
  expect(['signal', 'wall']).toContain(
    result.ended.reason === 'wall' ? 'wall' : result.notes.some((n) => n.text.includes('(wall)')) ? 'wall' : 'none',
  );
  expect(now).toBeLessThan(400);
});

it('only sessions drive the machine: what repeats a run goes through Session.advance, which looks', () => {
  const bench = fileURLToPath(new URL('../../src/bench', import.meta.url));
  const may: Readonly<Record<string, string>> = {
    'session/session.ts': 'the run itself, and advance',
    'session/held-machine.ts': 'a machine that is held for clients, up to a limit',
    'session/tick-period.ts': 'one period of SysTick, which is short',
    'session/fixed-loop.ts': 'a part of one period',
    'session/finite-loop.ts': 'one period of SysTick, which is short',
    'input/try-lines.ts': 'the first milliseconds of an image, bounded in time and in cycles',
    'verdict/crash.ts': 'single instructions',
    'slice/window.ts': 'single instructions, looked at by their number',
  };
  const drivers = readdirSync(bench, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && /\bmachine\.run\(/.test(readFileSync(`${bench}/${file}`, 'utf8')))
    .map((file) => file.replaceAll('\\', '/'));
  expect(drivers.filter((file) => !(file in may))).toEqual([]);
});

it('a stretch that is repeated in parts ends where it ends in one', async () => {
  const s = new Session(await lateInput());
  try {
    const powerOn = s.save();
    runTo(s, 120 * MS);
    const [pc, retired] = [s.machine.bootCore.pc, s.machine.bootCore.retired()];
    s.restore(powerOn);
    s.machine.run(120 * MS);
    expect([s.machine.bootCore.pc, s.machine.bootCore.retired()]).toEqual([pc, retired]);
  } finally {
    s.release();
  }
});

it('semihosting that prints 64 KB with each call is looked at by what it prints, not by its few instructions', async () => {
  // R1 points to erased flash: a text without an end
  const t = new Thumb(0x08000008).movs(0, 4).constant(1, 0x08002000).label('loop').put(0xbeab).b('loop');
  const code = t.bytes();
  const bytes = new Uint8Array(8 + code.length);
  new DataView(bytes.buffer).setUint32(0, RAM + 0x1000, true);
  new DataView(bytes.buffer).setUint32(4, 0x08000009, true);
  bytes.set(code, 8);
  const job = await loadJob(['fw.bin@0x08000000'], { chip: 'stm32f103c8' }, folder({ 'fw.bin': bytes }));
  let looks = 0;
  const result = runBench(jobInput({ ...job, limits: { ...job.limits, wallMs: 20 } }, { clock: () => looks++, startedAt: 0 }));
  expect(result.ended.reason).toBe('wall');
  expect(Number(result.time.seconds)).toBeLessThan(0.01);
  // and without a limit of the user it ends all the same: the calls take next to no virtual time
  const { ended, console } = runBench(jobInput(job));
  expect(ended.reason).toBe('instructions');
  expect(console['semihosting']!.length).toBeLessThan(2 << 20);
});

describe('devices that need long for little emulated time', () => {
  // resets all of its devices again and again
  const t = new Thumb(MAIN).constant(0, 0x40023810).constant(1, 0xffffffff);
  const images = bareImage(t.label('again').str(1, 0).str(1, 0, 4).str(1, 0, 16).b('again'));
  const job = plainJob('STM32F446RE', images, {});
  const looksIn = (wallMs: number) => {
    let looks = 0;
    const { ended } = runBench(jobInput({ ...job, limits: { ...job.limits, wallMs } }, { clock: () => looks++, startedAt: 0 }));
    return ended;
  };
  it('have limits looked at by what they do: every few thousand of their registers that are written', () => {
    const ended = looksIn(20);
    expect(ended.reason).toBe('wall');
    // by time alone, 20 looks are a second
    expect(Number(ended.at)).toBeLessThan(0.05);
  });
});
