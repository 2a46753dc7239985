/** Causes by difference: what is put from one state into another, the search for the smallest sets, and faults that no check was asked about. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixOf } from '../../src/bench/difference/fix.ts';
import { findAtFault, findDifference, findLeftBehind } from '../../src/bench/difference/find.ts';
import { secondProgram } from '../../src/bench/difference/programs.ts';
import { romFromReset } from '../../src/bench/difference/reference.ts';
import { Tries } from '../../src/bench/difference/search.ts';
import { Transplant } from '../../src/bench/difference/transplant.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { word, type Step } from '../../tools/seeded/assembler.ts';
import { fieldsOf } from '../../tools/seeded/facts.ts';
import type { Fault as SeededFault } from '../../tools/seeded/faults.ts';
import { jobFor } from '../../tools/seeded/judge.ts';
import { makeProgram, type Place, type ProgramKind } from '../../tools/seeded/kinds.ts';
import { anyFault, pair, program, type Fault } from '../../tools/seeded/program.ts';
import { placeIn } from '../fixtures/place.ts';
import { plainJob } from './plain-job.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));

/** A run that ended without DFU, at its entry of the ROM. */
async function failing(name: string) {
  const input = jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture('')));
  const session = new Session(input);
  session.run();
  const entry = session.lastEntry()!;
  session.keepCheckpoints = false;
  return { input, session, entry, working: romFromReset(input, 'table')! };
}
const goOn = (session: Session) => session.run({ counterfactual: true, repaired: true, since: session.machine.now });

describe('what is transplanted', () => {
  it.each(['h533-nvic-enabled', 'f072-masked', 'h745-masked', 'l476-voltage-range-2'])('all of it is the state behind a reset (%s)', async (name) => {
    const { session, entry, working } = await failing(name);
    const transplant = new Transplant(session, entry, working);
    transplant.apply(transplant.parts);
    const from = session.machine.now;
    expect(goOn(session).outcome).toBe('dfu');
    working.session.restore(working.at);
    const start = working.session.machine.now;
    expect(goOn(working.session).outcome).toBe('dfu');
    const took = [session.state.dfuAt! - from, working.session.state.dfuAt! - start].map((ps) => ps / 1e9);
    // where a look falls, in milliseconds, and how the host's frames lie to it
    expect(Math.abs(took[0]! - took[1]!)).toBeLessThanOrEqual(2);
    working.session.release();
    session.release();
  }, 60_000); // prettier-ignore

  it('nothing of it is the failing run itself', async () => {
    const { session, entry, working } = await failing('h533-nvic-enabled');
    session.restore(entry);
    goOn(session);
    const { now, bootCore } = session.machine;
    const end = [now, bootCore.pc, bootCore.cycles(), bootCore.retired()];
    new Transplant(session, entry, working).apply([]);
    goOn(session);
    expect([session.machine.now, session.machine.bootCore.pc, session.machine.bootCore.cycles(), session.machine.bootCore.retired()]).toEqual(end);
    working.session.release();
    session.release();
  }, 60_000); // prettier-ignore

  it('pins that the board drives are no cause of the firmware', async () => {
    const { session, entry, working } = await failing('h533-primask');
    const { parts } = new Transplant(session, entry, working);
    expect(parts.filter(({ kind }) => kind === 'board')).toEqual([]);
    expect(parts[0]!.name).toBe('PRIMASK');
    working.session.release();
    session.release();
  });
});

