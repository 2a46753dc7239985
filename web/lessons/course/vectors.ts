/** Where a core finds its vectors: the table, the address 0, the tick. */
import { entries, entriesRow, outcome, outcomeRow, placeRow, register, registerIs, registerRow, valueRow, checkRow } from '../facts.ts';
import type { Excerpt, Lesson } from '../types.ts';

const FLASH = 0x08000000;
const H533_TABLE = 0x0bf97000;

const MAP_SYSTEM_MEMORY: Excerpt = {
  what: 'The macro map_system_memory()',
  file: 'common/core/jump.h',
  lines: [
    '#define map_system_memory()',
    'RCC_APB2ENR |= RCC_APB2_SYSCFG;',
    '(void)RCC_APB2ENR;',
    'SYSCFG_MEMRMP = (SYSCFG_MEMRMP & ~SYSCFG_MEMRMP_MEM_MODE) | SYSCFG_MEMRMP_SYSTEM_FLASH;',
  ],
};
const JUMP_TO_TABLE: Excerpt = {
  what: 'The macro jump_to_table()',
  file: 'common/core/jump.h',
  lines: [
    '#define jump_to_table(table)',
    'uint32_t sp = REG(table);',
    'uint32_t pc = REG((table) + 4u);',
    '__asm volatile("msr msp, %0\\n\\tbx %1" : : "r"(sp), "r"(pc) : "memory");',
  ],
};

