/** The stand-in ROM of the F4 on the emulated F405 and F411: booted by BOOT0, its crystal measured, seen by the host, programmed byte by byte, left. */
import { describe, expect, it } from 'vitest';
import type { StepAction } from '../../src/bench/documents/scenario-types.ts';
import { hex, pinBoot, program, run } from './course.ts';

const OTHERS = ['@Option Bytes  /0x1FFFC000/01*016 e', '@OTP Memory /0x1FFF7800/01*512 e,01*016 e', '@Device Feature/0xFFFF0000/01*004 e'];

describe.each([
  ['STM32F405RG', '@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg'],
  ['STM32F411RE', '@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg'],
] as const)('%s booted by its pin', (chip, flash) => {
  it('enumerates with the descriptors of its generation, takes a download across two sectors and leaves into it', () => {
    const data = Uint8Array.from({ length: 2100 + 5 }, (_, i) => (i * 37 + (i >> 5)) & 0xff);
    const at = 0x0800c000 - 1024;
    const steps: { after: string; do: StepAction }[] = [
      { after: '1500ms', do: { dfu: { download: { hex: hex(data), address: at } } } },
      { after: '10ms', do: { dfu: { download: { hex: hex(program(0x08004000)), address: 0x08004000 } } } },
      { after: '10ms', do: { dfu: { leave: 0x08004000 } } },
    ];
    const { s, end } = run(chip, { board: pinBoot, steps, until: '4s' });
    // D+ comes up on HSI first; once the host has reset the bus the ROM goes away, measures the crystal and comes back.
    expect(s.usb.sessions.filter((x) => x.attached !== null)).toHaveLength(2);
    expect(s.usb.sessions.find((x) => x.enumerated !== null)).toMatchObject({
      vid: 0x0483,
      pid: 0xdf11,
      bcdDevice: 0x2200,
      product: 'STM32  BOOTLOADER',
      altSettings: [flash, ...OTHERS],
    });
    const core = s.machine.bootCore;
    expect(hex(Uint8Array.from(data, (_, i) => core.peek(at + i, 1) ?? -1))).toBe(hex(data));
    expect(end.outcome).toBe('dfu'); // latched: the leave was asked for
    expect(core.pc >= 0x08004008 && core.pc < 0x0800400c, core.pc.toString(16)).toBe(true);
  }, 240_000);

  it.each([4, 12, 26])(
    'a crystal of %i MHz is measured with TIM11 and feeds the PLL: 60 MHz and 48 MHz',
    (mhz) => {
      const { s, end } = run(chip, { board: { ...pinBoot, hse: { hz: mhz * 1e6, kind: 'crystal' } } });
      expect(end.outcome).toBe('dfu');
      const hz = (clock: string): number => {
        const r = s.machine.system.clock(clock).rate!;
        return r.num / r.den;
      };
      expect([hz('hclk'), hz('usb')]).toEqual([60e6, 48e6]);
      expect(s.machine.fieldValue('RCC.PLLCFGR.PLLM')).toBe(mhz);
    },
    120_000,
  );
  it('without a crystal there is no USB (AN2606: HSE is needed): the ROM resets the chip once a host is there, and BOOT0 starts it again', () => {
    const { s, end } = run(chip, { board: { ...pinBoot, hse: null } });
    expect(end.outcome).toBe('reset-loop');
    expect(s.usb.sessions.every((x) => x.enumerated === null)).toBe(true);
    const silent = run(chip, { board: { ...pinBoot, hse: null }, romOptions: { 'hse-missing': 'stays-silent' } });
    expect(silent.end.outcome).toBe('rom-silent');
    expect(silent.s.machine.history.resets).toHaveLength(1);
  }, 120_000);
  it('no host, no choice of USB, no reset: the crystal is not asked for before', () => {
    const { s, end } = run(chip, { board: { ...pinBoot, hse: null }, host: { cable: 'out' } });
    expect(end.outcome).toBe('rom-silent');
    expect(s.machine.history.resets).toHaveLength(1);
  }, 120_000);
});

describe('F405: the time that the ROM gives its crystal (AN2606 Table 227)', () => {
  it('V3.1 waits 0.79 ms, and a crystal of 2 ms never comes; V9.1 waits 96 ms', () => {
    const version = (romVersion: string): string => run('STM32F405RG', { board: pinBoot }, romVersion).end.outcome;
    expect([version('V3.1'), version('V9.1')]).toEqual(['reset-loop', 'dfu']);
  }, 120_000);
});
