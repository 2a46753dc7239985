/** What comes behind DFU, and a second core. */
import {
  checkRow,
  consoleRow,
  entries,
  entriesRow,
  outcome,
  outcomeRow,
  registerRow,
  resetsRow,
  timesSaid,
  valueRow,
  verdictOf,
} from '../facts.ts';
import type { Lesson } from '../types.ts';

export const LEAVE: Lesson = {
  id: 'leave',
  title: 'Leave: the way back',
  about: 'A DFU leave starts the application by a jump. It is not a reset.',
  minutes: 6,
  steps: [
    {
      kind: 'look',
      title: 'What the ROM has changed',
      text: [
        'An STM32L476: the jump was right, and the computer has the DFU device. The ROM runs.',
        'Look at what differs from the state after a reset. A leave does not put it back.',
      ],
      ask: { firmware: 'l476-leave-vtor', stops: ['dfu'], read: ['SYSCFG.MEMRMP.MEM_MODE'] },
      shows: (e) => [
        registerRow(e, 'vtor'),
        valueRow(e, 'SYSCFG.MEMRMP.MEM_MODE', 'MEM_MODE'),
        ['The computer sees', e.view?.device ?? 'nothing'],
      ],
      rule: 'AN2606 4.1: the ROM does not restore everything that it has used.',
    },
    {
      kind: 'predict',
      title: 'VTOR as after a reset',
      text: [
        'Then the computer sends the leave request. This application does not write VTOR: CubeMX’s SystemInit has that line only with USER_VECT_TAB_ADDRESS.',
        'After a real reset it sends “alive” once its tick has counted 10 ms.',
      ],
      ask: { firmware: 'l476-leave-vtor' },
      question: 'Does the application say “alive” a second time after the leave, without a reset?',
      choices: [
        {
          text: 'Yes: it starts like after a reset',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'pass',
          hint: 'It starts, that is right. But VTOR still has the ROM’s table, so its tick goes to the ROM.',
        },
        {
          text: 'No: it starts, and its first tick goes to the ROM',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'fail' && entries(result, 'exception') > 0,
          hint: 'Look at the entries: the second one is an exception.',
        },
        {
          text: 'No: the leave does not start it',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'fail' && entries(result, 'exception') === 0,
          hint: 'It is started: the core was in delay_ms() of the application when the exception came.',
        },
      ],
      shows: (e) => [checkRow(e, 'leave-path'), entriesRow(e), consoleRow(e), resetsRow(e)],
      rule: 'A leave hands VTOR over as the ROM has left it. SCB->VTOR = FLASH_BASE; at the start of SystemInit makes this leave work. The second “alive” comes after a reset: the ROM’s handler took the tick, and it resets the chip (fitted to the thread of lesson 5).',
    },
    {
      kind: 'predict',
      title: 'VTOR = 0',
      text: [
        'An STM32F411. This application does write VTOR in SystemInit. Read which value.',
        'After a reset the flash is at address 0, so it works. On this chip MEM_MODE was measured to stay after a leave.',
      ],
      ask: { firmware: 'f411-leave-remap' },
      question: 'And after a leave?',
      choices: [
        {
          text: 'It works: VTOR is written',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'pass',
          hint: 'It is written, with the address of a window. Which memory is seen through it after the ROM has run?',
        },
        {
          text: 'The tick goes to the ROM: address 0 shows system memory',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-remap') === 'fail',
          hint: 'Look at the checks leave-remap and leave-vtor.',
        },
        {
          text: 'The tick goes to the ROM: VTOR is still the ROM’s',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-vtor') === 'fail',
          hint: 'What stands there at the leave is not what stands there at the first interrupt. Who writes VTOR between the two?',
        },
      ],
      shows: (e) => [checkRow(e, 'leave-path'), checkRow(e, 'leave-remap'), checkRow(e, 'leave-vtor')],
      rule: 'The row leave-vtor shows what stood there at the leave; SystemInit writes VTOR before the first interrupt, so that check passes. Write the address of the flash, 0x08000000, and not that of its alias.',
    },
    {
      kind: 'predict',
      title: 'The vectors are right',
      text: [
        'An STM32F746. SystemInit writes the address of the flash to VTOR, so the tick finds its handler. The program runs from its crystal, and switches HSI off: after a reset nothing needs it.',
        'On this chip each UART chooses its own clock, in RCC_DCKCFGR2. This program does not write that register: after a reset USART1 has the clock of its bus. The ROM has used USART1 as well, with HSI.',
      ],
      ask: { firmware: 'f746-leave-muxes' },
      question: 'Does it say “alive” after the leave?',
      choices: [
        {
          text: 'Yes: clock_init() and uart_init() set up all that a UART needs',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'pass',
          hint: 'They set up what is not so after a reset. Which clock does USART1 have now?',
        },
        {
          text: 'Yes, with a wrong baud rate',
          holds: ({ result }) => result !== null && timesSaid(result, 'alive') > 1 && verdictOf(result, 'leave-path') === 'fail',
          hint: 'It would be so if HSI ran. Look for the line that switches it off.',
        },
        {
          text: 'No: it waits for its first character to be sent',
          holds: ({ result }) => result !== null && timesSaid(result, 'alive') === 1 && verdictOf(result, 'leave-clocks') === 'fail',
          hint: 'Look at the check leave-clocks, and at what was sent: once before DFU, and never after.',
        },
      ],
      shows: (e) => [checkRow(e, 'leave-path'), checkRow(e, 'leave-clocks'), consoleRow(e)],
      rule: 'The ROM gave USART1 the clock HSI, and the choice outlives the leave; the program stops that very clock. An application that a ROM can start writes each field that it depends on, also those that are right after a reset.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32H723. It has VTOR, and this application sets it well. The ROM was started by BOOT0; it has written PWR_CR3, the choice of the supply. On this chip that register can be written once after power-on.',
        'A second write is ignored. The low three bits hold 6, as after a reset.',
        'The application, started by the leave, chooses its own supply, and reads back whether it has been chosen.',
      ],
      ask: { firmware: 'h723-leave-supply' },
      question: 'Does it run after the leave?',
      choices: [
        {
          text: 'Yes: interrupts reach it',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'pass',
          hint: 'Interrupts would reach it. It never comes so far: it waits for a register that is locked.',
        },
        {
          text: 'No: its interrupts go to the ROM',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'fail' && entries(result, 'exception') > 0,
          hint: 'No interrupt goes to the ROM: look at the entries.',
        },
        {
          text: 'No: it waits for a choice that the ROM has made already',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'fail' && entries(result, 'exception') === 0,
          hint: 'Look at the check leave-path.',
        },
      ],
      shows: (e) => [checkRow(e, 'leave-path'), entriesRow(e)],
      rule: 'Vectors are the most frequent thing that a leave hands over, not the only one. `bootbench leave` lists the others.',
    },
  ],
};

