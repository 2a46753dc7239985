/** Checks on chips of other families than the fake target's own: what a family lacks, and what its rows are read with. */
import { describe, expect, it } from 'vitest';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { FailureFacts, RepairTarget, Subject } from '../../src/checks/check.ts';
import { familyOf, locate } from '../../src/checks/families.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { wrongWord } from '../../src/checks/entry.ts';
import { check, FakeTarget, INITIAL_SP, RESET_VECTOR, TABLE, writer } from './fake-target.ts';

const chip = (name: string): ChipDescription => findChip(name)!;
/** One chip for each row of a family. */
const families = [...new Map(CHIPS.map((c) => [familyOf(c), c])).values()].filter((c) => familyOf(c) !== null);

/** What the repair of a check at the entry does, in its order. */
function doneBy(id: string, subject: Subject): (readonly [what: string | number, value: number])[] {
  const done: (readonly [string | number, number])[] = [];
  const repair = check(id).repair(subject);
  if (repair?.at !== 'entry') throw new Error(`${id}: no repair at the entry`);
  const target = {
    setField: (path: string, value: number) => void done.push([path, value]),
    write: (address: number, _size: number, value: number) => void done.push([address, value]),
  };
  repair.apply(target as unknown as RepairTarget, subject);
  return done;
}

describe('Which checks judge the path, and so say something without an entry', () => {
  it('is what the contract lists', () => {
    const path = [
      'entry-address, entry-dereference, thumb-bit, stack-after-msp, stack-limit, mpu, trustzone, magic-survives, reset-flags, iwdg',
      'wwdg, boot-selection, dual-bank, empty-check, option-bytes, protection, second-core, debugger, control, hse',
    ];
    const listed = new Set(path.flatMap((line) => line.split(', ')));
    expect(CHECKS.filter((c) => c.path).map((c) => c.id)).toEqual(CHECKS.map((c) => c.id).filter((id) => listed.has(id)));
  });
});

describe('locate', () => {
  it.each([
    ['PLLM', 0, 0x3f, 16],
    ['PLLN', 6, 0x1ff, 192],
    ['PLLQ', 24, 0xf, 4],
  ])('of RCC_PLLCFGR.%s says place and reset value (RM0090 §7.3.2: 0x2400 3010)', (field, bit, width, reset) => {
    expect(locate(chip('stm32f405rg'), `RCC.PLLCFGR.${field}`)).toEqual({ address: 0x40023804, mask: (width << bit) >>> 0, bit, reset });
  });
});

describe('Read-out protection', () => {
  it.each(families.map((c) => [c.name, c] as const))('%s: the ROM is shut where its documents say so', (_name, c) => {
    const row = familyOf(c)!.protection;
    const t = new FakeTarget(c);
    if (!row) return void expect(t.judge('protection')).toMatchObject({ verdict: 'n/a', because: 'this chip has none' });
    const codes = Object.keys(row.names).map(Number);
    const open = c.family === 'STM32H5' ? ['Open', 'Provisioning'] : ['level 0', 'level 1'];
    expect(Object.values(row.names)).toEqual(expect.arrayContaining(c.family === 'STM32H5' ? open : ['level 0', 'level 2']));
    for (const code of codes) {
      t.set(row.field, code);
      const name = row.names[code]!;
      // AN2606 4.1, and Table 2, pattern 17
      expect([code, t.judge('protection').verdict]).toEqual([code, open.includes(name) ? 'pass' : 'warn']);
    }
  });
});

describe('flash-latency', () => {
  // RM0091 §3.5.1: none up to 24 MHz, one beyond
  it.each([
    [24e6, 0, 'pass'],
    [25e6, 0, 'warn'],
    [25e6, 1, 'pass'],
    [48e6, 1, 'pass'],
  ])('of a chip without voltage ranges, at %d Hz with %d wait states: %s', (hz, states, verdict) => {
    const t = new FakeTarget(chip('stm32f072rb')).set('FLASH.ACR.LATENCY', states);
    t.clocks['hclk'] = hz;
    expect(t.judge('flash-latency').verdict === 'pass' ? 'pass' : 'warn').toBe(verdict);
  });
});

