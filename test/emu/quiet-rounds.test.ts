/** Conversions that a DMA fetches again and again are passed over while the core waits, and nothing differs from a machine that makes each of them. */
import { describe, expect, it, vi } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { registerFile } from '../../src/emu/core/arm/register-file.ts';
import { Machine } from '../../src/emu/machine.ts';
import { QuietRounds } from '../../src/emu/quiet-rounds.ts';
import { MS, US } from '../../src/emu/time.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { machineWith } from '../machines/random-writes.ts';
import { countSkipped } from './skipped.ts';
import { Thumb } from './thumb.ts';

interface Part {
  readonly chip: string;
  readonly adc: string;
  readonly clocks: readonly string[];
  /** Sets the converter up and starts it: continuous, results by DMA, so many channels. */
  readonly start: (m: Machine, channels: number) => void;
  /** Sets a circular buffer of halfwords up. */
  readonly dma: (m: Machine, at: number, items: number, interrupts: boolean) => void;
}
const CLOCK = 20 * US;
function put(m: Machine, path: string, value: number): void {
  const [name, register] = path.split('.') as [string, string];
  const b = m.system.block(name);
  m.system.write(b.row.base + b.layout.reg(register).offset, 4, value);
}
function get(m: Machine, path: string): number {
  const [name, register] = path.split('.') as [string, string];
  const b = m.system.block(name);
  return m.system.read(b.row.base + b.layout.reg(register).offset, 4);
}
/** ADSTART with the regulator, where there is one, given its time. */
function startV2(m: Machine, adc: string, cfgr: string, value: number): void {
  put(m, `${adc}.CR`, 0);
  put(m, `${adc}.CR`, 1 << 28);
  m.run(m.now + CLOCK);
  put(m, `${adc}.${cfgr}`, value);
  put(m, `${adc}.CR`, (1 << 28) | 1);
  m.run(m.now + CLOCK);
  put(m, `${adc}.CR`, (1 << 28) | 5);
}
/** SWSTART, once ADON has been given its time; `more` beside CONT and DMA in CR2. */
function startF4(m: Machine, channels: number, more: number, swstart: number): void {
  put(m, 'ADC1.CR1', 1 << 8);
  put(m, 'ADC1.SMPR2', 0o7777777777);
  put(m, 'ADC1.SQR1', (channels - 1) << 20);
  put(m, 'ADC1.SQR3', 1 | (2 << 5) | (3 << 10));
  put(m, 'ADC1.CR2', 1 | 2 | (1 << 8) | more);
  m.run(m.now + CLOCK);
  put(m, 'ADC1.CR2', get(m, 'ADC1.CR2') | swstart);
}
const sequence = (channels: number): number => (channels - 1) | (1 << 6) | (2 << 12) | (17 << 18);
const channelsV1 = (m: Machine, adc: string, at: number, items: number, interrupts: boolean): void => {
  const dr = m.system.block(adc);
  put(m, 'DMA1.CNDTR1', items);
  put(m, 'DMA1.CPAR1', dr.row.base + dr.layout.reg('DR').offset);
  put(m, 'DMA1.CMAR1', at);
  put(m, 'DMA1.CCR1', 1 | (interrupts ? 6 : 0) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 10));
};
const PARTS: readonly Part[] = [
  {
    chip: 'stm32g474re',
    adc: 'ADC1',
    clocks: ['ADC1', 'DMA1', 'DMAMUX', 'DMAMUX1'],
    start(m, channels) {
      put(m, 'ADC12_Common.CCR', 3 << 16);
      put(m, 'ADC1.SQR1', sequence(channels));
      put(m, 'ADC1.SMPR1', 0o5555555555);
      put(m, 'ADC1.SMPR2', 0o5555555555);
      startV2(m, 'ADC1', 'CFGR', 3 | (1 << 12) | (1 << 13));
    },
    dma(m, at, items, interrupts) {
      put(m, `${m.system.findBlock('DMAMUX') ? 'DMAMUX' : 'DMAMUX1'}.C0CR`, 5);
      channelsV1(m, 'ADC1', at, items, interrupts);
    },
  },
  {
    chip: 'stm32f072rb',
    adc: 'ADC',
    clocks: ['ADC', 'DMA1'],
    start(m, channels) {
      put(m, 'ADC.CFGR2', 0x80000000);
      put(m, 'ADC.SMPR', 6);
      put(m, 'ADC.CHSELR', (1 << channels) - 1);
      startV2(m, 'ADC', 'CFGR1', 3 | (1 << 12) | (1 << 13));
    },
    dma: (m, at, items, interrupts) => channelsV1(m, 'ADC', at, items, interrupts),
  },
  {
    chip: 'stm32f405rg',
    adc: 'ADC1',
    clocks: ['ADC1', 'DMA2'],
    start: (m, channels) => startF4(m, channels, 1 << 9, 1 << 30),
    dma(m, at, items, interrupts) {
      put(m, 'DMA2.S0NDTR', items);
      put(m, 'DMA2.S0PAR', m.system.block('ADC1').row.base + 0x4c);
      put(m, 'DMA2.S0M0AR', at);
      put(m, 'DMA2.S0CR', 1 | (interrupts ? 0x18 : 0) | (1 << 8) | (1 << 10) | (1 << 11) | (1 << 13));
    },
  },
  {
    chip: 'stm32f103cb',
    adc: 'ADC1',
    clocks: ['ADC1', 'DMA1'],
    start: (m, channels) => startF4(m, channels, (7 << 17) | (1 << 20), 1 << 22),
    dma: (m, at, items, interrupts) => channelsV1(m, 'ADC1', at, items, interrupts),
  },
];

