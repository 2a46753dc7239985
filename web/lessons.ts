/** Lessons: a text, what the bench does for it, and a question that the bench itself answers. */
import type { Go, View } from './setup.ts';

export interface LessonStep {
  readonly text: string;
  /** What is run on the machine that is held when the reader goes on. */
  readonly go?: Go;
  /** Turned over in the machine. */
  readonly turn?: readonly [id: string, on: boolean];
  readonly question?: string;
  /** Taken from the machine: the page computes no answer of its own. */
  readonly answer?: (view: View) => string;
}
export interface Lesson {
  readonly id: string;
  readonly title: string;
  readonly example: string;
  readonly steps: readonly LessonStep[];
}

const hex = (n: number): string => `0x${n.toString(16).padStart(8, '0')}`;
const register = (view: View, name: string): number => view.registers.find((r) => r.name === name)?.value ?? 0;
const where = (view: View): string => `${view.place.symbol ?? view.place.pc}${view.place.line === null ? '' : `, line ${view.place.line}`}`;
const seconds = (view: View): string => `${(view.at * 1000).toFixed(3)} ms`;

const TEN_STEPS: Lesson = {
  id: 'ten-steps',
  title: 'The boot sequence of an STM32 in ten steps',
  example: 'h533-straight',
  steps: [
    {
      text: 'Power is on and the core comes out of reset. It has loaded two words from the vector table: the initial MSP and the address of the reset handler. Not one instruction has run.',
      question: 'Where does the stack start?',
      answer: (v) => `MSP is ${hex(register(v, 'msp'))}.`,
    },
    {
      text: 'BOOT0 is low, so the table was that of the flash. One instruction of the reset handler runs.',
      go: 'instruction',
      question: 'Which function is that?',
      answer: where,
    },
    {
      text: 'A source line further. The start-up code copies initialised data and clears the rest before it calls main().',
      go: 'line',
      question: 'Where are we now?',
      answer: where,
    },
    {
      text: 'A millisecond goes by: thousands of instructions.',
      go: 'millisecond',
      question: 'How many instructions have run?',
      answer: (v) => `${v.instructions} in ${seconds(v)}.`,
    },
    {
      text: 'The firmware wants DFU and branches into the ROM. The bench stops in front of the first instruction in system memory.',
      go: 'entry',
      question: 'Is an interrupt allowed there?',
      answer: (v) => `PRIMASK is ${register(v, 'primask')}: ${register(v, 'primask') === 0 ? 'yes' : 'no'}.`,
    },
    {
      text: 'This is what the ROM inherits: no reset has come between, so every register is as the firmware left it.',
      question: 'Which stack does the ROM get?',
      answer: (v) => `MSP is ${hex(register(v, 'msp'))}.`,
    },
    {
      text: 'The ROM starts its clocks: HSI48 for USB among them. A millisecond later.',
      go: 'millisecond',
      question: 'Who is running?',
      answer: (v) => (v.zone === 'rom' ? 'The ROM.' : 'The application.'),
    },
    {
      text: 'An exception is taken: the ROM’s own interrupt.',
      go: 'exception',
      question: 'Which exception is active?',
      answer: (v) => `Number ${register(v, 'xpsr') & 0x1ff} (IPSR); 16 and more are interrupts.`,
    },
    {
      text: 'The host has reset the bus, read the descriptors, set the configuration and asked for the DFU state.',
      go: 'dfu',
      question: 'What does the host see?',
      answer: (v) => v.device ?? 'Nothing.',
    },
    {
      text: 'The run is over. Now turn PRIMASK over under “What if” and see the same firmware fail.',
      go: 'end',
      question: 'What was the outcome?',
      answer: (v) => v.outcome,
    },
  ],
};

/** A thread of the forum: the firmware as it was posted, and what a person at the board could not see. */
const thread = (id: string, title: string, example: string, steps: readonly LessonStep[]): Lesson => ({ id, title, example, steps });