describe('voltage-range', () => {
  // PWR_REGULATOR_VOLTAGE_SCALE0 of ST's HAL is 0 where there is no overdrive in SYSCFG
  it('code 0 is the highest range on H72x and H73x, and none on H74x and H75x', () => {
    const judged = (name: string) => new FakeTarget(chip(name)).set('PWR.CSR1.ACTVOS', 0).judge('voltage-range');
    expect(judged('stm32h723zg')).toMatchObject({ verdict: 'pass', observed: expect.stringContaining('VOS0') as unknown });
    expect(judged('stm32h735zg')).toMatchObject({ verdict: 'pass' });
    expect(judged('stm32h743zi')).toMatchObject({ verdict: 'warn', observed: expect.stringContaining('reserved') as unknown });
  });

  it('VOS1 with the overdrive of SYSCFG is VOS0 on H74x and H75x', () => {
    const judged = (overdrive: number): string => {
      const t = new FakeTarget(chip('stm32h743zi')).set('PWR.CSR1.ACTVOS', 3).set('SYSCFG.PWRCR.ODEN', overdrive);
      t.clocks['hclk'] = 240e6;
      return t.judge('voltage-range').verdict;
    };
    expect([judged(0), judged(1)]).toEqual(['fail', 'pass']);
  });

  // RM0351 5.3.2: 2 MHz at most; DS10198: no USB in low-power run
  it.each(families.filter((c) => familyOf(c)!.lowPowerRun && locate(c, familyOf(c)!.lowPowerRun!.field)).map((c) => [c.name, c] as const))(
    '%s: low-power run is left, whatever the range',
    (_name, c) => {
      const { field } = familyOf(c)!.lowPowerRun!;
      const t = new FakeTarget(c);
      t.clocks['hclk'] = 2e6;
      expect(t.judge('voltage-range').verdict).toBe('pass');
      t.set(field, 1);
      expect(t.judge('voltage-range')).toMatchObject({ verdict: 'warn', observed: expect.stringContaining('= 1') as unknown });
      expect(doneBy('voltage-range', t.subject())).toContainEqual([field, 0]);
      // without a supply that it cuts off nobody can say that it is harmless
      expect(check('voltage-range').unmodelled!(t.subject())).toHaveLength(familyOf(c)!.usbSupply === null ? 1 : 0);
    },
  );
});

describe('sysclk', () => {
  it.each(families.map((c) => [c.name, c] as const))('%s: its oscillator is started before it is switched to', (_name, c) => {
    const { sysclk } = familyOf(c)!;
    expect(doneBy('sysclk', new FakeTarget(c).subject())).toEqual([
      [sysclk.oscillator, 1],
      [sysclk.select, sysclk.afterReset],
    ]);
    expect(sysclk.oscillator).toMatch(/^RCC\.\w+\.(HSI|HSI16|MSI|MSIS)ON$/);
  });
});

