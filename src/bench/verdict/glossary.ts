/** Texts of `bootbench explain` for every word of results, scenarios and reports that is not a check: its meaning, its consequences, what to do. */
import type { Confidence } from '../../emu/confidence.ts';
import { ROM_OPTION_VALUES, type RomOptionId } from '../../rom/options.ts';
import { ROM_PROFILES } from '../../rom/profiles.ts';
import { CFSR_BITS, HFSR_BITS } from './crash.ts';
import type { Outcome, ResetBy, Symptom } from '../documents/result.ts';

export const TOPICS = [
  'check',
  'cause',
  'outcome',
  'ROM option',
  'cause of reset',
  'fault',
  'confidence',
  'symptom',
  'DFU state',
  'DFU error',
  'DFU',
  'DFU dialect',
  'requirement of conform',
  'line of a report',
  'word of a report',
  'verdict of a check',
  'step behind DFU',
  'result of a step',
  'key of expect',
  'goal',
  'register of the core',
] as const;
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
    'Code in system memory answered on endpoint 0. The host set the configuration, found a DFU interface and read the state dfuIDLE. This is the goal of a jump into the ROM.',
  ],
  'dfu-lost': [
    'The DFU device appeared, then disappeared.',
    'Like dfu, but later the device disconnected or did not answer for a second, without a leave request. Look for something of the firmware that still runs, such as a watchdog or a timer interrupt.',
  ],
  'reset-loop': [
    'The chip resets again and again.',
    'The chip was reset three times for the same reason, caused neither by power-on nor by the scenario, and memory and registers were the same after the last two resets (sixteen resets if they keep changing). Typical reasons: a watchdog that nothing refreshes, a fault handler that resets the chip, or a flag that sends the firmware into the ROM every time. See `bootbench explain iwdg` and `bootbench explain software`.',
  ],
  fault: [
    'The core faulted and does not recover.',
    'A lockup, or an active HardFault, MemManage, BusFault, UsageFault, SecureFault or NMI that does not return. The report names the instruction and the fault bits; `bootbench explain INVSTATE` explains a bit.',
  ],
  'rom-silent': [
    'The ROM runs, and the host sees no DFU device.',
    'The jump reached the ROM, but nothing answered on USB. Typical reasons: interrupts are masked (primask, basepri, faultmask, handler-mode), USB has no clock or supply (hsi48, vddusb, hse), or the ROM chose another interface (rom-interface).',
  ],
  'back-in-app': [
    'The ROM gave control back to the application.',
    'The ROM was entered but branched back into user flash. Typical reasons: a bank check, a decision based on reset flags, or an exception that went to a handler of the application (vtor, remap).',
  ],
  stuck: [
    'The firmware stays in a loop or asleep, and nothing on the chip ends that.',
    'This is proved: no interrupt, no scheduled event and no step of the scenario can change what the loop reads. If the loop waits for a peripheral that bootbench does not model, the report prints the --force option that gets past it.',
  ],
  'no-jump': [
    'The application never jumped into the ROM.',
    'Nothing triggered the jump, or the request was lost on the way (magic-survives). `bootbench run --trigger` finds what makes the firmware jump; `bootbench init` writes it as a scenario.',
  ],
};

