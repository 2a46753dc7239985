/** The stand-in ROMs on the emulated chips: booted by BOOT0, seen by the host, programmed, left. */
import { describe, expect, it } from 'vitest';
import type { Scenario, StepAction } from '../../src/bench/documents/scenario-types.ts';
import type { Session } from '../../src/bench/session/session.ts';
import { CHIPS } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { S } from '../../src/emu/core/state.ts';
import { findRomProfile, ROM_PROFILES } from '../../src/rom/profiles.ts';
import { hex, pinBoot, program, run } from './course.ts';

/** Not a multiple of any programming unit, nor of a block. */
const DATA = Uint8Array.from({ length: 2600 + 5 }, (_, i) => (i * 37 + (i >> 5)) & 0xff);

describe('every chip of the catalogue has a stand-in ROM', () => {
  it.each(CHIPS.map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
    const profile = findRomProfile(chip.rom!.id);
    expect(profile, chip.rom!.id).toBeDefined();
    expect(profile!.base).toBe(chip.rom!.vectorTable.value);
    const memory = profile!.systemMemory.value;
    // F1: flash size and unique ID in the last 32 bytes.
    const size = profile!.family === 'F1' ? memory.size - 32 : memory.size;
    const row = chip.memories.find((m) => m.zone === 'systemMemory' && m.base <= memory.base && m.base + m.size >= memory.base + size);
    expect(row, 'system memory in the memory map').toBeDefined();
  });
  it('no two profiles share an id', () => {
    expect(new Set(ROM_PROFILES.map((p) => p.id)).size).toBe(ROM_PROFILES.length);
  });
});

const EXPECTED: readonly { chip: string; product: string; bcdDevice: number; alts: readonly string[]; page: number }[] = [
  {
    chip: 'STM32L476RG',
    product: 'STM32  BOOTLOADER',
    bcdDevice: 0x2200,
    page: 0x08040000,
    alts: [
      '@Internal Flash  /0x08000000/0512*0002Kg',
      '@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e',
      '@OTP Memory /0x1FFF7000/01*0001Ke',
      '@Device Feature/0xFFFF0000/01*004 e',
    ],
  },
  {
    chip: 'STM32L496ZG',
    product: 'STM32  BOOTLOADER',
    bcdDevice: 0x2200,
    page: 0x080a0000,
    alts: [
      '@Internal Flash  /0x08000000/0512*0002Kg',
      '@Option Bytes  /0x1FFF7800/01*040 e/0x1FFFF800/01*040 e',
      '@OTP Memory /0x1FFF7000/01*0001Ke',
      '@Device Feature/0xFFFF0000/01*004 e',
    ],
  },
  {
    chip: 'STM32F072RB',
    product: 'STM32  BOOTLOADER',
    bcdDevice: 0x2200,
    page: 0x08010000,
    alts: ['@Internal Flash  /0x08000000/064*0002Kg', '@Option Bytes  /0x1FFFF800/01*016 e'],
  },
  {
    chip: 'STM32H745XI',
    product: 'DFU in FS Mode',
    bcdDevice: 0x0200,
    page: 0x08120000,
    alts: ['@Internal Flash   /0x08000000/16*128Kg', '@Option Bytes   /0x5200201C/01*128 e'],
  },
];

describe.each(EXPECTED.map((e) => [e.chip, e] as const))('%s booted by its pin', (chip, e) => {
  it('enumerates with the descriptors of its generation, takes a download and leaves into it', () => {
    const image = new Uint8Array([...program(e.page), ...DATA]);
    const steps: { after: string; do: StepAction }[] = [
      { after: '1500ms', do: { dfu: { download: { hex: hex(image), address: e.page } } } },
      { after: '10ms', do: { dfu: { leave: e.page } } },
    ];
    const { s, end } = run(chip, { board: pinBoot, steps, until: '4500ms' });
    const [device] = s.usb.sessions;
    expect(device).toMatchObject({ vid: 0x0483, pid: 0xdf11, bcdDevice: e.bcdDevice, product: e.product, altSettings: e.alts });
    const written = Uint8Array.from(image, (_, i) => s.machine.bootCore.peek(e.page + i, 1) ?? -1);
    expect(hex(written)).toBe(hex(image));
    expect(end.outcome).toBe('dfu'); // latched: the leave was asked for
    const pc = s.machine.bootCore.pc;
    expect(pc >= e.page + 8 && pc < e.page + 12, pc.toString(16)).toBe(true);
  }, 120_000);
});

describe('L476: the clock of USB', () => {
  const outcome = (board: Scenario['board']): string => run('STM32L476RG', { board: { ...pinBoot, ...board } }).end.outcome;
  it('neither LSE nor HSE: no USB', () => expect(outcome({ lse: null })).toBe('rom-silent'), 120_000);
  it.each([4, 24])(
    'no LSE, but HSE of %i MHz, which is measured',
    (mhz) => {
      expect(outcome({ lse: null, hse: { hz: mhz * 1e6, kind: 'crystal' } })).toBe('dfu');
    },
    120_000,
  );
  it('no LSE and HSE of 10 MHz, which AN2606 does not list: no USB', () => {
    expect(outcome({ lse: null, hse: { hz: 10e6, kind: 'crystal' } })).toBe('rom-silent');
  }, 120_000);
});

