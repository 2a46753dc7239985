/** Five threads of ST's forum: the firmware as it was posted, and what a person at the board could not see. */
import {
  checkRow,
  consoleRow,
  entries,
  entriesRow,
  outcome,
  outcomeRow,
  registerIs,
  register,
  registerRow,
  resetsRow,
  timeRow,
  timesSaid,
  usbIsBack,
  valueRow,
  verdictOf,
} from '../facts.ts';
import type { Lesson } from '../types.ts';

export const THREAD_0: Lesson = {
  id: 'seed-000',
  title: 'Forum: no DFU after a software reset',
  about: 'STM32H533. Eleven careful steps, and no device.',
  minutes: 7,
  forumCase: '000',
  steps: [
    {
      kind: 'look',
      title: 'A reset first',
      text: [
        'The posted code asks for DFU with a word in RAM, and resets the chip. A reset puts all registers back: the best start for a jump.',
        'The machine stands right behind that reset. Look at the registers of the core.',
      ],
      ask: { firmware: 'h533-seed000-as-posted', stops: ['reset'] },
      shows: (e) => [timeRow(e), registerRow(e, 'primask'), registerRow(e, 'vtor'), registerRow(e, 'control')],
      rule: 'Behind a reset the core is as new: interrupts can be taken, and VTOR has the boot address. It stays so until somebody writes.',
    },
    {
      kind: 'predict',
      title: 'What the computer sees',
      text: [
        'main() sees the word and calls JumpToUSB_DFU(). Read it from its first line to the jump.',
        'The ROM serves USB from an interrupt. The stand-in ROM does not unmask interrupts by itself (primask = keeps, assumed: ST does not publish it).',
      ],
      ask: { firmware: 'h533-seed000-as-posted' },
      question: 'How does it end?',
      choices: [
        {
          text: 'The DFU device appears',
          holds: outcome('dfu'),
          hint: 'Most of the steps are right. One thing is not as the ROM needs it: the next step asks which.',
        },
        { text: 'The ROM runs, and no device appears', holds: outcome('rom-silent'), hint: 'Look at the outcome.' },
        {
          text: 'A HardFault: the address is wrong',
          holds: outcome('fault'),
          hint: 'The search finds the ROM’s table: look at the entry.',
        },
        {
          text: 'The chip resets: the ROM sees SFTRSTF, the flag of the software reset, and goes back',
          holds: outcome('back-in-app', 'reset-loop'),
          hint: 'The poster believes that. The ROM goes nowhere: it was entered, and it waits.',
        },
      ],
      shows: (e) => [outcomeRow(e), entriesRow(e)],
      rule: 'The address is right and the ROM runs, so something that it has inherited is wrong. A jump is not a reset: the ROM finds the core as your last line has left it.',
    },
    {
      kind: 'flip',
      title: 'One thing',
      text: [
        'One thing is set at the jump, and nothing else is touched. The bench does not tell how each of them stands there: read it in the firmware.',
      ],
      firmware: 'h533-seed000-as-posted',
      question: 'Which one brings DFU?',
      hints: {
        vddusb: 'PWR_USBSCR was written for that.',
        hsi48: 'The firmware has started it.',
        vtor: 'SCB_VTOR was written for that.',
        msp: 'The firmware loads it from the ROM’s table.',
      },
      rule: 'That is how the bench proves a cause: it repairs one thing and runs again. The reset had cleared PRIMASK, and behind it the bit was set anew. A masked interrupt stays pending: the computer waits for the ROM, and the ROM waits for its interrupt.',
    },
    {
      kind: 'find',
      title: 'The line',
      text: [
        'Comments of the post call many of these steps CRITICAL: ICACHE off, the USB supply, HSI48 on, the reset flags cleared. The source here is without comments, which would tell too much.',
        'For the poster the reset had put everything back. The bench has proved one line wrong, by a run in which only its effect is different.',
      ],
      firmware: 'h533-seed000-as-posted',
      question: 'Click the line that keeps DFU away.',
      hints: {
        ICACHE: 'ICACHE is off after a reset, and on or off, the ROM does not care: the check icache passes.',
        PWR_USBSCR: 'The USB supply is on: the check vddusb passes.',
        HSI48: 'HSI48 runs: the check hsi48 passes.',
        RCC_RSR: 'The reset flags are cleared: it does no harm and no good here.',
        SCB_VTOR: 'VTOR has the ROM’s table: the check vtor passes.',
        '__asm volatile': 'The jump is right: stack and target come from the ROM’s table.',
        NVIC_: 'The NVIC has nothing pending and nothing enabled: that is right.',
        SYST_: 'SysTick is off: that is right.',
        'uint32_t address = 0x0BF80000u': 'The search is a risk, and in this run it finds the right table.',
      },
      rule: 'A function that masks interrupts and never returns leaves them masked. What this line sets stays set until an instruction clears it, also in the ROM. The fix is one line: __enable_irq(); as the last statement before the jump.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: ['Another chip, STM32F405. This firmware masks the interrupts in its first line, too. Read on to the jump.'],
      ask: { firmware: 'f405-straight' },
      question: 'What does the computer see?',
      choices: [
        { text: 'The DFU device', holds: outcome('dfu'), hint: 'Look at the outcome, and at the line in front of the jump.' },
        {
          text: 'Nothing: interrupts are masked again',
          holds: outcome('rom-silent'),
          hint: 'They are masked at first. Look for the line that unmasks them.',
        },
        { text: 'A fault', holds: outcome('fault'), hint: 'Stack and target come from the ROM’s table, at the right address.' },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'primask')],
      rule: 'To mask is no mistake. Not to unmask is.',
    },
  ],
};