/** Causes that no check names. */
const CAUSE_TEXT = {
  state: [
    'Something of the chip is not as it is behind a reset, and that keeps DFU, or another goal, away.',
    'No check knows this cause. The state of the chip at the first instruction of the ROM was compared with that of the same ROM started from reset: core registers, blocks with their clocks, timers and interrupts, RAM. ' +
      'Parts of the second were put into the first until the smallest set was left with which DFU comes; everything else of it without this set does not help. ' +
      'A flag of a timer that stood before its time is one, too: there the whole run was repeated without it. ' +
      'The line is that of the last instruction that wrote the register. Give it the value that it has behind a reset before the jump, or reset the block by its bit in RCC.',
  ],
  image: [
    'A loader leaves something to the application that keeps it from working.',
    'The application was started from reset in a second machine, without the loader, and watched for 60 ms: the interrupts that it serves, the pins and ports that it drives, its device on USB. Behind the loader it does less. ' +
      'What of the state of the chip makes the difference was found as for the cause state.',
  ],
  'lost-write': [
    'A write of the firmware had no effect, and that keeps DFU, or another goal, away.',
    'The block said why: its clock is off, it is held in reset, a lock is closed, the keys are wrong, or the backup domain is protected. Option bytes are lost at a reset if nothing programmed them (OPTSTRT). ' +
      'The whole run was repeated, and what the write lacks was put right there: the clock, the key, the bit. Then DFU came, and without it it does not. ' +
      'The line is that of the write.',
  ],
  'gave-up': [
    'A loop stopped waiting for a bit before it came, and that keeps DFU, or another goal, away.',
    'The run was repeated with that bit as the loop wants it, and DFU came. The line is that of the loop that polls. ' +
      'If the bit comes a little later, the time-out is too short for this clock, crystal or peripheral. If it never comes, look for what it needs: a clock, a pin, a supply, an enable bit.',
  ],
  branch: [
    'A conditional branch led into the endless loop in which the run ends, or kept a loader from starting its application.',
    'The run was repeated, and at that branch it went the other way: then DFU came. The line is that of the branch, and the report says what it compared and where that value came from. ' +
      'A loader whose application does not fit (its CRC, its length, a magic word) names the comparison, with both values. ' +
      'An assertion, a check of a return value and a wrong default of a switch look like this: mend what made the value, not the branch. Where a handler writes the word later, and the loop does not read it again, the variable is not volatile: the compiler has taken the read out of the loop.',
  ],
  stack: [
    'The stack had grown over a variable on which the way into the ROM hangs.',
    'A store next to SP, as of a push or a local array, changed the variable: SP was below the end of the variables. The line is that of the store. ' +
      'The run was repeated with the variable kept, and DFU came. Make the local array static, bound the recursion, or give the stack more RAM (the end of the variables and the initial SP are in the linker script).',
  ],
  overwritten: [
    'A store wrote over something in RAM that was right before, and on which a fault hangs: a vector, a return address, a pointer.',
    'The run was repeated with what lay there kept from this instruction, and DFU came. The line is that of the store. ' +
      'Look at where its address comes from: an index without a bound, a buffer that is too small, a pointer to what is no longer there.',
  ],
  fault: [
    'The firmware faults before it comes to its jump, and the handler of the fault goes to the ROM instead.',
    'What is handed over there is the state of a fault handler: its exception is active, and nothing behind the faulting instruction was done. ' +
      'The run was repeated with this load answered by 0, or this store left out. The line is that of the access. What is wrong behind it shows then, and is told second.',
  ],
  board: [
    'Something on the board keeps the goal away: a supply, a crystal, a pin, an option byte, a debugger.',
    'Nothing of the firmware explained the failure, so the whole run was repeated with the board as the usual one of this chip is. ' +
      'The smallest set of changes was kept with which the goal is reached. The firmware is not the reason; what it could do about it is a workaround.',
  ],
  host: [
    'The host keeps the goal away: its cable, or its driver.',
    'The whole run was repeated with the cable in and a driver for DFU on the host, and the goal was reached. No firmware can change that.',
  ],
} as const;

const RESET_TEXT: Readonly<Record<ResetBy, readonly [title: string, text: string]>> = {
  power: [
    'Power came on.',
    'RAM contains a pseudo-random pattern, and all power-on reset flags are set. This is the first reset of every run.',
  ],
  brownout: [
    'The supply fell below the brown-out level.',
    'Caused by a `power` step of the scenario, or by VDD below the level that the option bytes select.',
  ],
  pin: [
    'NRST was low.',
    'Caused by a button, a debugger or the chip itself: on most families, every internal reset also pulls NRST low, so the pin flag is set together with the other flag.',
  ],
  software: [
    'The firmware requested it: AIRCR.SYSRESETREQ.',
    'NVIC_SystemReset() does this. RAM keeps its contents; peripherals and clocks are as after power-on. This is the usual way to pass a request to the next start: see magic-survives.',
  ],
  iwdg: [
    'The independent watchdog ran out.',
    'Once started, it cannot be stopped, and it keeps running in the ROM after a jump. Only a reset stops it, and an option byte may start it again.',
  ],
  wwdg: ['The window watchdog ran out, or was refreshed too early.', 'A reset of the peripheral through RCC stops it.'],
  'low-power': ['Standby, Stop or Shutdown was entered where the option bytes forbid it.', 'See nRST_STOP, nRST_STDBY and nRST_SHDW.'],
  'option-bytes': ['The option bytes were loaded again.', 'OBL_LAUNCH does this, after the option bytes have been programmed.'],
  debugger: ['A debugger reset the chip.', 'It used AIRCR or NRST. DBGMCU may have stopped some peripherals before.'],
  core: ['Only one of two cores was reset.', 'RCC did this, or the core itself with AIRCR.VECTRESET, if its architecture has that bit.'],
};

const CONFIDENCE_TEXT: Readonly<Record<Confidence, readonly [title: string, text: string]>> = {
  documented: [
    'ST, Arm or USB-IF has published it.',
    'The source is a reference manual, a datasheet, an application note or a specification, with the section.',
  ],
  measured: ['Somebody measured it on a real chip.', 'The source says who measured it, and on which part.'],
  reported: [
    'Users have reported it.',
    'The sources are forum threads, public firmware that depends on it, or public board files; more than one if possible.',
  ],
  inferred: [
    'It follows from other facts.',
    'For example, published firmware could not work otherwise, or a related part behaves this way.',
  ],
  fitted: [
    'The value was chosen to reproduce known cases.',
    'There is no direct evidence, but with this value published failures come out as reported.',
  ],
  assumed: [
    'There is no evidence.',
    'The value is only plausible. A verdict that depends on it says so; `--rom-option` tries another value.',
  ],
};

