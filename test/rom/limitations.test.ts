/** Known limitations of each version, against AN2606 Rev 70's version tables written down apart: by ROM and version a word of each. A version without known limitations has none. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { limitationsOf } from '../../src/rom/limitations.ts';
import { ROM_PROFILES } from '../../src/rom/profiles.ts';
import { plainJob } from '../bench/plain-job.ts';
import { hex, pinBoot, program, run } from './course.ts';

const F0 = 'HSITRIM PA13 high-speed';
const F4 = 'AHB1ENR';
const BOTH = 'two.NACKs';
const JTAG = 'PA13.to.PA15';
const AN2606: Readonly<Record<string, string>> = {
  stm32c011: 'V5.1:',
  stm32c031: 'V5.2:',
  stm32c071: 'V13.1: empty.check',
  stm32f030x6: `V1.0: ${BOTH}`,
  stm32f030x8: `V2.1: HSITRIM ${BOTH} PA13`,
  stm32f030xc: 'V5.2: PA13',
  stm32f042: `V10.0: ${F0}; V10.1: ${F0}`,
  stm32f070x6: 'V10.2: HSITRIM high-speed; V10.3: HSITRIM high-speed',
  stm32f070xb: `V10.2: ${F0}; V10.3: ${F0}`,
  stm32f072: `V10.1: ${F0}`,
  stm32f091: 'V5.0: HSITRIM PA13',
  // The chapters of F1 have no column for them: what the next version mends.
  stm32f103: 'V2.0: Get.ID 512; V2.1: 512; V2.2:',
  stm32f105: 'V1.0: PD6 Get.Version erasable; V2.0: Get.Version PA9 erasable; V2.1: erasable; V2.2:',
  stm32f207: `V3.2: no.NACK erasable; V3.3: ${BOTH} CAN`,
  stm32f301x8: 'V4.0: high-speed',
  stm32f302x8: 'V4.0: high-speed',
  stm32f303xc: 'V4.1:',
  stm32f303xe: 'V4.0: high-speed',
  stm32f303x8: 'V5.0:',
  stm32f318x8: 'V5.0:',
  stm32f358xc: 'V5.0: 57600',
  stm32f398xe: 'V5.0:',
  stm32f401: `V13.1: ${F4}`,
  stm32f401xc: `V13.0: ${F4} SPRMOD`,
  stm32f405: `V3.0: no.NACK erasable ${F4}; V3.1: ${BOTH} CAN ${F4}; V9.0: ${BOTH} CAN ${F4}; V9.1:`,
  stm32f411: `V13.0: ${F4}`,
  stm32f412: `V9.0: ${F4} USART3; V9.1: ${F4}`,
  stm32f413: `V9.0: ${F4}`,
  stm32f429: `V7.0: CAN bank.2 ${F4}; V9.0: bank.2 ${F4}; V9.1: CAN bank.2 ${F4}`,
  stm32f446: `V9.0: ${F4}`,
  stm32f469: `V9.0: ${F4}`,
  stm32f722: 'V9.0: 115200',
  stm32f746: 'V7.0:; V9.0: 115200',
  stm32f767: 'V9.3: BOOT_ADD1 115200 bank.2',
  stm32g030: 'V5.1: packages PA3; V5.2: PA3; V5.3:; V5.4:',
  stm32g050: 'V5.0: USART2; V5.1: stretching',
  stm32g0b0: 'V13.0: bank.2 empty.check',
  stm32g0b1: 'V9.2: DBG_SWEN bank.2 empty.check',
  stm32g070: 'V11.0: LQFP64; V11.1:; V11.2: loaded HSITRIM parity; V11.3: empty.check more.than.one.sector PC11; V11.4:',
  stm32g431: 'V13.3: CCM; V13.4:',
  stm32g474: 'V13.3: bank.2; V13.4: CCM; V13.5:',
  stm32g491: 'V13.2:',
  stm32h503: 'V14.1: HDP; V14.2:',
  stm32h5: 'V14.0: package I3C; V14.2:',
  stm32h563: 'V14.3: HDP; V14.4: EEPROM; V14.5:',
  // PWR_CR3 in V9.1: by the configuration table.
  stm32h723: 'V9.1: changed layout PWR_CR3; V9.2: cable TCM_AXI_SHARED.not PWR_CR3; V9.3:',
  stm32h745:
    'V13.2: Go.does USART2 I2C:; V13.3: DFU; V9.0: acknowledged FDCAN PB15 16.bytes PA11 CM4 SRAM1 number; V9.1: PB15 SRAM1 16.bytes bank.2 TX; V9.2: PB15 SRAM1 16.bytes',
  stm32l051: 'V12.0: PA13',
  stm32l071: 'V11.1:; V11.2:',
  stm32l072: 'V4.0: PA4; V4.1: PA4 high-speed',
  stm32l1xxb: `V2.0: no.NACK ${JTAG}`,
  stm32l1xxc: `V4.0: ${BOTH} ${JTAG} high-speed`,
  stm32l1xxd: `V4.1: slow RTC; V4.2: eight end.of.SRAM; V4.5: ${BOTH} high-speed`,
  stm32l1xxe: `V4.0: ${BOTH} ${JTAG} high-speed`,
  stm32l412: 'V13.1: two.ACKs PCROP',
  stm32l431: 'V9.1: 256 clock.recovery RTCAPBEN PCROP SPI RTC$',
  stm32l432: 'V9.1: 256 clock.recovery RTCAPBEN PCROP SPI RTC$',
  stm32l451: 'V9.2: PCROP SPI',
  stm32l452: 'V9.2: PCROP SPI',
  stm32l476: 'V9.0: 256 SRAM; V9.1:; V9.2: 256 PCROP SPI; V10.1: 256 SRAM; V10.2: 256; V10.3: 256 PCROP',
  stm32l496: 'V9.3: bank SPI PCROP',
  stm32l4r5: 'V9.0:; V9.5:',
  stm32u575: 'V9.2: FDCAN RDP; V9.3: FDCAN',
  stm32wb55: 'V13.5: power-on Write.Protect',
};

/** PWR_CR3 of H74x stands in the configuration table, until 0x91, and of V13.x nothing says that it was otherwise. */
const NOT_IN_THE_VERSION_TABLE = /PWR_CR3/;

