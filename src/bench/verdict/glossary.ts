/** Words of results, scenarios and reports that are no checks: what each means, what comes of it, what to do. `bootbench explain` reads this. */
import type { Confidence } from '../../emu/confidence.ts';
import { ROM_OPTION_VALUES, type RomOptionId } from '../../rom/options.ts';
import { ROM_PROFILES } from '../../rom/profiles.ts';
import { CFSR_BITS, HFSR_BITS } from './crash.ts';
import type { Outcome, ResetBy, Symptom } from '../documents/result.ts';

export const TOPICS = ['check', 'outcome', 'ROM option', 'cause of reset', 'fault', 'confidence', 'symptom'] as const;
export type Topic = (typeof TOPICS)[number];

export interface Entry {
  readonly topic: Topic;
  readonly id: string;
  /** One line. */
  readonly title: string;
  /** Paragraphs. */
  readonly text: readonly string[];
}

const OUTCOME_TEXT: Readonly<Record<Outcome, readonly [title: string, text: string]>> = {
  dfu: [
    'The host has the DFU device.',
    'Code of system memory answered on endpoint 0, the host set the configuration, saw a DFU interface and read the state dfuIDLE. This is what a jump into the ROM is made for.',
  ],
  'dfu-lost': [
    'The DFU device was there and went away.',
    'As dfu, but later the device left the bus or did not answer for a second, without a leave. Look at what runs behind the ROM: a watchdog that the firmware started, a timer interrupt.',
  ],
  'reset-loop': [
    'The chip resets over and over.',
    'Three resets of the same cause that neither power-on nor the scenario made, and the last two left memories and registers alike; sixteen where something counts on. A watchdog that nobody refreshes, a fault handler that resets, or a flag that sends the firmware into the ROM each time. `bootbench explain iwdg` and `software` tell more.',
  ],
  fault: [
    'The core faulted and does not come back.',
    'A lockup, or an active HardFault, MemManage, BusFault, UsageFault, SecureFault or NMI that does not return. The report names the instruction and the fault bits; `bootbench explain INVSTATE` explains a bit.',
  ],
  'rom-silent': [
    'The ROM runs, and the host sees no DFU device.',
    'The jump arrived, and nothing answered on USB: interrupts are masked (primask, basepri, faultmask, handler-mode), USB has no clock or supply (hsi48, vddusb, hse), or the ROM chose another interface (rom-interface).',
  ],
  'back-in-app': [
    'The ROM gave control back to the application.',
    'The ROM was entered and branched into user flash again: a bank check, a decision on reset flags, or an exception that went to the handlers of the application (vtor, remap).',
  ],
  stuck: [
    'The firmware waits for something that cannot happen.',
    'Proved: no interrupt, no scheduled event and no step of the scenario changes what the loop reads. If it waits for a peripheral without behaviour, the report prints the --force that passes it.',
  ],
  'no-jump': [
    'The application runs on and never jumps into the ROM.',
    'Nothing pressed the trigger, or the request got lost on the way (magic-survives). `bootbench run --trigger` looks for what makes it jump, `bootbench init` writes it as a scenario.',
  ],
};

