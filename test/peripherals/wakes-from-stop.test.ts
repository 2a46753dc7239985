/** What wakes a chip from Stop, source by source and family by family: USART, LPUART and I2C that ask for their clock, and lines that keep one. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { MS, US } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';
import { leadUartPins } from './uart-pins.ts';

const chips = new Map<string, StChip>();
function fresh(part: string): StChip {
  let chip = chips.get(part);
  if (chip === undefined) chips.set(part, (chip = new StChip(findChip(part)!)));
  chip.again();
  chip.wait(MS);
  leadUartPins(chip.system);
  return chip;
}

interface Port {
  readonly port: string;
  /** Clock enables. */
  readonly on: readonly string[];
  /** The field that selects the kernel clock, its code of HSI, and of LSE. */
  readonly select: readonly [path: string, hsi: number, lse: number];
  /** What asks for a Stop of each depth that the chip has. */
  readonly stops: readonly (readonly [path: string, value: number])[][];
  /** Whether the port wakes from each of these. */
  readonly wakes: readonly boolean[];
}
const L4 = ['RCC.APB1ENR1.PWREN'];
const l4Stops = [[['PWR.CR1.LPMS', 0]], [['PWR.CR1.LPMS', 1]], [['PWR.CR1.LPMS', 2]]] as const;
const PORTS: Readonly<Record<string, readonly Port[]>> = {
  stm32l476rg: [
    {
      port: 'LPUART1',
      on: [...L4, 'RCC.APB1ENR2.LPUART1EN'],
      select: ['RCC.CCIPR.LPUART1SEL', 2, 3],
      stops: l4Stops.map((s) => [...s]),
      wakes: [true, true, true],
    },
    {
      port: 'USART2',
      on: [...L4, 'RCC.APB1ENR1.USART2EN'],
      select: ['RCC.CCIPR.USART2SEL', 2, 3],
      stops: l4Stops.map((s) => [...s]),
      wakes: [true, true, false],
    },
  ],
  stm32wb55rg: [
    {
      port: 'LPUART1',
      on: ['RCC.APB1ENR2.LPUART1EN'],
      select: ['RCC.CCIPR.LPUART1SEL', 2, 3],
      stops: [
        [
          ['PWR.CR1.LPMS', 0],
          ['PWR.C2CR1.LPMS', 4],
        ],
        [
          ['PWR.CR1.LPMS', 2],
          ['PWR.C2CR1.LPMS', 4],
        ],
      ],
      wakes: [true, true],
    },
    {
      port: 'USART1',
      on: ['RCC.APB2ENR.USART1EN'],
      select: ['RCC.CCIPR.USART1SEL', 2, 3],
      stops: [
        [
          ['PWR.CR1.LPMS', 0],
          ['PWR.C2CR1.LPMS', 4],
        ],
        [
          ['PWR.CR1.LPMS', 2],
          ['PWR.C2CR1.LPMS', 4],
        ],
      ],
      wakes: [true, false],
    },
  ],
  stm32g0b1re: [
    {
      port: 'LPUART1',
      on: ['RCC.APBENR1.PWREN', 'RCC.APBENR1.LPUART1EN'],
      select: ['RCC.CCIPR.LPUART1SEL', 2, 3],
      stops: [[['PWR.CR1.LPMS', 0]], [['PWR.CR1.LPMS', 1]]],
      wakes: [true, true],
    },
    {
      port: 'USART1',
      on: ['RCC.APBENR1.PWREN', 'RCC.APBENR2.USART1EN'],
      select: ['RCC.CCIPR.USART1SEL', 2, 3],
      stops: [[['PWR.CR1.LPMS', 1]]],
      wakes: [true],
    },
  ],
  stm32g474re: [
    {
      port: 'LPUART1',
      on: ['RCC.APB1ENR1.PWREN', 'RCC.APB1ENR2.LPUART1EN'],
      select: ['RCC.CCIPR.LPUART1SEL', 2, 3],
      stops: [[['PWR.CR1.LPMS', 0]], [['PWR.CR1.LPMS', 1]]],
      wakes: [true, true],
    },
  ],
  stm32u575zi: [
    {
      port: 'LPUART1',
      on: ['RCC.AHB3ENR.PWREN', 'RCC.APB3ENR.LPUART1EN'],
      select: ['RCC.CCIPR3.LPUART1SEL', 2, 3],
      stops: [0, 1, 2, 3].map((n) => [['PWR.CR1.LPMS', n] as const]),
      wakes: [true, true, true, false],
    },
    {
      port: 'USART1',
      on: ['RCC.AHB3ENR.PWREN', 'RCC.APB2ENR.USART1EN'],
      select: ['RCC.CCIPR1.USART1SEL', 2, 3],
      stops: [0, 1, 2, 3].map((n) => [['PWR.CR1.LPMS', n] as const]),
      wakes: [true, true, false, false],
    },
  ],
  stm32l072cz: [
    {
      port: 'LPUART1',
      on: ['RCC.APB1ENR.PWREN', 'RCC.APB1ENR.LPUART1EN'],
      select: ['RCC.CCIPR.LPUART1SEL', 2, 3],
      stops: [[]],
      wakes: [true],
    },
  ],
  stm32f072rb: [
    { port: 'USART1', on: ['RCC.APB1ENR.PWREN', 'RCC.APB2ENR.USART1EN'], select: ['RCC.CFGR3.USART1SW', 3, 2], stops: [[]], wakes: [true] },
  ],
  stm32f303cc: [
    { port: 'USART1', on: ['RCC.APB1ENR.PWREN', 'RCC.APB2ENR.USART1EN'], select: ['RCC.CFGR3.USART1SW', 3, 2], stops: [[]], wakes: [true] },
  ],
  stm32h533re: [
    { port: 'USART1', on: ['RCC.APB2ENR.USART1EN'], select: ['RCC.CCIPR1.USART1SEL', 3, 5], stops: [[]], wakes: [true] },
    { port: 'LPUART1', on: ['RCC.APB3ENR.LPUART1EN'], select: ['RCC.CCIPR3.LPUART1SEL', 3, 5], stops: [[]], wakes: [true] },
  ],
  stm32c071rb: [
    {
      port: 'USART1',
      on: ['RCC.APBENR1.PWREN', 'RCC.APBENR2.USART1EN'],
      select: ['RCC.CCIPR.USART1SEL', 2, 3],
      stops: [[]],
      wakes: [true],
    },
  ],
};
const CASES = Object.entries(PORTS).flatMap(([part, ports]) => ports.map((port) => ({ part, ...port })));

