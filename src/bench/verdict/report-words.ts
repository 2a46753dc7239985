/** Words of `bootbench explain` that stand on a first screen or in a scenario: the labels of its lines, the steps of a client, what a scenario expects, registers of the core. */
import type { Expect } from '../documents/scenario-types.ts';
import type { AfterResult, AfterStep, Verdict } from '../documents/result.ts';
import type { Entry, Topic } from './glossary.ts';

type Text = readonly [title: string, text: string];

const LINES: Readonly<Record<string, Text>> = {
  OK: ['The goal is reached.', 'Of DFU: the simulated host has the DFU device of the ROM, and could work with it up to the leave where that was tried. The exit code is 0.'], // prettier-ignore
  'OK, but': [
    'The goal is reached, and rests on something that a board need not do.',
    'The line But says on what. The exit code is 0; with --strict it is 1.',
  ],
  FAIL: ['The goal is not reached, or the scenario expects something else.', 'The word behind it is the outcome. The exit code is 1.'],
  HOLDS: ['The run is as the scenario expects.', 'That may be a failure: with `expect`, only the comparison decides the exit code.'],
  But: ['What a success rests on, or what is wrong although DFU comes.', 'A chip that is a guess, a device that refuses an upload, an application that does not come back, a request that another way in loses. --strict makes a failure of it.'], // prettier-ignore
  Cause: [
    'What keeps the goal away, with the line of your code.',
    'The first word is a check or a cause that no check names: explain has each. Proof says whether it is proved.',
  ],
  Fix: ['The change of your sources that repairs the cause.', '`bootbench fix` prints it as a patch, or applies it.'],
  Proof: [
    'What shows that the cause is the cause.',
    'A copy of the machine was taken at the jump, only this was repaired in it, and the run went on: see proved.',
  ],
  Holds: ['Behaviour of the real ROM that the verdict depends on.', 'Each clause is an option of the stand-in ROM, with the confidence of its value. `bootbench ask`, and `bootbench board settle` on a board, find out which it is.'], // prettier-ignore
  Maybe: ['A check that fails without a proof.', 'What it found is wrong, but repairing it did not bring the goal, or could not be tried.'],
  Note: ['Something odd that decides nothing here.', 'Of states it says whether they are harmless.'],
  After: ['What a host can do with the device, up to the application behind the leave.', 'The steps are list, upload, erase, download, verify, leave and alive.'], // prettier-ignore
  Leave: [
    'What a DFU leave gives to the application that it cannot do with.',
    'The word behind it is a check of the way back: leave-vtor, leave-remap, leave-clocks and others.',
  ],
  Why: ['Why the firmware never came to the jump, or did not come back.', 'It says what the firmware waits for, or which functions could jump and were not called.'], // prettier-ignore
  Waits: ['The loop that the run ends in, and what it waits for.', 'See stuck.'],
  Fault: ['The fault that ends the run: instruction, address and fault bits.', '`bootbench explain INVSTATE` explains a bit.'],
  Origin: ['Where a wrong value came from, step by step back to the line that made it.', 'A pointer, a return address or a word of a table that a fault hangs on.'], // prettier-ignore
  Reset: ['The reset that ended the way into the ROM, and who asked for it.', 'See the causes of reset.'],
  Resets: ['How often the chip was reset, and by what.', 'See the causes of reset.'],
  Clock: ['A clock that stays away or is wrong, and with it the goal.', 'Look at the crystal of the board and at the PLL.'],
  USB: ['What the host saw on the bus.', 'Of a device that is none of DFU, or is gone again.'],
  Bus: ['An access to an address where nothing answers.', 'See the fault bits.'],
  Lost: ['A write that had no effect.', 'See lost-write.'],
  Serial: ['What was said on a serial interface of the ROM, and what came back.', 'See --goal usart1.'],
  Board: ['The board that is assumed or named, where it differs from a plain one.', 'Its crystals, pins and supply: --board names one, `board` of a scenario describes one.'], // prettier-ignore
  Chip: [
    'Which part the run is for, where nobody named it, and why.',
    'It is read from the image, and from platformio.ini, the .ioc file or the build of its project. A guess says so. --chip names it.',
  ],
  ROM: [
    'The ROM that ran: the stand-in with its version, or a dump.',
    'The stand-in is written from documents of ST and has options where ST is silent.',
  ],
  Gaps: ['Registers that the firmware used and that are not modelled.', 'They keep what is written, and do nothing. --force gives a field a value.'], // prettier-ignore
  Run: ['Chip, simulated time, instructions, seed and version of this run.', 'With the same of all these, a run is the same.'],
  Next: ['What to type next.', 'A patch, a fuller report, or the explanation of the word of the cause.'],
};