const RESET_TEXT: Readonly<Record<ResetBy, readonly [title: string, text: string]>> = {
  power: ['Power came on.', 'RAM holds a pattern, all reset flags of power-on are set. The first reset of every run.'],
  brownout: [
    'The supply fell below the brown-out level.',
    'A `power` step of the scenario, or VDD below the level that the option bytes choose.',
  ],
  pin: [
    'NRST was low.',
    'A button, a debugger, or the chip itself: on most families every internal reset pulls NRST too, so the pin flag stands beside the other one.',
  ],
  software: [
    'The firmware asked for it: AIRCR.SYSRESETREQ.',
    'NVIC_SystemReset() does that. RAM keeps its contents, peripherals and clocks are as after power-on. The usual way to hand a request to the next start: see magic-survives.',
  ],
  iwdg: [
    'The independent watchdog ran out.',
    'Once started it cannot be stopped, and it runs on in the ROM. A jump takes it along; only a reset ends it, and an option byte may start it again.',
  ],
  wwdg: ['The window watchdog ran out, or was refreshed too early.', 'A reset of the peripheral by RCC stops it.'],
  'low-power': ['Standby, Stop or Shutdown was entered where the option bytes forbid it.', 'See nRST_STOP, nRST_STDBY and nRST_SHDW.'],
  'option-bytes': ['Option bytes were loaded anew.', 'OBL_LAUNCH does that, at the end of a programming of option bytes.'],
  debugger: ['A debugger reset the chip.', 'Through AIRCR or NRST; peripherals may have been stopped by DBGMCU before.'],
  core: ['One core of two was reset.', 'By RCC or by its own AIRCR.VECTRESET where the architecture has it.'],
};

const CONFIDENCE_TEXT: Readonly<Record<Confidence, readonly [title: string, text: string]>> = {
  documented: [
    'ST, Arm or USB-IF says so in print.',
    'A reference manual, a datasheet, an application note or a specification, with its paragraph.',
  ],
  measured: ['Somebody measured it on silicon.', 'The source names who and on which part.'],
  reported: ['Users report it.', 'Threads, public firmware that relies on it, public board files. More than one where that was possible.'],
  inferred: ['It follows from something else.', 'From firmware that works and could not otherwise, or from a sister part.'],
  fitted: [
    'Chosen so that known cases come out right.',
    'There is no direct evidence; published failures come out as they were seen with it.',
  ],
  assumed: ['Nobody knows.', 'A plausible value. A verdict that hangs on one says so; `--rom-option` tries the other.'],
};

const SYMPTOM_TEXT: Readonly<Record<Symptom, string>> = {
  resets: 'The board resets, or the application starts again.',
  nothing: 'Nothing happens, no USB device appears.',
  hang: 'The board hangs.',
  'unknown-device': 'The PC shows an unknown USB device.',
  'descriptor-failed': 'The PC says that the device descriptor request failed.',
  'wrong-device': 'Another USB device appears.',
  'works-with-BOOT0': 'With BOOT0 high DFU works, by the jump it does not.',
  'works-in-debugger': 'In the debugger DFU works, without it does not.',
  'works-once': 'DFU works once after power-on, then not again.',
  'app-comes-back': 'The ROM seems to go back into the application.',
};

/** What each option of the stand-in ROM is about. */
export const OPTION_TEXT: Readonly<Record<RomOptionId, string>> = {
  primask: 'What the ROM does with PRIMASK at its start.',
  faultmask: 'What the ROM does with FAULTMASK at its start.',
  basepri: 'What the ROM does with BASEPRI at its start.',
  'nvic-enabled': 'Whether the ROM disables interrupts that the caller left enabled.',
  'nvic-pending': 'Whether the ROM clears interrupts that the caller left pending.',
  mpu: 'Whether the ROM switches the MPU off.',
  control: 'Whether the ROM goes back to MSP and privileged mode.',
  msplim: 'Whether the ROM clears the stack limits.',
  icache: 'Whether the ROM switches the instruction cache off.',
  dcache: 'Whether the ROM switches the data cache off.',
  vtor: 'Whether the ROM points VTOR to its own vector table.',
  remap: 'Whether the ROM maps system memory to address 0.',
  'usb-supply': 'Whether the ROM tells PWR that VDDUSB is valid.',
  hsi48: 'Whether the ROM starts HSI48 itself.',
  sysclk: 'Whether the ROM sets up its own system clock.',
  prescalers: 'Whether the ROM puts the bus prescalers back.',
  'flash-latency': 'Whether the ROM sets the wait states of flash for its clock.',
  vos: 'Whether the ROM sets the voltage range.',
  systick: 'What the ROM does with SysTick.',
  'unexpected-exception': 'What an exception does that the ROM does not expect.',
  'bank-check': 'When the ROM looks for an application in the flash banks and starts it.',
  'reset-flags': 'Whether the ROM returns to the application after a software reset.',
  'sysflash-gap': 'What lies in system memory between the parts that are known.',
  iwdg: 'Whether the ROM refreshes a running IWDG.',
  leave: 'Whether the ROM answers the last request of a DFU leave before it jumps.',
  'leave-vtor': 'What VTOR is after a DFU leave.',
  'leave-remap': 'What is mapped to address 0 after a DFU leave.',
  'leave-clocks': 'Which clocks run after a DFU leave.',
  'leave-flash': 'How the flash controller is left after a DFU leave.',
  'leave-muxes': 'Whether kernel clock selections are put back at a DFU leave.',
  'leave-context': 'From which mode the ROM jumps at a DFU leave.',
  'kernel-clocks': 'Whether the ROM sets the kernel clock selections that it needs.',
  'pwr-lock': 'Whether the ROM locks the supply configuration.',
  'pin-boot-security': 'What the secure first stage of a boot by pin leaves behind.',
  'hse-missing': 'What the ROM does where it finds no crystal that it needs.',
  hsi: 'Whether the ROM starts HSI itself.',
  'jump-empty-check': 'When the ROM takes flash for empty after a jump.',
  'vector-table': 'Where the ROM has its vector table.',
};