let sequence = 0;
const tell = (h: StChip, port: string, value: number): void => h.system.setWire(`${port.toLowerCase()}.rx`, value | (++sequence << 9));
function sendByte(h: StChip, port: string, byte = 0x41): void {
  tell(h, port, 0);
  h.wait(87 * US);
  tell(h, port, 0x100 | byte);
}
const RX_FIELDS = ['RXNEIE', 'RXFNEIE'];
/** Port and chip as an AT modem has them: receiver and its interrupt on. */
function listening(part: string, p: Port, code: number, uesm: 0 | 1): StChip {
  const h = fresh(part);
  for (const path of p.on) h.set(path, 1);
  h.set(p.select[0], code);
  if (code === p.select[2]) {
    h.system.setWire('dbp', 1);
    const bdcr = ['RCC.BDCR.LSEON', 'RCC.CSR.LSEON', 'RCC.CSR1.LSEON'].find((path) => hasField(h, path))!;
    h.set(bdcr, 1);
    if (hasField(h, 'RCC.BDCR.LSESYSEN')) h.set('RCC.BDCR.LSESYSEN', 1);
    h.wait(2_000 * MS);
  }
  h.write(`${p.port}.BRR`, 0x400);
  h.set(`${p.port}.CR1.RE`, 1);
  h.set(`${p.port}.CR1.${RX_FIELDS.find((f) => hasField(h, `${p.port}.CR1.${f}`))!}`, 1);
  h.set(`${p.port}.CR1.UESM`, uesm);
  h.set(`${p.port}.CR1.UE`, 1);
  return h;
}
function hasField(h: StChip, path: string): boolean {
  const [block, ...rest] = path.split('.') as [string, ...string[]];
  return h.layout(block).hasField(rest.join('.'));
}
const irqOf = (h: StChip, port: string): boolean => h.system.block(port).row.irqs!.some((line) => h.irqs.get(line) === true);
function sleep(h: StChip, stop: Port['stops'][number]): void {
  for (const [path, value] of stop) h.set(path, value);
  h.system.setWire('core.deepsleep.0', 1);
}

