/** Tightly-coupled memory of the Cortex-M7 parts: on ports of the core's own, beside its L1 caches (Arm DDI 0489, 1.3 and 5.2). */
import { describe, expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefMachine } from '../brief.ts';

const CCR = 0xe000ed14;
const DCISW = 0xe000ef60;
const DATA_CACHE_ON = 0x50200;
const DTCM = 0x20000100;

const M7 = CHIPS.filter((c) => c.cores[0]!.type.startsWith('cortex-m7')).map((c) => [c.name, c] as const);

describe.each(M7)('%s', (_, chip) => {
  it('has in DTCM at once what is stored with the data cache on, and in SRAM1 only when the line is written back', () => {
    const m = new BriefMachine({ chip, models: MODELS, seed: 1 });
    m.powerOn();
    const cpu = m.bootCore;
    for (let way = 0; way < 4; way++) for (let set = 0; set < 128; set++) cpu.write(DCISW, 4, ((way << 30) | (set << 5)) >>> 0);
    cpu.write(CCR, 4, DATA_CACHE_ON);
    const cached = chip.memories.find((row) => row.name === (chip.family === 'STM32F7' ? 'sram1' : 'axisram'))!.base + 0x100;
    for (const address of [DTCM, cached]) cpu.write(address, 4, 0x0df00df0);
    expect(cpu.peekBehindCache(DTCM, 4)).toBe(0x0df00df0);
    expect(cpu.peekBehindCache(cached, 4)).not.toBe(0x0df00df0);
  });
});
