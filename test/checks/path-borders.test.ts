/** Comparisons of checks, on both sides of their borders: of the way into the ROM. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { FailureFacts, Judgement, MagicWord, RomFacts, Subject, TargetHistory } from '../../src/checks/check.ts';
import { partsOf } from '../../src/checks/fix-in-c.ts';
import { otherOrder } from '../../src/checks/word-order.ts';
import { check, FakeTarget, RESET_VECTOR, TABLE, writer } from './fake-target.ts';

interface Others {
  readonly state?: Partial<Subject['state']>;
  readonly history?: Partial<TargetHistory>;
  readonly rom?: Partial<RomFacts>;
}
/** Other answers of the target than those of its registers. */
const asking = (t: FakeTarget, { state, history, rom }: Others): Subject => {
  const s = t.subject();
  return { ...s, state: { ...s.state, ...state }, history: { ...s.history!, ...history }, rom: { ...s.rom, ...rom } };
};
const judge = (id: string, subject: Subject): Judgement => check(id).judge(subject);
/** A ROM whose vector table lies in front of its code. */
const ROM: Partial<RomFacts> = { range: [0x0bf98000, 0x0bf9ffff] };
const noEntry = (): FakeTarget => {
  const t = new FakeTarget();
  t.entry = null;
  return t;
};
const FAULT_AT = 4_000_000;
const faulted = (kind: string, address: number): FakeTarget => {
  const t = noEntry();
  t.firstFault = { kind, address, pc: 0x08000410, from: 0x0800040e, at: FAULT_AT };
  return t;
};

describe('A jump into system memory', () => {
  it('goes into the middle of the ROM from its first to its last address, and beside it elsewhere', () => {
    const isInside = (address: number): boolean => {
      const t = new FakeTarget();
      t.entry = { ...t.entry!, address };
      return judge('entry-address', asking(t, { rom: ROM })).because.includes('into the middle of the ROM');
    };
    expect([0x0bf97ffe, 0x0bf98000, 0x0bf9ffff, 0x0bfa0000].map(isInside)).toEqual([false, true, true, false]);
  });
  it.each([
    ['0x0bf00000', '0x0c000000'],
    ['0x0ff00000', '0x10000000'],
    ['0x1ff00000', '0x20000000'],
  ])('that meets nothing is meant for a ROM from %s on and below %s', (first, end) => {
    const [from, to] = [Number(first), Number(end)];
    const verdict = (address: number): string => faulted('bus-fetch', address).judge('entry-address').verdict;
    expect([from - 2, from, to - 2, to].map(verdict)).toEqual(['n/a', 'fail', 'fail', 'n/a']);
  });
  it('may go to where the table is mapped to, if it lies in system memory: from its first address, not at its end', () => {
    const atMapped = (vectorTable: number, base: number): string => {
      const t = new FakeTarget(findChip('STM32F407VG')!);
      t.entry = { ...t.entry!, address: vectorTable - base + 4 };
      return judge('entry-dereference', asking(t, { rom: { vectorTable, resetVector: vectorTable + 0x201 } })).verdict;
    };
    expect(atMapped(0x1fff0000, 0x1fff0000)).toBe('fail');
    expect(atMapped(0x1fff7780, 0x1fff0000)).toBe('fail');
    expect(atMapped(0x1fff7800, 0x1fff0000)).toBe('pass');
  });
});

