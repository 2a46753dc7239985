/** What a host can do behind the enumeration where the goal is another interface of the ROM, and what of board and firmware keeps it from that. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { hasReservations } from '../../src/bench/documents/reservations.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { optionBytes, run, STRAIGHT, words } from './after.ts';
import { plainJob } from './plain-job.ts';

describe('another goal than USB', () => {
  const proved = ({ diagnosis }: RunResult): RunResult['diagnosis']['causes'] => diagnosis.causes.filter((c) => c.proved);
  it.each([
    ['usart1', 'PA9'],
    ['can2', 'PB5'],
    ['can2', 'PB13'],
  ])('%s: a line that somebody else holds low, %s, carries nothing, and the board is the cause', (goal, pin) => {
    const result = run(...STRAIGHT, { goal, board: { pins: { [pin]: 0 } } });
    expect(result.goal.reached).toBe(false);
    expect(proved(result)).toMatchObject([{ id: 'board', what: pin }]);
  });
  it('PRIMASK that the firmware has set keeps the application deaf behind Go: the line that set it', () => {
    const result = run('f405-masked', 'stm32f405rg', { goal: 'usart1' });
    expect([result.goal.reached, hasReservations(result)]).toEqual([true, true]);
    const [, masked] = result.diagnosis.causes;
    expect(masked).toMatchObject({
      what: 'PRIMASK',
      proved: true,
      lastWriter: { file: expect.stringContaining('f405-masked/main.c'), line: 6 },
    });
    // what goes to one place stands together
    expect(shortReport(result)).toMatch(
      /Fix {4}in C:\n +\/\* at the start of main\(\) \*\/\n +SCB->VTOR = 0x08000000u;\n +__enable_irq\(\);\n/,
    );
  });
  it('a jump from an interrupt leaves the application that Go starts without its tick, also where that has printed its first line: the jump', () => {
    // prints at its start, then on each tick; a carriage return on USART1 leads into the ROM
    const starts = new Thumb(MAIN)
      .constant(0, 0x40021018) // RCC.APB2ENR: AFIO, GPIOA, USART1
      .constant(1, 0x4005)
      .str(1, 0)
      .constant(0, 0x40010804) // GPIOA.CRH: PA9 alternate function
      .constant(1, 0x444444b4)
      .str(1, 0)
      .constant(5, 0x40013800) // USART1 at 9600 baud, RXNEIE
      .constant(1, 833)
      .str(1, 5, 8)
      .constant(1, 0x202c)
      .str(1, 5, 12)
      .movs(4, 'A'.charCodeAt(0))
      .str(4, 5, 4)
      .constant(0, 0xe000e104)
      .movs(1, 1 << 5)
      .str(1, 0)
      .constant(6, 0x20000400)
      .movs(1, 0)
      .str(1, 6)
      .constant(0, 0xe000e010) // SysTick every 10 ms
      .constant(1, 80_000)
      .str(1, 0, 4)
      .movs(1, 7)
      .str(1, 0)
      .label('wait')
      .ldr(0, 6)
      .cmp(0, 0)
      .beq('wait')
      .movs(0, 0)
      .str(0, 6)
      .str(4, 5, 4)
      .b('wait');
    const [onTick, onByte] = [0x080002a0, 0x080002c0];
    const ticks = new Thumb(onTick).constant(1, 0x20000400).movs(0, 1).str(0, 1).bxLr();
    const leaves = new Thumb(onByte)
      .constant(1, 0x40013800)
      .ldr(0, 1, 4)
      .cmp(0, '\r'.charCodeAt(0))
      .beq('jumps')
      .bxLr()
      .label('jumps')
      .movs(0, 0)
      .str(0, 1, 12)
      .constant(1, 0xe000e010)
      .str(0, 1)
      .str(0, 1, 4)
      .str(0, 1, 8)
      .constant(1, 0xe000e184)
      .movs(0, 1 << 5)
      .str(0, 1)
      .constant(3, 0x1ffff000)
      .ldr(0, 3)
      .ldr(1, 3, 4)
      .put(0xf380, 0x8808) // MSR MSP, r0
      .bx(1);
    const images = bareImage(starts);
    const { bytes } = images[0]!;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (const [vector, at, handler] of [[15, onTick, ticks] as const, [16 + 37, onByte, leaves] as const]) {
      view.setUint32(4 * vector, at | 1, true);
      bytes.set(handler.bytes(), at & 0xffff);
    }
    const steps = [{ at: '100ms', do: { uart: { port: 'USART1', text: '\r' } } }] as const;
    const result = runBench(jobInput({ ...plainJob('stm32f103c8', images, { goal: 'usart1', steps: [...steps] }), after: true }));
    expect(result.goal.reached).toBe(true);
    expect(words(result)).toBe('ok ok ok ok ok ok failed');
    expect(proved(result)).toMatchObject([{ id: 'handler-mode' }]);
  });
  it('USART1 of F1 that the firmware has remapped does not answer at PA9: the write is the cause', () => {
    const program = new Thumb(MAIN)
      .constant(4, 0x40021018) // RCC.APB2ENR
      .movs(0, 1)
      .str(0, 4)
      .constant(4, 0x40010004) // AFIO.MAPR
      .movs(0, 4)
      .str(0, 4)
      .constant(3, 0x1ffff000)
      .ldr(0, 3)
      .ldr(1, 3, 4)
      .put(0xf380, 0x8808)
      .bx(1);
    const result = runBench(jobInput(plainJob('stm32f103c8', bareImage(program), { goal: 'usart1' })));
    expect(result.goal.reached).toBe(false);
    expect(proved(result)).toMatchObject([{ id: 'state', what: 'AFIO.MAPR.USART1_REMAP' }]);
    expect(proved(result)[0]!.lastWriter).not.toBeNull();
    expect(proved(result)[0]!.fix).toBe('AFIO->MAPR &= ~0x4u;   /* USART1_REMAP */');
  });
  it('BOOT0 high on a part whose option bytes do not look at the pin', () => {
    const rises = {
      steps: [
        { at: '1ms', do: { pin: { name: 'BOOT0', level: 1 } } },
        { at: '2ms', do: { nrst: { for: '1ms' } } },
      ],
    } as const;
    for (const scenario of [{ board: { boot0: 1 } } as const, rises]) {
      const result = run('g0-boot0-ignored', 'stm32g071rb', { goal: 'usart1', ...scenario });
      expect(proved(result)).toMatchObject([{ id: 'board', what: 'nBOOT_SEL' }]);
    }
  });
  it.each(['usart1', 'usart3', 'i2c1', 'can2'])('%s: the commands of the ROM, up to Go', (goal) => {
    const result = run('f405-request-kept', 'stm32f405rg', { goal, board: { boot0: 1 } });
    expect(words(result)).toBe('ok ok ok ok ok ok ok');
    expect(result.after!.list.because).toMatch(/^\d+ commands, product ID 0x413$/);
    expect(result.after!.alive.because).toMatch(/^it prints to [A-Z0-9]+$/);
    expect(hasReservations(result)).toBe(false);
  });
  it.each([
    ['usart1', { RDP: 0xbb }, 'RDP', /Read Memory at 0x08000000 is answered with NACK/],
    ['i2c1', { RDP: 0xbb }, 'RDP', /Read Memory at 0x08000000 is answered with NACK/],
    ['can2', { nWRP: 0xffe }, 'nWRP', /the device says that the page at 0x08000000 is erased, and it is not/],
  ] as const)('%s, %o: the board is the cause', (goal, bytes, what, because) => {
    const result = run(...STRAIGHT, { goal, ...optionBytes(bytes) });
    expect([result.goal.reached, hasReservations(result)]).toEqual([true, true]);
    expect(result.diagnosis).toMatchObject({ sets: [['board']], causes: [{ id: 'board', what, proved: true }] });
    expect(shortReport(result).replace(/\s+/g, ' ')).toMatch(because);
  });
  it('what no client is here for is said', () => {
    const { after } = run(...STRAIGHT, { goal: 'spi1' });
    expect(after!.list).toEqual({ result: 'not-tried', because: 'no client for SPI1 is here' });
  });
  it('a ROM that does not answer there refuses the goal', () =>
    expect(() => run('jump-1ffff000', 'stm32f105rc', { goal: 'can2' })).toThrow(
      'the ROM of STM32F105RC has CAN2, but its stand-in here does not answer on CAN2',
    ));
});
