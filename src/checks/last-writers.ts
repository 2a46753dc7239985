/** Who wrote last what a check looks at, where the check finds nothing wrong and so need not ask. */
import type { Subject, Writer } from './check.ts';
import { familyOf } from './families.ts';
import type { FamilyFields } from './family-fields.ts';
import type { CHECK_IDS } from './ids.ts';
import { latest, latestWriter } from './writers.ts';

/** Registers of the core, with the bits that count. */
const OF_CORE: Partial<Readonly<Record<(typeof CHECK_IDS)[number], readonly (readonly [register: string, mask: number])[]>>> = {
  msp: [['MSP', 0xffffffff]],
  'stack-after-msp': [['MSP', 0xffffffff]],
  vtor: [['VTOR', 0xffffffff]],
  control: [['CONTROL', 3]],
  primask: [['PRIMASK', 1]],
  basepri: [['BASEPRI', 0xff]],
  faultmask: [['FAULTMASK', 1]],
  systick: [['SYST_CSR', 3]],
  mpu: [['MPU_CTRL', 0xffffffff]],
  'stack-limit': [['MSPLIM', 0xffffffff]],
};
/** Banks of 32 interrupt lines (Armv7-M and later: up to 16). */
const BANKS = [...Array(16).keys()];

/** Fields of the chip. */
const OF_CHIP: Partial<Readonly<Record<(typeof CHECK_IDS)[number], (f: FamilyFields) => readonly (string | undefined)[]>>> = {
  sysclk: (f) => [f.sysclk.select],
  pll: (f) => f.plls.map((p) => p.on),
  'flash-latency': (f) => [f.flashLatency],
  prescalers: (f) => f.prescalers,
  'voltage-range': (f) => [f.voltageControl?.field],
  'kernel-clocks': (f) => f.kernelClocks,
  hsi48: (f) => [f.hsi48?.on],
  vddusb: (f) => [f.usbSupply?.bit],
  'usb-clock': (f) => f.clockRecovery.map((c) => c.path),
  'usb-left-on': (f) => [f.usb?.enable],
  icache: (f) => [f.icache?.enable],
  dcache: (f) => [f.dcache?.enable],
  exti: (f) => f.exti.mask,
  remap: (f) => [f.remap?.field],
};

/** The last instruction that changed what this check looks at; null where a reset or the hardware did, and where it looks at more than a register. */
export function lastWriterOf(id: (typeof CHECK_IDS)[number], subject: Subject): Writer | null {
  const { state, history } = subject;
  if (history === null) return null;
  const ofCore = OF_CORE[id];
  if (ofCore !== undefined) return latest(ofCore.map(([register, mask]) => history.lastWriter(`CPU.${register}`, mask)));
  if (id === 'nvic-enabled' || id === 'nvic-pending') {
    const register = id === 'nvic-enabled' ? 'CPU.NVIC_ISER' : 'CPU.NVIC_ISPR';
    return latest(BANKS.map((bank) => history.lastWriter(`${register}${bank}`)));
  }
  const family = familyOf(state.chip);
  const fields = family === null ? [] : (OF_CHIP[id]?.(family) ?? []);
  return latestWriter(
    subject,
    fields.flatMap((path) => path ?? []),
  );
}