describe('A vector that the firmware read', () => {
  const read = (address: number, at: number, fault: FakeTarget): Judgement => {
    fault.vectorReads = [{ address, value: RESET_VECTOR, pc: 0x08000402, at }];
    return fault.judge('entry-address');
  };
  it('is from the wrong table outside of the two words of the right one', () => {
    const verdict = (address: number): string => read(address, 1, noEntry()).verdict;
    expect([TABLE - 4, TABLE, TABLE + 4, TABLE + 8].map(verdict)).toEqual(['fail', 'n/a', 'pass', 'fail']);
  });
  it('counts if it was read before the first fault, not with it or after it', () => {
    const verdict = (at: number): string => read(0x0bf80004, at, faulted('bus-data', 0x30000000)).verdict;
    expect([FAULT_AT - 1, FAULT_AT, FAULT_AT + 1].map(verdict)).toEqual(['fail', 'n/a', 'n/a']);
  });
  it('was refused where the fault is in one of the eight bytes of the right table', () => {
    const seen = [TABLE - 1, TABLE, TABLE + 7, TABLE + 8].map((address) => faulted('bus-data', address).judge('entry-address'));
    expect(seen.map((j) => j.verdict)).toEqual(['fail', 'n/a', 'n/a', 'fail']);
    expect(seen[1]!.because).toBe("no entry: the read of the ROM's vector table faulted");
  });
  it('was meant unless SP is within 4 KB: there a stack has grown out of RAM', () => {
    const verdict = (sp: number): string => {
      const t = faulted('bus-data', 0x1ffff000);
      t.core['sp'] = sp;
      return t.judge('entry-address').verdict;
    };
    expect([0x1fffe000, 0x1fffe004, 0x1ffffffc, 0x20000000].map(verdict)).toEqual(['fail', 'n/a', 'n/a', 'fail']);
  });
});