export const THREAD_1: Lesson = {
  id: 'seed-001',
  title: 'Forum: a HardFault that hides another defect',
  about: 'STM32H745. Repairs that seem to change nothing.',
  minutes: 6,
  forumCase: '001',
  steps: [
    {
      kind: 'predict',
      title: 'An address',
      text: [
        'The posted code takes 0x1FFF9800 for the ROM’s table. AN2606 has 0x1FF09800 for this chip. The firmware reads both words from the posted address.',
        'The memory map of the H745 has nothing there. What nobody answers, the bus ends with an error.',
      ],
      ask: { firmware: 'h745-seed001-as-posted', stops: ['exception'] },
      question: 'What does the read of 0x1FFF9804 do?',
      choices: [
        {
          text: 'It gives some word, and the jump goes astray',
          holds: (e) => e.view?.zone === 'rom',
          hint: 'Nothing answers at that address, so there is no word.',
        },
        {
          text: 'It faults: nothing answers there',
          holds: (e) => [3, 5].includes((register(e, 'xpsr') ?? 0) & 0x1ff),
          hint: 'Look at the exception.',
        },
        {
          text: 'SysTick comes first',
          holds: (e) => ((register(e, 'xpsr') ?? 0) & 0x1ff) === 15,
          hint: 'SysTick has number 15, and it was never started.',
        },
      ],
      shows: (e) => [registerRow(e, 'xpsr', 'xPSR (its low nine bits are the exception: 3 is HardFault)')],
      rule: 'A read of an address where nothing is ends in a BusFault, and that becomes a HardFault while BusFault is not enabled.',
    },
    {
      kind: 'find',
      title: 'Where it faults',
      text: [
        'Two lines belong to this fault. One has made the wrong number: that is the mistake. The other one uses it: there the core stops, and that is what a debugger shows and the bench names.',
      ],
      firmware: 'h745-seed001-as-posted',
      question: 'Click the line at which the core faults.',
      found: 'Here the core faults. The mistake was made where the number stands.',
      hints: {
        'table = 0x1FFF9800':
          'This is the mistake, and it is what has to be repaired. Nothing happens here yet: the core faults where the number is used.',
        irq_off: 'It does what it says, and the read comes in spite of it.',
        icache_off: 'The cache was never on: this does nothing.',
        dcache_off: 'The cache was never on: this does nothing here.',
        'msr msp': 'This line reads the other word, and comes later: the core has faulted by then.',
        'boot();': 'The jump is never reached.',
      },
      rule: 'A fault shows where a wrong value is used, not where it was made: go back from there. Read 0x1FF09800 and 0x1FF09804 with a debugger: an address in RAM, and an odd one in the ROM.',
    },
    {
      kind: 'edit',
      title: 'Repair it',
      text: ['Choose an edit. Each was built and is run.'],
      firmware: 'h745-seed001-as-posted',
      question: 'Which edit brings DFU?',
      goal: 'the DFU device appears',
      reached: (r) => r.outcome === 'dfu',
      shows: (e) => [outcomeRow(e), entriesRow(e)],
      edits: [
        {
          text: 'table = 0x1FF09800u; and nothing else',
          firmware: 'h745-seed001-address',
          hint: 'The fault is gone, and the second defect is seen: interrupts are masked.',
        },
        { text: 'table = 0x1FF09800u; and irq_on(); in front of the jump', firmware: 'h745-seed001-fixed', hint: 'Look at the outcome.' },
        {
          text: 'table = 0x1FF09800u; and the option byte BCM4 = 0, so that the M4 does not boot',
          firmware: 'h745-seed001-address/m4-not-booted',
          hint: 'The M4 was not what disturbed: without it the ROM is as silent.',
        },
      ],
      rule: 'Two defects: each repair alone changes nothing for the user. That is why people take the right repair back. One repair at a time, and a look at what has changed: a fault has become silence.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32G070. Somebody has taken the address 0x1FFF6800 for that of the bootloader: there the part has another area, and in this run it is erased: each word reads 0xFFFFFFFF. AN2606 has 0x1FFF0000.',
      ],
      ask: { firmware: 'g070-wrong-base' },
      question: 'How does it end?',
      choices: [
        { text: 'In a fault', holds: outcome('fault'), hint: 'Look at the outcome.' },
        {
          text: 'The ROM runs, and is silent',
          holds: outcome('rom-silent'),
          hint: 'The jump does not go into the ROM: look at the entries.',
        },
        {
          text: 'The application starts again',
          holds: outcome('back-in-app', 'no-jump', 'reset-loop'),
          hint: 'Nothing leads back: no reset was asked for.',
        },
      ],
      shows: (e) => [outcomeRow(e), checkRow(e, 'entry-address'), entriesRow(e)],
      rule: 'Take the address of your part from AN2606, and check the two words behind it.',
    },
  ],
};

