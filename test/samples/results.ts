/** Results made by hand, for tests of what reads results. */
import {
  CHECK_IDS,
  RUN_SCHEMA,
  type LastWriter,
  type ResultCause,
  type ResultCheck,
  type RunResult,
} from '../../src/bench/documents/result.ts';
import { expandScenario } from '../../src/bench/input/scenario.ts';
import { findChip } from '../../src/chips/index.ts';

export const H533 = findChip('stm32h533re')!;

export const writer: LastWriter = {
  pc: '0x08000412',
  symbol: 'enter_dfu',
  file: 'main.c',
  line: 42,
  at: '0.100123456',
  kind: 'cpu',
};

export function checks(changes: Partial<Record<string, Partial<ResultCheck>>> = {}): ResultCheck[] {
  return CHECK_IDS.map((id) => ({
    id,
    verdict: 'pass',
    observed: null,
    expected: null,
    because: 'as it has to be',
    source: null,
    confidence: null,
    lastWriter: null,
    ...changes[id],
  }));
}

/** A run that reached DFU. */
export function dfuResult(): RunResult {
  return {
    schema: RUN_SCHEMA,
    version: '0.1.0',
    chip: 'STM32H533RE',
    images: [{ path: 'fw.elf', sha256: 'ab'.repeat(32) }],
    scenario: expandScenario({}, H533, { images: ['fw.elf'] }).document,
    engine: 'bootbench',
    seed: 1,
    rom: {
      kind: 'stand-in',
      id: 'stm32h5',
      version: 'V14.2',
      sha256: 'cd'.repeat(32),
      options: { primask: { value: 'keeps', confidence: 'assumed', source: 'AN2606 4.1' } },
    },
    outcome: 'dfu',
    summary: 'The ROM was entered from main.c:50 and the host sees the DFU device 0483:df11.',
    ended: { reason: 'settled', at: '0.512345678' },
    dependsOn: [],
    time: { seconds: '0.512345678', cycles: 102400000, instructions: 71234567, quantum: null, cores: null },
    resets: [{ at: '0.000000000', by: 'power', flags: ['PINRSTF', 'BORRSTF'], from: null }],
    entries: [
      {
        at: '0.100200000',
        address: '0x0bf97165',
        how: 'branch',
        reached: true,
        from: { pc: '0x08000430', symbol: 'enter_dfu', file: 'main.c', line: 50 },
        registers: { r0: '0x00000000', primask: '0x00000000' },
      },
    ],
    checks: checks(),
    diagnosis: { explained: null, causes: [], sets: [], harmless: [] },
    usb: {
      sessions: [
        {
          at: '0.351000000',
          servedBy: 'system',
          attached: true,
          enumerated: true,
          vid: '0x0483',
          pid: '0xdf11',
          bcdDevice: '0x0300',
          product: 'DFU in FS Mode',
          altSettings: ['@Internal Flash   /0x08000000/64*08Kg'],
          endedAt: null,
          endedBy: null,
        },
      ],
      log: [{ at: '0.351000000', kind: 'attach', text: 'pull-up on D+' }],
    },
    console: {},
    semihostingExit: null,
    stuck: null,
    symptom: null,
    notes: [],
    uninitialisedReads: 0,
    unmodelled: [],
    timeline: [{ at: '0.100200000', cycle: 3200000, kind: 'entry', text: 'ROM entered', pc: '0x0bf97164', file: null, line: null }],
    handOvers: [],
    ways: [],
    goal: { name: 'usb', reached: true, at: '0.412000000' },
    after: null,
    repaired: null,
  };
}

export const primaskCause: ResultCause = {
  id: 'primask',
  proved: true,
  at: 'entry',
  repair: 'PRIMASK cleared at entry',
  fix: '__enable_irq(); /* last thing before the jump */',
  outcomeAfterRepair: 'dfu',
  dependsOn: [{ rom: 'primask', value: 'keeps', other: 'clears', confidence: 'assumed', outcomeIfOther: 'dfu' }],
  lastWriter: writer,
  explanation:
    'Interrupts were still off (PRIMASK = 1) when the ROM was entered, so its USB interrupt never ran and the host got no answer.',
};

/** A run that failed because interrupts were off at the jump. */
export function primaskResult(): RunResult {
  const ok = dfuResult();
  return {
    ...ok,
    outcome: 'rom-silent',
    summary: 'The ROM was entered from main.c:50 with interrupts switched off and never answered the host.',
    ended: { reason: 'settled', at: '2.453000000' },
    dependsOn: primaskCause.dependsOn,
    checks: checks({
      primask: {
        verdict: 'fail',
        observed: 'PRIMASK = 1',
        expected: 'PRIMASK = 0',
        because: 'the ROM serves USB by interrupts and does not enable them',
        source: 'AN2606 4.1',
        confidence: 'documented',
        lastWriter: writer,
      },
      systick: {
        verdict: 'warn',
        observed: 'SysTick runs',
        because: 'the ROM may not expect it',
        source: 'rom-model',
        confidence: 'assumed',
      },
      'leave-path': { verdict: 'unknown', because: 'not checked in this version' },
    }),
    diagnosis: { explained: true, causes: [primaskCause], sets: [['primask']], harmless: ['systick'] },
    usb: {
      sessions: [
        {
          ...ok.usb.sessions[0]!,
          servedBy: null,
          enumerated: false,
          vid: null,
          pid: null,
          bcdDevice: null,
          product: null,
          altSettings: [],
        },
      ],
      log: [],
    },
    unmodelled: [{ peripheral: 'ETH', register: 'DMAMR', reads: 12, writes: 1 }],
  };
}

/** SysTick is left on at `a.c:7`, and a ROM that uses it itself does not answer. */
export function tickLeftOn(more: Partial<RunResult['scenario']> = {}): RunResult {
  const ok = dfuResult();
  const checks = ok.checks.map((c) =>
    c.id === 'systick'
      ? { ...c, verdict: 'fail' as const, confidence: 'documented' as const, lastWriter: { ...writer, file: 'a.c', line: 7 } }
      : c,
  );
  const dependsOn = [{ rom: 'systick', value: 'off', other: 'uses', confidence: 'assumed', outcomeIfOther: 'rom-silent' }] as const;
  const diagnosis = { ...ok.diagnosis, causes: [], sets: [], harmless: [] };
  return { ...ok, scenario: { ...ok.scenario, ...more }, checks, dependsOn: [...dependsOn], diagnosis };
}