describe('the search', () => {
  const items = Array.from({ length: 12 }, (_, i) => i);
  const needs = (sets: readonly (readonly number[])[]) => (some: readonly number[]) =>
    sets.some((set) => set.every((i) => some.includes(i)));
  const set = fc.uniqueArray(fc.constantFrom(...items), { minLength: 1, maxLength: 3 });

  it('finds a set that is enough and of which nothing can be left out', () => {
    fc.assert(
      fc.property(fc.array(set, { minLength: 1, maxLength: 3 }), (sets) => {
        const works = needs(sets);
        const found = new Tries(items, works, () => undefined, 1000).minimal(items);
        expect(works(found)).toBe(true);
        for (const one of found) expect(works(found.filter((other) => other !== one))).toBe(false);
      }),
    );
  });
  it('finds all of several that have nothing in common', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(items, { minLength: 4, maxLength: 6 }), fc.integer({ min: 1, max: 3 }), (some, cut) => {
        const sets = [some.slice(0, cut), some.slice(cut)].map((one) => one.toSorted((a, b) => a - b));
        const { sets: found, complete } = new Tries(items, needs(sets), () => undefined, 1000).sets(items);
        expect(complete).toBe(true);
        expect(found.map((one) => one.toSorted((a, b) => a - b).join()).toSorted()).toEqual(sets.map((one) => one.join()).toSorted());
      }),
    );
  });
  it('runs nothing twice, and no more than it may', () => {
    const seen: string[] = [];
    const bounded: number[] = [];
    const tries = new Tries(
      items,
      (some) => {
        seen.push(some.toSorted((a, b) => a - b).join());
        return some.includes(3) && some.includes(9);
      },
      (most) => bounded.push(most),
      8,
    );
    expect(tries.sets(items).complete).toBe(false);
    expect(new Set(bounded)).toEqual(new Set([8]));
    expect(new Set(seen).size).toBe(seen.length);
    expect(tries.forks).toBe(8);
  });
});

/** The differences of a program's run, by register, with the instructions that wrote them. */
function found(part: string, faults: readonly Fault[]) {
  const made = program(findChip(part)!, faults);
  const image = { path: `seeded.bin@0x${made.base.toString(16)}`, bytes: made.bytes };
  const session = new Session(jobInput({ ...plainJob(part, []), images: [image], overrides: { images: [image.path] } }));
  try {
    const { outcome } = session.run();
    const entry = outcome === 'dfu' ? null : session.lastEntry();
    const finding = entry === null ? null : findDifference(session, entry);
    const sets = (finding?.sets ?? []).map((each) => each.map(({ what, writer }) => ({ what, pc: writer?.pc ?? null })));
    return { outcome, sets, guilty: made.guilty, image };
  } finally {
    session.release();
  }
}
const scr = (value: number): Fault => ({ what: 'SCB.SCR', steps: [{ address: 0xe000ed10, size: 4, mask: 6, value }] });
const cpsid: Fault = { what: 'PRIMASK', steps: [{ halves: [0xb672] }] };

describe('without any check', () => {
  it.each(['STM32F407VG', 'STM32L432KC', 'STM32U575ZI', 'STM32WB55RG'])('a core that sleeps between interrupts is named by its instruction (%s)', (part) => {
    const { outcome, sets, guilty } = found(part, [scr(6)]);
    expect(outcome).toBe('rom-silent');
    expect(sets.flat()).toContainEqual({ what: expect.stringMatching(/^SCB\.SCR\.SLEEP/) as unknown, pc: guilty[0] });
  }); // prettier-ignore
  it('two that both keep it away stand in one set', () => {
    const { sets, guilty } = found('STM32F407VG', [scr(6), cpsid]);
    expect(sets).toHaveLength(1);
    expect(sets[0]!.map(({ pc }) => pc).toSorted()).toEqual([...guilty].toSorted());
  });
  it('what changes nothing is not accused', () => {
    expect(found('STM32F407VG', [{ what: 'SCB.SCR', steps: [{ address: 0xe000ed10, size: 4, mask: 16, value: 16 }] }])).toMatchObject({
      outcome: 'dfu',
      sets: [],
    });
  });
  it('faults of any kind before a right jump are named by their instruction', () => {
    let seed = 20_261_125;
    const draw = (): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    const parts = ['STM32F072RB', 'STM32F405RG', 'STM32G474RE', 'STM32H533RE'];
    let named = 0;
    for (let i = 0; i < 60; i++) {
      const part = parts[i % parts.length]!;
      const chip = findChip(part)!;
      const { outcome, sets, guilty } = found(part, [anyFault(chip, fieldsOf(chip), draw)]);
      if (outcome !== 'rom-silent') continue;
      expect(sets.flat().map(({ pc }) => pc)).toContain(guilty[0]);
      named++;
    }
    expect(named).toBeGreaterThan(0);
  }, 120_000);
});

