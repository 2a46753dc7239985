/** AIRCR.VECTRESET resets the core alone (DDI 0403 B3.2.6): the chip around it keeps its state and its reset flags. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { S } from '../../src/emu/core/state.ts';
import { MS } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';
import { Thumb } from './thumb.ts';

const FLASH = 0x08000000;
const AIRCR = 0xe000ed0c;
const VECTRESET = 0x05fa0001;

/** Starts at FLASH + 0x200. */
function sessionOf(chip: string, ram: number, program: (t: Thumb) => Thumb): Session {
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  view.setUint32(0, ram + 0x1000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + 0x201, true);
  image.set(program(new Thumb(FLASH + 0x200)).bytes(), 0x200);
  return new Session(jobInput(plainJob(chip, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
}

describe('VECTRESET', () => {
  it('enters the ROM that SYSCFG_MEMRMP shows at 0: no mask, RCC as it was, no new reset flag (F405)', () => {
    const [AHB1ENR, APB2ENR, MEMRMP] = [0x40023830, 0x40023844, 0x40013800];
    const s = sessionOf('stm32f405', 0x20000000, (t) =>
      t
        .constant(1, AHB1ENR)
        .movs(0, 5)
        .str(0, 1)
        .constant(1, APB2ENR)
        .constant(0, 0x4000)
        .str(0, 1)
        .constant(1, MEMRMP)
        .movs(0, 1)
        .str(0, 1)
        .cpsidI()
        .constant(1, AIRCR)
        .constant(0, VECTRESET)
        .str(0, 1)
        .dsb()
        .label('x')
        .b('x'),
    );
    s.run({ until: 5 * MS });
    const { history } = s.machine;
    expect(history.resets.map((r) => r.by)).toEqual(['power', 'core']);
    expect(history.resets[1]!.flags).toEqual(history.resets[0]!.flags);
    expect(history.entries[0]).toMatchObject({ how: 'boot', fromPc: null, reached: true });
    expect(history.entries[0]!.registers).toMatchObject({ primask: 0, vtor: 0 });
    s.restore(s.entryCheckpoint!);
    expect(s.machine.fieldValue('RCC.AHB1ENR.GPIOCEN')).toBe(1);
    s.release();
  });

  it('starts again at the table that the option bytes name where nothing is remapped (M7 of H745)', () => {
    const AHB4ENR = 0x580244e0;
    // the clock of GPIOA tells the second start from the first
    const s = sessionOf('stm32h745', 0x20000000, (t) =>
      t
        .constant(1, AHB4ENR)
        .ldr(0, 1)
        .movs(2, 1)
        .tst(0, 2)
        .bne('again')
        .str(2, 1)
        .constant(1, AIRCR)
        .constant(0, VECTRESET)
        .str(0, 1)
        .dsb()
        .label('again')
        .b('again'),
    );
    s.keepCheckpoints = false;
    s.run({ until: 5 * MS });
    const own = s.machine.history.resets.filter((r) => r.core === 0);
    expect(own.map((r) => r.by)).toEqual(['power', 'core']);
    expect(s.machine.bootCore.get(S.PC)).toBeGreaterThanOrEqual(FLASH + 0x200);
    expect(s.machine.fieldValue('RCC.AHB4ENR.GPIOAEN')).toBe(1);
    s.release();
  });

  it('does not exist on ARMv6-M and ARMv8-M', () => {
    for (const chip of ['stm32f072', 'stm32h533']) {
      const s = sessionOf(chip, 0x20000000, (t) => t.constant(1, AIRCR).constant(0, VECTRESET).str(0, 1).dsb().label('x').b('x'));
      s.run({ until: 5 * MS });
      expect(s.machine.history.resets).toHaveLength(1);
      s.release();
    }
  });

  it('leaves a raised interrupt line raised: it is pending again behind the reset', () => {
    const s = sessionOf('stm32f405', 0x20000000, (t) => t.constant(1, AIRCR).constant(0, VECTRESET).str(0, 1).dsb().label('x').b('x'));
    const { machine } = s;
    machine.bootCore.irq(28, true);
    machine.bootCore.set(S.NVIC_PENDING, 0);
    machine.observer = { ...machine.observer, reset: () => machine.stop() };
    expect(machine.run(5 * MS)).toBe('stopped');
    expect(machine.bootCore.get(S.NVIC_PENDING) >>> 28).toBe(1);
    expect(machine.bootCore.get(S.NVIC_ENABLED)).toBe(0);
    s.release();
  });
});
