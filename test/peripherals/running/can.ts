/** bxCAN and FDCAN: what is set up for the table of running blocks, and what happens then. */
import { MS } from '../../../src/emu/time.ts';
import { course, type Course, type Part } from '../running.ts';

const ID = { standard: (id: number): number => id * 2 ** 21, extended: (id: number): number => id * 8 + 4 } as const;
/** Frames of a node outside, as mailboxes hold them; a remote one has bit 1 set. */
const FRAMES = [
  ID.standard(0x123),
  ID.standard(0x124),
  ID.standard(0x321),
  ID.standard(0x123) + 2,
  ID.extended(0x1abcdef),
  ID.extended(0x1abcdee),
  ID.extended(0x2abcdef) + 2,
] as const;
function frames(p: Part, status: readonly string[]): void {
  const host = (name: string, value: number): void => p.drive(`${p.name.toLowerCase()}.host.${name}`, value);
  FRAMES.forEach((id, i) => {
    host('id', id);
    host('length', i + 2);
    host('low', 0x03020100 + i);
    host('high', 0x07060504);
    host('asks', i + 1);
    for (const r of status) p.take(r);
  });
}
const mailbox = (p: Part, i: number, id: number): void => {
  p.put(`TDT${i}R`, 3 + i);
  p.put(`TDL${i}R`, 0x04030201 + i);
  p.put(`TDH${i}R`, 0x08070605);
  p.put(`TI${i}R`, id);
};
/** Filters of each kind; FDCAN's lie in its message RAM. */
function filters(p: Part): void {
  p.put('FMR', 0x2a1c0e01);
  p.put('FM1R', 0b0101);
  p.put('FS1R', 0b0011);
  p.put('FFA1R', 0b0110);
  p.put('FA1R', 0b1111);
  const pairs = [
    [ID.standard(0x123), ID.extended(0x1abcdef)],
    [ID.extended(0x1abc000), 0x7ff8004 | 0xff000000],
    [0x12342460, 0x64206428],
    [0x10000000, 0xffffffff],
  ] as const;
  pairs.forEach(([one, two], i) => {
    p.put(`F${i}R1`, one);
    p.put(`F${i}R2`, two);
  });
  p.put('FMR', 0x2a1c0e00);
}
const FDCAN_IDLE = 3;

export const CAN: Readonly<Record<string, Course>> = {
  bxcan: {
    // of the filters those that are used
    turns: /^CAN1?\.(?!F([4-9]|\d\d)R)/,
    on: ['stm32f405rg CAN1', 'stm32f072rb CAN', 'stm32f405rg CAN2 CAN1'],
    ...course(
      (p) => {
        p.put('MCR', 1);
        p.put('CAN1.MCR', 1);
        p.wait(1 * MS);
        p.put('BTR', 0x001c0003);
        filters(p);
        p.put('IER', 0xffff);
        p.put('MCR', 0);
        p.wait(1 * MS);
        p.drive(`${p.name.toLowerCase()}.host.bit`, 4_000_000);
      },
      (p) => {
        frames(p, ['RF0R', 'RF1R', 'RI0R', 'RDT0R', 'RI1R', 'MSR']);
        for (const r of ['RF0R', 'RF1R']) p.put(r, 0x38);
        [ID.standard(0x55) + 1, ID.extended(0x1234567) + 1, ID.standard(0x44) + 3].forEach((id, i) => mailbox(p, i, id));
        for (let n = 0; n < 4; n++) {
          p.next(2 * MS);
          p.take('TSR');
          p.take('ESR');
        }
        p.drive(`${p.name.toLowerCase()}.host.bit`, 0);
        mailbox(p, 0, ID.standard(0x55) + 1);
        p.wait(2 * MS);
        p.put('TSR', 0x80);
      },
    ),
  },
  fdcan: {
    on: ['stm32g474re FDCAN1', 'stm32g474re FDCAN2', 'stm32h745xi FDCAN1'],
    memories: ['canram'],
    ...course(
      (p) => {
        const base = p.sys.chip.memories[0]!.base + Number(p.block.row.options!['at']);
        const at = p.has('RXGFC') ? { standard: 0, extended: 0x70, tx: 0x278 } : { standard: 0x100, extended: 0x200, tx: 0x800 };
        const word = (offset: number, value: number): void => void p.sys.write(base + offset, 4, value >>> 0);
        p.put('CCCR', 3);
        p.put('CCCR', 3 | (1 << 8) | (1 << 9));
        p.put('NBTP', (0 << 16) | (11 << 8) | 2);
        p.put('DBTP', (0 << 16) | (4 << 8) | (1 << 4));
        const standard = [
          (1 << 27) | (0x120 << 16) | 0x123,
          (1 << 30) | (2 << 27) | (0x124 << 16) | 0x7ff,
          (2 << 30) | (3 << 27) | (0x321 << 16) | 0x7f0,
        ];
        standard.forEach((value, i) => word(at.standard + 4 * i, value));
        [(1 << 29) | 0x1abcdef, 0x1abcdf0, (2 << 29) | 0x2000000, (2 << 30) | 0x1e000000].forEach((value, i) =>
          word(at.extended + 4 * i, value),
        );
        p.put('RXGFC', (3 << 16) | (2 << 24) | (2 << 4) | (2 << 2));
        p.put('GFC', (2 << 4) | (2 << 2));
        p.put('SIDFC', (3 << 16) | at.standard);
        p.put('XIDFC', (2 << 16) | at.extended);
        for (const n of [0, 1]) p.put(`RXF${n}C`, (3 << 16) | (0x400 + 0x100 * n));
        p.put('RXESC', 0x77);
        p.put('TXBC', (3 << 24) | at.tx);
        p.put('TXESC', 7);
        const ids = [0x55 << 18, (1 << 30) | 0x1234567, (0x44 << 18) | (1 << 29)];
        ids.forEach((id, i) =>
          [id, ((i + 3) << 16) | (3 << 20), 0x04030201, 0x08070605].forEach((value, k) => word(at.tx + 72 * i + 4 * k, value)),
        );
        for (const r of ['IE', 'TXBTIE', 'ILE']) p.put(r, 0xffffffff);
      },
      (p) => {
        p.put('CCCR', p.take('CCCR') & ~FDCAN_IDLE);
        p.drive(`${p.name.toLowerCase()}.host.bit`, 1_000_000);
        frames(p, ['RXF0S', 'RXF1S', 'IR']);
        p.say([...p.sys.memoryBytes('canram').subarray(0, 0x800)].filter((b) => b > 0).join());
        p.put('RXF0A', 0);
        p.put('RXF1A', 0);
        p.put('TXBAR', 5);
        p.put('TXBAR', 2);
        for (let n = 0; n < 4; n++) {
          p.next(1 * MS);
          for (const r of ['TXBRP', 'TXBTO', 'TXFQS', 'PSR', 'IR']) p.take(r);
        }
        p.drive(`${p.name.toLowerCase()}.host.bit`, 0);
        p.put('TXBAR', 7);
        p.put('TXBCR', 2);
        p.wait(1 * MS);
      },
    ),
  },
};
