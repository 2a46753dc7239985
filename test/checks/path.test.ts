import fc from 'fast-check';
import { backupAccessInC } from '../../src/checks/fix-in-c.ts';
import { findChip } from '../../src/chips/index.ts';
import { describe, expect, test } from 'vitest';
import { FakeTarget, INITIAL_SP, RESET_VECTOR, TABLE, check, repaired, writer } from './fake-target.ts';
import type { MagicWord } from '../../src/checks/check.ts';

const PATH = ['entry-address', 'entry-dereference', 'thumb-bit'] as const;
const verdicts = (t: FakeTarget): string[] => PATH.map((id) => t.judge(id).verdict);
const at = (address: number, thumb = true): FakeTarget => {
  const t = new FakeTarget();
  t.entry = { ...t.entry!, address, thumb };
  return t;
};
const read = (address: number, value: number, pc = 0x08000300): FakeTarget['vectorReads'][number] => ({ address, value, pc, at: 1 });

describe('the branch target', () => {
  test('the reset vector of the ROM passes all three', () => {
    expect(verdicts(at(RESET_VECTOR - 1))).toEqual(['pass', 'pass', 'pass']);
  });
  test('exactly one of the three is broken, whatever the address in system memory', () => {
    const address = fc.oneof(fc.integer({ min: 0x0bf80000, max: 0x0bf9ffff }), fc.constantFrom(TABLE, TABLE + 4, RESET_VECTOR - 1));
    fc.assert(
      fc.property(address, fc.boolean(), (a, thumb) => {
        const t = at((a & ~1) >>> 0, thumb);
        const right = t.entry!.address === RESET_VECTOR - 1;
        expect(verdicts(t).filter((v) => v === 'fail').length).toBe(right && thumb ? 0 : 1);
        const broken = PATH.find((id) => t.judge(id).verdict === 'fail');
        if (broken) expect(repaired(broken, t).verdict).toBe('pass');
        expect(verdicts(t)).toEqual(['pass', 'pass', 'pass']);
      }),
    );
  });
  test('an even address in the table is a fault, and an odd one runs its words', () => {
    const because = (thumb: boolean): string => at(TABLE + 4, thumb).judge('entry-dereference').because;
    expect(because(false)).toContain('UsageFault INVSTATE');
    expect(because(true)).toContain('as if its words were instructions');
  });
  test.each([
    [TABLE.toString(16), TABLE],
    [(TABLE + 4).toString(16), TABLE + 4],
  ])('0x%s is the vector, not what it points to', (_name, address) => {
    expect(verdicts(at(address, false))).toEqual(['n/a', 'fail', 'n/a']);
    expect(verdicts(at(address, true))).toEqual(['n/a', 'fail', 'pass']);
  });
  test('an even target that is right but for bit 0', () => {
    expect(verdicts(at(RESET_VECTOR - 1, false))).toEqual(['pass', 'pass', 'fail']);
  });
  test('the read of the word that the target came from is pointed at, where it is not the vector', () => {
    const t = at(0x0bf99000);
    t.vectorReads = [read(TABLE, 0x20003000), read(TABLE + 16, 0x0bf99001, 0x08000302)];
    expect(t.judge('entry-address')).toMatchObject({
      observed: `0x0bf99000 (branch), from the word at 0x0${(TABLE + 16).toString(16)}`,
      lastWriter: { pc: 0x08000302 },
    });
  });
  test('else the branch instruction', () => {
    expect(at(0x0bf99000).judge('entry-address').lastWriter?.pc).toBe(0x08000400);
  });
  test('a boot by pin needs no branch', () => {
    const t = at(0x0bf98000);
    t.entry = { ...t.entry!, how: 'boot', fromPc: null };
    expect(verdicts(t)).toEqual(['pass', 'pass', 'pass']);
    expect(t.judge('stack-after-msp').verdict).toBe('n/a');
  });
  describe('an exception that vectors into the ROM', () => {
    const taken = (exception: number): FakeTarget => {
      const t = at(0x0bf98100);
      t.entry = { ...t.entry!, how: 'exception' };
      t.core['xpsr'] = 0x01000000 | exception;
      return t;
    };
    test('is no entry at its reset vector, nor a jump made in a handler', () => {
      const t = taken(15);
      expect(t.judge('entry-address')).toMatchObject({ verdict: 'fail', because: expect.stringContaining('SysTick') as unknown });
      expect(t.judge('handler-mode').verdict).toBe('n/a');
      expect(repaired('entry-address', t).verdict).toBe('pass');
      expect(t.core['xpsr']! & 0x1ff).toBe(0);
    });
    test('is blamed on the write that put the vectors there', () => {
      const t = taken(15);
      t.core['vtor'] = TABLE;
      t.writers.set('CPU.VTOR', writer(0x08000600, 3));
      expect(t.judge('entry-address').lastWriter?.pc).toBe(0x08000600);
    });
    test('after a read at a wrong address is that read', () => {
      const t = taken(3);
      t.firstFault = { kind: 'bus-data', address: 0x1fff0004, pc: 0x08000300, from: 0x080002fe, at: 1 };
      expect(t.judge('entry-address')).toMatchObject({ observed: 'read of 0x1fff0004 faulted', lastWriter: { pc: 0x08000300 } });
      expect(check('entry-address').repair(t.subject())).toMatchObject({ at: 'redirect', from: 0x1fff0000 });
    });
    test('after a branch into nowhere is that branch', () => {
      const t = taken(3);
      t.firstFault = { kind: 'bus-fetch', address: 0xc4246336, pc: 0xc4246336, from: 0x080002fe, at: 1 };
      expect(t.judge('entry-address')).toMatchObject({ verdict: 'fail', lastWriter: { pc: 0x080002fe } });
      expect(repaired('entry-address', t).verdict).toBe('pass');
    });
  });
});

