/** DMA controllers: what is set up for the table of running blocks, and what happens then. */
import { US } from '../../../src/emu/time.ts';
import { course, type Course, type Part } from '../running.ts';

/** The first RAM of the chip, with something in it. */
function ram(p: Part): number {
  const { base, name } = p.sys.chip.memories.find((m) => m.kind === 'ram')!;
  p.sys
    .memoryBytes(name)
    .subarray(0, 0x400)
    .forEach((_, i, bytes) => (bytes[i] = (37 * i + 11) & 0xff));
  return base;
}
/** Flags of any of them are cleared in the middle. */
const CLEARED = ['IFCR', 'LIFCR', 'C0FCR', 'C0IFCR'] as const;
function follow(p: Part, registers: readonly string[]): void {
  for (let n = 0; n < 14; n++) {
    p.next(5 * US);
    if (n === 7) for (const r of CLEARED) p.put(r, 0xffffffff);
    if (n % 4 === 3) for (const r of registers) if (p.has(r)) p.take(r);
  }
  const { name } = p.sys.chip.memories.find((m) => m.kind === 'ram')!;
  p.say([...p.sys.memoryBytes(name).subarray(0x100, 0x180)].join());
}

export const DMA: Readonly<Record<string, Course>> = {
  'dma-v1': {
    on: ['stm32f072rb DMA1', 'stm32l476rg DMA1', 'stm32g474re DMA1'],
    memories: ['sram', 'sram1', 'ram'],
    // of the channels those that move something, and one that does not
    turns: /^DMA1\.(?!C\w+[4-8]$)/,
    ...course(
      (p) => {
        const base = ram(p);
        for (const n of [1, 2, 3]) {
          p.put(`CPAR${n}`, base + 0x20 * n);
          p.put(`CMAR${n}`, base + 0x100 + 0x20 * n);
          p.put(`CNDTR${n}`, 4);
          // bytes to half-words, words to words, half-words to bytes the other way round
          p.put(`CCR${n}`, [0, 0x44ce, 0x4ace, 0x51de][n]!);
        }
      },
      (p) => {
        for (const n of [1, 2, 3]) p.set(`CCR${n}.EN`, 1);
        follow(p, ['ISR', 'CNDTR1', 'CNDTR2', 'CNDTR3']);
        p.put('IFCR', 0x0f2);
        p.take('ISR');
        p.set('CCR1.EN', 0);
        p.set('CCR1.EN', 1);
        follow(p, ['ISR', 'CNDTR1']);
      },
    ),
  },
  'dma-v2': {
    on: ['stm32f405rg DMA2', 'stm32h743zi DMA1', 'stm32f767zi DMA2'],
    memories: ['axisram', 'sram1'],
    turns: /^DMA\d\.(?!S[3-7])/,
    ...course(
      (p) => {
        const base = ram(p);
        for (const n of [0, 1, 2]) {
          p.put(`S${n}PAR`, base + 0x20 * n);
          p.put(`S${n}M0AR`, base + 0x100 + 0x20 * n);
          p.put(`S${n}M1AR`, base + 0x200 + 0x20 * n);
          p.put(`S${n}NDTR`, 8);
          p.put(`S${n}FCR`, [0xa7, 0xa5, 0xa4][n]!);
          // memory to memory: bytes, half-words to words, words to bytes in bursts
          p.put(`S${n}CR`, [0x0069e, 0x14e9e, 0x2169e][n]!);
        }
      },
      (p) => {
        for (const n of [0, 1, 2]) p.set(`S${n}CR.EN`, 1);
        follow(p, ['LISR', 'S0NDTR', 'S1NDTR', 'S2NDTR', 'S0CR']);
        p.put('LIFCR', 0x0f7d0020);
        p.take('LISR');
        p.set('S0CR.EN', 0);
        p.set('S0CR.EN', 1);
        follow(p, ['LISR', 'S0NDTR', 'S0FCR']);
      },
    ),
  },
  gpdma: {
    on: ['stm32h533re GPDMA1', 'stm32u575zi GPDMA1'],
    memories: ['sram1', 'sram'],
    turns: /^GPDMA1\.(?!C([1-9]|1\d)[A-Z])/,
    ...course(
      (p) => {
        const base = ram(p);
        // a node that brings other addresses and a count
        const node = base + 0x300;
        [6, base + 0x40, base + 0x160, 0].forEach((word, i) => p.sys.write(node + 4 * i, 4, word));
        p.put('C0LBAR', base & 0xffff0000);
        p.put('C0TR1', (1 << 19) | (1 << 3) | 1 | (1 << 16));
        p.put('C0TR2', 1 << 9);
        p.put('C0BR1', 12);
        p.put('C0SAR', base);
        p.put('C0DAR', base + 0x100);
        p.put('C0LLR', (node & 0xfffc) + (0xf << 26) + (1 << 16));
        p.put('C0CR', 0x7f00);
      },
      (p) => {
        p.set('C0CR.EN', 1);
        follow(p, ['C0SR', 'C0BR1', 'C0SAR', 'C0DAR', 'MISR']);
        p.put('C0FCR', 0x7f00);
        follow(p, ['C0SR', 'C0CR', 'C0LLR']);
        p.set('C0CR.SUSP', 1);
        p.take('C0SR');
        p.set('C0CR.RESET', 1);
        p.take('C0SR');
      },
    ),
  },
  mdma: {
    on: ['stm32h743zi MDMA'],
    memories: ['axisram'],
    turns: /^MDMA\.(?!C([1-9]|1\d)[A-Z])/,
    ...course(
      (p) => {
        const base = ram(p);
        p.put('C0TCR', ((7 << 18) | (1 << 30) | (3 << 28) | 2 | (2 << 2)) >>> 0);
        p.put('C0BNDTR', 16 | (1 << 20));
        p.put('C0BRUR', 0x00040008);
        p.put('C0SAR', base);
        p.put('C0DAR', base + 0x100);
        p.put('C0MAR', base + 0x1f0);
        p.put('C0MDR', 0xa5a5a5a5);
        p.put('C0CR', 0x3e);
      },
      (p) => {
        p.set('C0CR.EN', 1);
        p.set('C0CR.SWRQ', 1);
        follow(p, ['C0ISR', 'C0BNDTR', 'C0SAR', 'C0DAR', 'GISR0']);
        p.put('C0IFCR', 0x1f);
        p.set('C0CR.SWRQ', 1);
        follow(p, ['C0ISR', 'C0ESR', 'C0CR']);
      },
    ),
  },
};
