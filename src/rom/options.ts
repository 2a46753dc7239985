/**
 * The options of the stand-in ROMs: what ST's text leaves open, as values that a run can change (`--rom-option id=value`). Ids, values and
 * their order are a contract; so is the order of the words in the option block (rom/common/options.h has the same order).
 * The first value of a list is the default unless a family's row says otherwise; a family without a row lacks the option.
 */
import type { Confidence } from '../emu/confidence.ts';

export const ROM_OPTION_VALUES = {
  primask: ['keeps', 'clears'],
  faultmask: ['keeps', 'clears'],
  basepri: ['keeps', 'clears'],
  'nvic-enabled': ['keeps', 'clears'],
  'nvic-pending': ['keeps', 'clears'],
  mpu: ['keeps', 'clears'],
  control: ['keeps', 'clears'],
  msplim: ['keeps', 'clears'],
  icache: ['keeps', 'clears'],
  dcache: ['keeps', 'clears'],
  vtor: ['sets', 'keeps'],
  remap: ['keeps', 'sets'],
  'usb-supply': ['sets', 'keeps'],
  hsi48: ['sets', 'keeps'],
  sysclk: ['sets', 'keeps'],
  prescalers: ['sets', 'keeps'],
  'flash-latency': ['sets', 'keeps'],
  vos: ['keeps', 'sets'],
  systick: ['off', 'uses', 'keeps'],
  'unexpected-exception': ['loops', 'resets', 'returns'],
  'bank-check': ['bfb2', 'always', 'never'],
  'reset-flags': ['ignores', 'software-returns'],
  'sysflash-gap': ['erased', 'zero', 'fault', 'decoy', 'decoy-resets'],
  iwdg: ['refreshes', 'ignores'],
  leave: ['answers', 'silent'],
  'leave-vtor': ['keeps', 'sets'],
  'leave-remap': ['keeps', 'restores'],
  'leave-clocks': ['keeps', 'restores'],
  'leave-flash': ['locked', 'unlocked', 'errors'],
  'leave-muxes': ['restores', 'keeps'],
  'leave-context': ['thread', 'isr'],
  'kernel-clocks': ['keeps', 'sets'],
  'pwr-lock': ['none', 'locks'],
  'pin-boot-security': ['leaves', 'clears'],
  'hse-missing': ['resets', 'stays-silent'],
  hsi: ['sets', 'needs'],
  'jump-empty-check': ['flash-erased', 'or-boot0', 'none'],
  'vector-table': ['plausible', 'secure-alias'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type RomOptionId = keyof typeof ROM_OPTION_VALUES;
/** Options that change the bytes that are loaded and that no ROM code asks for: they stand last and have no word in the block. */
const WORDLESS: readonly RomOptionId[] = ['vector-table'];
/** In the order of the words in the option block. */
export const ROM_OPTION_IDS = (Object.keys(ROM_OPTION_VALUES) as readonly RomOptionId[]).filter((id) => !WORDLESS.includes(id));

/** Word of an option that a family lacks. */
export const ABSENT_WORD = 0xffffffff;

export type RomFamily = 'F3' | 'H5' | 'H7' | 'L4' | 'G4' | 'G0' | 'F0' | 'F1' | 'F4' | 'F7' | 'C0' | 'L0' | 'L1' | 'U5';

/** What a ROM of a family does, and how sure that is. */
export interface RomOptionDefault {
  readonly value: string;
  readonly confidence: Confidence;
  readonly source: string;
  /** Read in ST's own code: no other value can be chosen, and the value may be none of the list. */
  readonly settled?: true;
}
export type RomOptionDefaults = Readonly<Partial<Record<RomOptionId, RomOptionDefault>>>;

export const is = (value: string, confidence: Confidence, source: string): RomOptionDefault => ({ value, confidence, source });

const NOBODY_KNOWS = 'nothing published';
const MASKS = is(
  'keeps',
  'assumed',
  'AN2606 4.1: the caller has to enable interrupts again where the ROM uses them (documented as a rule, not per product); G03x/04x V5.4 is listed as newly clearing PRIMASK',
);
const NVIC = is('keeps', 'assumed', 'AN2606 4.1 asks the caller to disable and clear interrupts; nothing says that the ROM does it');
const KEPT = is('keeps', 'assumed', NOBODY_KNOWS);
const CLOCKS = 'AN2606, clock rows of the product tables';
const FOLLOWS = `follows from the ROM's SYSCLK (${CLOCKS})`;
const RESET_FLAGS = is('ignores', 'reported', 'Klipper and candleLight jump right after a software reset and reach DFU');
const IWDG = is('refreshes', 'documented', 'AN2606 4.8: prescaler to maximum, refreshed until leave');
const LOOPS = is('loops', 'assumed', NOBODY_KNOWS);

const LEAVE_VTOR_KEPT = is(
  'keeps',
  'documented',
  "AN2662 p. 80 note 1, AN3156 Rev 18 p. 20: the application must set its vector table; measured on H563, F303 and an F0/G0-class part: VTOR is the ROM's after leave",
);
const LEAVE_REMAP_KEPT = is('keeps', 'assumed', 'measured on F411 (blackmagic PR 1861), inferred for F0 (seed 002)');
const LEAVE_CLOCKS_KEPT = is('keeps', 'documented', 'AN2606 4.1 note: what the ROM used is not put back, at least not completely');
const FLASH_LOCKED = is('locked', 'assumed', 'reported unlocked on G0 alone (a second key sequence faults there)');
/** What a leave hands over, where it is the same for most parts. */
const LEAVING: RomOptionDefaults = { 'leave-clocks': LEAVE_CLOCKS_KEPT, 'leave-flash': FLASH_LOCKED };
const LEAVING_WITH_VTOR: RomOptionDefaults = { ...LEAVING, 'leave-vtor': LEAVE_VTOR_KEPT };

const ARMV7_OR_8: RomOptionDefaults = {
  primask: MASKS,
  faultmask: MASKS,
  basepri: MASKS,
  'nvic-enabled': NVIC,
  'nvic-pending': NVIC,
  mpu: KEPT,
  control: KEPT,
  icache: KEPT,
  dcache: KEPT,
};
const SETS_CLOCKS: RomOptionDefaults = {
  sysclk: is('sets', 'documented', CLOCKS),
  prescalers: is('sets', 'inferred', FOLLOWS),
  'flash-latency': is('sets', 'inferred', FOLLOWS),
};
const { icache: _icache, dcache: _dcache, ...WITHOUT_CACHES } = ARMV7_OR_8;
const SETS_HSI48 = is('sets', 'documented', CLOCKS);
const LAST: RomOptionDefaults = { 'reset-flags': RESET_FLAGS, iwdg: IWDG };

/** ROMs that go back to a flash which is not empty. */
export const EMPTY_CHECK: RomOptionDefaults = {
  'jump-empty-check': is(
    'or-boot0',
    'documented',
    'AN2606, chapter of F04x: back to the flash unless its first word is erased, BOOT_SEL is 0 or the BOOT0 pin reads 1; reported: Klipper issue 6959, candleLight',
  ),
};

/** Their sources are about G0; see `C0`. */
const G0: RomOptionDefaults = {
  ...SETS_CLOCKS,
  ...LAST,
  primask: is(
    'keeps',
    'assumed',
    'AN2606 lists G03x/04x V5.4 as newly clearing PRIMASK; CANable 2.5 jumps with PRIMASK set on G0B1 and offers that, which speaks against it',
  ),
  'nvic-enabled': NVIC,
  'nvic-pending': NVIC,
  mpu: KEPT,
  control: KEPT,
  icache: KEPT,
  dcache: KEPT,
  vtor: is('sets', 'measured', "VTOR found on the ROM's table after leave (skuep/AIOC PR 102, a G0-class part of candleLight)"),
  remap: is('keeps', 'inferred', 'Klipper jumps without a remap'),
  hsi48: SETS_HSI48,
  vos: is('keeps', 'assumed', NOBODY_KNOWS),
  systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
  'unexpected-exception': LOOPS,
  leave: is('silent', 'reported', 'as H7 and U5: the chip leaves without answering GETSTATUS'),
  ...LEAVING_WITH_VTOR,
  'leave-flash': is('unlocked', 'reported', 'a second key sequence in the application faults (Opentrons PR 418)'),
  'leave-remap': LEAVE_REMAP_KEPT,
  'hse-missing': is('stays-silent', 'inferred', 'G0B0: AN2606 Table 109 leaves USART, I2C and SPI without a crystal'),
};
/** G0's course on a smaller chip (AN2606 Tables 16 and 17); nothing was reported of C0 itself. */
const AS_G0 = 'as G0, whose ROM has the same DFU version; nothing published for C0';
const { vos: _vos, 'hse-missing': _crystal, ...C0_SHARED } = G0;
const C0: RomOptionDefaults = {
  ...C0_SHARED,
  primask: is(
    'clears',
    'reported',
    'a jump with PRIMASK set enumerates and reads flash on C071 (community.st.com td-p/768257; an erase failed there, and nobody says why)',
  ),
  vtor: is('sets', 'inferred', AS_G0),
  remap: is('keeps', 'inferred', AS_G0),
  leave: is('silent', 'inferred', AS_G0),
  'leave-flash': FLASH_LOCKED,
};

/** Of IWDG: the ROM refreshes it at its start, and again only for each byte of a command. */
export const WRITTEN_ONCE = 'written once, not refreshed';
const settled = (value: string, source: string): RomOptionDefault => ({ value, confidence: 'measured', source, settled: true });
/** What ST's code does in STM32F103C8, V2.2. */
const F103 = (where: string): string => `STM32F103C8 V2.2, ${where}`;
const NEVER = F103('never written');
export const F103_SETTLED: RomOptionDefaults = {
  primask: settled('sets it itself', F103('0x1FFFF7A4, called at 0x1FFFF35A; Go clears it, 0x1FFFF7A0')),
  faultmask: settled('keeps', NEVER),
  basepri: settled('keeps', NEVER),
  'nvic-enabled': settled('keeps', F103('never written; no interrupt is used')),
  'nvic-pending': settled('keeps', F103('never written; no interrupt is used')),
  mpu: settled('keeps', NEVER),
  control: settled('keeps', F103('never written; SP is loaded, 0x1FFFF010')),
  vtor: settled('another value: 0x0', F103('0x1FFFF396')),
  sysclk: settled('sets', F103('0x1FFFF388')),
  prescalers: settled('sets', F103('0x1FFFF376, 0x1FFFF388')),
  'flash-latency': settled('keeps', NEVER),
  systick: settled('off', F103('0x1FFFF3A4; runs again from the start bit on, 0x1FFFF3C4')),
  'unexpected-exception': settled('resets', F103('0x1FFFF766')),
  'reset-flags': settled('ignores', F103('never read')),
  iwdg: settled(WRITTEN_ONCE, F103('0x1FFFF35E to 0x1FFFF36E; refreshed while it waits for a byte of a command, 0x1FFFF1EC')),
  hsi: settled('needs', F103('HSION is never written, PLLRDY waited for without an end, 0x1FFFF37E')),
};
/** What ST's code does in STM32F051, V2.1. */
const F051 = (where: string): string => `STM32F051 V2.1, ${where}`;
export const F051_SETTLED: RomOptionDefaults = {
  primask: settled('sets it itself', F051('0x1FFFECBE; Go clears it, 0x1FFFECC2')),
  'nvic-enabled': settled('keeps', F051('never written; no interrupt is used')),
  'nvic-pending': settled('keeps', F051('never written; no interrupt is used')),
  control: settled('keeps', F051('never written; SP is loaded, 0x1FFFF70C')),
  remap: settled('keeps', F051('SYSCFG is never written; Go resets it, 0x1FFFEE84')),
  sysclk: settled('sets', F051('0x1FFFEECE')),
  prescalers: settled('sets', F051('0x1FFFEE60')),
  'flash-latency': settled('sets', F051('0x1FFFEEA8')),
  systick: settled('off', F051('0x1FFFECCC; runs again from the start bit on, 0x1FFFED6A')),
  'unexpected-exception': settled('resets', F051('0x1FFFECEC')),
  'reset-flags': settled('ignores', F051('never read')),
  iwdg: settled(WRITTEN_ONCE, F051('0x1FFFECF6 to 0x1FFFED02; refreshed while it waits for a byte of a command, 0x1FFFF174')),
  hsi: settled('sets', F051('0x1FFFEE5C')),
};
/** On a die whose ROM nobody has read, of the same generation. */
export const inferredFrom = (options: RomOptionDefaults): RomOptionDefaults =>
  Object.fromEntries(
    Object.entries(options).map(([id, o]) => [id, o.settled ? { ...o, confidence: 'inferred' as const, source: `as ${o.source}` } : o]),
  );

export const ROM_OPTION_DEFAULTS: Readonly<Record<RomFamily, RomOptionDefaults>> = {
  H5: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    msplim: KEPT,
    vtor: is('sets', 'inferred', 'Klipper and MicroPython jump with VTOR left at the application'),
    'usb-supply': is('sets', 'reported', 'MicroPython jumps from reset state, where USB33SV is 0; a pin boot works, after SFSP'),
    hsi48: SETS_HSI48,
    vos: is('sets', 'inferred', '200 MHz (AN2606 Table 124) is above the 100 MHz of VOS3, which a reset leaves'),
    systick: is('off', 'assumed', NOBODY_KNOWS),
    'unexpected-exception': LOOPS,
    'sysflash-gap': is(
      'erased',
      'assumed',
      'betaflight#15369 read no valid vector there and met no fault (reported); the contents are unknown',
    ),
    leave: is('answers', 'assumed', 'nothing published for H5; F0 and F4 answer, H7, U5 and G0 do not'),
    ...LEAVING,
    'leave-vtor': is('keeps', 'measured', 'H563: VTOR 0x0FF80300 after leave (chcbaram/stm32h563-core)'),
    'leave-clocks': is('keeps', 'measured', 'H523: HSIDIV stays /1 and VOS raised after leave (public bring-up firmware, 2026)'),
    'pin-boot-security': is(
      'leaves',
      'measured',
      'H523: after a BOOT0 boot and leave GTZC1_TZSC_SECCFGR1..3 hold 0xC335827F, 0x12009500, 0x05BFE006; after a jump they are 0',
    ),
    'vector-table': is(
      'plausible',
      'inferred',
      'Klipper and MicroPython load SP and PC from it; nobody has published the words themselves',
    ),
  },
  H7: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    vtor: is('sets', 'inferred', 'Klipper and MicroPython jump with VTOR left at the application'),
    'usb-supply': is('sets', 'inferred', 'a pin boot works, after SFSP; jumps without it are reported to work'),
    hsi48: SETS_HSI48,
    vos: is('sets', 'documented', 'AN2606 Table 135: voltage is set to range 3'),
    systick: is('off', 'assumed', NOBODY_KNOWS),
    'unexpected-exception': LOOPS,
    leave: is('silent', 'reported', 'dfu-util logs: the chip leaves without answering GETSTATUS'),
    ...LEAVING_WITH_VTOR,
    'leave-clocks': is('keeps', 'assumed', 'AN2606 4.1 note: newer ROMs try to put RCC, PWR and GPIO back, not always completely'),
    'leave-context': is('thread', 'reported', 'one H750 board left V9.0 inside the interrupt (IABR3 = 0x20), another one did not'),
    'kernel-clocks': is(
      'keeps',
      'reported',
      'STM32CubeH7 issue 103: the jump fails if the kernel clocks of USART, SPI or I2C were changed',
    ),
    'pwr-lock': is('none', 'documented', 'AN2606 Table 136: mended in V9.2; before, PWR_CR3 is locked until power-on (commaai/panda 1561)'),
  },
  U5: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    primask: is('keeps', 'reported', 'U535: no DFU after __disable_irq(), enabling interrupts helped'),
    msplim: KEPT,
    vtor: is('sets', 'inferred', 'jumps with VTOR left at the application work (community.st.com m-p/142592)'),
    'usb-supply': is('sets', 'inferred', 'a boot by pin works, and a reset leaves PWR_SVMCR.USV at 0'),
    hsi48: SETS_HSI48,
    vos: is('sets', 'inferred', '60 MHz (AN2606 Table 217) is above the 55 MHz of range 3, and a reset leaves range 4'),
    systick: is('off', 'assumed', NOBODY_KNOWS),
    'unexpected-exception': LOOPS,
    leave: is('silent', 'reported', 'the chip leaves without answering GETSTATUS'),
    ...LEAVING_WITH_VTOR,
  },
  L4: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    vtor: is('sets', 'inferred', 'recipes with remap and VTOR left at 0x08000000 work'),
    remap: is('keeps', 'inferred', 'AN2606 4.1 asks the caller to map system memory to 0 on dual-bank parts'),
    'usb-supply': is('sets', 'reported', 'MicroPython jumps from reset state, where PWR_CR2.USV is 0'),
    hsi48: SETS_HSI48,
    vos: is('keeps', 'documented', 'AN2606: voltage range 2 left by the application is not changed'),
    systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
    'unexpected-exception': is('resets', 'fitted', 'seed 004: the board appears to reset at the jump'),
    'bank-check': is('bfb2', 'inferred', 'jumps with BOOT0 = 0 work (seed 003, NuttX) although the flow of AN2606 tests the banks'),
    leave: is('answers', 'assumed', 'as F0 and F4; nothing published for L4'),
    ...LEAVING_WITH_VTOR,
    'leave-muxes': is('restores', 'assumed', 'kept on F7 (micropython 1406, xpcc 205); nothing reported for L4'),
    'leave-remap': LEAVE_REMAP_KEPT,
  },
  G4: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    primask: is(
      'clears',
      'reported',
      'two products jump with PRIMASK set and offer it to their users: CANable 2.5 (G431, G473: its command *DFU) and betaflight (G4)',
    ),
    vtor: is(
      'sets',
      'inferred',
      'betaflight and Klipper jump with VTOR left at the application; VTOR found on the table after leave on G0',
    ),
    remap: is('keeps', 'inferred', 'AN2606 4.1 asks the caller to map system memory to 0 on dual-bank parts; Klipper and QMK do not'),
    hsi48: SETS_HSI48,
    vos: is('keeps', 'assumed', NOBODY_KNOWS),
    systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
    'unexpected-exception': LOOPS,
    'bank-check': is('bfb2', 'inferred', 'jumps with BOOT0 = 0 work (Klipper, QMK) although the flow of AN2606 tests the banks'),
    leave: is('silent', 'inferred', 'as G0, H7 and U5, which have the same DFU version'),
    ...LEAVING_WITH_VTOR,
    'leave-remap': LEAVE_REMAP_KEPT,
  },
  G0,
  C0,
  L0: {
    ...SETS_CLOCKS,
    ...LAST,
    primask: MASKS,
    'nvic-enabled': NVIC,
    'nvic-pending': NVIC,
    mpu: KEPT,
    control: KEPT,
    vtor: is(
      'sets',
      'inferred',
      'as the other ROMs of cores with VTOR; jumps on V4.0 with VTOR left at the application are reported to work',
    ),
    remap: is('keeps', 'inferred', 'VTOR serves'),
    hsi48: is('sets', 'inferred', 'AN2606 Table 148 asks for no crystal'),
    vos: is('sets', 'inferred', '32 MHz (AN2606 Table 148) need range 1, which a reset does not leave'),
    systick: is('uses', 'documented', 'AN2606 Table 148: baud rate detection'),
    'unexpected-exception': LOOPS,
    'bank-check': is(
      'always',
      'reported',
      'V4.1: a jump ends in the bank whose first word is a stack pointer, with BFB2 = 0 too (stackoverflow 42020893, community.st.com td-p/408944, m-p/378282, td-p/241315)',
    ),
    leave: is('answers', 'assumed', 'as F0 and F4, which have the same DFU version'),
    ...LEAVING_WITH_VTOR,
    'leave-remap': LEAVE_REMAP_KEPT,
  },
  L1: {
    ...WITHOUT_CACHES,
    ...SETS_CLOCKS,
    ...LAST,
    vtor: is('sets', 'inferred', 'as the other ROMs of cores with VTOR'),
    remap: is('keeps', 'inferred', 'VTOR serves; AN2606 4.1 asks the caller to map system memory to 0 on dual-bank parts'),
    vos: is('sets', 'documented', 'AN2606 Tables 154 to 160: voltage range 1'),
    systick: is('uses', 'documented', 'AN2606 Tables 154 to 160: baud rate detection'),
    'unexpected-exception': LOOPS,
    leave: is('answers', 'assumed', 'as F0 and F4, which have the same DFU version'),
    ...LEAVING_WITH_VTOR,
    'leave-remap': LEAVE_REMAP_KEPT,
    'hse-missing': is('resets', 'inferred', 'as F4; AN2606 has a missing crystal reset the chip once DFU runs'),
  },
  F0: {
    ...SETS_CLOCKS,
    ...LAST,
    primask: MASKS,
    'nvic-enabled': NVIC,
    'nvic-pending': NVIC,
    control: KEPT,
    remap: is('sets', 'reported', 'candleLight, mbed and seed 002 jump without a remap'),
    hsi48: SETS_HSI48,
    systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
    'unexpected-exception': LOOPS,
    leave: is('answers', 'reported', 'dfu-util logs: GETSTATUS is answered with dfuMANIFEST'),
    ...LEAVING,
    'leave-remap': is('keeps', 'inferred', 'seed 002: after leave the USB stays dead until a reset'),
  },
  F1: {
    ...SETS_CLOCKS,
    ...LAST,
    primask: MASKS,
    faultmask: MASKS,
    basepri: MASKS,
    'nvic-enabled': NVIC,
    'nvic-pending': NVIC,
    mpu: KEPT,
    control: KEPT,
    vtor: is('sets', 'assumed', 'no memory can be mapped to 0; cleanflight jumps with VTOR left at the application and USART works'),
    systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
    'unexpected-exception': LOOPS,
  },
  F3: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    primask: is('keeps', 'reported', 'F303: no DFU after __disable_irq(), enabling interrupts helped'),
    vtor: is('sets', 'measured', 'F3: VTOR is found on the table of the ROM after a leave (skuep/AIOC PR 102)'),
    remap: is('keeps', 'inferred', 'one bank: AN2606 4.1 does not ask for it, and VTOR serves'),
    systick: is('uses', 'documented', 'AN2606 Tables 57 and 59: baud rate detection'),
    'unexpected-exception': LOOPS,
    leave: is('answers', 'assumed', 'as F0 and F4, which have the same DFU version'),
    ...LEAVING_WITH_VTOR,
    'leave-remap': LEAVE_REMAP_KEPT,
    'hse-missing': is(
      'stays-silent',
      'documented',
      'AN2606 Tables 57 and 59: without HSE the HSI stays and USART1 and USART2 work, USB does not',
    ),
  },
  F4: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    vtor: is('sets', 'inferred', 'recipes with remap and VTOR left at 0x08000000 work'),
    remap: is('keeps', 'inferred', 'AN2606 4.1 asks the caller to map system memory to 0 on dual-bank parts'),
    vos: is('keeps', 'assumed', NOBODY_KNOWS),
    systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
    'unexpected-exception': LOOPS,
    leave: is('answers', 'reported', 'dfu-util logs: GETSTATUS is answered with dfuMANIFEST'),
    ...LEAVING_WITH_VTOR,
    'leave-remap': is('keeps', 'reported', 'measured on F411 (blackmagic PR 1861); F405 is taken to do the same'),
    'hse-missing': is(
      'resets',
      'reported',
      'F401RE, F405 and F205 restart when the crystal does not serve (community 50065, stackoverflow 72945854); ST states the rule for H5E/5F and F105',
    ),
    hsi: is('sets', 'assumed', 'needed on F42x alone (mynewt-core PR 2245)'),
  },
  F7: {
    ...ARMV7_OR_8,
    ...SETS_CLOCKS,
    ...LAST,
    vtor: is('sets', 'inferred', 'as F4 and H7; no memory can be mapped to 0'),
    vos: is('keeps', 'assumed', NOBODY_KNOWS),
    systick: is('uses', 'assumed', 'software baud-rate detection needs a counter'),
    'unexpected-exception': LOOPS,
    leave: is('answers', 'assumed', 'as F4, which has the same DFU version'),
    ...LEAVING_WITH_VTOR,
    'leave-muxes': is('keeps', 'reported', 'DCKCFGR2 of USART1, USART3 and I2C1 to I2C3 is left changed (micropython 1406, xpcc 205)'),
    'hse-missing': is('resets', 'inferred', 'as F4: the same boxes in the figures of AN2606'),
    hsi: is('sets', 'assumed', 'needed on F42x alone (mynewt-core PR 2245)'),
  },
};