describe('without an entry: where the vector was looked for', () => {
  const none = (): FakeTarget => {
    const t = new FakeTarget();
    t.entry = null;
    return t;
  };
  test('nothing was read: nothing to judge', () => {
    expect(verdicts(none())).toEqual(['n/a', 'n/a', 'n/a']);
  });
  test('the pair in the gap below the bootloader is redirected as a whole', () => {
    const t = none();
    t.vectorReads = [read(0x0bf87000, 0xffffffff), read(0x0bf87004, 0xffffffff, 0x08000304)];
    t.firstFault = { kind: 'bus-fetch', address: 0xfffffffe, pc: 0xfffffffe, from: 0x080002fe, at: 2 };
    expect(t.judge('entry-address')).toMatchObject({
      verdict: 'fail',
      observed: '0xffffffff read from 0x0bf87004',
      lastWriter: { pc: 0x08000304 },
    });
    expect(check('entry-address').repair(t.subject())).toMatchObject({ at: 'redirect', from: 0x0bf87000 });
  });
  test.each([
    ['0x0bf87000', 0x0bf87000],
    ['0x0bf87004', 0x0bf87004],
  ])('a single read at %s belongs to the table at 0x0bf87000', (_name, address) => {
    const t = none();
    t.vectorReads = [read(address, 0)];
    expect(check('entry-address').repair(t.subject())).toMatchObject({ at: 'redirect', from: 0x0bf87000 });
  });
  test("the fault's own vector fetch from the wrong table is not the firmware's read", () => {
    const t = none();
    t.vectorReads = [read(0x0bf87000, 0xffffffff), read(0x0bf87004, 0xffffffff), { ...read(0x0bf8700c, 0xffffffff, 0xfffffffe), at: 2 }];
    t.firstFault = { kind: 'bus-fetch', address: 0xfffffffe, pc: 0xfffffffe, from: 0x080002fe, at: 2 };
    expect(check('entry-address').repair(t.subject())).toMatchObject({ at: 'redirect', from: 0x0bf87000 });
  });
  test("a read that faulted at another family's address", () => {
    const t = none();
    t.firstFault = { kind: 'bus-data', address: 0x1fff0004, pc: 0x08000300, from: 0x080002fe, at: 1 };
    expect(t.judge('entry-address')).toMatchObject({ verdict: 'fail', observed: 'read of 0x1fff0004 faulted' });
    expect(check('entry-address').repair(t.subject())).toMatchObject({ at: 'redirect', from: 0x1fff0000 });
  });
  test('a jump to a typed-in address without anything there is led to the reset vector in place of its fault', () => {
    const t = none();
    t.firstFault = { kind: 'bus-fetch', address: 0x1fff1234, pc: 0x1fff1234, from: 0x080002fe, at: 1 };
    expect(t.judge('entry-address')).toMatchObject({ verdict: 'fail', lastWriter: { pc: 0x080002fe } });
    expect(check('entry-address').repair(t.subject())).toMatchObject({ at: 'entry', acts: 'instead-of-fault' });
  });
  test('a stray pointer elsewhere is not taken for a wrong address of the ROM', () => {
    const t = none();
    for (const address of [0x00000004, 0x0c000000, 0x20050000, 0x50000000]) {
      t.firstFault = { kind: 'bus-data', address, pc: 0x08000300, from: 0x080002fe, at: 1 };
      expect(t.judge('entry-address').verdict).toBe('n/a');
    }
  });
  test('reading the right vector makes earlier reads of a search harmless', () => {
    const t = none();
    t.vectorReads = [read(0x0bf80004, 0), read(TABLE, INITIAL_SP), read(TABLE + 4, RESET_VECTOR)];
    expect(t.judge('entry-address').verdict).toBe('pass');
  });
  test("target popped from the ROM's empty stack: the write of MSP is left out", () => {
    const t = none();
    t.writers.set('CPU.MSP', writer(0x08000500, 31));
    t.core['msp'] = INITIAL_SP + 16;
    t.firstFault = { kind: 'bus-fetch', address: 0xdeadbeee, pc: 0xdeadbeee, from: 0x080002fe, at: 2 };
    expect(t.judge('stack-after-msp')).toMatchObject({ verdict: 'fail', lastWriter: { pc: 0x08000500 } });
    expect(check('stack-after-msp').repair(t.subject())).toMatchObject({ at: 'before-write', seq: 31 });
  });
  test("an application's own stack may end right above the ROM's: only where MSP was set to the ROM's was something popped from it", () => {
    const judged = (value: number): string => {
      const t = none();
      t.writers.set('CPU.MSP', { ...writer(0x08000500, 31), value });
      t.core['msp'] = INITIAL_SP + 16;
      return t.judge('stack-after-msp').verdict;
    };
    expect([INITIAL_SP, INITIAL_SP + 48].map(judged)).toEqual(['fail', 'pass']);
  });
  test('the same with the vectors of the ROM in force: the fault went to the ROM, MSP is told without its frame', () => {
    const t = none();
    t.entry = { ...new FakeTarget().entry!, address: 0x0bf98100, how: 'exception' };
    t.vectorReads = [read(TABLE, INITIAL_SP), read(TABLE + 4, RESET_VECTOR)];
    t.writers.set('CPU.MSP', writer(0x08000500, 31));
    t.core['xpsr'] = 0x01000003;
    t.core['lr'] = 0xfffffff9;
    t.core['msp'] = INITIAL_SP - 32;
    t.firstFault = { kind: 'bus-fetch', address: 0xdeadbeee, pc: 0xdeadbeee, from: 0x08000504, at: 2 };
    expect(t.judge('stack-after-msp')).toMatchObject({
      verdict: 'warn',
      observed: expect.stringContaining(`0x${INITIAL_SP.toString(16)}, then bus-fetch`) as unknown,
      lastWriter: { pc: 0x08000500 },
    });
    expect(check('stack-after-msp').repair(t.subject())).toMatchObject({ at: 'before-write', seq: 31 });
    expect(t.judge('msp').verdict).toBe('pass');
    expect(t.judge('entry-address').verdict).toBe('pass');
    // a frame with FP registers
    t.core['lr'] = 0xffffffe9;
    t.core['msp'] = INITIAL_SP - 104;
    expect(t.judge('msp').verdict).toBe('pass');
  });
  test('a stack overflow at the write of MSP is the limit of the application', () => {
    const t = none();
    t.core['msplim'] = 0x20043000;
    t.core['msp'] = 0x20043f00;
    t.firstFault = { kind: 'stack-overflow', address: null, pc: 0x08000500, from: 0x080002fe, at: 2 };
    t.writers.set('CPU.MSPLIM', writer(0x08000010, 3));
    expect(t.judge('stack-limit').verdict).toBe('fail');
    expect(check('stack-limit').repair(t.subject())).toMatchObject({ at: 'before-write', seq: 3 });
  });
});