describe('Caches of the Cortex-M7 (ARMv7-M B4.8, DDI 0489 §4.2)', () => {
  const IC = 1 << 17;
  const DC = 1 << 16;
  const on = (): FakeTarget => {
    const t = new FakeTarget(chip('stm32f746zg'));
    t.ppb.set(PPB.CCR, 0x200 | IC | DC);
    return t;
  };
  it.each([
    [0x200, 'pass', 'pass'],
    [0x200 | IC, 'warn', 'pass'],
    [0x200 | DC, 'pass', 'warn'],
  ])('CCR = %i: instructions %s, data %s', (ccr, instructions, data) => {
    const t = on();
    t.ppb.set(PPB.CCR, ccr);
    expect([t.judge('icache').verdict, t.judge('dcache').verdict]).toEqual([instructions, data]);
  });
  it('that of instructions is invalidated (ICIALLU) before it goes off', () => {
    expect(doneBy('icache', on().subject())).toEqual([
      [0xe000ef50, 0],
      [PPB.CCR, 0x200 | DC],
    ]);
  });
  it('each line of data is cleaned (DCCISW: way 31:30, set 11:5) before it goes off', () => {
    const done = doneBy('dcache', on().subject());
    expect(done.at(-1)).toEqual([PPB.CCR, 0x200 | IC]);
    const lines = done.slice(0, -1);
    expect(new Set(lines.map(([register]) => register))).toEqual(new Set([0xe000ef74]));
    // 16 KB in lines of 32 bytes
    expect(new Set(lines.map(([, value]) => value >>> 0)).size).toBe(512);
    expect(lines.every(([, value]) => (value & 0x3ffff01f) === 0)).toBe(true);
  });
  it('are unknown where CCR cannot be read', () => {
    const subject = on().subject();
    const blind = { ...subject, state: { ...subject.state, read: () => null } };
    expect([check('icache').judge(blind).verdict, check('dcache').judge(blind).verdict]).toEqual(['n/a', 'n/a']);
  });
  it('a chip without them has none', () => {
    const t = new FakeTarget(chip('stm32f072rb'));
    expect([t.judge('icache').verdict, t.judge('dcache').verdict]).toEqual(['n/a', 'n/a']);
  });
});

describe('empty-check', () => {
  it('drives the BOOT0 pin of F042: clock of the port, level, then the direction', () => {
    expect(doneBy('empty-check', new FakeTarget(chip('stm32f042c6')).subject())).toEqual([
      ['RCC.AHBENR.IOPFEN', 1],
      ['GPIOF.ODR.ODR11', 1],
      ['GPIOF.MODER.MODER11', 1],
    ]);
  });
  it.each(['stm32f042k6t', 'stm32f042f6', 'stm32f042g6', 'stm32f042t6'])('%s has PB8 for it', (name) => {
    const subject = new FakeTarget(chip(name)).subject();
    expect(doneBy('empty-check', subject)).toEqual([
      ['RCC.AHBENR.IOPBEN', 1],
      ['GPIOB.ODR.ODR8', 1],
      ['GPIOB.MODER.MODER8', 1],
    ]);
    expect(check('empty-check').repair!(subject)!.fix).toBe(
      '/* the BOOT0 pin of the package: PB8 */\nRCC->AHBENR |= RCC_AHBENR_GPIOBEN; GPIOB->BSRR = 1u << 8;\nGPIOB->MODER = (GPIOB->MODER & ~(3u << 16)) | (1u << 16);',
    );
  });
  it('on F070x6, whose ROM looks at the flash alone, an erased first word is what keeps the ROM', () => {
    const t = new FakeTarget(chip('stm32f070f6'));
    expect(t.judge('empty-check')).toMatchObject({ verdict: 'fail', expected: 'an erased first word' });
    t.flash = {};
    expect(t.judge('empty-check').verdict).toBe('pass');
  });
  it('names both where the part number leaves the package open', () => {
    const fix = (name: string): string => check('empty-check').repair!(new FakeTarget(chip(name)).subject())!.fix!;
    expect(fix('stm32f042k6')).toContain('PF11, or PB8 on packages without it');
    expect(fix('stm32f042k6u')).toContain('package: PF11 */');
  });
});

describe('dual-bank', () => {
  it('names the program of each bank that begins with a stack pointer', () => {
    const t = new FakeTarget(chip('stm32l476re'));
    t.options['bank-check'] = 'always';
    t.flash = { 0x08040000: 0x20001000 };
    expect(t.judge('dual-bank').observed).toMatch(/a program at 0x08040000$/);
    t.flash = { 0x08000000: 0x20001000, 0x08040000: 0x20001000 };
    expect(t.judge('dual-bank').observed).toMatch(/a program at 0x08000000 and 0x08040000$/);
    t.flash = { 0x08040000: 0x08001000 };
    expect(t.judge('dual-bank').verdict).toBe('pass');
  });
});