export const VECTOR_TABLE: Lesson = {
  id: 'vector-table',
  title: 'The vector table and VTOR',
  about: 'A core starts with two words. Later, VTOR says where it finds the rest.',
  minutes: 7,
  steps: [
    {
      kind: 'look',
      title: 'Two words',
      text: [
        'Power is on, and no instruction has run. The core has loaded two words from the start of the flash: the first went to MSP, the second to PC.',
        'Compare the words in memory with the registers.',
      ],
      ask: { firmware: 'h533-straight', stops: [], read: ['0x08000000', '0x08000004'] },
      shows: (e) => [
        valueRow(e, '0x08000000', 'word at 0x08000000'),
        registerRow(e, 'msp'),
        valueRow(e, '0x08000004', 'word at 0x08000004'),
        registerRow(e, 'pc'),
      ],
      rule: 'A vector table begins with the initial stack pointer and the address of the reset handler. A ROM bootloader has such a table, too: code that jumps must load both words itself.',
    },
    {
      kind: 'predict',
      title: 'Bit 0',
      text: [
        'The ROM’s table is at 0x0BF97000 on this chip. The firmware loads the word at 0x0BF97004 and branches to it with BX.',
        'The word is odd. Instructions lie at even addresses.',
      ],
      ask: { firmware: 'h533-straight', stops: ['entry'], read: ['0x0bf97004'] },
      question: 'Which address does the first instruction in the ROM have?',
      choices: [
        {
          text: 'The word with bit 0 cleared',
          holds: (e) => register(e, 'pc') === (e.values['0x0bf97004'] ?? 0) - 1,
          hint: 'Bit 0 is not part of the address: it says “Thumb code”. Compare PC with the word.',
        },
        {
          text: 'The word as it is, an odd address',
          holds: (e) => register(e, 'pc') === e.values['0x0bf97004'],
          hint: 'An odd PC does not exist on a Cortex-M: bit 0 of a branch target goes to EPSR.T, not to PC.',
        },
        {
          text: '0x0BF97004, where the word stands',
          holds: registerIs('pc', H533_TABLE + 4),
          hint: 'That is the place of the pointer. This firmware loads it first, and goes where it points.',
        },
      ],
      shows: (e) => [valueRow(e, '0x0bf97004', 'word at 0x0BF97004'), registerRow(e, 'pc')],
      rule: 'Bit 0 of a vector is 1 for Thumb code. Take the word as it is: who clears the bit gets a fault at the first instruction there.',
    },
    {
      kind: 'predict',
      title: 'VTOR at the jump',
      text: ['This firmware jumps in the same way, but no line of it writes VTOR. Read it from the top.'],
      ask: { firmware: 'h533-vtor/vtor-keeps', stops: ['entry'] },
      question: 'Whose vector table is in force when the ROM’s first instruction runs?',
      choices: [
        {
          text: 'The ROM’s: VTOR = 0x0BF97000',
          holds: registerIs('vtor', H533_TABLE),
          hint: 'A branch changes PC. It does not change VTOR: only a write or a reset does.',
        },
        {
          text: 'The application’s: VTOR = 0x08000000',
          holds: registerIs('vtor', FLASH),
          hint: 'VTOR holds another value here. Look at the register.',
        },
        {
          text: 'None: VTOR = 0',
          holds: registerIs('vtor', 0),
          hint: '0 is the reset value on older cores. Look at the register: here the boot address was put there.',
        },
      ],
      shows: (e) => [registerRow(e, 'vtor'), registerRow(e, 'pc')],
      rule: 'A jump changes PC and nothing else. VTOR stays what it was.',
    },
    {
      kind: 'predict',
      title: 'What comes of it',
      text: [
        'ST does not publish whether the ROM sets VTOR itself. In this run it does not: option vtor = keeps.',
        'The ROM serves USB from an interrupt. The core takes that interrupt through VTOR. In the application’s table each interrupt that it does not use has the same default handler, an endless loop.',
      ],
      ask: { firmware: 'h533-vtor/vtor-keeps' },
      question: 'What does the computer see?',
      choices: [
        { text: 'The DFU device', holds: outcome('dfu'), hint: 'DFU needs the ROM’s interrupt handler, and VTOR leads to another one.' },
        {
          text: 'Nothing: the ROM runs and stays silent',
          holds: outcome('rom-silent'),
          hint: 'Look at the outcome: the end of this run is another one.',
        },
        {
          text: 'Nothing: the chip resets again and again',
          holds: outcome('reset-loop'),
          hint: 'Nothing asks for a reset here: the handler that is called belongs to the application, and it waits.',
        },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'vtor')],
      rule: 'Interrupts go where VTOR points, whatever code runs: here to a handler of the application, while the ROM waits for its own. SCB->VTOR = 0x0BF97000; in front of the jump makes it right, and then it does not matter whether the ROM sets VTOR.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32L476. This firmware copies the ROM’s table to RAM, and takes stack and target from the copy. It does not write VTOR.',
        'The stand-in ROM of this chip sets VTOR itself (inferred).',
      ],
      ask: { firmware: 'l476-table-copied' },
      question: 'What does the computer see?',
      choices: [
        { text: 'The DFU device', holds: outcome('dfu'), hint: 'Look at the outcome.' },
        {
          text: 'Nothing: the words come from RAM, and the ROM is not in RAM',
          holds: outcome('no-jump', 'fault'),
          hint: 'A copy of a pointer points to the same place. PC and MSP get the same values as from the original.',
        },
        {
          text: 'Nothing: VTOR still has the application’s table',
          holds: outcome('rom-silent'),
          hint: 'VTOR is the application’s at the jump, that is right. The ROM of this chip writes it before it enables its interrupt.',
        },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'vtor'), entriesRow(e)],
      rule: 'The values of the two words count, not where they were read. Whether VTOR must be set depends on the ROM: set it, and you need not know.',
    },
  ],
};