describe('the request that has to survive a reset', () => {
  const word = (over: Partial<MagicWord>): MagicWord => ({
    address: 0x20000010,
    wanted: 0xb007d0f5,
    atReset: 0xb007d0f5,
    read: 0xb007d0f5,
    reader: writer(0x08000210, 50),
    readWithoutClock: false,
    inDirtyLine: false,
    writer: writer(0x08000700, 40),
    overwrittenBy: null,
    comparedWith: 0xb007d0f5,
    decision: writer(0x08000214, 50),
    elsewhere: null,
    ...over,
  });
  const none = (...words: MagicWord[]): FakeTarget => {
    const t = new FakeTarget();
    t.entry = null;
    t.magic = words;
    return t;
  };
  test('kept', () => expect(none(word({})).judge('magic-survives').verdict).toBe('pass'));
  test.each([1, 2, 3, 4, 7])('of %d words that were kept the first three are told', (count) => {
    const words = Array.from({ length: count }, (_, i) => word({ address: 0x20000010 + 4 * i }));
    const told = Array.from({ length: Math.min(3, count) }, (_, i) => `0xb007d0f5 at 0x200000${(16 + 4 * i).toString(16)}`);
    expect(none(...words).judge('magic-survives')).toMatchObject({ verdict: 'pass', observed: told.join(', ') });
  });
  test('F1: of a word that is wider than the backup register its upper half is lost, and nothing is blamed for it', () => {
    const lost = { address: 0x40006c28, wanted: 0xb007f00d, atReset: 0xf00d, read: 0xf00d, comparedWith: 0xb007f00d };
    const t = new FakeTarget(findChip('stm32f105rc')!);
    t.entry = null;
    t.magic = [word({ ...lost, writtenWithoutClock: false })];
    expect(t.judge('magic-survives').because).toBe('the register keeps 16 bits: of 0xb007f00d it holds 0x0000f00d');
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ fix: expect.stringContaining('store 0x0000f00d') as unknown });
    // a driver may have cut it before the store
    t.magic = [word({ ...lost, wanted: 0xf00d })];
    expect(t.judge('magic-survives').because).toBe('the register keeps 16 bits: of 0xb007f00d it holds 0x0000f00d');
    t.magic = [word({ ...lost, wanted: 0xf00d, comparedWith: 0xb007f00e })];
    expect(t.judge('magic-survives').verdict).not.toBe('fail');
    t.magic = [word({ ...lost, atReset: 0, read: 0, writtenWithoutClock: false })];
    expect(t.judge('magic-survives').because).toContain('DBP');
  });
  test('L0: data EEPROM that was unlocked was still being programmed when the reset came, else the store was refused', () => {
    const t = new FakeTarget(findChip('stm32l083rz')!);
    t.entry = null;
    const lost = { address: 0x08080010, atReset: 0, read: 0 };
    t.magic = [word({ ...lost, writtenUnlocked: true })];
    expect(t.judge('magic-survives').because).toContain('still being programmed');
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ fix: expect.stringContaining('FLASH_SR_BSY') as unknown });
    t.magic = [word(lost)];
    expect(t.judge('magic-survives').because).toContain('PELOCK');
  });
  test('no such word', () => expect(none().judge('magic-survives').verdict).toBe('n/a'));
  test('what start-up code writes each time is no request', () => {
    const startup = { pc: 0x0800_0b9c, lr: 0xffff_ffff, at: 1e9, kind: 'cpu', core: 0, seq: 7 } as const;
    const set = { address: 0x2000_0010, wanted: 1, atReset: 1, read: 16000, comparedWith: 1, writer: startup };
    expect(none(word({ ...set, overwrittenBy: { ...startup, seq: 99 } })).judge('magic-survives').verdict).toBe('n/a');
    expect(none(word({ ...set, overwrittenBy: { ...startup, pc: 0x0800_0bae } })).judge('magic-survives').verdict).toBe('fail');
  });
  test('start-up code cleared it: its writer is named, and the word is kept', () => {
    const t = none(word({ read: 0, overwrittenBy: writer(0x08000020, 44) }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining('overwritten') as unknown,
      lastWriter: { pc: 0x08000020 },
    });
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ at: 'keep', words: [{ address: 0x20000010, value: 0xb007d0f5 }] });
  });
  test('of several words that were overwritten before the reset, each fix names the line and what it writes', () => {
    const lost = { atReset: 3, read: 3, overwrittenBy: writer(0x08000710, 41), lostBefore: true } as const;
    const t = none(
      word({ ...lost, overwriter: 'main.c:24 (main)' }),
      word({ ...lost, address: 0x20000020, overwriter: 'cmd.c:7 (parse)', onStack: true }),
    );
    expect(check('magic-survives').repair(t.subject())!.fix!.split('\n')).toEqual([
      '/* main.c:24 (main) also writes 0x00000003 to 0x20000010: shorten it, or give the request its own word in a NOLOAD section */',
      '/* cmd.c:7 (parse) also writes 0x00000003 to 0x20000020, which is on its stack: give the request its own word in a NOLOAD section */',
    ]);
  });
  test('a backup register without DBP ignored the write', () => {
    const t = none(word({ address: 0x44007d00, atReset: 0, read: 0 }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining('DBP') as unknown,
      lastWriter: { pc: 0x08000700 },
    });
  });
  test.each([
    [true, 'the write was ignored: its bus clock is off'],
    [false, 'the write was ignored: the backup domain is write-protected (DBP)'],
  ])('where it is known whether its clock was off (%s), one of the two is named', (writtenWithoutClock, because) => {
    const t = none(word({ address: 0x44007d00, atReset: 0, read: 0, writtenWithoutClock }));
    expect(t.judge('magic-survives').because).toBe(because);
  });
  test('on F1 the backup registers have a clock of their own, which the fix turns on', () =>
    expect(backupAccessInC(findChip('stm32f103c8')!, 0x40006c04)).toEqual([
      'RCC->APB1ENR |= RCC_APB1ENR_PWREN;',
      'PWR->CR |= PWR_CR_DBP;',
      'RCC->APB1ENR |= RCC_APB1ENR_BKPEN;',
    ]));
  test('a backup register that was read without its clock is there, but read as 0', () => {
    const t = none(word({ address: 0x44007d00, read: 0, readWithoutClock: true }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining('clock') as unknown,
      lastWriter: { pc: 0x08000210 },
    });
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ fix: expect.stringContaining('RTCAPBEN') as unknown });
  });
  test('a dirty line of the data cache held it and memory did not, and the fix cleans the line', () => {
    const t = none(word({ address: 0x24010000, atReset: 0x1234, read: 0x1234, inDirtyLine: true }));
    expect(t.judge('magic-survives')).toMatchObject({ verdict: 'fail', because: expect.stringContaining('dirty line') as unknown });
    expect(check('magic-survives').repair(t.subject())).toMatchObject({
      at: 'keep',
      fix: expect.stringContaining('SCB_CleanDCache_by_Addr') as unknown,
    });
  });
  describe('of several words the line is cleaned behind the last store', () => {
    const dirty = { atReset: 0x1234, read: 0x1234, inDirtyLine: true };
    // stores that were found by repeating the run have no number
    const first = word({ ...dirty, address: 0x24010000, writer: writer(0x08000700, -1) });
    const second = word({ ...dirty, address: 0x24010004, writer: { ...writer(0x08000704, -1), at: 1_000_001 } });
    const blamed = (...words: readonly MagicWord[]): number | undefined => {
      const t = none(first);
      t.magic.splice(0, 1, ...words);
      return t.judge('magic-survives').lastWriter?.pc;
    };
    test('of those in a dirty line', () => {
      expect(blamed(first, second)).toBe(0x08000704);
      expect(blamed(first, { ...second, inDirtyLine: false })).toBe(0x08000700);
    });
    test('in variables of their own, if both are compared with what they held', () => {
      const named = (name: string) => ({ variable: { name, bytes: 4, section: '.noinit', declared: null } });
      expect(blamed({ ...first, ...named('magic') }, { ...second, ...named('inverse') })).toBe(0x08000704);
      expect(blamed({ ...first, ...named('magic') }, { ...second, ...named('count'), comparedWith: null })).toBe(0x08000700);
    });
  });
  test('which is named as the program names it, because another build has it elsewhere', () => {
    const variable = { name: 'boot_request', bytes: 4, section: '.noinit', declared: null };
    const t = none(word({ address: 0x24010000, atReset: 0x1234, read: 0x1234, inDirtyLine: true, variable }));
    const fix = '/* right after that line, before the reset */\nSCB_CleanDCache_by_Addr((void *)&boot_request, sizeof boot_request);';
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ fix });
  });
  test('where start-up code clears it as well, the fix cleans the line and moves the variable', () => {
    const variable = { name: 'boot_request', bytes: 4, section: '.bss', declared: null };
    const over = { address: 0x20000010, read: 0, overwrittenBy: writer(0x08000100, 45), variable };
    const fixOf = (w: MagicWord, t = none(w)): unknown => check('magic-survives').repair(t.subject());
    const clean = 'SCB_CleanDCache_by_Addr((void *)&boot_request, sizeof boot_request);';
    const both = { fix: expect.stringMatching(/SCB_CleanDCache_by_Addr[^]*section\("\.noinit"\)/) as unknown };
    expect(fixOf(word({ ...over, atReset: 0x1234, inDirtyLine: true }))).toMatchObject(both);
    // not in a dirty line this time, with the data cache on all the same
    const t = none(word(over));
    expect(fixOf(word(over), t)).toMatchObject({ fix: expect.not.stringContaining(clean) as unknown });
    t.ppb.set(0xe000ed14, 1 << 16);
    expect(fixOf(word(over), t)).toMatchObject({ fix: expect.stringContaining(clean) as unknown });
  });
  test('the word that is compared with what it had held is the request, whatever else was lost', () => {
    const t = none(word({ address: 0x20000100, wanted: 1, atReset: 1, read: 0, comparedWith: 0 }), word({ address: 0x20000200, read: 0 }));
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ words: [{ address: 0x20000200 }] });
    expect(check('magic-survives').isTentative?.(t.subject())).toBe(false);
  });
  test('of words that are compared with what they held a distinctive one counts and takes no flags along; a flag takes all', () => {
    const flag = word({ address: 0x20000004, wanted: 1, atReset: 1, read: 0, comparedWith: 1 });
    const request = word({ address: 0x20000010, read: 0 });
    const other = word({ address: 0x20000020, wanted: 0x10000, read: 0, comparedWith: 0x10000 });
    const t = none(flag, request, other);
    const kept = (words: unknown): unknown => (words as { words: readonly { address: number }[] }).words.map((w) => w.address);
    expect(t.judge('magic-survives')).toMatchObject({ observed: expect.stringContaining('0x20000010') as unknown });
    expect(kept(check('magic-survives').repair(t.subject()))).toEqual([0x20000010, 0x20000020]);
    expect(check('magic-survives').choices!(t.subject()).map(({ repair }) => kept(repair))).toEqual([
      [0x20000010, 0x20000020],
      [0x20000010, 0x20000020],
      [0x20000010, 0x20000020, 0x20000004],
    ]);
    const lone = none(word({ address: 0x20000020, wanted: 0xffff, read: 0, comparedWith: 0xffff }), flag);
    expect(kept(check('magic-survives').repair(lone.subject()))).toEqual([0x20000020, 0x20000004]);
  });
  test('a lost word that is only asked whether it is zero may be any flag: nothing is said of it without proof', () => {
    const t = none(word({ wanted: 1, atReset: 1, read: 0, comparedWith: 0 }));
    expect(check('magic-survives').isTentative?.(t.subject())).toBe(true);
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ at: 'keep', words: [{ value: 1 }] });
  });
  test('a lost word that is compared with something else is no request', () =>
    expect(none(word({ wanted: 302, atReset: 302, read: 0, comparedWith: 500 })).judge('magic-survives').verdict).toBe('n/a'));
  test('written to one address and read from another: the read is named, and given what it looks for', () => {
    const elsewhere = { address: 0x40002860, writer: writer(0x08000700, 40) };
    const t = none(word({ address: 0x40002858, wanted: null, atReset: 0, read: 0, writer: null, elsewhere }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: 'the firmware writes the request to 0x40002860 and reads it from 0x40002858',
      lastWriter: { pc: 0x08000210 },
    });
    expect(check('magic-survives').repair(t.subject())).toMatchObject({
      at: 'keep',
      words: [{ address: 0x40002858 }],
      fix: expect.stringContaining('take one address for both') as unknown,
    });
  });
  test('so is a value of 16 bits, as F1 keeps it, and a word that was given another value', () => {
    const elsewhere = { address: 0x40006c08, writer: writer(0x08000700, 40) };
    const small = { address: 0x40006c04, comparedWith: 0xb007, elsewhere, atReset: 0, read: 0 };
    for (const other of [word({ ...small, wanted: null, writer: null }), word({ ...small, wanted: 0x32f2 })])
      expect(none(other).judge('magic-survives')).toMatchObject({
        verdict: 'fail',
        because: 'the firmware writes the request to 0x40006c08 and reads it from 0x40006c04',
      });
  });
  test('a line of the data cache that was dropped took the request with it: it has to be cleaned behind the store', () => {
    const t = none(word({ wanted: 0xb007b007, atReset: 0x12345678, read: 0x12345678, comparedWith: 0xb007b007, dropped: true }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: 'the line of the data cache that held the request was invalidated before it was written back',
      lastWriter: { pc: 0x08000700 },
    });
    expect(check('magic-survives').repair(t.subject())?.fix).toContain('SCB_CleanDCache_by_Addr');
  });
  test('kept and compared with a value that no code stores: the store is named, and it is no more than suspected without proof', () => {
    const other = { wanted: 0xb007b007, atReset: 0xb007b007, read: 0xb007b007, comparedWith: 0xdeadbeef };
    expect(none(word({ ...other, isOther: true })).judge('magic-survives')).toMatchObject({
      verdict: 'warn',
      because: 'the firmware wrote 0xb007b007 and looks for 0xdeadbeef after the reset',
      lastWriter: { pc: 0x08000700 },
    });
    expect(none(word(other)).judge('magic-survives').verdict).toBe('pass');
  });
  test('written, alive, and read by nobody: the write is named', () =>
    expect(none(word({ read: null, reader: null, comparedWith: null, decision: null })).judge('magic-survives')).toMatchObject({
      verdict: 'warn',
      because: expect.stringContaining('nothing read it') as unknown,
      lastWriter: { pc: 0x08000700 },
    }));
  test.each([
    [0xdeadbeef, 0xefbeadde, 'four bytes'],
    [0xdeadbeef, 0xbeefdead, 'two halves'],
    [0xdeadbeef, 0xaddeefbe, 'halves, with the bytes of each'],
    [0x4655, 0x5546, 'two bytes'],
  ])('%i was kept and is looked for with its bytes in another order: the store is named', (wanted, comparedWith, told) => {
    const t = none(word({ wanted, atReset: wanted, read: wanted, comparedWith }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining(`the same ${told}`) as unknown,
      lastWriter: { pc: 0x08000700 },
    });
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ at: 'keep', words: [{ value: comparedWith }] });
  });
  test.each([
    [0x10000, 1],
    [0x0100, 1],
    [0x11111111, 0x11111111],
    [0xdeadbeef, 0xdeadbeee],
  ])('%i and %i are no request in two orders of bytes', (wanted, comparedWith) =>
    expect(none(word({ wanted, atReset: wanted, read: wanted, comparedWith })).judge('magic-survives').verdict).toBe('pass'),
  );
  test.each([
    [['RCC.RSR.BORRSTF'], true, 'RCC_RSR.BORRSTF was still set', 'RCC->RSR |= RCC_RSR_RMVF;'],
    [['RCC.RSR.PINRSTF'], false, 'because of RCC_RSR.PINRSTF, which every reset sets', 'test RCC->RSR & RCC_RSR_BORRSTF instead'],
  ])('a program that takes a reset for a power-on clears its request: %j is named', (flags, stale, because, fix) => {
    const t = none(word({ read: 0, overwrittenBy: writer(0x08000300, 44), becauseOf: { flags, stale } }));
    expect(t.judge('magic-survives')).toMatchObject({
      verdict: 'fail',
      because: expect.stringContaining(because) as unknown,
      lastWriter: { pc: 0x08000300 },
    });
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ at: 'keep', fix: expect.stringContaining(fix) as unknown });
  });
  test('an entry shows that the request arrived', () => {
    const t = new FakeTarget();
    t.magic = [word({ read: 0 })];
    expect(t.judge('magic-survives').verdict).toBe('pass');
  });
});