export const DUAL_CORE: Lesson = {
  id: 'dual-core',
  title: 'Two cores, and other masters',
  about: 'Whoever else writes to memory goes on while the ROM runs.',
  minutes: 6,
  steps: [
    {
      kind: 'predict',
      title: 'The M4 runs on',
      text: [
        'An STM32H745. The M7 jumps into the ROM as the first thing in main(). The M4 blinks an LED: it sleeps (WFI), and wakes every 100 ms for its tick. Nobody stops it.',
        'The check second-core tells how the M4 stands at the instant of the jump.',
        '“Keep the M4 from booting”, says a reply in the forum.',
      ],
      ask: { firmware: 'h745-seed001-fixed' },
      question: 'Does DFU appear while the M4 blinks?',
      choices: [
        { text: 'Yes', holds: outcome('dfu'), hint: 'Look at the outcome.' },
        {
          text: 'No: the ROM waits for the M4',
          holds: outcome('rom-silent'),
          hint: 'The stand-in ROM runs on the M7 and does not wait for the M4.',
        },
        { text: 'No: both cores fault', holds: outcome('fault'), hint: 'The M4 only writes to a GPIO port and waits for its tick.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'second-core')],
      rule: 'A second core is harmless as long as it touches nothing that the ROM uses: its RAM, RCC, the USB block, the pins.',
    },
    {
      kind: 'predict',
      title: 'Take the M4 away',
      text: ['This firmware has the right address, and fails. Now the option byte BCM4 is 0: the M4 does not boot.'],
      ask: { firmware: 'h745-seed001-address/m4-not-booted' },
      question: 'Is that enough for DFU?',
      choices: [
        { text: 'Yes: the M4 was the disturbance', holds: outcome('dfu'), hint: 'Then the outcome without the M4 would be dfu.' },
        { text: 'No: the ROM is still silent', holds: outcome('rom-silent'), hint: 'Look at the outcome.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'primask')],
      rule: 'A suspect is proved by a run in which nothing else is different. Without the M4 nothing changes, so it was not the M4.',
    },
    {
      kind: 'predict',
      title: 'A master inside of the chip',
      text: [
        'An STM32L476. A request for the ROM is a word in RAM, right behind a log of 16 words. A DMA channel clears the log: it writes as many words as DMA1_CNDTR1 says, the first one to the address in DMA1_CMAR1.',
        'main() sets the request, clears the log, waits and resets the chip. No line of the core writes to the request after that.',
      ],
      ask: { firmware: 'l476-request-under-dma' },
      question: 'What happens?',
      choices: [
        {
          text: 'The ROM is entered, DFU appears',
          holds: outcome('dfu'),
          hint: 'For that the request would have to be there behind the reset.',
        },
        {
          text: 'The application asks and resets again and again',
          holds: (e) => outcome('reset-loop')(e) && verdictOf(e.result!, 'magic-survives') === 'fail',
          hint: 'Look at the resets. How many words are cleared, and how many has the log?',
        },
        {
          text: 'A fault: the DMA writes behind the log',
          holds: outcome('fault'),
          hint: 'For the DMA an address is as good as another. No array has an end for it.',
        },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), checkRow(e, 'magic-survives')],
      rule: 'The log has 16 words, and 17 are cleared: the last one is the request. A word is written by more than the lines of your code: whoever looks for the writer looks at DMA and the other core, too.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32F405: one core only. But a DMA stream copies samples of the ADC to RAM, in a circle, and nobody stops it before the jump.',
        'In main(), 0x4002641C holds the address that the stream writes to (M0AR), 0x40026414 how many samples of 16 bits make one round (NDTR). The ROM keeps its variables at the start of RAM, from 0x20000000 up to its stack pointer, 0x20003000.',
      ],
      ask: { firmware: 'f405-dma-into-rom-ram' },
      question: 'What does the computer see?',
      choices: [
        {
          text: 'The DFU device: there is no second core',
          holds: outcome('dfu'),
          hint: 'There is no second core, that is right. A DMA controller writes to memory by itself as well.',
        },
        {
          text: 'Nothing: the DMA overwrites variables of the ROM',
          holds: (e) => outcome('rom-silent', 'fault', 'reset-loop', 'dfu-lost')(e) && verdictOf(e.result!, 'dma') === 'fail',
          hint: 'Look at the check dma.',
        },
        {
          text: 'Nothing: interrupts are masked',
          holds: ({ result }) => result !== null && verdictOf(result, 'primask') === 'fail',
          hint: 'irq_on() is in front of the jump: the check primask passes.',
        },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'dma'), checkRow(e, 'primask')],
      rule: 'Stop every master that writes to memory: DMA streams, the other core, USB and Ethernet controllers with DMA of their own.',
    },
  ],
};
