import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefMachine } from '../brief.ts';

const [APB1ENR, CR, CSR] = [0x40023840, 0x40007000, 0x40007004];
const [ODEN, ODSWEN] = [1 << 16, 1 << 17];

describe.each(['STM32F429ZI', 'STM32F446RE'])('PWR over-drive of %s (RM0090 5.1.4)', (name) => {
  it('ODRDY and ODSWRDY follow their enable bits after a while', () => {
    const m = new BriefMachine({ chip: findChip(name)!, models: MODELS, seed: 1 });
    m.powerOn();
    const flags = (): number => m.system.read(CSR, 4) & (ODEN | ODSWEN);
    const pass = (): void => void m.run(m.now + MS);
    m.poke(APB1ENR, 4, 1 << 28);
    m.poke(CR, 4, m.system.read(CR, 4) | ODEN);
    expect(flags()).toBe(0);
    pass();
    expect(flags()).toBe(ODEN);
    m.poke(CR, 4, m.system.read(CR, 4) | ODSWEN);
    pass();
    expect(flags()).toBe(ODEN | ODSWEN);
    m.poke(CR, 4, m.system.read(CR, 4) & ~(ODEN | ODSWEN));
    pass();
    expect(flags()).toBe(0);
    m.release();
  });
});