const WORDS: Readonly<Record<string, Text>> = {
  harmless: [
    'A check fails, and the goal is reached all the same.',
    'The state is not the one that the ROM has behind BOOT0 and a reset, but does no harm with this ROM. Another version of it may mind. ' +
      'Where several variants were tried (options of the stand-in whose value is not documented), the report says “harmless in every variant of the ROM that the documents leave open”. `bootbench run --checks` has each check.',
  ],
  proved: [
    'Only this was repaired in a copy of the machine, and the goal was reached.',
    'The same firmware with only this changed works, on this stand-in ROM. What the proof depends on stands behind Holds.',
  ],
  usable: [
    'A host can do with the device what it is for: read, erase, write, leave.',
    'A device may enumerate and refuse the rest. What does not work stands behind But, with its step. A scenario demands it with `"after": { "download": "ok" }`.',
  ],
  guess: [
    'No name in the image says which chip it is for, and others may fit.',
    'Say --chip, or let the project say it: platformio.ini, its .ioc file, or -DSTM32F446xx in its Makefile.',
  ],
  'stand-in': [
    'A ROM written from documents of ST, which runs in place of theirs.',
    'Where ST is silent it has options: see ROM options. With --rom dump.bin the code of your own chip runs.',
  ],
};

const STEPS: Readonly<Record<AfterStep, Text>> = {
  list: ['The host reads the descriptors and lists the memories of the device.', 'As dfu-util -l does.'],
  upload: ['The host reads flash through DFU.', 'A protected chip refuses it.'],
  erase: ['The host erases a page of flash.', 'It is the DfuSe command 0x41.'],
  download: ['The host writes to flash.', 'An update needs at least this; `bootbench init` expects it.'],
  verify: ['The host reads back what it wrote, and it is the same.', 'Where reading is refused, it is not tried.'],
  leave: [
    'The host tells the device to start the application.',
    'A download of length 0 behind the address, then a status request. The ROM goes away from the bus and jumps to flash.',
  ],
  alive: [
    'Behind the leave, the application runs as it does behind a reset.',
    'It is compared with its own start from reset: the interrupts that it serves, its pins and ports, its device on USB. It fails where the ROM leaves something that the application counts on: its vector table (SCB->VTOR), clocks, masks, an active exception. ' +
      'Most often SCB->VTOR belongs at the start of main(). `bootbench leave` shows where the two starts differ.',
  ],
};
const RESULTS: Readonly<Record<AfterResult['result'], Text>> = {
  ok: ['The step works.', 'Of a step of a host behind DFU.'],
  refused: ['The device answered that it does not do this.', 'As a protected chip does with an upload.'],
  failed: ['The device did something else, or went away.', 'The report says what was seen.'],
  'not-tried': ['A step before it ended the attempt, or there is nothing to try it on.', 'Mend the step in front of it.'],
};
const VERDICTS: Readonly<Record<Verdict, Text>> = {
  pass: ['The check finds what the ROM has behind a reset, or what it needs.', '`bootbench run --checks` shows it.'],
  warn: ['The check finds something unusual that is no failure by itself.', 'Look at it where a board behaves otherwise.'],
  fail: ['The check finds something that a ROM may stumble on.', 'That is no cause yet: see proved, Maybe and harmless.'],
  'n/a': ['The chip or the run has no such thing.', 'A Cortex-M0 has no BASEPRI, a run without a jump no entry.'],
  unknown: ['It could not be observed.', 'The report says why.'],
};
const EXPECTED: Readonly<Record<keyof Expect, Text>> = {
  outcome: ['The outcome, or a list of those that are allowed.', '`"expect": { "outcome": "dfu" }`'],
  causes: ['Checks or other causes that must be proved.', 'Others may be proved, too.'],
  notCauses: ['Checks or other causes that must not be proved.', '`["*"]`: none at all.'],
  checks: ['Verdicts of checks.', '`"checks": { "vtor": "pass|n/a" }`'],
  resets: ['How many resets, by cause.', '`"resets": { "software": 1 }`, or `min` and `max`.'],
  console: ['What a channel prints.', 'Text, /regular expression/, or a list of both.'],
  goal: ['Whether the goal is reached.', 'true or false; the goal is what --goal or `goal` of the scenario names.'],
  after: ['What each step of a host comes to.', '`"after": { "download": "ok", "alive": "ok" }`'],
};
const GOALS: Readonly<Record<string, Text>> = {
  usb: ['The host has the DFU device of the ROM.', 'The goal where nothing else is said and the ROM has USB.'],
  app: ['The application runs.', 'The goal of a loader with its application: --goal app.'],
  usart: ['The ROM answers on this USART.', 'By AN3155; --goal usart1.'],
  can: ['The ROM answers on this CAN.', 'By AN3154; --goal can2.'],
  fdcan: ['The ROM answers on this FDCAN.', 'By AN5405; --goal fdcan1.'],
  i2c: ['The ROM answers on this I2C.', 'By AN4221; --goal i2c1.'],
  spi: ['The ROM answers on this SPI.', 'By AN4286; --goal spi1.'],
};