describe('L476: the bank check', () => {
  const entered = (scenario: Partial<Scenario>): string => run('STM32L476RG', { until: '1500ms', ...scenario }).end.outcome;
  it('BFB2 = 1 and BOOT0 low: the ROM goes on to the bank with a stack pointer; BOOT0 high: it stays', () => {
    expect(entered({ board: { optionBytes: { BFB2: 1 } } })).toBe('back-in-app');
    expect(entered({ board: { ...pinBoot, optionBytes: { BFB2: 1 } } })).toBe('dfu');
  }, 120_000);
});

describe('L4: voltage range 2 left by the application', () => {
  it.each(['STM32L476RG', 'STM32L496ZG'])(
    '%s: the ROM does not change it and there is no DFU (AN2606 Tables 168 and 172)',
    (chip) => {
      const poke = (address: string, value: string): StepAction => ({ poke: { address, value, size: 4 } });
      const steps = [
        { at: '10us', do: poke('0x40021058', '0x10000000') }, // PWREN
        { after: '1us', do: poke('0x40007000', '0x00000400') }, // VOS = 2
      ];
      const { s, end } = run(chip, { board: pinBoot, steps });
      expect(s.machine.system.wire('vos')).toBe(2);
      expect(end.outcome).toBe('rom-silent');
    },
    120_000,
  );
});

describe('a watchdog that the option bytes start', () => {
  it.each(['STM32L476RG', 'STM32F072RB'])(
    '%s: the ROM slows and feeds it (AN2606 4.8)',
    (chip) => {
      const { s, end } = run(chip, { board: { ...pinBoot, optionBytes: { IWDG_SW: 0 } }, until: '2500ms' });
      expect(end.outcome).toBe('dfu');
      expect(s.machine.history.resets.map((r) => r.by)).toEqual(['power']);
      expect((s.machine.bootCore.peek(0x40003004, 4) ?? 0) & 7, 'IWDG_PR').toBe(6);
    },
    120_000,
  );
});

describe('bootloader ID byte (AN2606 Table 3)', () => {
  it.each([
    ['stm32l476', 0x1fff6ffe, 0xa3],
    ['stm32l496', 0x1fff6ffe, 0x93],
    ['stm32f072', 0x1ffff6a6, 0xa1],
    ['stm32h745', 0x1ff1e7fe, 0x92],
    ['stm32f405', 0x1fff77de, 0x91],
    ['stm32f411', 0x1fff76de, 0xd0],
  ])('%s has it at its address', (id, address, value) => {
    const profile = findRomProfile(id)!;
    expect(romImage(profile.image)[address - profile.base]).toBe(value);
  });
});

it.each(['STM32F042K6', 'STM32F070C6'])('%s: the ROM goes back to a program in flash after a jump; booted by BOOT0 it stays', (chip) => {
  expect(run(chip, { board: pinBoot }).end.outcome).toBe('dfu');
});

describe('what a leave leaves behind hangs on options', () => {
  const left = (chip: string, at: number, romOptions: Record<string, string>): Session => {
    const steps: { after: string; do: StepAction }[] = [
      { after: '1500ms', do: { dfu: { download: { hex: hex(program(at)), address: at } } } },
      { after: '10ms', do: { dfu: { leave: at } } },
    ];
    return run(chip, { board: pinBoot, steps, until: '4500ms', romOptions }).s;
  };
  it.each([
    ['thread', 0],
    ['isr', 16 + 101],
  ])(
    'H745, leave-context = %s: the program starts with IPSR = %i',
    (value, ipsr) => {
      const s = left('STM32H745XI', 0x08120000, { 'leave-context': value });
      expect(s.machine.bootCore.pc >>> 4).toBe(0x0812000);
      expect(s.machine.bootCore.get(S.IPSR)).toBe(ipsr);
    },
    120_000,
  );
  it.each([
    ['STM32H533RE', 'leaves', [0xc335827f, 0x12009500, 0x05bfe006], 0],
    ['STM32H533RE', 'clears', [0, 0, 0], 1],
    ['STM32H563ZI', 'leaves', [0xc335827f, 0x12009500, 0x05bfe006], 0],
  ] as const)(
    '%s, pin-boot-security = %s: GTZC1_TZSC holds %j, TIM2 gets %i clock and USART2 has one',
    (chip, value, words, tim2) => {
      const { machine } = left(chip, 0x08020000, { 'pin-boot-security': value });
      const { system } = machine;
      expect(machine.bootCore.pc >>> 4).toBe(0x0802000);
      expect([0, 1, 2].map((n) => (machine.bootCore.peek(0x40032410 + 4 * n, 4) ?? 0) >>> 0)).toEqual(words);
      const ENR = 0x44020c9c;
      system.write(ENR, 4, 0x00020001);
      expect(system.read(ENR, 4) & 0x00020001).toBe(0x00020000 + tim2);
      // nobody but secure code gives it back
      system.write(0x40032410, 4, 0);
      expect((machine.bootCore.peek(0x40032410, 4) ?? 0) >>> 0).toBe(words[0]);
    },
    120_000,
  );
  it.each([
    ['keeps', 0x002a0022],
    ['restores', 0],
  ])(
    'F746, leave-muxes = %s: the clocks of USART1, USART3 and I2C1 to I2C3 are %i in DCKCFGR2',
    (value, clocks) => {
      const s = left('STM32F746ZG', 0x08020000, { 'leave-muxes': value });
      expect(s.machine.bootCore.pc >>> 4).toBe(0x0802000);
      expect((s.machine.bootCore.peek(0x40023890, 4) ?? -1) & 0x003f0033).toBe(clocks);
    },
    120_000,
  );
});