describe('A failed jump', () => {
  const MSP_PC = 0x08000300;
  const failure = (loaded: number, pc = 0x08000410): FailureFacts => ({
    kind: 'jump',
    pc,
    at: 2,
    address: 0xfffffffe,
    loaded: { address: loaded, pc: 0x08000308 },
    feedsBranch: false,
    throughStack: false,
  });
  it('took its target from a wrong table beside the ROM, from a wrong word inside of it', () => {
    const because = (loaded: number): string =>
      judge('entry-address', asking(faulted('bus-fetch', 0xfffffffe), { history: { failure: failure(loaded) }, rom: ROM })).because;
    const table = expect.stringMatching(/^the firmware reads the ROM's vector table at/) as unknown;
    const word = expect.stringMatching(/^the jump target was computed from the word at/) as unknown;
    expect([0x0bf97ffc, 0x0bf98000, 0x0bf9ffff, 0x0bfa0000].map(because)).toEqual([table, word, word, table]);
  });
  const judged = (loaded: number, behind: number): string => {
    const t = faulted('bus-fetch', 0xfffffffe);
    t.writers.set('CPU.MSP', writer(MSP_PC, 5));
    return judge('entry-address', asking(t, { history: { failure: failure(loaded, MSP_PC + behind) } })).verdict;
  };
  it('was meant for the ROM up to 32 bytes behind the change of MSP', () => {
    expect([-2, 0, 4, 32, 34].map((behind) => judged(0x20000100, behind))).toEqual(['n/a', 'fail', 'fail', 'fail', 'n/a']);
  });
  it('was meant for another application if its target is from flash, from the first word to the last', () => {
    const loaded = [0x07fffffc, 0x08000000, 0x0807fffc, 0x08080000];
    expect(loaded.map((address) => judged(address, 4))).toEqual(['fail', 'n/a', 'n/a', 'fail']);
  });
});

describe('An exception that made the entry', () => {
  const judged = (active: number, vtor = TABLE): Judgement => {
    const t = faulted('bus-data', 0x30000000);
    t.entry = { address: RESET_VECTOR & ~1, thumb: true, how: 'exception', reached: true, fromPc: 0x08000410, at: 5_000_000 };
    t.core['xpsr'] = 0x01000000 | active;
    t.core['vtor'] = vtor;
    return judge('entry-address', asking(t, { rom: ROM }));
  };
  it('is a fault on the way from HardFault, 3, to SecureFault, 7', () => {
    const isFault = (active: number): boolean => judged(active).because.startsWith('the firmware faulted instead of branching');
    expect([2, 3, 7, 11].map(isFault)).toEqual([false, true, true, false]);
  });
  it('came by VTOR if that points into the ROM, from its first address to its last', () => {
    const byVtor = (vtor: number): boolean => judged(16, vtor).observed!.includes('VTOR = ');
    expect([0x0bf97fff, 0x0bf98000, 0x0bf9ffff, 0x0bfa0000].map(byVtor)).toEqual([false, true, true, false]);
  });
});

describe('A branch target from the new stack', () => {
  const MSP_PC = 0x08000300;
  const [NOP, LDR_R3_SP, BX_R3, B] = [0xbf00, 0x9b01, 0x4718, 0xe000];
  /** `LDRD r9, r11, [r0, #4]`: its second half looks like `LDR r3, [sp, #4]`. */
  const LDRD = [0xe9d0, 0x9b01];
  /** These instructions behind the MSR, then BX r3 `behind` bytes behind it. */
  const isFromStack = (behind: number, ...code: readonly number[]): boolean => {
    const t = new FakeTarget();
    t.writers.set('CPU.MSP', writer(MSP_PC, 5));
    t.entry = { ...t.entry!, address: 0x0bf98000, fromPc: MSP_PC + behind };
    const read = (address: number): number =>
      address === MSP_PC + behind ? BX_R3 : (code[(address - MSP_PC - 4) / 2] ?? (address >= 0x08000000 && address < 0x08080000 ? NOP : 0));
    return judge('stack-after-msp', asking(t, { state: { read } })).verdict === 'fail';
  };
  it('is seen up to 32 bytes behind the change of MSP', () => {
    expect([6, 30, 32, 34].map((behind) => isFromStack(behind, LDR_R3_SP))).toEqual([true, true, true, false]);
    expect(isFromStack(0, LDR_R3_SP)).toBe(false);
  });
  it('is not seen in the second half of an instruction of 32 bits, whose first one begins with 11101 at least', () => {
    expect(isFromStack(12, ...LDRD)).toBe(false);
    expect(isFromStack(12, B, LDR_R3_SP)).toBe(true);
  });
});

const someone = writer(0x08000400, 7);
/** A request at `address` that was stored, and read as 0 after the reset. */
const request = (change: Partial<MagicWord> = {}): MagicWord => ({
  address: 0x20000100,
  wanted: 0xdeadbeef,
  atReset: 0,
  inDirtyLine: false,
  read: 0,
  reader: someone,
  readWithoutClock: false,
  writer: someone,
  overwrittenBy: null,
  comparedWith: change.wanted ?? 0xdeadbeef,
  decision: someone,
  elsewhere: null,
  ...change,
});
const passing = (chip: string, ...words: readonly MagicWord[]): FakeTarget => {
  const t = new FakeTarget(findChip(chip)!);
  t.entry = null;
  t.magic = [...words];
  t.resets = [{ at: 3_000_000, by: 'software', flags: [], external: false }];
  return t;
};
const H5 = 'STM32H533RE';
const lost = (chip: string, ...words: readonly MagicWord[]): Judgement => passing(chip, ...words).judge('magic-survives');
const fixOf = (chip: string, word: MagicWord): string => check('magic-survives').repair(passing(chip, word).subject())!.fix;

describe('A lost request', () => {
  it('was in RAM from its first word to its last', () => {
    const inRam = (address: number): boolean =>
      lost(H5, request({ address })).because === 'the request was not in memory when the reset came';
    expect([0x1ffffffc, 0x20000000, 0x20043ffc, 0x20044000].map(inRam)).toEqual([false, true, true, false]);
  });
  it('was in data EEPROM from its first word to its last', () => {
    const inEeprom = (address: number): boolean => lost('STM32L152RE', request({ address })).because.includes('data EEPROM is locked');
    expect([0x0807fffc, 0x08080000, 0x08083ffc, 0x08084000].map(inEeprom)).toEqual([false, true, true, false]);
  });
  it('is a word off the stack before one on it, and no -1 before another value', () => {
    const blamed = (...words: MagicWord[]): string | null => lost(H5, ...words).expected;
    const local = request({ address: 0x2001bfc8, wanted: 0xffffffff, comparedWith: 0xffffffff, onStack: true });
    expect(blamed(local, request({ wanted: 0xdeadbeef }))).toBe('0xdeadbeef');
    expect(blamed(request({ address: 0x2001bfc8, wanted: 0xffffffff, comparedWith: 0xffffffff }), request({ wanted: 0xdeadbeef }))).toBe(
      '0xdeadbeef',
    );
    expect(blamed({ ...local, wanted: 0xb007d0f5, comparedWith: 0xb007d0f5 }, request({ wanted: 0xdeadbeef }))).toBe('0xdeadbeef');
    expect(blamed(local)).toBe('0xffffffff');
  });
  it('is a distinctive one above 0xffff: such a one is named before a smaller one', () => {
    const named = (wanted: number): string | null =>
      lost(H5, request({ address: 0x20000200, wanted: 5 }), request({ address: 0x20000100, wanted })).expected;
    expect([0xfffe, 0xffff, 0x10000].map(named)).toEqual(['0x00000005', '0x00000005', '0x00010000']);
  });
  it('lacks a half if that is compared with anything but 0', () => {
    const kept = request({ address: 0x20000104, atReset: 0xdeadbeef, read: 0xdeadbeef });
    const half = (comparedWith: number): string => lost(H5, kept, request({ writer: null, wanted: null, comparedWith })).verdict;
    expect([0, 1].map(half)).toEqual(['pass', 'fail']);
  });
  it('was stored to no register at the base of BKP on F1; the first one has the offset 4', () => {
    const because = (address: number): string => lost('STM32F103RB', request({ address })).because;
    const none = expect.stringContaining('there is no register at 0x40006c00') as unknown;
    const ignored = expect.stringMatching(/^the write was ignored/) as unknown;
    expect([0x40006bfc, 0x40006c00, 0x40006c04].map(because)).toEqual([ignored, none, ignored]);
  });
  it('was stored to a register of the block that begins there, not of the one that ends there', () => {
    expect(lost(H5, request({ address: 0x44007c00 })).because).toMatch(/^the write was ignored/);
    expect(lost(H5, request({ address: 0x44007bfc })).because).toContain('there is no register at 0x44007bfc');
  });
  it('had more bits than BKP of F1 keeps, from the first address of the block to its last', () => {
    const isNarrow = (address: number): boolean =>
      lost('STM32F103RB', request({ address, wanted: 0x12345678, atReset: 0x5678 })).because.includes('keeps 16 bits');
    expect([0x40006bfc, 0x40006c00, 0x40006ffc, 0x40007000].map(isNarrow)).toEqual([false, true, true, false]);
  });
  it('of 16 bits is not too wide for BKP of F1, of 17 bits it is', () => {
    expect(fixOf('STM32F103RB', request({ address: 0x40006c04, wanted: 0xffff, atReset: 0xffff, readWithoutClock: true }))).toContain(
      'BKPEN',
    );
    expect(fixOf('STM32F103RB', request({ address: 0x40006c04, wanted: 0x10000, atReset: 0 }))).toContain('keeps 16 bits');
  });
  it('was lost for want of a clock that is off again when it is read: the fix turns it on at both places', () => {
    const both = request({ address: 0x44007d00, atReset: 0, read: 0, readWithoutClock: true, writtenWithoutClock: true });
    expect(lost(H5, both).because).toMatch(/^the write was ignored: its bus clock is off; and the firmware reads .* returns 0$/);
    expect(partsOf(fixOf(H5, both)).map(({ goes, code }) => [goes, code.join(' ').includes('RTCAPBEN')])).toEqual([
      ['before', true],
      ['main', true],
    ]);
  });
  it('in another order is stored in 16 bits if it has two bytes, in 32 otherwise', () => {
    const fix = (wrote: number, comparedWith: number): string =>
      fixOf(H5, request({ wanted: wrote, atReset: wrote, read: wrote, comparedWith }));
    expect(fix(0xfeff, 0xfffe)).toContain('uint16_t');
    expect(fix(0x01000100, 0x00010001)).toContain('uint32_t');
  });
  it('is looked for in a word that nothing wrote, if it is above 0xffff', () => {
    const verdict = (comparedWith: number): string => lost(H5, request({ writer: null, wanted: null, comparedWith })).verdict;
    expect([0xfffe, 0xffff, 0x10000].map(verdict)).toEqual(['n/a', 'n/a', 'warn']);
  });
});

describe('Another order of bytes', () => {
  it('two bytes are swapped if both are there', () => {
    expect(otherOrder(0x00ff, 0xff00)).toBeNull();
    expect(otherOrder(0x0100, 0x0001)).toBeNull();
    expect(otherOrder(0x0102, 0x0201)).toBe('the same two bytes in reverse order');
  });
  it('four bytes are reversed if both halves hold something', () => {
    expect(otherOrder(0x0000ffff, 0xffff0000)).toBeNull();
    expect(otherOrder(0x00010000, 0x00000100)).toBeNull();
    expect(otherOrder(0x00010001, 0x01000100)).toBe('the same four bytes in reverse order');
  });
});