export const ADDRESS_ZERO: Lesson = {
  id: 'address-zero',
  title: 'Who owns address 0?',
  about: 'Address 0 is a window. MEM_MODE says which memory is seen through it.',
  minutes: 6,
  steps: [
    {
      kind: 'look',
      title: 'A window',
      text: [
        'An STM32L496 at power-on with BOOT0 low. No memory lies at address 0 by itself: the chip shows the flash there.',
        'Compare the word at 0 with the word at 0x08000000, and look at MEM_MODE.',
      ],
      ask: {
        firmware: 'l496-remapped-and-read-at-zero',
        stops: [],
        read: ['0x00000000', '0x08000000', '0x1fff0000', 'SYSCFG.MEMRMP.MEM_MODE'],
      },
      shows: (e) => [
        valueRow(e, '0x00000000', 'word at 0'),
        valueRow(e, '0x08000000', 'word at 0x08000000 (flash)'),
        valueRow(e, '0x1fff0000', 'word at 0x1FFF0000 (ROM)'),
        valueRow(e, 'SYSCFG.MEMRMP.MEM_MODE', 'MEM_MODE'),
      ],
      rule: 'MEM_MODE = 0 shows the flash at address 0, 1 shows system memory, that is the ROM.',
    },
    {
      kind: 'predict',
      title: 'After the remap',
      text: ['Read the firmware: it maps system memory to 0, and then it loads both words of the jump from address 0.'],
      also: [MAP_SYSTEM_MEMORY, JUMP_TO_TABLE],
      ask: {
        firmware: 'l496-remapped-and-read-at-zero',
        stops: ['entry'],
        read: ['0x00000000', '0x08000000', '0x1fff0000', 'SYSCFG.MEMRMP.MEM_MODE'],
      },
      question: 'At the first instruction in system memory: which word is seen at address 0?',
      choices: [
        {
          text: 'The first word of the flash',
          holds: (e) => e.values['0x00000000'] === e.values['0x08000000'] && e.values['0x00000000'] !== e.values['0x1fff0000'],
          hint: 'That was so until MEM_MODE was written. Compare the three words now.',
        },
        {
          text: 'The first word of the ROM',
          holds: (e) => e.values['0x00000000'] === e.values['0x1fff0000'] && e.values['0x00000000'] !== e.values['0x08000000'],
          hint: 'The remap has no effect in this run: compare the three words.',
        },
        { text: '0: nothing is there', holds: (e) => e.values['0x00000000'] === 0, hint: 'The window is never empty on this chip.' },
      ],
      shows: (e) => [
        valueRow(e, '0x00000000', 'word at 0'),
        valueRow(e, '0x08000000', 'word at 0x08000000 (flash)'),
        valueRow(e, '0x1fff0000', 'word at 0x1FFF0000 (ROM)'),
        valueRow(e, 'SYSCFG.MEMRMP.MEM_MODE', 'MEM_MODE'),
      ],
      rule: 'The remap takes effect at once. Reading at 0 is then the same as reading at 0x1FFF0000.',
    },
    {
      kind: 'predict',
      title: 'One line less',
      text: [
        'An STM32L476, and another program with the same plan. It does the remap itself; the first program had a macro for that.',
        'Compare the two. A register of a block in the chip answers only while the block has a clock, which RCC gives it.',
      ],
      also: [MAP_SYSTEM_MEMORY],
      ask: { firmware: 'l476-remap-no-clock' },
      question: 'What happens?',
      choices: [
        {
          text: 'The ROM is entered, DFU appears',
          holds: outcome('dfu'),
          hint: 'Then address 0 would have to show the ROM. The entries tell that it does not.',
        },
        {
          text: 'The application starts again and again: the ROM is never entered',
          holds: outcome('no-jump'),
          hint: 'Look at the entries into system memory.',
        },
        {
          text: 'The write to SYSCFG faults',
          holds: outcome('fault'),
          hint: 'Nothing faults in this run: each line is executed, and one of them does not do what it says.',
        },
      ],
      shows: (e) => [outcomeRow(e), entriesRow(e)],
      rule: 'The window still shows the flash, so the jump loads the application’s own two words. A line that has no effect gives no sign of it.',
    },
    {
      kind: 'find',
      title: 'The lost write',
      text: ['The bench has proved which line had no effect: with the value that this line was to write, DFU appears.'],
      firmware: 'l476-remap-no-clock',
      question: 'Click the line whose write is lost.',
      hints: {
        'jump_to_table(table)': 'The jump does what it is told: it goes where the words at 0 point. They are the wrong words.',
        'SYST_CSR = 0': 'SysTick belongs to the core and needs no clock from RCC: this write works.',
        'uint32_t table = 0': 'Address 0 is right. The question is what the chip shows there.',
        SCB_ICSR: 'SCB belongs to the core: this write works.',
        '#define SYSCFG_MEMRMP': 'The address is right.',
      },
      rule: 'A register of a block without a clock ignores writes. RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN; belongs in front of this line. Read the register back once: the clock needs two cycles.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32H745. It has no MEM_MODE. What is at address 0 of a Cortex-M7 is its ITCM, a RAM.',
        'This firmware expects the ROM’s vector table at address 0. Read how it computes the target.',
      ],
      ask: { firmware: 'h745-itcm-precedence', read: [] },
      question: 'What happens?',
      choices: [
        {
          text: 'DFU appears',
          holds: outcome('dfu'),
          hint: 'Then the word at 0 would have to be a word of the ROM. On this core the ITCM answers at 0.',
        },
        {
          text: 'A fault: the target is made from whatever the ITCM holds',
          holds: outcome('fault'),
          hint: 'Look at the outcome: this run ends in another way.',
        },
        {
          text: 'The application starts again',
          holds: outcome('no-jump', 'back-in-app', 'reset-loop'),
          hint: 'Then the word at 0 would have to be one of the flash. On this core the ITCM answers at 0.',
        },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'entry-address')],
      rule: 'Address 0 is another thing on each line. Use the address of system memory from AN2606, and you need not know.',
    },
  ],
};