export const THREAD_2: Lesson = {
  id: 'seed-002',
  title: 'Forum: USB stays dead after “Leave DFU”',
  about: 'STM32F072. A word in RAM, a reset, a jump, and a leave.',
  minutes: 6,
  forumCase: '002',
  steps: [
    {
      kind: 'predict',
      title: 'The way in',
      text: ['A word in RAM, a reset, a jump from SystemInit(). The stack pointer is a number from a data sheet.'],
      ask: { firmware: 'f072-seed002-as-posted' },
      question: 'Does DFU appear?',
      choices: [
        { text: 'Yes', holds: outcome('dfu'), hint: 'Look at the outcome.' },
        {
          text: 'No: nothing maps the ROM to address 0',
          holds: outcome('rom-silent', 'fault'),
          hint: 'Nothing in this firmware does. The ROM does it itself (reported).',
        },
      ],
      shows: (e) => [outcomeRow(e), consoleRow(e)],
      rule: 'The poster is right: the jump is not the problem. What the ROM needs, it sets up itself, and nobody else puts that back.',
    },
    {
      kind: 'look',
      title: 'What the ROM has changed',
      text: [
        'The computer has the DFU device. A Cortex-M0 has no VTOR: it takes every vector from address 0.',
        'Look at MEM_MODE: 1 shows system memory at address 0.',
      ],
      ask: { firmware: 'f072-seed002-as-posted', stops: ['dfu'], read: ['SYSCFG.CFGR1.MEM_MODE', '0x00000004', '0x08000004'] },
      shows: (e) => [
        valueRow(e, 'SYSCFG.CFGR1.MEM_MODE', 'MEM_MODE'),
        registerRow(e, 'vtor'),
        valueRow(e, '0x00000004', 'reset vector at address 0'),
        valueRow(e, '0x08000004', 'reset vector of the application'),
      ],
      rule: 'The ROM needs interrupts for USB, so its own table must be at address 0.',
    },
    {
      kind: 'predict',
      title: 'The reset button',
      text: [
        'Then the computer sends the leave request. MEM_MODE stays 1 (inferred from this very thread): the application sends “start”, and its first tick is lost in the ROM. The poster reports that a power cycle brings USB back.',
        'Here somebody presses the reset button 0.8 s after the leave, and the power stays on. RAM keeps its content, the word dfu_magic included. Read SystemInit().',
      ],
      ask: { firmware: 'f072-seed002-as-posted/leave-then-nrst' },
      question: 'What does the computer see after the button?',
      choices: [
        {
          text: 'The USB device of the application',
          holds: ({ result }) => result !== null && timesSaid(result, 'configured') === 2,
          hint: 'Look at what was sent: “configured” tells that the host has set up the application’s own device.',
        },
        {
          text: 'The DFU device again: dfu_magic has survived',
          holds: ({ result }) => result !== null && entries(result, 'branch') > 1,
          hint: 'RAM survives, that is right. SystemInit() has cleared the word before it jumped.',
        },
        {
          text: 'Nothing: only a power cycle puts MEM_MODE back',
          holds: ({ result }) =>
            result !== null && timesSaid(result, 'configured') === 1 && entries(result, 'branch') === 1 && timesSaid(result, 'start') > 2,
          hint: 'MEM_MODE is a register of SYSCFG. Each reset of the system puts those back, also one by the button.',
        },
      ],
      shows: (e) => [consoleRow(e), resetsRow(e), entriesRow(e)],
      rule: 'The button does what the power cycle did: any reset puts SYSCFG back. Only a leave does not, for it is a jump.',
    },
    {
      kind: 'edit',
      title: 'Repair it',
      text: ['Wanted: after the leave the USB of the application comes up, without a reset.'],
      firmware: 'f072-seed002-as-posted/leave',
      question: 'Which edit reaches that?',
      goal: 'USB comes up after the leave, without a reset',
      reached: usbIsBack,
      shows: (e) => [checkRow(e, 'leave-path'), consoleRow(e), resetsRow(e)],
      edits: [
        {
          text: 'None: send the leave request again',
          firmware: 'f072-seed002-as-posted/leave',
          hint: 'The ROM has left already, and nobody listens.',
        },
        {
          text: 'Start IWDG before the jump',
          firmware: 'f072-seed002-iwdg/leave',
          hint: 'It comes up, but by a reset of the watchdog: look at the resets.',
        },
        { text: 'In main(): clock SYSCFG, and set MEM_MODE to 0', firmware: 'f072-seed002-remap', hint: 'Look at the outcome.' },
      ],
      rule: 'RCC->APB2ENR |= RCC_APB2ENR_SYSCFGEN; SYSCFG->CFGR1 &= ~SYSCFG_CFGR1_MEM_MODE; before the first interrupt: an application that can be started by a ROM sets up what it depends on.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32H750. BOOT0 starts the ROM; the application has set VTOR well, and no register of a block is in its way.',
        'In this run the ROM leaves from inside of its USB interrupt: it jumps, and the handler never returns (option leave-context = isr, reported for ROM V9.0). The core still counts that interrupt as active.',
        'A core interrupts a handler only for an exception of a higher priority. Nobody has written one here: USB and SysTick both have 0, the value after a reset.',
      ],
      ask: { firmware: 'h750-leave-irq' },
      question: 'Who gets the application’s first tick after the leave?',
      choices: [
        {
          text: 'Its own handler: VTOR is right',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-path') === 'pass',
          hint: 'VTOR is right, that is so. It says where the handler is, not whether it is its turn.',
        },
        {
          text: 'The ROM’s handler, as before',
          holds: ({ result }) => result !== null && entries(result, 'exception') > 0,
          hint: 'No exception leads into the ROM: look at the entries.',
        },
        {
          text: 'Nobody: it stays pending',
          holds: ({ result }) => result !== null && verdictOf(result, 'leave-irq') === 'fail' && entries(result, 'exception') === 0,
          hint: 'Look at the check leave-irq.',
        },
      ],
      shows: (e) => [checkRow(e, 'leave-path'), checkRow(e, 'leave-irq'), checkRow(e, 'leave-vtor'), entriesRow(e)],
      rule: 'The same symptom, and no register of a block is to blame: the core itself is in the middle of an interrupt. The ROM does not end that, a reset does: an application that finds ICSR.VECTACTIVE set asks for one (NVIC_SystemReset).',
    },
  ],
};

