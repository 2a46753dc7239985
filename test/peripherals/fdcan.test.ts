/** FDCAN with another node on the bus: filters and FIFOs by the message RAM, frames of its own (RM0440 44.3, RM0399 57.4). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32G474RE } from '../../src/chips/stm32g4.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { MS } from '../../src/emu/time.ts';
import { OUTSIDE_ANSWER } from '../../src/peripherals/pins/board-wires.ts';
import { StChip } from './st-chip.ts';

/** Elements of 72 bytes behind each other: standard filters, FIFO 0, FIFO 1, Tx buffers. */
interface Places {
  readonly ram: number;
  readonly filters: number;
  readonly fifos: readonly [number, number];
  readonly tx: number;
}
const G4: Places = { ram: 0x4000a400, filters: 0, fifos: [0xb0, 0x188], tx: 0x278 };
const H7: Places = { ram: 0x4000ac00, filters: 0x100, fifos: [0x200, 0x300], tx: 0x400 };
const ELEMENT = 72;
const [FDOE, BRSE] = [1 << 8, 1 << 9];

class Node {
  readonly h: StChip;
  readonly at: Places;
  private sequence = 0;

  constructor(h: StChip, at: Places) {
    this.h = h;
    this.at = at;
  }
  word(offset: number): number {
    return this.h.system.read(this.at.ram + offset, 4) >>> 0;
  }
  put(offset: number, value: number): void {
    this.h.system.write(this.at.ram + offset, 4, value >>> 0);
  }
  /** Sends a frame with an 11-bit identifier at this bit rate; whether it was acknowledged. */
  send(id: number, bytes: readonly number[] = [], bitrate = 250_000): boolean {
    return this.frame(id * 2 ** 21, bytes, bitrate);
  }
  /** @param id as a mailbox of bxCAN has it: bit 2 says that it is one of 29 bits, bit 1 that the frame is remote */
  frame(id: number, bytes: readonly number[] = [], bitrate = 250_000): boolean {
    const { system } = this.h;
    const word = (from: number): number => bytes.slice(from, from + 4).reduce((v, b, i) => (v | (b << (8 * i))) >>> 0, 0);
    system.setWire('fdcan1.host.bit', 1e12 / bitrate);
    const frame = { id, length: bytes.length, low: word(0), high: word(4) };
    for (const [name, value] of Object.entries(frame)) system.setWire(`fdcan1.host.${name}`, value);
    system.setWire('fdcan1.host.answer', 0);
    system.setWire('fdcan1.host.asks', ++this.sequence);
    return system.wire('fdcan1.host.answer') === OUTSIDE_ANSWER.acknowledged;
  }
  /** Frames that wait in a FIFO, oldest first. */
  waiting(fifo: 0 | 1): number[] {
    const status = this.h.read(`FDCAN1.RXF${fifo}S`);
    return Array.from({ length: status & 0x7f }, (_, i) => {
      const index = (((status >>> 8) & 0x3f) + i) % 3;
      return (this.word(this.at.fifos[fifo] + ELEMENT * index) >>> 18) & 0x7ff;
    });
  }
}

/** Kernel clock 8 MHz from a crystal: 32 quanta are 250 kbit/s. */
const NOMINAL = (23 << 8) | 6;