describe.each(CASES)('$port of $part', (p) => {
  const [, hsi, lse] = p.select;
  it.each([
    ['HSI', hsi],
    ['LSE', lse],
  ])('with UESM and %s as its clock a byte is received in the Stops that let it, and asks for the interrupt that wakes', (_name, code) => {
    expect(
      p.stops.map((stop) => {
        const h = listening(p.part, p, code, 1);
        sleep(h, stop);
        expect(h.system.wire('power.stop')).toBeGreaterThan(0);
        sendByte(h, p.port);
        return irqOf(h, p.port);
      }),
    ).toEqual(p.wakes);
  });
  it('without UESM the byte is lost, and that is told', () => {
    const h = listening(p.part, p, hsi, 0);
    sleep(h, p.stops[0]!);
    sendByte(h, p.port);
    expect([irqOf(h, p.port), h.notes.filter((n) => n.includes('lost'))]).toEqual([
      false,
      ['the byte 0x41 is lost: the chip is in Stop, and UESM = 0'],
    ]);
  });
  it('from a bus clock it hears nothing in Stop, with UESM or without', () => {
    const h = listening(p.part, p, 0, 1);
    if (h.hz('hclk') === null) return;
    sleep(h, p.stops[0]!);
    sendByte(h, p.port);
    expect([irqOf(h, p.port), h.notes.some((n) => n.includes('gets no kernel clock'))]).toEqual([false, true]);
  });
});

describe('USART in Stop', () => {
  const l4 = PORTS['stm32l476rg']![0]!;
  it('WUS = 2: the start bit sets WUF, which WUFIE lets through; WUCF clears it', () => {
    const h = listening('stm32l476rg', l4, 2, 1);
    h.set('LPUART1.CR1.RXNEIE', 0);
    h.set('LPUART1.CR1.UE', 0);
    h.set('LPUART1.CR3.WUS', 2);
    h.set('LPUART1.CR3.WUFIE', 1);
    h.set('LPUART1.CR1.UE', 1);
    sendByte(h, 'LPUART1');
    expect([h.get('LPUART1.ISR.WUF'), irqOf(h, 'LPUART1')]).toEqual([0, false]);
    sleep(h, l4.stops[1]!);
    tell(h, 'LPUART1', 0);
    expect(irqOf(h, 'LPUART1')).toBe(true);
    h.system.setWire('core.deepsleep.0', 0);
    h.wait(100 * US);
    expect(h.get('LPUART1.ISR.WUF')).toBe(1);
    h.write('LPUART1.ICR', 1 << 20);
    expect([h.get('LPUART1.ISR.WUF'), irqOf(h, 'LPUART1')]).toEqual([0, false]);
  });
  it('WUS = 3 wakes by a byte, WUS = 0 only by the own address', () => {
    for (const [wus, byte, wakes] of [
      [3, 0x41, true],
      [0, 0x41, false],
      [0, 0x45, true],
    ] as const) {
      const h = listening('stm32l476rg', l4, 2, 1);
      h.set('LPUART1.CR1.RXNEIE', 0);
      h.set('LPUART1.CR1.UE', 0);
      h.set('LPUART1.CR2.ADD', 0x5);
      h.set('LPUART1.CR3.WUS', wus);
      h.set('LPUART1.CR3.WUFIE', 1);
      h.set('LPUART1.CR1.UE', 1);
      sleep(h, l4.stops[1]!);
      sendByte(h, 'LPUART1', byte);
      expect(irqOf(h, 'LPUART1')).toBe(wakes);
    }
  });
  it('a clock that stands still counts no silence: IDLE comes a frame after the wake-up, not in Stop', () => {
    const h = listening('stm32l476rg', l4, 2, 1);
    h.set('LPUART1.CR1.RXNEIE', 0);
    h.set('LPUART1.CR1.IDLEIE', 1);
    h.write('LPUART1.BRR', 35556); // 115,200 baud of HSI16
    sleep(h, l4.stops[1]!);
    sendByte(h, 'LPUART1');
    h.wait(100 * MS);
    expect(irqOf(h, 'LPUART1')).toBe(false);
    h.system.setWire('core.deepsleep.0', 0);
    h.set('RCC.CR.HSION', 1);
    h.wait(50 * US);
    expect(irqOf(h, 'LPUART1')).toBe(false);
    h.wait(100 * US);
    expect(irqOf(h, 'LPUART1')).toBe(true);
  });
  it('a byte that begins in Stop and ends behind it is lost without UESM', () => {
    const h = listening('stm32l476rg', l4, 2, 0);
    sleep(h, l4.stops[1]!);
    tell(h, 'LPUART1', 0);
    h.system.setWire('core.deepsleep.0', 0);
    h.wait(100 * US);
    tell(h, 'LPUART1', 0x141);
    expect([h.get('LPUART1.ISR.RXNE'), h.notes.at(-1)]).toEqual([0, 'the byte 0x41 is lost: the chip is in Stop, and UESM = 0']);
  });
  it.each([
    ['stm32f405rg', 'RCC.APB2ENR.USART1EN'],
    ['stm32f030r8', 'RCC.APB2ENR.USART1EN'],
    ['stm32f070rb', 'RCC.APB2ENR.USART1EN'],
    ['stm32f103c8', 'RCC.APB2ENR.USART1EN'],
    ['stm32l152rc', 'RCC.APB2ENR.USART1EN'],
  ])('%s has no UESM: in Stop its USART hears nothing', (part, enable) => {
    const h = fresh(part);
    h.set('RCC.APB1ENR.PWREN', 1);
    h.set(enable, 1);
    h.write('USART1.BRR', 0x100);
    // F0: UE is bit 0, and HSI would be there
    if (h.layout('USART1').has('ISR')) h.set('RCC.CFGR3.USART1SW', 3);
    h.write('USART1.CR1', h.layout('USART1').has('ISR') ? 0x27 : 0x2024);
    sleep(h, []);
    sendByte(h, 'USART1');
    expect([irqOf(h, 'USART1'), h.notes.at(-1)]).toEqual([false, 'the byte 0x41 is lost: the chip is in Stop, where USART1 does not work']);
  });
  it('HSIKERON keeps HSI16 and the kernel clocks on it running in Stop, but not SYSCLK', () => {
    const h = listening('stm32l476rg', l4, 2, 1);
    h.set('RCC.CR.HSIKERON', 1);
    h.wait(MS);
    sleep(h, l4.stops[1]!);
    expect([h.hz('hsi'), h.hz('lpuart1'), h.hz('sysclk'), h.hz('hclk')]).toEqual([16e6, 16e6, null, null]);
  });
});