export const SYSTICK: Lesson = {
  id: 'systick',
  title: 'SysTick goes into the ROM',
  about: 'VTOR decides who gets the tick, from the instant that it is written.',
  minutes: 6,
  steps: [
    {
      kind: 'predict',
      title: 'No jump at all',
      text: [
        'No line of this firmware jumps into the ROM: that is to come later. SysTick, the timer of the core, raises an exception each millisecond: the tick.',
        'Read main() to the end.',
      ],
      ask: { firmware: 'h533-tick-into-rom', stops: ['entry'] },
      question: 'Is the ROM entered, and how?',
      choices: [
        {
          text: 'No: nothing branches there',
          holds: (e) => e.view?.zone === 'application',
          hint: 'No instruction branches there, that is right. There is another way to change PC: an exception.',
        },
        {
          text: 'Yes, by the SysTick exception',
          holds: (e) => e.view?.zone === 'rom' && ((register(e, 'xpsr') ?? 0) & 0x1ff) === 15,
          hint: 'Look at IPSR, the low nine bits of xPSR: the number of the exception in force.',
        },
        {
          text: 'Yes, by a HardFault',
          holds: (e) => e.view?.zone === 'rom' && ((register(e, 'xpsr') ?? 0) & 0x1ff) === 3,
          hint: 'HardFault has number 3. Look at the low nine bits of xPSR.',
        },
      ],
      shows: (e) => [placeRow(e), registerRow(e, 'xpsr', 'xPSR (its low nine bits are the exception)')],
      rule: 'An exception changes PC as well as a branch does: the core loads the address of the handler from the table in force.',
    },
    {
      kind: 'find',
      title: 'The line',
      text: ['Without this line the tick stays with the application.'],
      firmware: 'h533-tick-into-rom',
      question: 'Click the line that sends the tick into the ROM.',
      hints: {
        tick_init: 'This starts the tick. For 20 ms it is served by the application, so this line alone does no harm.',
        delay_ms: 'The firmware stands here when it happens: that is where the tick is missed, not why.',
        led_toggle: 'The LED has nothing to do with it.',
        dsb: 'The barrier waits until the write is done. It does not change where the vectors are.',
      },
      rule: 'A write to VTOR works at once. It moves the vectors of all exceptions, also of those that go on by themselves, and the ROM’s SysTick handler knows nothing of your tick.',
    },
    {
      kind: 'predict',
      title: 'The order of lines',
      text: [
        'An STM32F405. All steps of a good jump are here: VTOR, clocks, SysTick off, NVIC off, jump.',
        'Look at their order, and at the loop between them. SysTick counts 168000 cycles of the core from one tick to the next. That was 1 ms at 168 MHz; clock_deinit() goes back to 16 MHz, where it is 10.5 ms. The loop takes longer.',
      ],
      ask: { firmware: 'f405-tick-through-rom-table' },
      question: 'What does the computer see?',
      choices: [
        {
          text: 'The DFU device: nothing is missing',
          holds: outcome('dfu'),
          hint: 'Nothing is missing, that is right. But SysTick is stopped more than 10.5 ms after VTOR was written.',
        },
        {
          text: 'Nothing: the core goes into the ROM before the jump, through its table',
          holds: (e) => outcome('rom-silent')(e) && e.result?.entries[0]?.how === 'exception',
          hint: 'Look at the first entry into system memory.',
        },
        {
          text: 'Nothing: the jump goes to a wrong address',
          holds: (e) => e.result?.entries[0]?.how === 'branch' && !outcome('dfu')(e),
          hint: 'The jump is right, and never reached: look at the first entry into system memory.',
        },
      ],
      shows: (e) => [outcomeRow(e), entriesRow(e), checkRow(e, 'systick')],
      rule: 'Each exception takes the table that is in force at its instant. Between the write of VTOR and the stop of SysTick every tick is one for the ROM.',
    },
    {
      kind: 'edit',
      title: 'Repair it',
      text: [
        'The line in question is SCB_VTOR = ROM_BASE; as the first one of jump_to_bootloader(). Choose an edit; the bench runs a program that makes its jump in this way.',
      ],
      firmware: 'f405-tick-through-rom-table',
      question: 'Which edit brings DFU?',
      goal: 'the DFU device appears',
      reached: (r) => r.outcome === 'dfu',
      shows: (e) => [outcomeRow(e), entriesRow(e)],
      edits: [
        {
          text: 'Mask the interrupts, stop SysTick, clear what is pending; write VTOR as the last thing, and unmask',
          firmware: 'f405-straight',
          hint: 'Look at the outcome.',
        },
        {
          text: 'Leave the order; it is only a matter of luck',
          firmware: 'f405-tick-through-rom-table',
          hint: 'The loop takes longer than a tick: it happens in each run.',
        },
        {
          text: '__disable_irq() as the first line, and leave it so',
          firmware: 'f405-masked',
          hint: 'The tick is held back, but the ROM’s USB interrupt is held back as well.',
        },
      ],
      rule: 'First stop what interrupts (SysTick: CTRL = 0, and PENDSTCLR in ICSR), then move the vectors, then jump. Masking is right while the state is half made; it must be undone before the branch.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32F072: a Cortex-M0 has no VTOR, and its vectors are those at address 0. DFU is used and left; the ROM starts this application with itself still at address 0 (inferred).',
        'The application starts its tick and waits 10 ms.',
      ],
      ask: { firmware: 'f072-leave-remap' },
      question: 'Who gets the application’s first tick after the leave?',
      choices: [
        {
          text: 'The application: it was started as after a reset',
          holds: ({ result }) => result !== null && entries(result, 'exception') === 0,
          hint: 'It was started by a jump. A jump does not put address 0 back.',
        },
        {
          text: 'The ROM: address 0 still shows its table',
          holds: ({ result }) => result !== null && entries(result, 'exception') > 0,
          hint: 'Look at the entries into system memory.',
        },
      ],
      shows: (e) => [entriesRow(e), checkRow(e, 'leave-path')],
      rule: 'On a core without VTOR, MEM_MODE does VTOR’s work. An application that is started by the ROM sets it to 0 before its first interrupt.',
    },
  ],
};