it('every ROM is in the table', () => expect(ROM_PROFILES.map((p) => p.id).sort()).toEqual(Object.keys(AN2606).sort()));

describe.each(ROM_PROFILES.map((p) => [p.id, p] as const))('%s', (id, profile) => {
  const listed = AN2606[id]!.split('; ').map((part) => part.split(':'));
  it.each(listed.map(([version, ...words]) => [version!, words.join(':').trim()] as const))('%s: %s', (version, words) => {
    expect(profile.versions.value).toContain(version);
    const has = limitationsOf(id)
      .filter((l) => l.versions.includes(version))
      .map((l) => l.what)
      .filter((what) => id !== 'stm32h745' || !NOT_IN_THE_VERSION_TABLE.test(what));
    const patterns = words === '' ? [] : words.split(' ').map((w) => new RegExp(w.replaceAll('.', ' ')));
    expect(has).toHaveLength(patterns.length);
    for (const pattern of patterns)
      expect(
        has.some((what) => pattern.test(what)),
        `${pattern} in ${has.join('; ')}`,
      ).toBe(true);
    for (const what of has)
      expect(
        patterns.some((pattern) => pattern.test(what)),
        what,
      ).toBe(true);
  });
  it('all of its versions are listed', () => expect(listed.map(([v]) => v).sort()).toEqual([...profile.versions.value].sort()));
});

it.each([
  ['V9.0', 0],
  ['V9.1', 1],
])('F405 %s: behind a leave port A has its clock (%i) or RCC_AHB1ENR is 0', (version, on) => {
  const at = 0x08004000;
  const { s } = run(
    'STM32F405RG',
    {
      board: pinBoot,
      steps: [
        { at: '1.5s', do: { dfu: { download: { address: at, hex: hex(program(at)) } } } },
        { after: '10ms', do: { dfu: { leave: at } } },
      ],
    },
    version,
  );
  expect(s.machine.bootCore.pc).toBe(at + 8);
  expect(s.machine.fieldValue('RCC.AHB1ENR.GPIOAEN')).toBe(on);
});

it.each([
  ['G070RB', 'V11.3', 0],
  ['G070RB', 'V11.4', 1],
  ['G030K8', 'V5.4', 1],
  ['G050K8', 'V5.1', 1],
  ['C011F6', 'V5.1', 1],
  ['C071RB', 'V13.1', 0],
])('%s %s: once the ROM runs FLASH_ACR.EMPTY is %i', (part, version, empty) => {
  const job = plainJob(`STM32${part}`, [], { board: pinBoot, until: '20ms' });
  const s = new Session(jobInput({ ...job, rom: { ...job.rom, version } }));
  s.run();
  expect(s.machine.fieldValue('FLASH.ACR.EMPTY')).toBe(empty);
});
