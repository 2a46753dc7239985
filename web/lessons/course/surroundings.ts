/** What a jump hands over besides vectors: clocks, the memory that carries a request, watchdogs. */
import { checkRow, entriesRow, outcome, outcomeRow, resetsRow, valueRow } from '../facts.ts';
import type { Lesson } from '../types.ts';

export const CLOCKS: Lesson = {
  id: 'clocks',
  title: 'Clocks: who has to start HSI48?',
  about: 'USB needs 48 MHz. Some ROMs take it from HSI48, others need a crystal.',
  minutes: 6,
  steps: [
    {
      kind: 'look',
      title: 'HSI48 is off',
      text: [
        'HSI48 is an oscillator that makes the 48 MHz for USB. Nothing in hardware starts it: software does.',
        'The firmware has cleaned up, and the machine stands in front of the ROM’s first instruction. Look at the two bits.',
      ],
      ask: { firmware: 'h533-hsi48', stops: ['entry'], read: ['RCC.CR.HSI48ON', 'RCC.CR.HSI48RDY'] },
      shows: (e) => [valueRow(e, 'RCC.CR.HSI48ON', 'HSI48ON'), valueRow(e, 'RCC.CR.HSI48RDY', 'HSI48RDY')],
      rule: 'The ROM inherits the clocks as they are. After a reset HSI48 is off as well.',
    },
    {
      kind: 'predict',
      title: 'Does it matter?',
      text: ['With BOOT0 the ROM starts after a reset, and then HSI48 is off, too. DFU works there on every H533.'],
      ask: { firmware: 'h533-hsi48' },
      question: 'HSI48 is off at the jump. What does the computer see?',
      choices: [
        {
          text: 'The DFU device: the ROM starts HSI48 itself, as it must after a reset',
          holds: outcome('dfu'),
          hint: 'Look at the outcome.',
        },
        {
          text: 'Nothing: USB has no clock',
          holds: outcome('rom-silent'),
          hint: 'It had none at that instant. The ROM does not rely on its caller: after a reset nobody has started HSI48 for it.',
        },
        { text: 'A fault', holds: outcome('fault'), hint: 'A clock that is off makes no fault: nothing is executed from HSI48.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'hsi48')],
      rule: 'What is also off after a reset cannot break the jump, if the ROM makes the same start in both cases. That is the test for every advice in a forum.',
    },
    {
      kind: 'predict',
      title: 'If the ROM did not',
      text: ['Nobody has published it for a jump. In this run the ROM keeps HSI48 as it finds it (hsi48 = keeps).'],
      ask: { firmware: 'h533-hsi48/hsi48-keeps' },
      question: 'And what does the computer see now?',
      choices: [
        {
          text: 'The DFU device: another clock takes the place of HSI48',
          holds: outcome('dfu'),
          hint: 'USB is wired to its clock by a register. Nobody has chosen another one, and this ROM does not look.',
        },
        { text: 'Nothing: the ROM waits for a request of the computer', holds: outcome('rom-silent'), hint: 'Look at the outcome.' },
        {
          text: 'Nothing: the ROM notices it, and resets the chip',
          holds: outcome('reset-loop', 'back-in-app'),
          hint: 'A USB block without a clock tells nobody: the ROM runs on, and waits.',
        },
      ],
      shows: (e) => [outcomeRow(e), entriesRow(e), resetsRow(e)],
      rule: 'Where a fact is not published, make it not matter: do not take away what the ROM may need.',
    },
    {
      kind: 'find',
      title: 'The line',
      text: ['The same run. The firmware has some lines about HSI48.'],
      firmware: 'h533-hsi48/hsi48-keeps',
      question: 'Click the line that took the clock away.',
      hints: {
        'while (RCC_CR & RCC_CR_HSI48RDY)': 'This waits until the oscillator has stopped. The line in front of it has stopped it.',
        'RCC_CR |= RCC_CR_HSI48ON': 'This switches it on, for the random number generator.',
        'while (!(RCC_CR & RCC_CR_HSI48RDY))': 'This waits until the oscillator runs.',
        clock_deinit: 'This goes back from the PLL. HSI48 still runs behind it.',
      },
      rule: 'A clean-up that does more than the reset does needs a reason.',
    },
    {
      kind: 'predict',
      title: 'No crystal',
      text: [
        'An STM32F411 on a board without a crystal. This ROM derives the clock of USB from HSE (AN2606). It waits for the crystal for a limited time; then it resets the chip (reported). The firmware is right in every line, and jumps whenever it starts.',
      ],
      ask: { firmware: 'f411-no-crystal' },
      question: 'What happens?',
      choices: [
        { text: 'The DFU device appears', holds: outcome('dfu'), hint: 'F411 has no HSI48: without HSE there is no exact 48 MHz.' },
        {
          text: 'The ROM resets the chip once, and then the application runs as always',
          holds: outcome('back-in-app'),
          hint: 'It starts, that is right. What does this application do first? Look at the resets.',
        },
        {
          text: 'The chip resets again and again',
          holds: outcome('reset-loop'),
          hint: 'Look at the resets.',
        },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), checkRow(e, 'hse')],
      rule: 'No line of code can repair a board. The bench says so: the cause is the crystal.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32L476, on a board with neither LSE nor HSE. This ROM takes the clock of USB from one of them (AN2606). Its firmware is right, too.',
      ],
      ask: { firmware: 'l476-seed004-fixed/no-crystal' },
      question: 'What does the computer see?',
      choices: [
        { text: 'The DFU device', holds: outcome('dfu'), hint: 'The MSI of this chip is exact enough for USB only when LSE trims it.' },
        { text: 'Nothing', holds: outcome('rom-silent', 'reset-loop'), hint: 'Look at the outcome.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'hse')],
      rule: 'Look up in AN2606 which clock your ROM uses for USB, before you look for a mistake in the jump.',
    },
  ],
};

export const CACHE: Lesson = {
  id: 'cache',
  title: 'The cache and the magic word',
  about: 'A request in RAM survives a reset, if it has reached the RAM.',
  minutes: 5,
  steps: [
    {
      kind: 'predict',
      title: 'A word in RAM',
      text: [
        'An STM32H745 with its data cache on. request_dfu() writes a magic word to RAM and resets the chip. The start-up code looks at the word and jumps, if it is there.',
        'The cache is a write-back cache: a write changes a line of the cache, which is then called dirty. RAM gets a dirty line when the cache needs the room, or when software cleans the line. A reset empties the cache and writes nothing back.',
        'The file shown is the whole request. dsb() waits until the write has left the core.',
      ],
      ask: { firmware: 'h745-magic-dcache' },
      question: 'What happens after the reset?',
      choices: [
        {
          text: 'The word is there: the ROM is entered',
          holds: outcome('dfu'),
          hint: 'For that the word would have to be in the RAM. It has left the core, and come as far as the cache.',
        },
        {
          text: 'The word is gone: nothing jumps',
          holds: outcome('no-jump'),
          hint: 'Look at the outcome.',
        },
        {
          text: 'RAM is cleared by a reset, so no such request can ever work',
          holds: ({ result }) => result?.resets.every((r) => r.by === 'power') === true,
          hint: 'RAM keeps its content over a software reset. This run had one: look at the resets.',
        },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), checkRow(e, 'magic-survives')],
      rule: 'RAM keeps its content over a software reset. What has come no further than the cache was never in the RAM.',
    },
    {
      kind: 'predict',
      title: 'Dirty lines and a jump',
      text: [
        'The same chip, another program. It fills its buffers, jumps into the ROM without a reset, and leaves both caches on. Some 500 lines are dirty at the jump.',
        'The ROM runs on the same core, and uses RAM of its own.',
      ],
      ask: { firmware: 'h745-caches-on' },
      question: 'What does the computer see?',
      choices: [
        { text: 'The DFU device', holds: outcome('dfu'), hint: 'Look at the outcome.' },
        {
          text: 'Nothing: the ROM reads old values from RAM',
          holds: outcome('rom-silent'),
          hint: 'The ROM reads through the same cache. A core always sees its own writes.',
        },
        { text: 'A fault', holds: outcome('fault'), hint: 'A dirty line faults nowhere: it is written back when its place is needed.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'dcache')],
      rule: 'A jump keeps the cache, and nothing is lost; whether each ROM works so, nobody has published. A reset throws the cache away. Others that read the RAM, such as a DMA controller, do not see dirty lines either.',
    },
    {
      kind: 'edit',
      title: 'Repair it',
      text: ['The first program again. For each of three edits a firmware was built.'],
      firmware: 'h745-magic-dcache',
      question: 'Choose an edit that brings DFU. More than one does.',
      goal: 'the DFU device appears',
      reached: (r) => r.outcome === 'dfu',
      shows: (e) => [outcomeRow(e), resetsRow(e)],
      edits: [
        {
          text: 'Clean the line by its address before the reset: SCB_DCCMVAC = REQUEST_ADDRESS;',
          firmware: 'h745-magic-dcache-cleaned',
          hint: 'Look at the outcome.',
        },
        {
          text: 'Leave it: dsb() is there',
          firmware: 'h745-magic-dcache',
          hint: 'A barrier orders accesses. It does not write a dirty line back.',
        },
        {
          text: 'Put the word into the DTCM, the RAM of the core that no cache covers',
          firmware: 'h745-flag-in-dtcm',
          hint: 'Look at the outcome.',
        },
      ],
      rule: 'Clean the line, use memory without a cache, or use a backup register.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32H743, and no cache in the way. The request is one byte in a RAM with error correction: an ECC word of 32 bits.',
        'A narrow store goes to a buffer first. The buffer is written back with the next narrow store to another word.',
      ],
      ask: { firmware: 'h743-mode-byte-ecc' },
      question: 'Does the byte survive the reset?',
      choices: [
        {
          text: 'Yes: there is no cache',
          holds: outcome('dfu'),
          hint: 'There is no cache, that is right. There is another place between core and RAM where the byte can stay.',
        },
        { text: 'No: a reset comes before the buffer is written back', holds: outcome('no-jump'), hint: 'Look at the outcome.' },
        { text: 'The store faults', holds: outcome('fault'), hint: 'A byte store to this RAM is allowed.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'magic-survives')],
      rule: 'Ask of each request: has it arrived in a memory that survives? A whole word would have.',
    },
  ],
};

export const WATCHDOG: Lesson = {
  id: 'watchdog',
  title: 'Watchdogs go on in the ROM',
  about: 'IWDG and WWDG cannot be stopped. The jump takes them along.',
  minutes: 6,
  steps: [
    {
      kind: 'predict',
      title: 'IWDG with 100 ms',
      text: [
        'The firmware starts IWDG with 100 ms, refreshes it for a while, and jumps. Nothing can stop it but a reset.',
        'AN2606 says that the ROM refreshes a running IWDG.',
      ],
      ask: { firmware: 'h533-iwdg' },
      question: 'What does the computer see?',
      choices: [
        { text: 'The DFU device, and it stays', holds: outcome('dfu'), hint: 'Look at the outcome.' },
        {
          text: 'A device that comes and goes each 100 ms',
          holds: outcome('dfu-lost', 'reset-loop'),
          hint: 'IWDG would do that if nobody refreshed it. The ROM does.',
        },
        {
          text: 'Nothing: the jump stops IWDG and the ROM notices',
          holds: outcome('rom-silent', 'no-jump'),
          hint: 'No jump stops IWDG, and the ROM does not ask.',
        },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), checkRow(e, 'iwdg')],
      rule: 'The ROM slows IWDG down and refreshes it (AN2606). It is not what breaks the jump on such a ROM.',
    },
    {
      kind: 'predict',
      title: 'A ROM that does not',
      text: ['The same firmware. In this run the ROM leaves IWDG alone (option iwdg = ignores).'],
      ask: { firmware: 'h533-iwdg/iwdg-ignores' },
      question: 'How does it end?',
      choices: [
        {
          text: 'DFU appears and stays: 100 ms is long enough',
          holds: outcome('dfu'),
          hint: 'DFU lasts for seconds. 100 ms after the last refresh the chip is reset.',
        },
        { text: 'The chip is reset each time, and the application jumps again', holds: outcome('reset-loop'), hint: 'Look at the resets.' },
        { text: 'The ROM runs on without USB', holds: outcome('rom-silent'), hint: 'A watchdog resets the whole chip: nothing runs on.' },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e)],
      rule: 'reset-loop with IWDG as the cause of the resets: RCC->RSR (or CSR) tells it on a board, before your code clears it.',
    },
    {
      kind: 'find',
      title: 'No way back',
      text: [
        'Several lines write to IWDG_KR. The reference manual has three keys: 0x5555 opens PR and RLR for writing, 0xAAAA refreshes the counter, 0xCCCC starts it.',
      ],
      firmware: 'h533-iwdg/iwdg-ignores',
      question: 'Click the line after which IWDG cannot be stopped.',
      hints: {
        '0x5555u': '0x5555 opens PR and RLR for writing. It does not start the counter.',
        '0xAAAAu': '0xAAAA refreshes the counter. It does not start it.',
        IWDG_PR: 'The prescaler says how fast the counter goes. It does not start it.',
        IWDG_RLR: 'The reload value says how long it lasts. It does not start it.',
      },
      rule: '0xCCCC starts IWDG. Only a reset stops it.',
    },
    {
      kind: 'predict',
      title: 'WWDG while you wait',
      text: [
        'An STM32F405 with WWDG at 50 ms. In front of the jump the firmware waits 500 ms, so that the computer sees the old device go.',
      ],
      ask: { firmware: 'f405-wwdg-during-detach' },
      question: 'Is the ROM entered?',
      choices: [
        { text: 'Yes, and DFU appears', holds: outcome('dfu'), hint: 'Nobody refreshes WWDG in those 500 ms.' },
        { text: 'Yes, and the ROM is silent', holds: outcome('rom-silent'), hint: 'Look at the entries into system memory.' },
        {
          text: 'No: the chip is reset before the jump',
          holds: (e) => outcome('reset-loop')(e) && e.result?.entries.length === 0,
          hint: 'Look at the resets and entries.',
        },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), entriesRow(e)],
      rule: 'WWDG cannot be stopped either. No ROM is known to refresh it.',
    },
    {
      kind: 'edit',
      title: 'Choose a watchdog',
      text: [
        'The product must have a watchdog that runs during the jump. Each edit changes one thing.',
        'The firmware refreshes no watchdog once it waits. The ROM of this chip refreshes a running IWDG as that of step 1 does, from its start on. WWDG it leaves alone.',
      ],
      firmware: 'f405-wwdg-during-detach',
      question: 'With which one does DFU appear?',
      goal: 'the DFU device appears',
      reached: (r) => r.outcome === 'dfu',
      shows: (e) => [outcomeRow(e), resetsRow(e)],
      edits: [
        { text: 'WWDG with 50 ms, as it is', firmware: 'f405-wwdg-during-detach', hint: 'It bites during the wait of 500 ms.' },
        {
          text: 'WWDG with 50 ms, and no wait in front of the jump',
          firmware: 'f405-wwdg-no-wait',
          hint: 'The jump is made now. The ROM does not refresh WWDG, and is reset by it.',
        },
        { text: 'IWDG with 1 s in place of WWDG; the wait stays', firmware: 'f405-iwdg-during-detach', hint: 'Look at the outcome.' },
      ],
      rule: 'IWDG is the one that the ROM knows. Its time must be longer than what your code does in front of the jump. With WWDG there is another way: reset the chip with a request, and jump before WWDG is started.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32F072. IWDG runs when the ROM is entered. DFU is used and left, and the application’s USB does not come up: its tick goes to the ROM.',
        'A reply in the forum: “start IWDG before the jump”.',
      ],
      ask: { firmware: 'f072-seed002-iwdg/leave' },
      question: 'What does the watchdog do after the leave?',
      choices: [
        {
          text: 'Nothing: the ROM has stopped it',
          holds: ({ result }) => result?.resets.some((r) => r.by === 'iwdg') === false,
          hint: 'Nothing stops IWDG. The ROM has only refreshed it.',
        },
        {
          text: 'It resets the chip, and after this reset the application runs',
          holds: ({ result }) => result !== null && result.resets.filter((r) => r.by === 'iwdg').length === 1,
          hint: 'Look at the resets.',
        },
        {
          text: 'It resets the chip again and again',
          holds: ({ result }) => result !== null && result.resets.filter((r) => r.by === 'iwdg').length > 1,
          hint: 'After the first reset by IWDG it is off: it has to be started anew, and the request is gone.',
        },
      ],
      shows: (e) => [resetsRow(e), outcomeRow(e)],
      rule: 'A watchdog reset puts all registers back, address 0 as well. It is a way out, not a repair.',
    },
  ],
};
