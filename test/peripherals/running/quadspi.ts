/** QUADSPI and OCTOSPI: what is set up for the table of running blocks, and what happens then. */
import { US } from '../../../src/emu/time.ts';
import { course, type Course, type Part } from '../running.ts';

/** A command of this kind: 0 writes, 1 reads, 2 polls. */
function command(p: Part, kind: number): void {
  const isQuad = p.block.row.model === 'quadspi';
  p.put('DLR', 18);
  if (isQuad) p.put('CCR', (kind << 26) | (2 << 24) | (3 << 18) | (1 << 16) | (2 << 14) | (2 << 12) | (1 << 10) | (1 << 8) | 0x9f);
  else {
    p.put('CR', (kind << 28) | 0x001f_0201);
    p.put('TCR', 3);
    p.put('CCR', (2 << 24) | (1 << 20) | (2 << 16) | (2 << 12) | (1 << 8) | (1 << 4) | 2);
    p.put('IR', 0x9f);
  }
}
const finish = (p: Part): void => {
  for (let n = 0; n < 8; n++) {
    p.next(30 * US);
    const sr = p.take('SR');
    if (n % 2 === 0 && (sr & 4) !== 0) p.take('DR');
  }
  p.put('FCR', 0x1f);
};
const prepare = (p: Part): void => {
  p.put('CR', 0x021f_0201);
  p.put('DCR1', 0x00160000);
  p.put('DCR2', 2);
  p.put('PSMKR', 0xff);
  p.put('PSMAR', 0xff);
  p.put('PIR', 4);
};
const kinds = (['writes', 'reads', 'polls'] as const).map((name, kind): readonly [string, Course] => [
  `quadspi ${name}`,
  {
    on: ['stm32l476rg QUADSPI', 'stm32h743zi QUADSPI', 'stm32u575zi OCTOSPI1'],
    ...course(
      (p) => {
        prepare(p);
        command(p, kind);
      },
      (p) => {
        p.put('AR', 0x1000);
        if (kind === 0) for (let n = 0; n < 5; n++) p.put('DR', 0x01020304 + n);
        finish(p);
        p.put('AR', 0x2000);
        if (kind === 0) p.put('DR', 1);
        p.next(5 * US);
        p.set('CR.ABORT', 1);
        finish(p);
      },
    ),
  },
]);
export const QUADSPI: Readonly<Record<string, Course>> = Object.fromEntries(kinds);