const REGISTERS: Readonly<Record<string, Text>> = {
  IPSR: [
    'The number of the exception that is being handled; 0 in Thread mode.',
    '3 is HardFault, 15 SysTick, 16 + n interrupt n. A jump out of a handler leaves it as it is, and no exception of the same or a lower priority is taken any more. ' +
      'No write changes it, only the return from the handler: set a flag there, and jump from the main loop. See handler-mode.',
  ],
  'EPSR.T': ['The Thumb state of the core.', 'Cleared by a branch to an even address. See thumb-bit.'],
  PSP: ['The stack pointer of threads, as an RTOS uses it.', 'See control.'],
  MSPLIM: ['The limit of MSP (Armv8-M).', 'See stack-limit.'],
  PSPLIM: ['The limit of PSP (Armv8-M).', 'See stack-limit.'],
  NVIC_ISER: ['Which interrupts are enabled.', 'One bit for each; NVIC_ICER disables. See nvic-enabled.'],
  NVIC_ISPR: ['Which interrupts are pending.', 'One bit for each; NVIC_ICPR clears. See nvic-pending.'],
  NVIC_IPR: ['Priorities of the interrupts.', 'After a reset all are 0, the highest.'],
  ICSR: ['Pending SysTick, PendSV and NMI, and the active exception.', 'See nvic-pending.'],
  SYST_CSR: ['Control of SysTick: 1 = counts, 2 = interrupts, 4 = from the clock of the core.', 'After a reset it is 0. HAL_Init() and HAL_RCC_DeInit() start it. See systick.'], // prettier-ignore
  SYST_RVR: ['What SysTick counts down from.', 'See systick.'],
  SCR: ['Sleep: SLEEPONEXIT, SLEEPDEEP, SEVONPEND.', 'See sleep-on-exit.'],
  CCR: ['Traps for unaligned accesses and divisions by 0, and the caches of a Cortex-M7.', 'See icache and dcache.'],
  MPU_CTRL: ['Switches the MPU on.', 'See mpu.'],
  AIRCR: ['Priority groups, and the request for a reset (SYSRESETREQ).', 'See software.'],
  SHPR: ['Priorities of the system exceptions, such as SysTick and PendSV.', 'After a reset all are 0.'],
  SHCSR: ['Which system faults are enabled and active.', 'Without MEMFAULTENA and its like, each fault is a HardFault.'],
  CPACR: ['Whether the FPU may be used.', 'See fpu.'],
  FPCCR: ['How the FPU is saved in an exception.', 'See fpu.'],
  ACTLR: ['Switches of the core itself, different from core to core.', 'After a reset it is 0.'],
};

const entries = (topic: Topic, texts: Readonly<Record<string, Text>>): Entry[] =>
  Object.entries(texts).map(([id, [title, text]]) => ({ topic, id, title, text: [text] }));

export const reportEntries = (): readonly Entry[] => [
  ...entries('line of a report', LINES),
  ...entries('word of a report', WORDS),
  ...entries('verdict of a check', VERDICTS),
  ...entries('step behind DFU', STEPS),
  ...entries('result of a step', RESULTS),
  ...entries('key of expect', EXPECTED),
  ...entries('goal', GOALS),
  ...entries('register of the core', REGISTERS),
];
