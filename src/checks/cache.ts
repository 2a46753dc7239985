/** Caches left on: one check each for instructions and data, alike but for the names. */
import { modelOf } from '../emu/core/models/index.ts';
import { broken, hex, notApplicable, pass, type Check, type Subject } from './check.ts';
import { PPB } from './core-registers.ts';
import { familyOf, inManual, maskOf, registerOf } from './families.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

interface Where {
  readonly name: string;
  readonly enabled: boolean;
  readonly register: string;
  readonly mask: number;
  readonly code: string;
  /** What is known of its lines. */
  readonly lines: string;
  /** Where it lies, and what comes of that. */
  readonly danger: string;
  off(target: { setField(path: string, value: number): void; write(address: number, size: 1 | 2 | 4, value: number): void }): void;
}
/** CCR bits of a core with L1 caches. */
const CCR_BIT = { icache: 1 << 17, dcache: 1 << 16 } as const;

const FOREIGN = 'the ROM runs with a cache that it did not set up';
const H5_AREAS = 'on STM32H5 some areas of flash must not be read through ICACHE';
const STALE = 'the cache can hold older or newer data than RAM, and the ROM is not known to do any cache maintenance';
/** The caches of the flash interface (ART). */
const isOfFlash = (enable: string): boolean => enable.startsWith('FLASH.');
const OF_FLASH =
  'the flash interface caches what it reads, and the ROM did not set that up: it holds nothing of RAM, but is not emptied when flash is erased';

const ICIALLU = 0xe000ef50;
const DCCISW = 0xe000ef74;
const SCB = 0xe000ed00;
/** Data cache of the Cortex-M7 in STM32 chips: 16 KB. */
const DATA_SETS = 128;
const DATA_WAYS = 4;

/** The same, with nothing in the stack: off first, then each line cleaned and invalidated. In between, memory is older than the cache, also for a handler. */
const DATA_OFF = [
  'mrs r12, primask',
  'cpsid i',
  'mov r0, #0', // CSSELR: the data cache
  'str r0, [%0, #132]',
  'dsb',
  'ldr r1, [%0, #20]', // CCR
  'bic r1, r1, #65536',
  'str r1, [%0, #20]',
  'dsb',
  'ldr r1, [%0, #128]', // CCSIDR
  'ubfx r2, r1, #13, #15',
  '1: ubfx r3, r1, #3, #10',
  '2: lsl r0, r3, #30',
  'orr r0, r0, r2, lsl #5',
  'str r0, [%0, #628]', // DCCISW
  'subs r3, r3, #1',
  'bpl 2b',
  'subs r2, r2, #1',
  'bpl 1b',
  'dsb',
  'isb',
  'msr primask, r12',
].join('\\n\\t');
const dataCacheOffInC = `__asm volatile("${DATA_OFF}" : : "r"(${hex(SCB)}u) : "r0", "r1", "r2", "r3", "r12", "cc", "memory");   /* data cache off; SCB_DisableDCache() can hang at -O0 */`;

/** ", 3 dirty lines from 0x24000000 to 0x24000fe0" */
function linesOf(l1: Subject['state']['l1'], kind: 'icache' | 'dcache'): string {
  if (!l1) return '';
  const count = kind === 'icache' ? l1.stale : l1.dirty.length;
  const plural = count === 1 ? '' : 's';
  if (kind === 'icache') return count === 0 ? '' : `, ${count} line${plural} older than memory`;
  if (count === 0) return ', no dirty line';
  return count === 1
    ? `, a dirty line at ${hex(l1.dirty[0]!)}`
    : `, ${count} dirty lines from ${hex(l1.dirty[0]!)} to ${hex(l1.dirty.at(-1)!)}`;
}