describe('an exception that goes to the ROM', () => {
  it.each([
    ['f746-pending-button', 'NVIC_ISPR0.6'],
    ['f405-tick-through-rom-table', 'SCB.ICSR.PENDSTSET'],
    ['g0b1-mpu-behind-vtor', 'MPU_CTRL.ENABLE'],
  ])('is compared before it is taken (%s: %s)', async (name, what) => {
    const { session, entry, working } = await failing(name);
    working.session.release();
    expect(entry.history.entries.at(-1)!.how).toBe('exception');
    const sets = findDifference(session, entry)!.sets.map((set) => set.map((d) => d.what));
    expect(sets).toContainEqual([what]);
    session.release();
  });
});

it('what makes a fault on the way is named, if without it the program goes on to the ROM', () => {
  const at = (part: string, address: number, mask: number, value: number) => {
    const made = program(findChip(part)!, [{ what: 'fault', steps: [{ address, size: 4, mask, value }] }]);
    const image = { path: `seeded.bin@0x${made.base.toString(16)}`, bytes: made.bytes };
    const session = new Session(jobInput({ ...plainJob(part, []), images: [image], overrides: { images: [image.path] } }));
    expect(session.run().outcome).toBe('fault');
    const sets = findAtFault(session, session.faultCheckpoint!)!.sets.map((set) =>
      set.map((d) => [d.what, d.writer?.pc === made.guilty[0], fixOf(d)]),
    );
    session.release();
    return sets;
  };
  // an MPU without a region for the flash
  expect(at('STM32L476RG', 0xe000ed94, 7, 1)).toEqual([
    [['MPU_CTRL.ENABLE', true, '/* right before the access that faults */\nMPU->CTRL &= ~0x1u;   /* ENABLE */']],
  ]);
  // a wrong key, which the store itself brings again
  expect(at('STM32H743ZI', 0x52002008, 0xffffffff, 0x61c44c35)).toEqual([]);
}); // prettier-ignore