const TO_ENTRY: LessonStep = {
  text: 'Run to the entry into the ROM.',
  go: 'entry',
  question: 'Did the jump come from where you think?',
  answer: (v) => `PC is ${hex(register(v, 'pc'))}, PRIMASK is ${register(v, 'primask')}, MSP is ${hex(register(v, 'msp'))}.`,
};
const OVER: LessonStep = { text: 'Run to the end.', go: 'end', question: 'What does the user see?', answer: (v) => v.outcome };

export const LESSONS: readonly Lesson[] = [
  TEN_STEPS,
  thread('thread-000', 'Thread 1: STM32H533, no DFU after a software reset', 'h533-seed000-as-posted', [
    {
      text: 'The firmware leaves a word in RAM and resets the chip; right after the reset it masks the interrupts and jumps. Run to that reset.',
      go: 'reset',
      question: 'How long did the application run?',
      answer: seconds,
    },
    TO_ENTRY,
    {
      text: 'The posted code calls __disable_irq() first and nothing undoes it. A reset would have; a jump does not. The bench clears PRIMASK now, and nothing else.',
      turn: ['primask', false],
      question: 'What is PRIMASK?',
      answer: (v) => String(register(v, 'primask')),
    },
    { ...OVER, question: 'And now?' },
  ]),
  thread('thread-001', 'Thread 2: STM32H745, DFU from a running application', 'h745-seed001-as-posted', [
    {
      text: 'The posted code calls an address read from a wrong place for this part. Run to the first exception.',
      go: 'exception',
      question: 'Which exception is that?',
      // one handler that serves several exceptions has the name of any of them
      answer: (v) => `Number ${register(v, 'xpsr') & 0x1ff} (3 is HardFault); its handler is ${v.place.file}:${v.place.line}.`,
    },
    { ...OVER, text: 'Run to the end; the verdict above names the address that the ROM has on this part.' },
  ]),
  thread('thread-002', 'Thread 3: STM32F072, the application does not come back after DFU', 'f072-seed002-as-posted', [
    {
      text: 'Entering the ROM is no problem here. Run to the entry; a Cortex-M0 finds its vectors at address 0, wherever MEM_MODE puts that.',
      go: 'entry',
      question: 'Has this core a VTOR?',
      answer: (v) => (v.registers.some((r) => r.name === 'vtor') ? 'Yes.' : 'No: the vectors are those at address 0.'),
    },
    {
      text: 'Run on until the host has the device.',
      go: 'dfu',
      question: 'What does the host see?',
      answer: (v) => v.device ?? 'Nothing.',
    },
    {
      text: 'The trouble comes after “leave”: the application starts while system memory still lies at address 0 (inferred: nobody has published MEM_MODE after a leave), so its first interrupt, SysTick, goes to the ROM. The example “as posted, remap” puts the flash back first.',
      question: 'Whose vectors are in force now?',
      answer: (v) => (v.zone === 'rom' ? 'Those of the ROM, which runs.' : 'Those of the application.'),
    },
  ]),
  thread('thread-003', 'Thread 4: STM32L496, one tool sees the device and another does not', 'l496-seed003-as-posted', [
    TO_ENTRY,
    {
      text: 'Run on until the host has the device. Every tool gets the same answers from it: which driver is bound is the business of the PC.',
      go: 'dfu',
      question: 'What does the host see?',
      answer: (v) => v.device ?? 'Nothing.',
    },
  ]),
  thread('thread-004', 'Thread 5: STM32L476, thrown back into the application', 'l476-seed004-masked', [
    TO_ENTRY,
    {
      text: 'The bench clears PRIMASK and changes nothing else.',
      turn: ['primask', false],
      question: 'What is PRIMASK?',
      answer: (v) => String(register(v, 'primask')),
    },
    { ...OVER, question: 'What comes of it now?' },
  ]),
];
