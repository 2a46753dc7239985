/** Where the channels of each DMA controller write to: by the registers, in both directions. */
import { describe, expect, it } from 'vitest';
import { targetsOf } from '../../src/checks/dma-targets.ts';
import type { Subject } from '../../src/checks/check.ts';

type Fields = Readonly<Record<string, number>>;
const at = (enable: string, fields: Fields): unknown =>
  targetsOf({ state: { field: (path: string) => fields[path] ?? null } as unknown as Subject['state'] }, enable);
const [RAM, DATA_REGISTER] = [0x20000250, 0x40013824];

describe('a channel of DMA v1', () => {
  const set = { 'DMA1.CMAR3': RAM, 'DMA1.CPAR3': DATA_REGISTER, 'DMA1.CNDTR3.NDT': 16, 'DMA1.CCR3.MSIZE': 2, 'DMA1.CCR3.PSIZE': 1 };
  it('from a peripheral writes to memory, in items of MSIZE', () =>
    expect(at('DMA1.CCR3.EN', { ...set, 'DMA1.CCR3.DIR': 0 })).toEqual([{ start: RAM, bytes: 64 }]));
  it('to a peripheral writes to no memory', () => expect(at('DMA1.CCR3.EN', { ...set, 'DMA1.CCR3.DIR': 1 })).toEqual([]));
  it('from memory to memory writes to the other register', () => {
    const fields = { ...set, 'DMA1.CPAR3': 0x20000800, 'DMA1.CCR3.DIR': 1, 'DMA1.CCR3.MEM2MEM': 1 };
    expect(at('DMA1.CCR3.EN', fields)).toEqual([{ start: 0x20000800, bytes: 32 }]);
  });
});
describe('a stream of DMA v2', () => {
  const set = { 'DMA2.S5M0AR': RAM, 'DMA2.S5M1AR': 0x20001000, 'DMA2.S5NDTR.NDT': 8, 'DMA2.S5CR.PSIZE': 0 };
  it('from a peripheral writes to its memory, with a double buffer to both', () => {
    const one = { start: RAM, bytes: 8 };
    expect(at('DMA2.S5CR.EN', { ...set, 'DMA2.S5CR.DIR': 0 })).toEqual([one]);
    expect(at('DMA2.S5CR.EN', { ...set, 'DMA2.S5CR.DIR': 0, 'DMA2.S5CR.DBM': 1 })).toEqual([one, { start: 0x20001000, bytes: 8 }]);
  });
  it('to a peripheral writes to none', () => expect(at('DMA2.S5CR.EN', { ...set, 'DMA2.S5CR.DIR': 1 })).toEqual([]));
  it('from memory to memory writes to its memory', () =>
    expect(at('DMA2.S5CR.EN', { ...set, 'DMA2.S5CR.DIR': 2 })).toEqual([{ start: RAM, bytes: 8 }]));
});
it('a channel of GPDMA writes to its destination', () =>
  expect(at('GPDMA1.C7CR.EN', { 'GPDMA1.C7DAR': RAM, 'GPDMA1.C7BR1.BNDT': 40 })).toEqual([{ start: RAM, bytes: 40 }]));