function optionEntry(id: RomOptionId): Entry {
  // ROMs that do the same for the same reason stand in one line
  const same = new Map<string, string[]>();
  for (const p of ROM_PROFILES) {
    const setting = p.options[id];
    if (!setting) continue;
    const key = `${setting.value} (${setting.confidence}; ${setting.source})`;
    same.set(key, [...(same.get(key) ?? []), p.id]);
  }
  const rows = [...same].map(([what, ids]) => `${ids.join(', ')}: ${what}`);
  return {
    topic: 'ROM option',
    id,
    title: OPTION_TEXT[id],
    text: [
      `Values: ${ROM_OPTION_VALUES[id].join(', ')}. Try one with --rom-option ${id}=${ROM_OPTION_VALUES[id].at(-1)}.`,
      'ST does not publish this. A verdict that hangs on it says so.',
      rows.length === 0 ? 'No ROM of this version has it.' : rows.join('\n'),
    ],
  };
}

const entries = <K extends string>(topic: Topic, texts: Readonly<Record<K, readonly [title: string, text: string]>>): Entry[] =>
  (Object.entries(texts) as [K, readonly [string, string]][]).map(([id, [title, text]]) => ({ topic, id, title, text: [text] }));

let made: readonly Entry[] | null = null;

/** All but the checks. */
export const glossary = (): readonly Entry[] =>
  (made ??= [
    ...entries('outcome', OUTCOME_TEXT),
    ...(Object.keys(ROM_OPTION_VALUES) as RomOptionId[]).map(optionEntry),
    ...entries('cause of reset', RESET_TEXT),
    ...CFSR_BITS.map(([bit, id, meaning]): Entry => ({
      topic: 'fault',
      id,
      title: meaning,
      text: [`CFSR bit ${bit} (Armv7-M ARM B3.2.15, Armv8-M ARM D1.2.11).`],
    })),
    ...HFSR_BITS.map(([bit, id, meaning]): Entry => ({
      topic: 'fault',
      id,
      title: meaning,
      text: [`HFSR bit ${bit} (Armv7-M ARM B3.2.16).`],
    })),
    ...entries('confidence', CONFIDENCE_TEXT),
    ...(Object.entries(SYMPTOM_TEXT) as [Symptom, string][]).map(([id, title]): Entry => ({
      topic: 'symptom',
      id,
      title,
      text: [`--symptom ${id}: the report says whether the run shows it, and looks for a ROM and a board that do.`],
    })),
  ]);