function find({ state }: Subject, kind: 'icache' | 'dcache'): Where | null {
  const own = familyOf(state.chip)?.[kind];
  const value = own ? state.field(own.enable) : null;
  if (own && value !== null)
    return {
      name: inManual(own.enable),
      enabled: value === 1,
      register: registerOf(own.enable),
      mask: maskOf(state.chip, own.enable),
      code: own.code,
      lines: '',
      danger: isOfFlash(own.enable)
        ? OF_FLASH
        : kind === 'dcache'
          ? STALE
          : state.chip.family === 'STM32H5'
            ? `${FOREIGN}; ${H5_AREAS}`
            : FOREIGN,
      off: (target) => target.setField(own.enable, 0),
    };
  if (!modelOf(state.chip.cores[0]!.type).l1) return null;
  const ccr = state.read(PPB.CCR, 4);
  if (ccr === null) return null;
  const bit = CCR_BIT[kind];
  return {
    name: kind === 'icache' ? 'CCR.IC' : 'CCR.DC',
    enabled: (ccr & bit) !== 0,
    register: 'CPU.CCR',
    mask: bit,
    code: kind === 'icache' ? 'SCB_DisableICache();' : dataCacheOffInC,
    lines: linesOf(state.l1 ?? null, kind),
    danger: kind === 'dcache' ? STALE : FOREIGN,
    off: (target) => {
      if (kind === 'icache') target.write(ICIALLU, 4, 0);
      else
        for (let set = 0; set < DATA_SETS; set++)
          for (let way = 0; way < DATA_WAYS; way++) target.write(DCCISW, 4, ((way << 30) | (set << 5)) >>> 0);
      target.write(PPB.CCR, 4, ccr & ~bit);
    },
  };
}

function cacheCheck(kind: 'icache' | 'dcache', words: { what: string; explanation: string }): Check {
  return {
    id: kind,
    question: `Is the ${words.what} cache off?`,
    path: false,
    judge(subject) {
      const where = find(subject, kind);
      if (!where) return notApplicable(`this chip has no ${words.what} cache that software switches`);
      if (!where.enabled) return pass(`${where.name} = 0`, 'off, as after a reset', NOTHING_PUBLISHED, 'assumed');
      return broken('warn', {
        observed: `${where.name} = 1${where.lines}`,
        expected: `${where.name} = 0`,
        because: where.danger,
        source: NOTHING_PUBLISHED,
        confidence: 'assumed',
        lastWriter: subject.history?.lastWriter(where.register, where.mask) ?? null,
      });
    },
    repair(subject) {
      const where = find(subject, kind);
      return where ? { at: 'entry', what: `${where.name} cleared`, fix: where.code, apply: where.off } : null;
    },
    explanation: words.explanation,
  };
}

export const icache: Check = cacheCheck('icache', {
  what: 'instruction',
  explanation: [
    'After a reset the cache is off, and the ROM is written for that state. ST does not say whether the ROM works with the cache on.',
    'On STM32H5, reading the OTP and unique-ID area through an enabled ICACHE causes a bus fault, and the ROM reads such data. A software reset does switch ICACHE off (its EN bit resets to 0); the claim that ICACHE stays on after a reset is wrong.',
    'Switch it off before the jump and wait until EN reads 0.',
  ].join('\n\n'),
});

export const dcache: Check = cacheCheck('dcache', {
  what: 'data',
  explanation: [
    'The ROM expects the data cache off, as after a reset. A line that is dirty at the jump can be written back later and overwrite data of the ROM, and DMA does not see data that is only in the cache.',
    'Before the jump, switch the data cache off, then clean and invalidate all of its lines. In between, memory is older than the cache, so no interrupt may come, and nothing may be kept in the stack. SCB_DisableDCache() of CMSIS does it in that order, but without optimisation (-O0) its counters are in the stack: with many versions of CMSIS, a line of the cache then overwrites them and the loop does not end. The fix uses registers only.',
    'A flag in RAM that must survive a reset needs the same care: clean its line first, because a reset discards dirty lines.',
  ].join('\n\n'),
});
