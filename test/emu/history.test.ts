import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History, type WriteRecord } from '../../src/emu/history.ts';

const write = (seq: number, at = seq): WriteRecord => ({ seq, at, core: 0, pc: 0x08000000 + 2 * seq, lr: 0, kind: 'cpu', address: null });

describe('History: who changed a register last', () => {
  it('answers as a list of all changes would, for every mask', () => {
    const change = fc.record({ bits: fc.integer({ min: 0, max: 0xffff }), byHardware: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.integer({ min: 1, max: 0xffff }), (changes, mask) => {
        const history = new History();
        const owner = new Array<WriteRecord | null>(16).fill(null);
        changes.forEach(({ bits, byHardware }, i) => {
          const record = byHardware ? null : write(i + 1);
          history.mark('RCC.CR', bits, record);
          for (let bit = 0; bit < 16; bit++) if (bits & (1 << bit)) owner[bit] = record;
        });
        const inMask = owner.filter((w, bit): w is WriteRecord => w !== null && (mask & (1 << bit)) !== 0);
        const latest = inMask.reduce<WriteRecord | null>((a, b) => (a === null || b.seq > a.seq ? b : a), null);
        expect(history.lastWriter('RCC.CR', mask)).toEqual(latest);
      }),
    );
  });

  it('takes the later one of two changes with the same number: a scenario writes without an access of the core', () => {
    const history = new History();
    history.mark('RCC.CR', 1, write(7, 100));
    history.mark('RCC.CR', 2, write(7, 300));
    expect(history.lastWriter('RCC.CR')?.at).toBe(300);
  });

  it('holds one record per bit: an RTOS that masks interrupts while idle needs no memory', () => {
    const history = new History();
    for (let i = 1; i <= 100_000; i++) history.mark('CPU.PRIMASK', 1, write(i));
    expect(history.lastWriter('CPU.PRIMASK', 1)?.seq).toBe(100_000);
    expect(JSON.stringify([...(history as unknown as { bits: Map<string, unknown[]> }).bits]).length).toBeLessThan(1000);
  });

  it('a copy does not follow its original', () => {
    const history = new History();
    history.mark('CPU.PRIMASK', 1, write(1));
    const copy = history.copy();
    history.mark('CPU.PRIMASK', 1, write(2));
    expect(copy.lastWriter('CPU.PRIMASK')?.seq).toBe(1);
  });

  it('after a reset nobody has written what the reset put back', () => {
    const history = new History();
    history.mark('RCC.CR', 1, write(1));
    history.mark('TAMP.BKP0R', 1, write(2));
    history.forget((register) => register.startsWith('TAMP.'));
    expect(history.lastWriter('RCC.CR')).toBeNull();
    expect(history.lastWriter('TAMP.BKP0R')?.seq).toBe(2);
  });
});

describe('History: registers that are programmed for after a reset', () => {
  it('who changed them last stays known behind a reset, in a copy too, until somebody else does', () => {
    const history = new History();
    const options = new Set(['FLASH.OPTCR1']);
    history.mark('FLASH.OPTCR1', 0x3, write(1));
    history.mark('RCC.CR', 0x1, write(2));
    history.remember(options);
    history.forget(() => false);
    expect(history.lastWriter('FLASH.OPTCR1')).toBeNull();
    expect(history.lastWriterBeforeReset('FLASH.OPTCR1', 0x2)?.seq).toBe(1);
    expect(history.lastWriterBeforeReset('FLASH.OPTCR1', 0x4)).toBeNull();
    expect(history.lastWriterBeforeReset('RCC.CR')).toBeNull();
    history.mark('FLASH.OPTCR1', 0x2, write(3));
    const copy = history.copy();
    history.remember(options);
    expect(history.lastWriterBeforeReset('FLASH.OPTCR1', 0x3)?.seq).toBe(3);
    expect(copy.lastWriterBeforeReset('FLASH.OPTCR1', 0x3)?.seq).toBe(1);
  });
});

describe('changes of a special register', () => {
  const change = (h: History, bits: number, pc: number): void =>
    void Object.assign(h.markSpecial('BASEPRI', 0, bits, 1), { seq: ++h.seq, at: 5 * h.seq, pc, lr: pc + 1, kind: 'cpu' });
  const pcs = (h: History): (number | undefined)[] => [0x40, 0x80, 0xc0, 0x20].map((mask) => h.lastWriter('CPU1.BASEPRI', mask)?.pc);

  it('are known bit by bit, whoever asks in between', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ bits: fc.integer({ min: 1, max: 255 }), asked: fc.boolean() }), { maxLength: 12 }), (changes) => {
        const h = new History();
        changes.forEach(({ bits, asked }, i) => {
          change(h, bits, 100 + i);
          if (asked) h.lastWriter('CPU1.BASEPRI');
        });
        for (let bit = 1; bit < 256; bit *= 2) {
          const last = changes.findLastIndex((c) => c.bits & bit);
          const expected =
            last < 0
              ? null
              : {
                  ...{ seq: last + 1, at: 5 * (last + 1), core: 1, pc: 100 + last, lr: 101 + last },
                  ...{ kind: 'cpu', address: null, value: changes[last]!.bits },
                };
          expect(h.lastWriter('CPU1.BASEPRI', bit)).toEqual(expected);
        }
      }),
    );
  });
  it('are in a copy, which goes its own way, and gone behind a reset', () => {
    const h = new History();
    change(h, 0xc0, 1);
    change(h, 0x40, 2);
    const copy = h.copy();
    change(h, 0x80, 3);
    expect([pcs(h), pcs(copy)]).toEqual([
      [2, 3, 3, undefined],
      [2, 1, 2, undefined],
    ]);
    change(h, 0x80, 4);
    h.remember(new Set(['CPU1.BASEPRI']));
    h.forget(() => false);
    expect([pcs(h), h.lastWriterBeforeReset('CPU1.BASEPRI', 0x80)?.pc]).toEqual([[undefined, undefined, undefined, undefined], 4]);
  });
});
