/** Both sides of each edge of what a check decides by, and the order of what a repair does. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { Subject } from '../../src/checks/check.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { check, FakeTarget, INITIAL_SP, RESET_VECTOR, TIM2_IRQ, writer } from './fake-target.ts';

describe('dma', () => {
  it('suspends a GPDMA channel, resets it, then takes its enable bit for cleared (RM0481 §16.4.3)', () => {
    const t = new FakeTarget().set('GPDMA1.C0CR.EN', 1);
    const done: [string, number][] = [];
    t.setField = (path, value) => void done.push([path, value]);
    const subject = t.subject();
    const repair = check('dma').repair(subject)!;
    if (repair.at !== 'entry') throw new Error('no repair at the entry');
    repair.apply(t, subject);
    expect(done).toEqual([
      ['GPDMA1.C0CR.SUSP', 1],
      ['GPDMA1.C0CR.RESET', 1],
      ['GPDMA1.C0CR.EN', 0],
    ]);
    const order = ['DMA_CCR_SUSP', 'DMA_CSR_SUSPF', 'DMA_CCR_RESET'].map((bit) => repair.fix!.indexOf(bit));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
  });
});

describe('usb-disconnect', () => {
  const attached = (): FakeTarget => {
    const t = new FakeTarget();
    t.usbOfUser = [{ at: 1_000_000, enumerated: true, endedAt: null }];
    t.writers.set('USB.BCDR', writer(0x08000500, 7));
    return t;
  };
  it('blames the write that pulled D+ up', () => {
    expect(attached().judge('usb-disconnect')).toMatchObject({ verdict: 'warn', lastWriter: { pc: 0x08000500 } });
  });
  it('blames nobody where the pull-up cannot be read', () => {
    const t = attached();
    t.registers.delete('USB.BCDR');
    expect(t.judge('usb-disconnect')).toMatchObject({ verdict: 'warn', lastWriter: null });
  });
});

describe('nvic-pending', () => {
  /** TIM2's interrupt made the entry, `behind` bytes behind the instruction that cleared PRIMASK. */
  const taken = (behind: number): FakeTarget => {
    const t = new FakeTarget();
    t.core['xpsr'] = 0x01000000 | (16 + TIM2_IRQ);
    t.writers.set('CPU.PRIMASK', writer(0x08000400, 9));
    t.entry = { address: RESET_VECTOR & ~1, thumb: true, how: 'exception', reached: true, fromPc: 0x08000400 + behind, at: 5_000_000 };
    return t;
  };
  it.each([2, 4])('an interrupt %d bytes behind the unmasking had waited for it', (behind) => {
    expect(taken(behind).judge('nvic-pending')).toMatchObject({ verdict: 'fail', lastWriter: { pc: 0x08000400 } });
  });
  it.each([0, 6, 8])('one %d bytes behind it had not', (behind) => {
    expect(taken(behind).judge('nvic-pending').verdict).toBe('pass');
  });
});

describe('A repair of what is pending', () => {
  it.each([
    ['SysTick', 1 << 26, 1 << 25],
    ['PendSV', 1 << 28, 1 << 27],
    ['both', (1 << 26) | (1 << 28), (1 << 25) | (1 << 27)],
  ])('clears %s by its own bit of ICSR (ARMv7-M B3.2.4)', (_what, pending, cleared) => {
    const t = new FakeTarget();
    t.ppb.set(PPB.ICSR, pending);
    const subject = t.subject();
    const repair = check('nvic-pending').repair(subject)!;
    if (repair.at !== 'entry') throw new Error('no repair at the entry');
    const written: [number, number][] = [];
    t.write = (address, _size, value) => void written.push([address, value]);
    repair.apply(t, subject);
    expect(written).toEqual([[PPB.ICSR, cleared]]);
  });
});

describe('option-bytes', () => {
  it('says nothing of option bytes that cannot be read', () => {
    const t = new FakeTarget();
    for (const name of [...t.registers.keys()]) if (name.startsWith('FLASH.')) t.registers.delete(name);
    expect(t.judge('option-bytes').verdict).toBe('unknown');
    expect(new FakeTarget().judge('option-bytes').verdict).toBe('pass');
  });
});

describe('The caches of an M7', () => {
  const CCR = 0xe000ed14;
  const judged = (id: string, ccr: number): string => {
    const { state, ...rest } = new FakeTarget().subject();
    const chip = findChip('STM32H743ZI')!;
    return check(id).judge({ ...rest, state: { ...state, chip, read: (address) => (address === CCR ? ccr : 0) } }).verdict;
  };
  it.each([
    ['dcache', 16],
    ['icache', 17],
  ])('%s is on by bit %d of CCR (ARMv7-M B3.2.8)', (id, bit) => {
    for (let b = 14; b < 20; b++) expect([b, judged(id, 1 << b) === 'pass']).toEqual([b, b !== bit]);
  });
});