describe('nvic-pending', () => {
  it('names who made the first pending line pending', () => {
    const t = new FakeTarget().enable(45, PPB.NVIC_ISPR);
    t.writers.set('CPU.NVIC_ISPR1', writer(0x08000600, 3));
    expect(t.judge('nvic-pending').lastWriter?.pc).toBe(0x08000600);
  });
});

describe('mpu', () => {
  const NEVER = 1; // RBAR.XN, ARMv8-M D1.2.170
  const READ_ONLY = 4; // RBAR.AP bit 1
  const judged = (denied: number, rbar: number): string => {
    const t = new FakeTarget();
    t.ppb.set(PPB.MPU_CTRL, 5);
    const subject = t.subject();
    const mpuRegion = (address: number) => (address === denied >>> 0 ? { number: 2, rbar, attributes: 0 } : null);
    return check('mpu').judge({ ...subject, state: { ...subject.state, mpuRegion } }).verdict;
  };
  it.each([
    ['the word below the initial SP', INITIAL_SP - 4, READ_ONLY, 'warn'],
    ['what the first push does not reach', INITIAL_SP + 4, READ_ONLY, 'pass'],
    // the address of an instruction is even, whatever its vector says
    ['the first instruction', RESET_VECTOR & ~1, NEVER, 'warn'],
    ['the first instruction, which is only read', RESET_VECTOR & ~1, READ_ONLY, 'pass'],
    ['the stack, which nobody executes', INITIAL_SP - 4, NEVER, 'pass'],
  ])('%s', (_what, address, rbar, verdict) => {
    expect(judged(address, rbar)).toBe(verdict);
  });
});

describe('A target that was loaded from the wrong word', () => {
  const MSP_WRITE = 0x08000400;
  const wrong = (loaded: number, behindMsp: number | null, throughStack = false): boolean => {
    const t = new FakeTarget();
    t.firstFault = { kind: 'bus-fetch', address: 0x13243546, pc: 0x13243546, from: MSP_WRITE + 4, at: 5 };
    if (behindMsp !== null) t.writers.set('CPU.MSP', writer(MSP_WRITE, 4));
    const pc = MSP_WRITE + (behindMsp ?? 0);
    const failure: FailureFacts = {
      kind: 'jump',
      pc,
      at: 5,
      address: 0x13243546,
      loaded: { address: loaded, pc },
      feedsBranch: false,
      throughStack,
    };
    const subject = t.subject();
    return wrongWord({ ...subject, history: { ...subject.history!, failure } }) !== null;
  };
  it.each([
    ['the first word of the ROM', TABLE, null, true],
    ['the word before the ROM', TABLE - 4, null, false],
    ['the last word of the ROM', 0x0bf9fffc, null, true],
    ['the last byte of the ROM', 0x0bf9ffff, null, true],
    ['the first byte behind the ROM', 0x0bfa0000, null, false],
    ['the right word', TABLE + 4, null, false],
    ['nowhere, right behind the write of MSP', 0x40000000, 0, true],
    ['nowhere, 32 bytes behind it', 0x40000000, 32, true],
    ['nowhere, 34 bytes behind it', 0x40000000, 34, false],
    ['nowhere, in front of it', 0x40000000, -2, false],
    ['flash, where another application is', 0x08000000, 4, false],
    ['the last word of flash', 0x0807fffc, 4, false],
    ['the word behind flash', 0x08080000, 4, true],
  ])('%s', (_what, address, behind, is) => {
    expect(wrong(address, behind)).toBe(is);
    expect(wrong(address, behind, true)).toBe(false);
  });
});