describe('I2C in Stop', () => {
  const address = (h: StChip): number => {
    h.system.setWire('i2c1.host.asks', ++sequence * 0x800 + (0x100 | (0x2a << 1)));
    return h.system.wire('i2c1.host.answer');
  };
  function slave(wupen: 0 | 1, code: number): StChip {
    const h = fresh('stm32l476rg');
    h.set('RCC.APB1ENR1.PWREN', 1);
    h.set('RCC.APB1ENR1.I2C1EN', 1);
    h.set('RCC.CCIPR.I2C1SEL', code);
    h.write('I2C1.OAR1', 0x8000 | (0x2a << 1));
    h.set('I2C1.CR1.ADDRIE', 1);
    h.set('I2C1.CR1.WUPEN', wupen);
    h.set('I2C1.CR1.PE', 1);
    sleep(h, [['PWR.CR1.LPMS', 1]]);
    return h;
  }
  it('an address wakes with WUPEN and HSI16 as the clock of the block; else nobody acknowledges it', () => {
    const [ACK, NACK] = [2, 1];
    expect(
      (
        [
          [1, 2],
          [0, 2],
          [1, 0],
        ] as const
      ).map(([wupen, code]) => {
        const h = slave(wupen, code);
        return [address(h), irqOf(h, 'I2C1'), h.notes.filter((n) => n.includes('I2C address'))];
      }),
    ).toEqual([
      [ACK, true, []],
      [NACK, false, ['the I2C address 0x2a is not acknowledged: the chip is in Stop, and WUPEN = 0']],
      [NACK, false, ['the I2C address 0x2a is not acknowledged: the chip is in Stop, where the clock of the block stands still']],
    ]);
  });
});