/** An option as a run has it. */
export interface RomOptionSetting extends RomOptionDefault {
  readonly id: RomOptionId;
  /** The user chose it; then confidence and source tell of the default that it replaced. */
  readonly chosen: boolean;
}

/** A bad `id` or `value`: the user's mistake. `candidates` are what could stand there. */
export class RomOptionError extends Error {
  readonly code = 'rom-option';
  readonly word: string;
  readonly candidates: readonly string[];

  constructor(message: string, word: string, candidates: readonly string[]) {
    super(message);
    this.name = 'RomOptionError';
    this.word = word;
    this.candidates = candidates;
  }
}

/** All options of a family in word order, with the user's choices in place of the defaults. */
export function resolveRomOptions(defaults: RomOptionDefaults, chosen: Readonly<Record<string, string>> = {}): readonly RomOptionSetting[] {
  const ids = [...ROM_OPTION_IDS, ...WORDLESS].filter((id) => defaults[id]);
  for (const [id, value] of Object.entries(chosen)) {
    const known = ids.find((candidate) => candidate === id);
    if (!known) throw new RomOptionError(`this ROM has no option ${id}; it has ${ids.join(', ')}`, id, ids);
    const own = defaults[known]!;
    if (own.settled && value !== own.value)
      throw new RomOptionError(
        `ROM option ${id} is "${own.value}" in this ROM (${own.confidence}: ${own.source}), and nothing else`,
        value,
        [own.value],
      );
    const values: readonly string[] = own.settled ? [own.value] : ROM_OPTION_VALUES[known];
    if (!values.includes(value)) throw new RomOptionError(`ROM option ${id} is ${values.join(', ')}, not ${value}`, value, values);
  }
  return ids.map((id) => {
    const { value, confidence, source, settled } = defaults[id]!;
    const own = Object.hasOwn(chosen, id);
    return { id, value: own ? chosen[id]! : value, confidence, source, chosen: own, ...(settled ? { settled } : {}) };
  });
}

/** The other values that a run can be repeated with to see whether it hangs on this option. */
export function otherValues(setting: RomOptionSetting): readonly string[] {
  return setting.settled ? [] : ROM_OPTION_VALUES[setting.id].filter((value) => value !== setting.value);
}

/** The option block: one word per id, index into its values. */
export function optionWords(settings: readonly RomOptionSetting[]): Uint32Array {
  const words = new Uint32Array(ROM_OPTION_IDS.length).fill(ABSENT_WORD);
  for (const { id, value, settled } of settings) {
    if (settled || WORDLESS.includes(id)) continue;
    const values: readonly string[] = ROM_OPTION_VALUES[id];
    words[ROM_OPTION_IDS.indexOf(id)] = values.indexOf(value);
  }
  return words;
}