const SYMPTOM_TEXT: Readonly<Record<Symptom, string>> = {
  resets: 'The board resets, or the application starts again.',
  nothing: 'Nothing happens, no USB device appears.',
  hang: 'The board hangs.',
  'unknown-device': 'The PC shows an unknown USB device.',
  'descriptor-failed': 'The PC says that the device descriptor request failed.',
  'wrong-device': 'Another USB device appears.',
  'works-with-BOOT0': 'DFU works with BOOT0 high, but not with the jump.',
  'works-in-debugger': 'DFU works in the debugger, but not without it.',
  'works-once': 'DFU works once after power-on, then not again.',
  'app-comes-back': 'The ROM seems to return to the application.',
  'works-with-other-tool': 'One program on the host lists the DFU device, another one does not.',
};

/** What each option of the stand-in ROM is about. */
export const OPTION_TEXT: Readonly<Record<RomOptionId, string>> = {
  primask: 'What the ROM does with PRIMASK at its start.',
  faultmask: 'What the ROM does with FAULTMASK at its start.',
  basepri: 'What the ROM does with BASEPRI at its start.',
  'nvic-enabled': 'Whether the ROM disables interrupts that the caller left enabled.',
  'nvic-pending': 'Whether the ROM clears interrupts that the caller left pending.',
  mpu: 'Whether the ROM switches the MPU off.',
  control: 'Whether the ROM returns to MSP and privileged mode.',
  msplim: 'Whether the ROM clears the stack limits.',
  icache: 'Whether the ROM switches the instruction cache off.',
  dcache: 'Whether the ROM switches the data cache off.',
  vtor: 'Whether the ROM points VTOR to its own vector table.',
  remap: 'Whether the ROM maps system memory to address 0.',
  'usb-supply': 'Whether the ROM tells PWR that VDDUSB is valid.',
  hsi48: 'Whether the ROM starts HSI48 itself.',
  sysclk: 'Whether the ROM sets up its own system clock.',
  prescalers: 'Whether the ROM restores the bus prescalers.',
  'flash-latency': 'Whether the ROM sets the wait states of flash for its clock.',
  vos: 'Whether the ROM sets the voltage range.',
  systick: 'What the ROM does with SysTick.',
  'unexpected-exception': 'What the ROM does on an exception that it does not expect.',
  'bank-check': 'When the ROM looks for an application in the flash banks and starts it.',
  'reset-flags': 'Whether the ROM returns to the application after a software reset.',
  'sysflash-gap': 'The contents of system memory between the known parts.',
  iwdg: 'Whether the ROM refreshes a running IWDG.',
  leave: 'Whether the ROM answers the last request of a DFU leave before it jumps.',
  'leave-vtor': 'What VTOR is after a DFU leave.',
  'leave-remap': 'What is mapped to address 0 after a DFU leave.',
  'leave-clocks': 'Which clocks run after a DFU leave.',
  'leave-flash': 'The state of the flash controller after a DFU leave.',
  'leave-muxes': 'Whether the ROM restores the kernel clock selections at a DFU leave.',
  'leave-context': 'From which mode the ROM jumps at a DFU leave.',
  'kernel-clocks': 'Whether the ROM sets the kernel clock selections that it needs.',
  'pwr-lock': 'Whether the ROM locks the supply configuration.',
  'pin-boot-security': 'The state that the secure first stage leaves after a boot selected by the pin.',
  'hse-missing': 'What the ROM does if a crystal that it needs is missing.',
  hsi: 'Whether the ROM starts HSI itself.',
  'jump-empty-check': 'When the ROM treats flash as empty after a jump.',
  'vector-table': 'The address of the vector table of the ROM.',
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
      'ST publishes this where a line says "documented", and nowhere else. A success that rests on it says so (Holds).',
      rows.length === 0 ? 'No ROM in this version has this option.' : rows.join('\n'),
    ],
  };
}

const entries = <K extends string>(topic: Topic, texts: Readonly<Record<K, readonly [title: string, text: string]>>): Entry[] =>
  (Object.entries(texts) as [K, readonly [string, string]][]).map(([id, [title, text]]) => ({ topic, id, title, text: [text] }));

let made: readonly Entry[] | null = null;

/** All but the checks. */
export const glossary = (): readonly Entry[] =>
  (made ??= [
    ...entries('cause', CAUSE_TEXT),
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
      text: [
        `With --symptom ${id}, the report says whether the run shows this symptom, and looks for ROM options and a board that cause it.`,
      ],
    })),
  ]);