export const THREAD_3: Lesson = {
  id: 'seed-003',
  title: 'Forum: one tool sees the device, the other does not',
  about: 'STM32L496. One program finds the device, the other does not.',
  minutes: 6,
  forumCase: '003',
  steps: [
    {
      kind: 'predict',
      title: 'The device',
      text: [
        'A backup register asks for the ROM; system memory is mapped to 0; then the jump. STM32CubeProgrammer sees the device, DfuSeDemo does not.',
        'The host of this run is a Windows computer with a driver.',
      ],
      ask: { firmware: 'l496-seed003-as-posted' },
      question: 'What does the bench find wrong with the way into DFU?',
      choices: [
        {
          text: 'The jump: something is missing',
          holds: ({ result }) => result !== null && result.outcome !== 'dfu',
          hint: 'The device enumerates and answers: look at the outcome.',
        },
        {
          text: 'Nothing: DFU appears, there is no cause to name',
          holds: ({ result }) => result?.outcome === 'dfu' && result.diagnosis.causes.length === 0,
          hint: 'Look at the outcome.',
        },
      ],
      shows: (e) => [outcomeRow(e), ['Causes', e.result?.diagnosis.causes.map((c) => c.id).join(', ') || 'none']],
      rule: 'The device answers every tool alike. What differs is on the computer. (That the picture warns of the leave is another matter: lesson 10.)',
    },
    {
      kind: 'predict',
      title: 'A computer without the driver',
      text: ['The same firmware at a computer where no driver is bound to the DFU device.'],
      ask: { firmware: 'l496-seed003-as-posted/no-driver' },
      question: 'What does the bench blame?',
      choices: [
        {
          text: 'A line of the firmware',
          holds: ({ result }) => result?.diagnosis.causes[0]?.lastWriter != null,
          hint: 'The cause has no line: look who it names.',
        },
        {
          text: 'The board',
          holds: ({ result }) => result?.diagnosis.causes[0]?.id === 'board',
          hint: 'Cable, crystal and pins are as before.',
        },
        { text: 'The host', holds: ({ result }) => result?.diagnosis.causes[0]?.id === 'host', hint: 'Look at the cause.' },
      ],
      shows: (e) => [outcomeRow(e), ['Cause', e.result?.diagnosis.causes.map((c) => `${c.id} ${c.what ?? ''}`).join(', ') || 'none']],
      rule: 'Each tool looks for devices with a certain driver. The device manager of Windows shows which one is bound.',
    },
    {
      kind: 'predict',
      title: 'A line less',
      text: [
        'Another question of the poster: how to leave? Before that, one trap. A reset locks the backup registers: until DBP is set again, they can be read and not written.',
        'In this variant jump_if_asked() has a line less.',
        'DFU is used and left once.',
      ],
      ask: { firmware: 'l496-seed003-no-dbp' },
      question: 'How often is the ROM entered by the firmware’s own jump?',
      choices: [
        {
          text: 'Once',
          holds: ({ result }) => result !== null && entries(result, 'branch') === 1,
          hint: 'The request was to be cleared before the first jump. Was the write taken?',
        },
        {
          text: 'Twice: the request is still there after the leave',
          holds: ({ result }) => result !== null && entries(result, 'branch') >= 2,
          hint: 'Count the branches among the entries.',
        },
      ],
      shows: (e) => [entriesRow(e), checkRow(e, 'leave-path')],
      rule: 'A write to a locked backup register is ignored, and nothing tells. Unlock (clock PWR, set DBP), clear, then jump. What else goes wrong behind this leave is lesson 10: the firmware does not write VTOR.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32G474. The request is written to a backup register, BACKUP. CLOCKS are those of PWR and of the RTC. DBP is bit 8 of PWR_CR: look for a line that sets it.',
      ],
      ask: { firmware: 'g474-backup-no-dbp' },
      question: 'What happens?',
      choices: [
        {
          text: 'The ROM is entered once, DFU appears',
          holds: outcome('dfu'),
          hint: 'For that the request would have to be in the register.',
        },
        {
          text: 'The application asks and resets again and again',
          holds: (e) => outcome('reset-loop')(e) && e.result?.entries.length === 0,
          hint: 'Look at resets and entries.',
        },
        { text: 'The write faults', holds: outcome('fault'), hint: 'A write without DBP is ignored. It does not fault.' },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), checkRow(e, 'magic-survives')],
      rule: 'The same lock, and here it hits the other write: the request never arrives.',
    },
  ],
};

