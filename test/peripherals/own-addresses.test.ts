/** Which bytes of a master outside an I2C takes for its own: RM0351 I2C_OAR1, I2C_OAR2 and RM0090 I2C_OAR1, I2C_OAR2. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OUTSIDE_ANSWER, outsideAsk } from '../../src/peripherals/pins/board-wires.ts';
import { Part } from './running.ts';

const address = fc.oneof(fc.nat(127), fc.constantFrom(0, 1, 7, 8, 0x77, 0x78, 0x7f));
const reserved = (a: number): boolean => a >>> 3 === 0 || a >>> 3 === 15;
/** Whether each address, for a write or a read, is acknowledged. */
function acknowledged(p: Part, calls: readonly number[], set: () => void): readonly boolean[] {
  return calls.map((call, i) => {
    p.again();
    set();
    p.drive('i2c1.host.asks', outsideAsk('address', (call << 1) | (i & 1), i + 1));
    return p.sys.wire('i2c1.host.answer') === OUTSIDE_ANSWER.acknowledged;
  });
}

it('I2C with OA2MSK: as many low bits of the second address count for nothing, and then none that is reserved is its own', () => {
  const p = new Part('stm32l476rg', ['I2C1'], []);
  fc.assert(
    fc.property(address, address, fc.nat(7), fc.nat(7), fc.array(address, { maxLength: 6 }), (one, two, mask, on, more) => {
      const [first, second, general] = [on & 1, (on >>> 1) & 1, on >>> 2];
      const calls = [...more, one, two, two ^ 1, (two ^ (1 << mask)) & 127, two ^ (1 << Math.max(0, mask - 1)), 0];
      const own = (a: number): boolean => {
        if (a === 0) return general === 1;
        if (first === 1 && a === one) return true;
        return second === 1 && a >>> mask === two >>> mask && (mask === 0 || !reserved(a));
      };
      const seen = acknowledged(p, calls, () => {
        p.put('OAR1', (first << 15) | (one << 1));
        p.put('OAR2', (second << 15) | (mask << 8) | (two << 1));
        p.put('CR1', 1 | (general << 19));
      });
      expect(seen).toEqual(calls.map(own));
    }),
    {
      numRuns: 150,
      examples: [
        [0, 0x7f, 3, 2, [0x78, 0x7b]],
        [0, 5, 7, 2, [5, 8, 0x77]],
      ],
    },
  );
});
it('I2C with OAR1 of ten bits answers none of seven', () => {
  const p = new Part('stm32l476rg', ['I2C1'], []);
  const set = (): void => {
    p.put('OAR1', 0x8400 | 0xa4);
    p.put('CR1', 1);
  };
  expect(acknowledged(p, [0x52, 0x24], set)).toEqual([false, false]);
});
it('I2C with ENDUAL: a second address, and a general call, shown by DUALF and GENCALL', () => {
  const p = new Part('stm32f405rg', ['I2C1'], []);
  fc.assert(
    fc.property(address, address, fc.nat(7), address, (one, two, on, call) => {
      const [ack, dual, general] = [on & 1, (on >>> 1) & 1, on >>> 2];
      p.again();
      p.put('OAR1', 0x4000 | (one << 1));
      p.put('OAR2', (two << 1) | dual);
      p.put('CR1', 1 | (general << 6) | (ack << 10));
      for (const a of [call, one, two, 0]) {
        p.drive('i2c1.host.asks', outsideAsk('stop', 0, 2 * a + 1000));
        p.take('SR1');
        p.put('CR1', 1 | (general << 6) | (ack << 10));
        p.drive('i2c1.host.answer', 0);
        p.drive('i2c1.host.asks', outsideAsk('address', a << 1, 2 * a + 1));
        const byGeneral = a === 0 && general === 1;
        const byFirst = a !== 0 && a === one;
        const bySecond = a !== 0 && dual === 1 && a === two;
        const own = ack === 1 && (byGeneral || byFirst || bySecond);
        expect([a, p.sys.wire('i2c1.host.answer')]).toEqual([a, own ? OUTSIDE_ANSWER.acknowledged : OUTSIDE_ANSWER.refused]);
        const flags = own ? (byGeneral ? 1 << 4 : byFirst ? 0 : 1 << 7) : 0;
        p.take('SR1');
        expect([a, p.take('SR2') & 0x90]).toEqual([a, flags]);
      }
    }),
    { numRuns: 80 },
  );
});