describe('what a loader leaves to an application', () => {
  /** Sets of registers, with the instructions that wrote them. */
  function left(part: string, faults: readonly Fault[]) {
    const { loader, application } = pair(findChip(part)!, faults);
    const images = [loader, application].map(({ base, bytes }, i) => ({
      path: `${i === 0 ? 'loader' : 'app'}.bin@0x${base.toString(16)}`,
      bytes,
    }));
    const session = new Session(jobInput({ ...plainJob(part, []), images, overrides: { images: images.map(({ path }) => path) } }));
    try {
      const powerOn = session.save();
      const { at } = session.run();
      const finding = findLeftBehind(session, powerOn, secondProgram(session)!, at);
      return { guilty: loader.guilty, sets: finding?.sets.map((set) => set.map(({ what, writer }) => [what, writer?.pc])) ?? null };
    } finally {
      session.release();
    }
  }
  const core = (what: string, ...steps: Fault['steps']): Fault => ({ what, steps });
  const dma = 0x40026400;
  it.each([
    ['PRIMASK', 'STM32F405RG', core('PRIMASK', { halves: [0xb672] })],
    ['FAULTMASK', 'STM32L476RG', core('FAULTMASK', { halves: [0xb671] })],
    // a timer interrupt for which the application has no handler
    ['TIM2.CR1.CEN', 'STM32F405RG', core('TIM2', { address: 0x40023840, size: 4, mask: 1, value: 1 }, { address: 0x4000002c, size: 4, mask: 0xffffffff, value: 999 }, { address: 0x4000000c, size: 4, mask: 1, value: 1 }, { address: 0xe000e100, size: 4, mask: 1 << 28, value: 1 << 28 }, { address: 0x40000000, size: 4, mask: 1, value: 1 })],
  ] as const)('%s (%s)', (what, part, fault) => {
    const { guilty, sets } = left(part, [fault]);
    expect(sets!.flat()).toContainEqual([what, guilty[0]]);
  }); // prettier-ignore
  it('stands in the result with the program that it is left to', () => {
    const { loader, application } = pair(findChip('STM32F405RG')!, [core('PRIMASK', { halves: [0xb672] })]);
    const images = [loader, application].map(({ base, bytes }, i) => ({
      path: `${i === 0 ? 'loader' : 'app'}.bin@0x${base.toString(16)}`,
      bytes,
    }));
    const result = runBench(jobInput({ ...plainJob('STM32F405RG', []), images, overrides: { images: images.map(({ path }) => path) } }));
    expect(result.diagnosis.sets).toEqual([['image']]);
    expect(result.diagnosis.causes[0]).toMatchObject({
      id: 'image',
      what: 'PRIMASK',
      proved: true,
      fix: '__enable_irq();',
      outcomeAfterRepair: null,
    });
    expect(result.diagnosis.causes[0]!.explanation).toBe(
      'PRIMASK is 1 when app.bin starts, and 0 behind a reset. With 0, it works as from reset.',
    );
    expect(result.summary).toMatch(/cause: PRIMASK .*, proved by repair: the program then does what it does from reset\.$/);
  });
  it('the other stack in use, told as CONTROL.SPSEL (STM32L476RG)', () => {
    // MOVS R0, #2; MSR CONTROL, R0; and a PSP in the flash
    const psp = core('PSP', { halves: [0x2000, 0xf380, 0x8809, 0x2002, 0xf380, 0x8814] });
    expect(left('STM32L476RG', [psp]).sets!.flat().map(([what]) => what)).toContain('CONTROL.SPSEL');
  }); // prettier-ignore
  it('a mask on a chip that starts at an alias of its flash (STM32F746ZG)', () => {
    const { guilty, sets } = left('STM32F746ZG', [core('PRIMASK', { halves: [0xb672] })]);
    expect(sets!.flat()).toContainEqual(['PRIMASK', guilty[0]]);
  });
  it('also behind a step of the scenario, which sets the stops of the core anew', async () => {
    const name = 'f405-chain-deep-sleep';
    const { diagnosis } = runBench(jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture(''))));
    expect(diagnosis.causes.map(({ what, proved }) => [what, proved])).toEqual([['SCB.SCR.SLEEPDEEP', true]]);
    expect(diagnosis.causes[0]!.lastWriter).toMatchObject(placeIn(name, 'SCB_SCR |='));
  });
  it('nothing where it starts as from reset', () => {
    expect(left('STM32F405RG', []).sets).toEqual([]);
    expect(left('STM32F405RG', [core('DMA', { address: dma, size: 4, mask: 0, value: 0 })]).sets).toEqual([]);
  });
});