export const THREAD_4: Lesson = {
  id: 'seed-004',
  title: 'Forum: thrown back into the application',
  about: 'STM32L476. The call goes out, and the application starts again.',
  minutes: 7,
  forumCase: '004',
  steps: [
    {
      kind: 'predict',
      title: 'Where the call goes',
      text: ['The ROM’s table is at 0x1FFF0000, its reset vector at 0x1FFF0004. Read the line that makes the pointer, with all its casts.'],
      ask: { firmware: 'l476-seed004-masked', stops: ['entry'], read: ['0x1fff0004'] },
      question: 'Which address does boot() call?',
      choices: [
        {
          text: 'The ROM’s reset handler',
          holds: (e) => register(e, 'pc') === ((e.values['0x1fff0004'] ?? 0) & ~1) >>> 0,
          hint: 'For that the code would have to load the word at 0x1FFF0004. Count the asterisks that are not inside a cast.',
        },
        { text: '0x1FFF0004 itself, the place of the vector', holds: registerIs('pc', 0x1fff0004), hint: 'Look at PC.' },
        { text: '0x1FFF0000, the start of the table', holds: registerIs('pc', 0x1fff0000), hint: 'ROM_BASE + 4u is what is called.' },
      ],
      shows: (e) => [registerRow(e, 'pc'), valueRow(e, '0x1fff0004', 'word at 0x1FFF0004')],
      rule: 'A cast makes a pointer of a number. Only * loads what is there.',
    },
    {
      kind: 'predict',
      title: 'An even address',
      text: [
        '0x1FFF0004 is even: no Thumb code. The core takes a UsageFault, which becomes a HardFault. Address 0 shows the ROM by now, and VTOR is 0.',
        'The ROM’s handlers reset the chip (fitted to this post).',
      ],
      ask: { firmware: 'l476-seed004-remap' },
      question: 'The firmware with the remap and without masking: how does it end?',
      choices: [
        {
          text: 'In the application’s HardFault handler',
          holds: outcome('fault'),
          hint: 'Its vector is read from address 0. Whose table is there after the remap?',
        },
        { text: 'Back in the application, by a reset', holds: outcome('back-in-app'), hint: 'Look at the outcome and the resets.' },
        { text: 'DFU appears', holds: outcome('dfu'), hint: 'The reset handler of the ROM has not run.' },
      ],
      shows: (e) => [outcomeRow(e), resetsRow(e), entriesRow(e)],
      rule: '“It resets at once” was true: the ROM’s fault handler did it.',
    },
    {
      kind: 'predict',
      title: 'Without the remap',
      text: ['The poster took the remap out. Everything else is the same.'],
      ask: { firmware: 'l476-seed004-no-remap' },
      question: 'And now?',
      choices: [
        { text: 'In the application’s HardFault handler', holds: outcome('fault'), hint: 'Look at the outcome.' },
        {
          text: 'Back in the application, by a reset',
          holds: outcome('back-in-app'),
          hint: 'Address 0 shows the flash now: it is the application’s handler, and that one does not reset.',
        },
        { text: 'DFU appears: the remap was the mistake', holds: outcome('dfu'), hint: 'The call still goes to the place of the vector.' },
      ],
      shows: (e) => [outcomeRow(e), entriesRow(e)],
      rule: 'The same fault, another handler. The remap decides whose. The core faults at the call; the mistake was made where the pointer was.',
    },
    {
      kind: 'edit',
      title: 'Repair it',
      text: ['The posted code has the remap and masks the interrupts. Choose an edit; each was built.'],
      firmware: 'l476-seed004-masked',
      question: 'Which edit brings DFU?',
      goal: 'the DFU device appears',
      reached: (r) => r.outcome === 'dfu',
      shows: (e) => [outcomeRow(e), entriesRow(e)],
      edits: [
        {
          text: 'Take the masking out',
          firmware: 'l476-seed004-remap',
          hint: 'The call still goes into the table. This is what the poster tried.',
        },
        { text: 'Take the masking and the remap out', firmware: 'l476-seed004-no-remap', hint: 'The call still goes into the table.' },
        { text: 'Take the masking out and put the asterisk in', firmware: 'l476-seed004-fixed', hint: 'Look at the outcome.' },
      ],
      rule: 'Two defects at once: taking back the masking was right, and did not help alone. In (void (*)(void))(*((uint32_t *)(ROM_BASE + 4u))) the asterisk in front loads the vector.',
    },
    {
      kind: 'predict',
      hidden: true,
      title: 'Hidden test',
      text: [
        'Another chip, STM32L412. Another program, no remap. Read how it makes its pointer.',
        'Nobody has written VTOR since the reset: it is 0, and address 0 shows the flash.',
      ],
      ask: { firmware: 'l412-vector-called' },
      question: 'How does it end?',
      choices: [
        { text: 'DFU appears', holds: outcome('dfu'), hint: 'The pointer is SYSTEM_MEMORY + 4u itself: nothing is loaded.' },
        { text: 'In a fault', holds: outcome('fault'), hint: 'Look at the outcome.' },
        {
          text: 'Back in the application',
          holds: outcome('back-in-app', 'reset-loop', 'no-jump'),
          hint: 'Nothing maps the ROM to 0 here: the application’s own handler takes the fault, and stays in it.',
        },
      ],
      shows: (e) => [outcomeRow(e), entriesRow(e), checkRow(e, 'entry-dereference')],
      rule: 'Look at the pointer before the call: it has to be odd.',
    },
  ],
};