it.each([
  ['mem-fetch', 0x080401ca, 0x08000100, 'the program to execute'],
  ['mem-fetch', RESET_VECTOR & ~1, 0x08000100, 'the ROM to execute'],
  ['mem-data', 0x20000000, 0x08000100, 'the program to access'],
  ['mem-data', 0x20000000, RESET_VECTOR & ~1, 'the ROM to access'],
] as const)('mpu: a %s of %i by %i is told as what it kept from its work', (kind, address, pc, who) => {
  const t = new FakeTarget();
  t.ppb.set(PPB.MPU_CTRL, 5);
  t.firstFault = { kind, address, pc, from: pc, at: 1 };
  const { state, ...rest } = t.subject();
  // no execution and no access, anywhere
  const region = { number: 0, rbar: 0, attributes: 1 << 28 };
  const core = (name: string): number | null => (name === 'msplim' ? null : state.core(name));
  expect(check('mpu').judge({ ...rest, state: { ...state, core, mpuRegion: () => region } }).because).toMatch(
    `does not allow ${who}${kind === 'mem-fetch' ? ' at' : ''} `,
  );
});

type MpuRegion = NonNullable<ReturnType<NonNullable<Subject['state']['mpuRegion']>>>;
describe('mpu', () => {
  /** One region over everything, with these rights for privileged code. */
  const under = (region: Omit<MpuRegion, 'number'>, v8: boolean): string => {
    const t = new FakeTarget();
    t.ppb.set(PPB.MPU_CTRL, 5);
    const { state, ...rest } = t.subject();
    const subject: Subject = {
      ...rest,
      state: {
        ...state,
        core: (name) => (name === 'msplim' && !v8 ? null : state.core(name)),
        mpuRegion: () => ({ number: 0, ...region }),
      },
    };
    return check('mpu').judge(subject).verdict;
  };
  it.each([
    [0, 'warn'],
    [1, 'pass'],
    [2, 'pass'],
    [3, 'pass'],
    [5, 'warn'],
    [6, 'warn'],
    [7, 'warn'],
  ])('PMSAv7: AP = %d for the stack and the RAM of the ROM: %s (ARMv7-M B3.5.9)', (ap, verdict) => {
    expect(under({ rbar: 0, attributes: ap << 24 }, false)).toBe(verdict);
  });
  it('PMSAv7: XN keeps the ROM from running', () => {
    expect(under({ rbar: 0, attributes: (1 << 28) | (3 << 24) }, false)).toBe('warn');
  });
  it.each([
    [0, 'pass'],
    [1, 'warn'],
    [2, 'pass'],
    [4, 'warn'],
    [6, 'warn'],
  ])('PMSAv8: RBAR = %d: %s (Armv8-M D1.2.170: XN bit 0, AP bits 2:1)', (rbar, verdict) => {
    expect(under({ rbar, attributes: 1 }, true)).toBe(verdict);
  });
});

describe('entry-address', () => {
  /** The jump went to the word in front of the reset vector; MSP holds that word, or another one. */
  const jumped = (msp: number): FakeTarget => {
    const t = new FakeTarget();
    t.entry = null;
    t.core['msp'] = msp;
    t.firstFault = { kind: 'bus-fetch', address: 0xfffffffe, pc: 0xfffffffe, from: 0x080002fe, at: 2 };
    return t;
  };
  const failure = (address: number): object => ({
    kind: 'jump',
    pc: 0x08000310,
    at: 2,
    address: 0xfffffffe,
    throughStack: false,
    loaded: { address, pc: 0x08000308, at: 1 },
  });
  it.each([
    ['the stack pointer comes from the same wrong place', 0x0bf97100, 0x20001000, 0x20001000, INITIAL_SP],
    ['the stack pointer is another one', 0x0bf97100, 0x20001000, 0x20003000, 0x20003000],
  ])('%s', (_what, place, word, msp, after) => {
    const t = jumped(msp);
    const whole = t.subject();
    const subject = {
      ...whole,
      state: { ...whole.state, read: (a: number, size: 1 | 2 | 4) => (a === place ? word : whole.state.read(a, size)) },
      history: { ...whole.history!, failure: failure(place) },
    } as unknown as Subject;
    const repair = check('entry-address').repair(subject)!;
    if (repair.at !== 'entry') throw new Error('no repair at the entry');
    expect(repair.acts).toBe('instead-of-fault');
    let jumpedTo = 0;
    const target = Object.assign(t, { jumpTo: (address: number) => void (jumpedTo = address) });
    repair.apply(target, subject);
    expect(t.core['msp']).toBe(after);
    expect(jumpedTo).toBe(RESET_VECTOR);
  });
});