describe.each([
  ['G474', STM32G474RE, 'RCC.APB1ENR1.FDCANEN', G4],
  ['H745', STM32H745XI, 'RCC.APB1HENR.FDCANEN', H7],
] as const)('FDCAN of %s', (name, description, gate, at) => {
  const chip = new StChip(description, { 'hse.hz': 8_000_000 });
  const fixed = name === 'G474';
  /** @param filters standard ones, with what lies beyond them for GFC or RXGFC */
  const fresh = (filters: readonly number[] = [], others = 0, mode = FDOE | BRSE): Node => {
    const h = chip.again();
    const node = new Node(h, at);
    h.set('RCC.CR.HSEON', 1);
    h.wait(5 * MS);
    h.set(gate, 1);
    h.write('FDCAN1.CCCR', 3);
    h.write('FDCAN1.CCCR', 3 | mode);
    h.write('FDCAN1.NBTP', NOMINAL);
    filters.forEach((filter, i) => node.put(at.filters + 4 * i, filter));
    if (fixed) h.write('FDCAN1.RXGFC', (filters.length << 16) | (others << 4));
    else {
      h.write('FDCAN1.GFC', others << 4);
      h.write('FDCAN1.SIDFC', (filters.length << 16) | at.filters);
      for (const n of [0, 1] as const) h.write(`FDCAN1.RXF${n}C`, (3 << 16) | at.fifos[n]);
      h.write('FDCAN1.RXESC', 0x77);
      h.write('FDCAN1.TXBC', (3 << 24) | at.tx);
      h.write('FDCAN1.TXESC', 7);
    }
    h.write('FDCAN1.CCCR', mode);
    return node;
  };
  const range = (from: number, to: number, action: number): number => (action << 27) | (from << 16) | to;
  const either = (a: number, b: number, action: number): number => (1 << 30) | (action << 27) | (a << 16) | b;
  const mask = (id: number, bits: number, action: number): number => (2 << 30) | (action << 27) | (id << 16) | bits;

  it('a frame at its bit rate is acknowledged and lies in the message RAM', () => {
    const node = fresh();
    expect(node.send(0x123, [1, 2, 3, 4, 5])).toBe(true);
    expect(node.h.get('FDCAN1.IR.RF0N')).toBe(1);
    expect(node.waiting(0)).toEqual([0x123]);
    const element = [0, 4, 8, 12].map((offset) => node.word(at.fifos[0] + offset));
    // No filter knew it; FD format with a faster data phase; five bytes.
    expect(element).toEqual([0x123 << 18, (0x80000000 | (1 << 21) | (1 << 20) | (5 << 16)) >>> 0, 0x04030201, 5]);
  });
  it('a frame at another bit rate, in initialisation or without its clock is not', () => {
    expect(fresh().send(1, [], 500_000)).toBe(false);
    const node = fresh();
    node.h.write('FDCAN1.CCCR', 1);
    expect(node.send(1)).toBe(false);
    const stopped = fresh();
    stopped.h.set(gate, 0);
    expect(stopped.send(1)).toBe(false);
  });
  describe('looped back', () => {
    const [TEST, MON, LBCK] = [1 << 7, 1 << 5, 1 << 4];
    /** Sends 0x155 with three bytes as a classic frame from the first buffer. */
    const looped = (mode: number, test: number): Node => {
      const node = fresh([], 0, mode);
      node.h.write('FDCAN1.TEST', test);
      node.put(at.tx, 0x155 << 18);
      node.put(at.tx + 4, 3 << 16);
      node.put(at.tx + 8, 0x030201);
      node.h.write('FDCAN1.TXBAR', 1);
      node.h.wait(2 * MS);
      return node;
    };
    it.each([
      ['outside', TEST],
      ['inside', TEST | MON],
    ])('a frame is heard by its sender and needs nobody else: %s', (_name, mode) => {
      const node = looped(mode, LBCK);
      expect(['TXBRP', 'TXBTO'].map((name) => node.h.read(`FDCAN1.${name}`))).toEqual([0, 1]);
      expect(node.h.get('FDCAN1.PSR.LEC')).not.toBe(3);
      expect(node.waiting(0)).toEqual([0x155]);
      // no filter knew it
      expect([4, 8].map((offset) => node.word(at.fifos[0] + offset))).toEqual([0x80030000, 0x030201]);
      expect(node.send(0x10)).toBe(false);
    });
    it.each([
      ['without TEST', 0, LBCK],
      ['without LBCK', TEST, 0],
    ])('%s it waits for an acknowledge', (_name, mode, test) => {
      const node = looped(mode, test);
      expect(node.h.read('FDCAN1.TXBRP')).toBe(1);
      expect(node.h.get('FDCAN1.PSR.LEC')).toBe(3);
      expect(node.waiting(0)).toEqual([]);
    });
  });
  describe('a flag of IR that IE enables', () => {
    /** Levels of both lines. */
    const lines = (node: Node): readonly boolean[] => {
      const { irqs } = description.blocks.find((row) => row.name === 'FDCAN1')!;
      return [0, 1].map((i) => node.h.irqs.get(irqs![i]!) ?? false);
    };
    /** A frame has come; RF0N is enabled. */
    const received = (ile: number, ils = 0): Node => {
      const node = fresh();
      node.h.write('FDCAN1.IE', 1);
      node.h.write('FDCAN1.ILS', ils);
      node.h.write('FDCAN1.ILE', ile);
      expect(lines(node)).toEqual([false, false]);
      node.send(1);
      return node;
    };
    it.each([
      ['the first line', 3, 0, [true, false]],
      ['no line while that is off', 2, 0, [false, false]],
      ['the second line by ILS', 3, 1, [false, true]],
      ['no line while the second is off', 1, 1, [false, false]],
      ['the first line, whatever ILS says of FIFO 1', 3, fixed ? 2 : 0xf0, [true, false]],
    ])('raises %s', (_what, ile, ils, levels) => {
      const node = received(ile, ils);
      expect(lines(node)).toEqual(levels);
      node.h.write('FDCAN1.IR', 1);
      expect(lines(node)).toEqual([false, false]);
    });
    it('raises none once it is disabled, and again when it is enabled', () => {
      const node = received(1);
      node.h.write('FDCAN1.IE', 0);
      expect(lines(node)).toEqual([false, false]);
      node.h.write('FDCAN1.IE', 1);
      expect(lines(node)).toEqual([true, false]);
    });
    it('raises the line of its group when a frame has gone out', () => {
      const node = fresh();
      const sent = fixed ? 7 : 9;
      node.h.write('FDCAN1.TXBTIE', 1);
      node.h.write('FDCAN1.IE', 1 << sent);
      node.h.write('FDCAN1.ILS', fixed ? 1 << 2 : 1 << sent);
      node.h.write('FDCAN1.ILE', 3);
      node.send(1);
      node.h.write('FDCAN1.TXBAR', 1);
      expect(lines(node)).toEqual([false, false]);
      node.h.wait(2 * MS);
      expect(lines(node)).toEqual([false, true]);
    });
  });
  it('a block without FDOE hears classic frames', () => {
    const node = fresh([], 0, 0);
    expect(node.send(7)).toBe(true);
    expect(node.word(at.fifos[0] + 4) & (3 << 20)).toBe(0);
  });
  it('the first filter that knows an identifier decides', () => {
    const node = fresh([range(0x10, 0x1f, 2), either(0x12, 0x40, 1), mask(0x100, 0x700, 3)], 2);
    for (const id of [0x12, 0x40, 0x155, 0x200]) expect(node.send(id)).toBe(true);
    expect([node.waiting(0), node.waiting(1)]).toEqual([[0x40], [0x12]]);
  });
  it('filters are those of the manual, for any identifier', () => {
    const id11 = fc.nat(0x7ff);
    fc.assert(
      fc.property(fc.constantFrom(range, either, mask), id11, id11, id11, fc.constantFrom(1, 2), (kind, a, b, id, action) => {
        const node = fresh([kind(a, b, action)], 2);
        const knows = kind === range ? a <= id && id <= b : kind === either ? id === a || id === b : (id & b) === (a & b);
        node.send(id);
        expect([node.waiting(0).length, node.waiting(1).length]).toEqual([knows && action === 1 ? 1 : 0, knows && action === 2 ? 1 : 0]);
      }),
      { numRuns: 60 },
    );
  });
  /** RM0440 44.3.6 "Extended message ID filter element", 44.4.22 XIDAM. */
  it('filters of 29-bit identifiers are those of the manual: XIDAM masks an identifier but for ranges of type 3', () => {
    const some = fc.oneof(fc.nat(0x1fffffff), fc.constantFrom(0, 0x1fffffff, 0x18feca00, 0x18fecaff));
    fc.assert(
      fc.property(fc.nat(3), fc.nat(7), some, some, some, some, (type, action, a, b, xidam, id) => {
        const node = fresh();
        node.h.write('FDCAN1.CCCR', 1);
        node.h.write('FDCAN1.CCCR', 3);
        node.h.write('FDCAN1.XIDAM', xidam);
        const filter = fixed ? 0x70 : 0x180;
        node.put(filter, action * 2 ** 29 + a);
        node.put(filter + 4, type * 2 ** 30 + b);
        if (fixed) node.h.write('FDCAN1.RXGFC', (1 << 24) | (2 << 4) | (2 << 2));
        else {
          node.h.write('FDCAN1.GFC', (2 << 4) | (2 << 2));
          node.h.write('FDCAN1.XIDFC', (1 << 16) | filter);
        }
        node.h.write('FDCAN1.CCCR', 0);
        expect(node.frame(id * 8 + 4)).toBe(true);
        const seen = type === 3 ? id : id & xidam;
        const knows = [a <= seen && seen <= b, seen === a || seen === b, (seen & b) === (a & b), a <= seen && seen <= b][type]!;
        // 1 and 2 store, 5 and 6 do with priority
        const fifo = knows ? ([1, 5].includes(action) ? 0 : [2, 6].includes(action) ? 1 : null) : null;
        expect([node.waiting(0).length, node.waiting(1).length]).toEqual([0, 1].map((n) => (n === fifo ? 1 : 0)));
        if (fifo !== null) expect(node.word(at.fifos[fifo])).toBe((1 << 30) + id);
      }),
      { numRuns: 60, examples: [[0, 1, 0x0000ff00, 0x0000ffff, 0x00ffff00, 0x18ff4201]] },
    );
  });
  it('frames that no filter knows go where ANFE and ANFS say; RRFE and RRFS reject remote ones', () => {
    for (const [anfs, anfe] of [
      [0, 1],
      [1, 2],
      [2, 0],
      [3, 3],
    ] as const)
      for (const reject of [0, 1, 2, 3]) {
        const node = fresh();
        node.h.write('FDCAN1.CCCR', 1);
        node.h.write('FDCAN1.CCCR', 3);
        node.h.write(fixed ? 'FDCAN1.RXGFC' : 'FDCAN1.GFC', (anfs << 4) | (anfe << 2) | reject);
        node.h.write('FDCAN1.CCCR', 0);
        const counts = (): readonly number[] => [node.waiting(0).length, node.waiting(1).length];
        const into = (n: number, isRejected: boolean): readonly number[] => [0, 1].map((fifo) => (n === fifo && !isRejected ? 1 : 0));
        let before = [0, 0] as readonly number[];
        for (const [id, n, isRejected] of [
          [0x123 * 2 ** 21, anfs, false],
          [0x123 * 2 ** 21 + 2, anfs, (reject & 2) !== 0],
          [0x1234567 * 8 + 4, anfe, false],
          [0x1234567 * 8 + 6, anfe, (reject & 1) !== 0],
        ] as const) {
          node.frame(id, [1]);
          const more = into(n, isRejected);
          const now = counts();
          // three elements a FIFO
          expect(now).toEqual(before.map((count, i) => Math.min(3, count + more[i]!)));
          before = now;
        }
      }
  });
  it('an element says whether its frame was remote, and what goes out has its identifier and length', () => {
    const node = fresh();
    node.frame(0x1234567 * 8 + 6, [1, 2]);
    expect([0, 4].map((o) => node.word(at.fifos[0] + o))).toEqual([
      (1 << 30) + (1 << 29) + 0x1234567,
      (0x80000000 + (1 << 21) + (1 << 20) + (2 << 16)) >>> 0,
    ]);
    const sent = (t0: number, dlc: number, fd: boolean): readonly number[] => {
      const h = node.h;
      const before = h.system.wire('fdcan1.sent');
      node.put(at.tx, t0);
      node.put(at.tx + 4, (dlc << 16) | (fd ? 3 << 20 : 0));
      h.write('FDCAN1.TXBAR', 1);
      h.wait(5 * MS);
      return [h.system.wire('fdcan1.sent') - before, h.system.wire('fdcan1.sent.id') >>> 0, h.system.wire('fdcan1.sent.length')];
    };
    expect(sent((1 << 30) + 0x1234567, 8, true)).toEqual([1, 0x1234567 * 8 + 4, 8]);
    expect(sent(((1 << 29) + (0x7ab << 18)) >>> 0, 1, true)).toEqual([1, 0x7ab * 2 ** 21 + 2, 1]);
    // DLC 9 to 15: 12, 16, 20, 24, 32, 48 and 64 bytes of an FD frame
    expect([9, 10, 11, 12, 13, 14, 15].map((dlc) => sent(0, dlc, true)[2])).toEqual([12, 16, 20, 24, 32, 48, 64]);
    expect(sent(0, 15, false)[2]).toBe(8);
  });
  it('sections and elements of any place and size are survived', () => {
    const names = fixed ? ['RXGFC', 'RXF0A'] : ['SIDFC', 'XIDFC', 'GFC', 'RXF0C', 'RXF1C', 'RXESC', 'TXBC', 'TXESC'];
    const word = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(fc.array(word, { minLength: names.length, maxLength: names.length }), word, fc.nat(0x7ff), (values, buffers, id) => {
        const node = fresh();
        node.h.write('FDCAN1.CCCR', 1);
        node.h.write('FDCAN1.CCCR', 3);
        names.forEach((register, i) => node.h.write(`FDCAN1.${register}`, values[i]!));
        node.h.write('FDCAN1.CCCR', FDOE | BRSE);
        node.h.write('FDCAN1.TXBAR', buffers);
        for (let i = 0; i < 3; i++) expect(node.send(id, [i, 2, 3, 4, 5, 6, 7, 8])).toBe(true);
        node.h.wait(2 * MS);
      }),
      { numRuns: 100 },
    );
  });
  it('a full FIFO loses what comes, until elements are acknowledged', () => {
    const node = fresh();
    for (const id of [1, 2, 3, 4]) expect(node.send(id)).toBe(true);
    expect(node.waiting(0)).toEqual([1, 2, 3]);
    expect([node.h.get('FDCAN1.IR.RF0F'), node.h.get('FDCAN1.IR.RF0L')]).toEqual([1, 1]);
    node.h.write('FDCAN1.RXF0A', 1);
    expect(node.waiting(0)).toEqual([3]);
    node.send(5);
    expect(node.waiting(0)).toEqual([3, 5]);
  });
  /** RM0440 44.3.4 "Rx FIFOs", RXF0S and RXF0A; a queue beside it. */
  it('a FIFO is a queue: an acknowledgement frees what came up to its element, and one of an element that holds nothing frees nothing', () => {
    const step = fc.oneof(fc.constant('frame' as const), fc.nat(7));
    fc.assert(
      fc.property(fc.boolean(), fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 24 }), (overwrites, size, steps) => {
        const count = fixed ? 3 : size;
        const node = fresh();
        const { h } = node;
        h.write('FDCAN1.CCCR', 1);
        h.write('FDCAN1.CCCR', 3);
        if (fixed) h.write('FDCAN1.RXGFC', overwrites ? 1 << 9 : 0);
        else h.write('FDCAN1.RXF0C', ((overwrites ? 0x80000000 : 0) + (count << 16) + at.fifos[0]) >>> 0);
        h.write('FDCAN1.CCCR', 0);
        let [queue, get, lost]: [number[], number, boolean] = [[], 0, false];
        steps.forEach((what, i) => {
          const before = queue.length;
          if (what === 'frame') {
            expect(node.send(0x100 + i)).toBe(true);
            if (before < count) queue = [...queue, 0x100 + i];
            else if (overwrites) [queue, get] = [[...queue.slice(1), 0x100 + i], (get + 1) % count];
            else lost = true;
          } else {
            h.write('FDCAN1.RXF0A', what);
            const place = queue.findIndex((_, k) => (get + k) % count === what);
            queue = queue.slice(place + 1);
            get = (get + place + 1) % count;
          }
          const status = h.read('FDCAN1.RXF0S');
          const put = (get + queue.length) % count;
          expect(status & 0x013f3f7f).toBe(((queue.length === count ? 1 << 24 : 0) | (put << 16) | (get << 8) | queue.length) >>> 0);
          if (lost) expect((status >>> 25) & 1).toBe(1);
          expect(queue.map((_, k) => (node.word(at.fifos[0] + ELEMENT * ((get + k) % count)) >>> 18) & 0x7ff)).toEqual(queue);
        });
      }),
      { numRuns: 60 },
    );
  });
  it('in overwrite mode it loses the oldest', () => {
    const node = fresh();
    node.h.write('FDCAN1.CCCR', 1);
    node.h.write('FDCAN1.CCCR', 3);
    if (fixed) node.h.write('FDCAN1.RXGFC', 1 << 9);
    else node.h.write('FDCAN1.RXF0C', (0x80000000 | (3 << 16) | at.fifos[0]) >>> 0);
    node.h.write('FDCAN1.CCCR', 0);
    for (const id of [1, 2, 3, 4]) node.send(id);
    expect(node.waiting(0)).toEqual([2, 3, 4]);
  });
  it('frames go out once the node is there, in the order of the requests', () => {
    const node = fresh();
    const { h } = node;
    const request = (buffer: number, id: number): void => {
      node.put(at.tx + ELEMENT * buffer, id << 18);
      node.put(at.tx + ELEMENT * buffer + 4, (2 << 16) | (3 << 20));
      node.put(at.tx + ELEMENT * buffer + 8, 0xbbaa);
      h.write('FDCAN1.TXBAR', 1 << buffer);
    };
    request(1, 0x55);
    request(0, 0x44);
    h.wait(MS);
    expect(h.read('FDCAN1.TXBRP')).toBe(3);
    expect(node.send(1)).toBe(true);
    // 30 bits of 4 us and 44 of 2 us.
    h.wait(0.25 * MS);
    expect([h.system.wire('fdcan1.sent'), h.system.wire('fdcan1.sent.id') >>> 21]).toEqual([1, 0x55]);
    expect([h.system.wire('fdcan1.sent.length'), h.system.wire('fdcan1.sent.low')]).toEqual([2, 0xbbaa]);
    h.wait(MS);
    expect([h.system.wire('fdcan1.sent'), h.system.wire('fdcan1.sent.id') >>> 21]).toEqual([2, 0x44]);
    expect([h.read('FDCAN1.TXBRP'), h.read('FDCAN1.TXBTO'), h.read('FDCAN1.PSR') & 7]).toEqual([0, 3, 0]);
  });
});