describe('LPTIM in Stop (L476)', () => {
  it.each([
    ['LPTIM1', 'RCC.APB1ENR1.LPTIM1EN', 'RCC.CCIPR.LPTIM1SEL', [true, true]],
    ['LPTIM2', 'RCC.APB1ENR2.LPTIM2EN', 'RCC.CCIPR.LPTIM2SEL', [true, false]],
  ] as const)('%s counts LSI in Stop 1, and in Stop 2 only if it is LPTIM1', (name, enable, select, expected) => {
    expect(
      [1, 2].map((lpms) => {
        const h = fresh('stm32l476rg');
        h.set('RCC.APB1ENR1.PWREN', 1);
        h.set('RCC.CSR.LSION', 1);
        h.wait(10 * MS);
        h.set(enable, 1);
        h.set(select, 1);
        h.write(`${name}.IER`, 2);
        h.write(`${name}.CR`, 1);
        h.write(`${name}.ARR`, 319);
        h.wait(MS);
        h.write(`${name}.CR`, 5);
        sleep(h, [['PWR.CR1.LPMS', lpms]]);
        h.wait(20 * MS);
        return irqOf(h, name);
      }),
    ).toEqual(expected);
  });
});

describe('Stop 3 of U5', () => {
  it('EXTI does not work there; a wake-up line asks for PWR_S3WU until its flag is cleared', () => {
    for (const lpms of [1, 3]) {
      const h = fresh('stm32u575zi');
      h.set('RCC.AHB3ENR.PWREN', 1);
      h.write('EXTI.RTSR1', 1);
      h.write('EXTI.IMR1', 1);
      h.set('PWR.WUCR1.WUPEN1', 1);
      sleep(h, [['PWR.CR1.LPMS', lpms]]);
      h.system.setWire('pin.PA0', 1);
      h.system.setWire('in.PA0', 1);
      expect([irqOf(h, 'EXTI'), irqOf(h, 'PWR')]).toEqual([lpms === 1, lpms === 3]);
    }
  });
});

describe.each([
  ['stm32g0b1re', 'RCC.APBENR1.PWREN', 16e6, 5],
  ['stm32c071rb', 'RCC.APBENR1.PWREN', 12e6, 5],
  ['stm32g474re', 'RCC.APB1ENR1.PWREN', 16e6, 6],
  ['stm32wb55rg', null, 4e6, 6],
  ['stm32l476rg', 'RCC.APB1ENR1.PWREN', 4e6, 6],
  ['stm32l072cz', 'RCC.APB1ENR.PWREN', 2097152, 5],
  ['stm32l152rc', 'RCC.APB1ENR.PWREN', 2097152, 6],
  ['stm32f072rb', 'RCC.APB1ENR.PWREN', 8e6, 5],
  ['stm32f103c8', 'RCC.APB1ENR.PWREN', 8e6, 6],
  ['stm32f207zg', 'RCC.APB1ENR.PWREN', 16e6, 6],
  ['stm32f303cc', 'RCC.APB1ENR.PWREN', 8e6, 6],
  ['stm32f405rg', 'RCC.APB1ENR.PWREN', 16e6, 6],
  ['stm32f746zg', 'RCC.APB1ENR.PWREN', 16e6, 6],
  ['stm32u575zi', 'RCC.AHB3ENR.PWREN', 4e6, 11],
  ['stm32h533re', null, 32e6, 11],
  ['stm32h743zi', null, 64e6, 6],
  ['stm32h723zg', null, 64e6, 6],
  ['stm32f767zi', 'RCC.APB1ENR.PWREN', 16e6, 6],
] as const)('Stop of %s', (part, pwr, hz, pinLine) => {
  it('an edge on PA0 through EXTI0 asks for its interrupt, and the chip goes on from its wake-up oscillator', () => {
    const h = fresh(part);
    if (pwr) h.set(pwr, 1);
    const name = (...of: readonly string[]): string => of.find((r) => h.layout('EXTI').has(r))!;
    h.write(`EXTI.${name('RTSR', 'RTSR1')}`, 1);
    h.write(`EXTI.${name('IMR', 'IMR1', 'C1IMR1', 'CPUIMR1')}`, 1);
    sleep(h, []);
    expect([h.hz('hclk'), h.system.wire('power.stop')]).toEqual([null, 1]);
    h.system.setWire('in.PA0', 1);
    expect(h.irqs.get(pinLine)).toBe(true);
    h.system.setWire('core.deepsleep.0', 0);
    h.wait(MS);
    expect(Math.abs(h.hz('sysclk')! - hz)).toBeLessThan(hz / 1000);
  });
});