function switchOn(m: Machine, names: readonly string[]): void {
  const rcc = m.system.block(m.chip.rcc);
  for (const name of names) {
    const b = m.system.findBlock(name);
    if (!b?.enable) continue;
    const at = rcc.row.base + rcc.layout.registers[b.enable.register]!.offset;
    m.system.write(at, 4, (m.system.read(at, 4) | b.enable.mask) >>> 0);
  }
}
/** A machine that polls a pin, with the clocks of some blocks on. */
function waiting(part: Part, without: boolean): { readonly m: Machine; readonly at: number } {
  const chip = findChip(part.chip)!;
  const gpio = chip.blocks.find((b) => b.name === 'GPIOA')!;
  const ram = chip.memories.find((x) => x.kind === 'ram' && x.base >= 0x20000000)!;
  const m = machineWith(chip, { writes: [{ address: ram.base, value: 0 }], polled: gpio.base + 8 });
  m.withoutShortcuts(without ? ['quiet-rounds'] : []);
  m.run(MS);
  switchOn(m, ['GPIOA', ...part.clocks]);
  return { m, at: ram.base + 0x1000 };
}
function stateOf(m: Machine): unknown {
  const registers: Record<string, number> = {};
  for (const b of m.system.blocks)
    for (const r of b.layout.registers) registers[`${b.row.name}.${r.name}`] = b.component.peek(b.state, b.env, r.offset, r.size);
  return {
    now: m.now,
    cores: m.cores.map((c) => ({ cycles: c.cycles(), retired: c.retired(), registers: registerFile(c, c.pc) })),
    registers,
    models: m.system.blocks.map((b) => structuredClone(b.state.model)),
    due: [...m.system.scheduler.due],
    seq: m.history.seq,
    transfers: m.history.transfers,
  };
}
interface Setting {
  readonly channels: number;
  readonly items: number;
  readonly interrupts: boolean;
}
/** States at odd times, the buffer among them, and how many rounds were passed over. In between a word of the buffer is changed, and the voltage at an input. */
function course(
  part: Part,
  { channels, items, interrupts }: Setting,
  without: boolean,
): { readonly states: unknown[]; readonly passed: number } {
  const pass = vi.spyOn(QuietRounds.prototype, 'pass');
  const { m, at } = waiting(part, without);
  part.dma(m, at, items, interrupts);
  part.start(m, channels);
  const states = [0.3, 1.7, 1.9, 2.6, 4.1, 9.9, 10.0001, 17].map((time, n) => {
    if (n === 2) m.system.write(at + 2, 2, 0x5555);
    if (n === 5) m.system.setWire(`analog.${part.adc}.1`, 1001);
    m.run(m.now + time * MS);
    const buffer = Array.from({ length: items + 1 }, (_, i) => m.system.read(at + 2 * i, 2));
    return [stateOf(m), buffer];
  });
  m.release();
  const passed = pass.mock.calls.reduce((sum, [quiet]) => sum + quiet.rounds, 0);
  pass.mockRestore();
  return { states, passed };
}