describe('instructions for a debugger', () => {
  test('semihosting that somebody answered is a warning', () => {
    const t = new FakeTarget();
    t.breakpoints = [{ semihosting: true, pc: 0x08000900, at: 1 }];
    expect(t.judge('debugger')).toMatchObject({ verdict: 'warn', lastWriter: { pc: 0x08000900 } });
  });
  test('places are told, not how often: each is noted once', () => {
    const t = new FakeTarget();
    const at = (pc: number) => ({ semihosting: true, pc, at: 1 });
    const found = (places: number): unknown => {
      t.breakpoints = Array.from({ length: places }, (_, i) => at(0x08000900 + 2 * i));
      return t.judge('debugger').observed;
    };
    expect(found(1)).toBe('BKPT (semihosting) executed at 0x08000900');
    expect(found(2)).toBe('BKPT (semihosting) executed at 2 places, the first at 0x08000900');
    expect(found(16)).toContain('16 places or more');
  });
  test('a BKPT that faulted fails', () => {
    const t = new FakeTarget();
    t.entry = null;
    t.firstFault = { kind: 'breakpoint', address: null, pc: 0x08000900, from: 0x080002fe, at: 1 };
    expect(t.judge('debugger').verdict).toBe('fail');
  });
  test('a board shows it in HFSR only', () => {
    const t = new FakeTarget();
    t.withHistory = false;
    expect(t.judge('debugger').verdict).toBe('unknown');
    t.ppb.set(0xe000ed2c, 0x80000000);
    expect(t.judge('debugger').verdict).toBe('fail');
  });
});