describe('what keeps a program from the hand-over', () => {
  const plain = { backup: false, vtor: false, crystal: false };
  const sleepsOnExit = word(0xe000ed10, 2, 2);
  const mpu = word(0xe000ed94, 1, 7);
  const cps: Step = { halves: [0xb672] };
  /** The proved causes of a program with this step at this place. */
  function caused(part: string, kind: ProgramKind, place: Place, ...steps: readonly Step[]) {
    const fault: SeededFault = { kind: 'core', what: 'seeded', bad: (asm) => steps.map((step) => asm.make(step)) };
    const made = makeProgram(findChip(part)!, kind, [{ fault, place }], plain);
    const { outcome, diagnosis } = runBench(jobInput(jobFor({ part, kind, made })));
    const causes = diagnosis.causes.filter((c) => c.proved).map(({ id, what, lastWriter }) => [id, what, Number(lastWriter?.pc)]);
    return { outcome, causes, guilty: made.guilty[0]!.at(-1), explanation: diagnosis.causes[0]?.explanation };
  }
  it.each([
    ['an SVC under PRIMASK', 'STM32F405RG', 'straight', 'start', 'fault', 'PRIMASK', cps],
    ['the tick that it waits for is masked', 'STM32L476RG', 'interrupt', 'start', 'stuck', 'PRIMASK', cps],
    ['it sleeps behind a handler', 'STM32F746ZG', 'straight', 'start', 'stuck', 'SCB.SCR.SLEEPONEXIT', sleepsOnExit],
    ['it sleeps between ticks', 'STM32F405RG', 'interrupt', 'start', 'no-jump', 'SCB.SCR.SLEEPONEXIT', sleepsOnExit],
    // a reset undoes what it does, and the program does it again
    ['a fault with each start', 'STM32F405RG', 'request', 'start', 'fault', 'MPU_CTRL.ENABLE', mpu],
  ] as const)('is named, for without that instruction DFU comes: %s', (_, part, kind, place, outcome, what, step) => {
    const found = caused(part, kind, place, step);
    expect([found.outcome, found.causes]).toEqual([outcome, [['state', what, found.guilty]]]);
    expect(found.explanation).toBe(
      `${what} is 1 where the run ends, and 0 behind a reset. Without the instruction that changes it, DFU comes.`,
    );
  });
  it('is named before an application is started', () => {
    const { outcome, causes, guilty } = caused('STM32F405RG', 'loader', 'start', cps);
    expect([outcome, causes]).toEqual(['fault', [['image', 'PRIMASK', guilty]]]);
  });
  it('is named where the stack of Thread mode has no room for the frame of an exception', () => {
    const msr = (special: number): Step => ({ halves: [0xf380, 0x8800 | special] });
    const { causes, guilty } = caused('STM32F405RG', 'straight', 'behind', { halves: [0x2020] }, msr(9), { halves: [0x2002] }, msr(20));
    expect(causes).toEqual([['state', 'CONTROL.SPSEL', guilty]]);
  });
  it('is not sought where SysTick is off and waited for: the loop is told', () => {
    const wait: SeededFault = { kind: 'delay', what: 'seeded', bad: (asm) => asm.wait(0xe000e010, 1 << 16, 'set') };
    const made = makeProgram(findChip('STM32F405RG')!, 'straight', [{ fault: wait, place: 'late' }], plain);
    const { outcome, diagnosis, notes } = runBench(jobInput(jobFor({ part: 'STM32F405RG', kind: 'straight', made })));
    expect([outcome, diagnosis.causes.filter((c) => c.proved)]).toEqual(['stuck', []]);
    const loops = notes.flatMap(({ about }) => (about?.is === 'loop' ? [Number(about.at.pc)] : []));
    expect(made.guilty[0]).toEqual(expect.arrayContaining(loops));
    expect(loops).toHaveLength(1);
  });
});

it('a result names it with its value, its place and what to write', () => {
  const fault: SeededFault = { kind: 'core', what: 'seeded', bad: (asm) => [asm.make(word(0xe000ed10, 2, 2))] };
  const made = makeProgram(findChip('STM32F746ZG')!, 'straight', [{ fault, place: 'start' }], {
    backup: false,
    vtor: false,
    crystal: false,
  });
  const result = runBench(jobInput(jobFor({ part: 'STM32F746ZG', kind: 'straight', made })));
  expect(result.diagnosis).toMatchObject({ explained: true, sets: [['state']] });
  expect(result.diagnosis.causes[0]).toMatchObject({
    id: 'state',
    what: 'SCB.SCR.SLEEPONEXIT',
    proved: true,
    fix: 'SCB->SCR &= ~0x2u;   /* SLEEPONEXIT */',
    outcomeAfterRepair: 'dfu',
    lastWriter: { pc: `0x${made.guilty[0]!.at(-1)!.toString(16).padStart(8, '0')}` },
    explanation: 'SCB.SCR.SLEEPONEXIT is 1 where the run ends, and 0 behind a reset. Without the instruction that changes it, DFU comes.',
  });
  expect(result.summary).toContain('cause: SCB.SCR.SLEEPONEXIT');
});