describe.each(PARTS.map((part) => [part.chip, part] as const))('%s', (_chip, part) => {
  it.each([
    { channels: 1, items: 64, interrupts: true },
    { channels: 1, items: 64, interrupts: false },
    { channels: 1, items: 3, interrupts: false },
    { channels: 3, items: 48, interrupts: false },
    { channels: 3, items: 64, interrupts: false },
    { channels: 3, items: 300, interrupts: true },
  ])('$channels channels into $items halfwords, interrupts of the DMA $interrupts', (set) => {
    const usual = course(part, set, false);
    const each = course(part, set, true);
    expect(each.passed).toBe(0);
    expect(usual.states).toEqual(each.states);
    // three results that differ stand elsewhere in each round of a buffer for 64
    if (set.items % set.channels === 0) expect(usual.passed).toBeGreaterThan(50);
  });
});

describe('a loop whose rounds take longer than a conversion', () => {
  const [GPIOA_IDR, SYSTICK, NOPS] = [0x48000010, 0xe000e010, 205];
  /** Its main loop compares a word that counts ticks of 1 ms, where there are any, and looks at a pin. */
  function looping(ticks: boolean, without: boolean): { readonly m: Machine; readonly at: number; readonly skipped: () => number } {
    const chip = findChip('stm32g474re')!;
    const ram = chip.memories.find((x) => x.kind === 'ram' && x.base >= 0x20000000)!.base;
    const main = new Thumb(0x08000200).constant(7, ram).movs(0, 0).str(0, 7).movs(4, 0).constant(6, GPIOA_IDR);
    main
      .constant(1, SYSTICK)
      .constant(0, 15_999)
      .str(0, 1, 4)
      .movs(0, ticks ? 7 : 0)
      .str(0, 1);
    main.label('loop').ldr(2, 7).subs(3, 2, 4).cmp(3, 250).beq('out').ldr(5, 6);
    main
      .put(...Array<number>(NOPS).fill(0xbf00))
      .b('loop')
      .label('out')
      .b('out');
    const handler = new Thumb(0x08000180).ldr(2, 7).adds(2, 1).str(2, 7).bxLr();
    const bytes = new Uint8Array(0x800);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, ram + 0x800, true);
    for (let e = 1; e < 32; e++) view.setUint32(4 * e, e === 1 ? 0x08000201 : 0x08000181, true);
    bytes.set(handler.bytes(), 0x180);
    bytes.set(main.bytes(), 0x200);
    const m = new Machine({ chip, models: MODELS, seed: 1 });
    m.eraseNonVolatile();
    m.load(0x08000000, bytes);
    m.powerOn();
    m.withoutShortcuts(without ? ['quiet-rounds'] : []);
    const skipped = countSkipped([m.bootCore]);
    m.run(MS);
    return { m, at: ram + 0x1000, skipped };
  }
  function course(ticks: boolean, without = false): { readonly states: unknown[]; readonly share: number; readonly searches: number } {
    const part = PARTS[0]!;
    const { m, at, skipped } = looping(ticks, without);
    switchOn(m, ['GPIOA', ...part.clocks]);
    part.dma(m, at, 64, true);
    part.start(m, 1);
    const searched = vi.spyOn(m.bootCore, 'trace');
    const states = [3.3, 20.7, 41.2].map((time) => {
      m.run(m.now + time * MS);
      return stateOf(m);
    });
    const share = skipped() / m.bootCore.cycles();
    m.release();
    return { states, share, searches: searched.mock.calls.filter(([trace]) => trace !== null).length };
  }
  it.each([
    ['with ticks', true],
    ['without ticks', false],
  ] as const)('%s it is left out all the same, found once and not at each of them, and nothing differs', (_name, ticks) => {
    const usual = course(ticks);
    const each = course(ticks, true);
    expect(usual.states).toEqual(each.states);
    expect(usual.share).toBeGreaterThan(0.8);
    expect(usual.searches).toBeLessThan(100);
    expect(each.share).toBeLessThan(0.1);
  });
});
