/** What the core itself stores and loads (frames): through page tables, lines of the data cache and rights of the MPU it is what the slow path makes of it. */
import fc from 'fast-check';
import { it } from 'vitest';
import type { Core } from '../../../src/emu/core/core.ts';
import { GuestFault } from '../../../src/emu/core/cpu.ts';
import { S } from '../../../src/emu/core/state.ts';
import { coreRow, RAM, RAM_END, started, type CoreName } from './bare-machine.ts';
import { expectSame } from '../../same.ts';

const CCR = 0xe000ed14;
const MPU_CTRL = 0xe000ed94;
const RBAR = 0xe000ed9c;
const RASR = 0xe000eda0;
const DATA_CACHE = 1 << 16;
const DCISW = 0xe000ef60;
const WORDS = (RAM_END - RAM) / 4;

const address = fc.oneof(
  fc.integer({ min: 0, max: 0x7ff }).map((n) => RAM + 4 * n),
  // across two pages, and where RAM ends
  fc.integer({ min: 0, max: 40 }).map((n) => RAM + 0x1000 - 4 * n),
  fc.integer({ min: 0, max: 40 }).map((n) => RAM_END - 4 * n),
  fc.integer({ min: 0, max: 0x1fff }).map((n) => RAM + n),
);
const step = fc.record({
  kind: fc.constantFrom('store', 'load', 'word', 'unprivileged', 'rights'),
  address,
  count: fc.integer({ min: 1, max: 17 }),
  privileged: fc.boolean(),
  value: fc.integer({ min: 0, max: 0xffff }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The words that were read, or the kind of fault. */
function carryOut(cpu: Core, s: Step, judged: boolean): unknown {
  const words = Uint32Array.from({ length: s.count }, (_, i) => s.value * 65537 + i);
  try {
    if (s.kind === 'store') cpu.writeWords(s.address, words, s.count, s.privileged);
    else if (s.kind === 'load') cpu.readWords(s.address, words, s.count, s.privileged);
    else if (s.kind === 'word') return [cpu.write(s.address, 4, s.value, s.privileged), cpu.read(s.address, 4, s.privileged)];
    // thread mode without privilege, or back
    else if (s.kind === 'unprivileged') {
      cpu.set(S.CONTROL, s.value & 1);
      cpu.rightsChanged();
    } else if (judged) {
      // FAULTMASK: the MPU judges nothing; nobody has said yet that rights are others
      cpu.set(S.FAULTMASK, s.value & 1);
    }
    return [...words];
  } catch (e) {
    if (!(e instanceof GuestFault)) throw e;
    return `${e.kind} ${e.address}`;
  }
}
function setUp(core: CoreName, cached: boolean, judged: boolean): Core {
  const { cpu } = started(core, {}, coreRow(core));
  if (cached) {
    for (let way = 0; way < 4; way++) for (let set = 0; set < 128; set++) cpu.write(DCISW, 4, ((way << 30) | (set << 5)) >>> 0);
    cpu.write(CCR, 4, 0x40200 | DATA_CACHE);
  }
  if (judged) {
    // all of RAM for privileged code, its first 4 KB for all, half a page of it read-only; write-back with write-allocate
    const region = (n: number, base: number, log2: number, ap: number): void => {
      cpu.write(RBAR, 4, base | 0x10 | n);
      cpu.write(RASR, 4, ((ap << 24) | (1 << 19) | (3 << 16) | ((log2 - 1) << 1) | 1) >>> 0);
    };
    region(0, RAM, 17, 1);
    region(1, RAM, 12, 3);
    region(2, RAM + 0x1800, 11, 6);
    cpu.write(MPU_CTRL, 4, 5);
  }
  return cpu;
}
const left = (cpu: Core): unknown => [
  Uint32Array.from({ length: WORDS }, (_, i) => cpu.peek(RAM + 4 * i, 4) ?? 0),
  Uint32Array.from({ length: WORDS }, (_, i) => cpu.peekBehindCache(RAM + 4 * i, 4) ?? 0),
  cpu.l1?.dirtyLines() ?? [],
  cpu.get(S.UNINITIALISED),
  cpu.cycles(),
];

it.each([
  ['m4', false, false],
  ['m4', false, true],
  ['m7', true, false],
  ['m7', true, true],
] as const)('%s, data cache %s, MPU %s', (core, cached, judged) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
      const [fast, slow] = [setUp(core, cached, judged), setUp(core, cached, judged)];
      for (const s of steps) {
        // without entries every word takes the slow path
        slow.flushTables();
        expectSame(carryOut(fast, s, judged), carryOut(slow, s, judged));
      }
      expectSame(left(fast), left(slow));
    }),
    { numRuns: 20, seed: 1 },
  );
});
