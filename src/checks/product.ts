/** What the part and its option bytes allow: remap, banks, empty flash, protection, TrustZone, second core. */
import { hasPin, packageOf } from '../chips/parts.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { MS } from '../emu/time.ts';
import {
  broken,
  hex,
  notApplicable,
  pass,
  unknown,
  type Check,
  type Judgement,
  type OtherReset,
  type Subject,
  type TargetState,
} from './check.ts';
import { eraseAndJumpInC } from './fix-in-c.ts';
import { familyOf, inManual, maskOf, NO_FAMILY, registerOf } from './families.ts';
import { nothingToIt } from './mask-registers.ts';
import { takenUnclocked } from './taken-unclocked.ts';

const REMAP = 'AN2606 Rev 70 4.1: on devices with dual-bank boot, except F7, the application must map system memory to 0 before the jump';

export const remap: Check = {
  id: 'remap',
  question: 'Is system memory mapped to address 0, if the chip can do that?',
  path: false,
  judge({ state, history, rom }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    if (!f.remap) return notApplicable('the memory at address 0 cannot be changed on this chip; VTOR selects the vectors');
    const value = state.field(f.remap.field);
    if (value === null) return unknown(`${inManual(f.remap.field)} cannot be read on this target`);
    const observed = `${inManual(f.remap.field)} = ${value}`;
    if (value === f.remap.systemMemory)
      return takenUnclocked(state, history) ?? pass(observed, 'system memory is at 0', REMAP, 'documented');
    const nothing = nothingToIt(rom, observed);
    if (nothing !== null) return nothing;
    const option = rom.option('remap');
    return broken('warn', {
      observed,
      expected: `${inManual(f.remap.field)} = ${f.remap.systemMemory}`,
      source: REMAP,
      confidence: option?.confidence ?? 'inferred',
      because: 'vectors that the core fetches at address 0 come from the flash',
      lastWriter: history?.lastWriter(registerOf(f.remap.field), maskOf(state.chip, f.remap.field)) ?? null,
    });
  },
  repair({ state }) {
    const remapping = familyOf(state.chip)?.remap;
    return remapping
      ? {
          at: 'entry',
          what: 'system memory mapped to 0',
          fix: remapping.code,
          apply: (target) => target.setField(remapping.field, remapping.systemMemory),
        }
      : null;
  },
  explanation: [
    'On many STM32, software selects the memory at address 0 (MEM_MODE in SYSCFG). AN2606 asks for system memory there before the jump on dual-bank parts. On a Cortex-M0, which has no VTOR, the interrupts of the ROM need this mapping, whether the application or the ROM sets it.',
    'STM32H5, H7 and U5 have no such selection: VTOR selects the vectors.',
  ].join('\n\n'),
};

const BANKS = 'AN2606 Rev 70, dual-bank boot figures: the ROM looks for a stack pointer in RAM at the start of the banks';

/** Banks that begin with a stack pointer into RAM. */
const programsOf = ({ chip, read }: TargetState): readonly number[] =>
  chip.memories
    .filter((m) => m.kind === 'flash' && m.zone === 'user')
    .flatMap((m) => [m.base, m.base + m.size / 2])
    .filter((base) => {
      const sp = read(base, 4);
      return sp !== null && chip.memories.some((m) => m.kind === 'ram' && sp > m.base && sp <= m.base + m.size);
    });

export const dualBank: Check = {
  id: 'dual-bank',
  question: 'Does the ROM start an application from a flash bank instead of staying in the bootloader?',
  path: true,
  // a ROM that nothing entered sent nobody back
  remark: ({ entry }) => !entry,
  judge({ state, rom }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    if (!f.bankCheck) return notApplicable('the ROM of this chip has no dual-bank boot');
    const { field, asks } = f.bankCheck;
    const bfb2 = state.field(field);
    const option = rom.option('bank-check');
    if (bfb2 === null || !option) return unknown('the option bit and what the ROM does with it are not known on this target');
    const observed = `${inManual(field)} = ${bfb2}`;
    const confidence = option.confidence;
    if (option.value === 'never' || (option.value === 'bfb2' && bfb2 !== asks)) return pass(observed, 'the ROM stays', BANKS, confidence);
    const programs = programsOf(state);
    if (programs.length === 0)
      return pass(`${observed}, no program in the banks`, 'the ROM finds no application and stays', BANKS, confidence);
    return broken('warn', {
      observed: `${observed}, a program at ${programs.map(hex).join(' and ')}`,
      expected:
        option.value === 'always' ? 'banks that do not begin with a stack pointer' : `${inManual(field)} = ${1 - asks}, or empty banks`,
      source: BANKS,
      confidence,
      because: 'the ROM finds a program in a bank and starts it instead of staying',
    });
  },
  repair({ state, entry, rom }) {
    const erase = familyOf(state.chip)?.eraseFirstPage;
    if (entry && erase && rom.option('bank-check')?.value === 'always')
      return {
        at: 'entry',
        what: 'no bank begins with a stack pointer',
        fix: eraseAndJumpInC(rom, erase),
        apply: (target) => programsOf(state).forEach((base) => target.eraseWord?.(base)),
      };
    // at the level that BOOT0 has: only the option bit can be another one
    const bit = familyOf(state.chip)?.bankCheck;
    if (!entry || !bit || state.field(bit.field) !== bit.asks || rom.option('bank-check')?.value !== 'bfb2') return null;
    return {
      at: 'entry',
      what: `${inManual(bit.field)} = ${1 - bit.asks}`,
      fix: bit.code,
      apply: (target) => target.putField?.(bit.field, 1 - bit.asks),
    };
  },
  explanation: [
    'On parts with dual-bank boot (BFB2 and similar option bits), the ROM may look at the first words of the flash banks and start a bank that looks like firmware instead of staying. Whether it does this after a jump depends on option bytes and, on some parts, on the BOOT0 pin.',
    'STM32H5 swaps its banks in hardware (option bit SWAP_BANK); its ROM has no such test.',
  ].join('\n\n'),
};
const FLASH_BASE = 0x08000000;

/** The BOOT0 pin of the package as an output that is high. Which package of several it is may not be known: the comment names the pin of the others. */
function drivenInC(pin: string, others: readonly string[], chip: ChipDescription): string {
  const [port, bit] = [pin[1]!, Number(pin.slice(2))];
  const packages = packageOf(chip);
  const many = others.length > 0 && packages?.letter === null && packages.name.includes(',');
  return [
    `/* the BOOT0 pin of the package: ${pin}${many ? `, or ${others.join(' or ')} on packages without it` : ''} */`,
    `RCC->AHBENR |= RCC_AHBENR_GPIO${port}EN; GPIO${port}->BSRR = 1u << ${bit};`,
    `GPIO${port}->MODER = (GPIO${port}->MODER & ~(3u << ${2 * bit})) | (1u << ${2 * bit});`,
  ].join('\n');
}

export const emptyCheck: Check = {
  id: 'empty-check',
  question: 'Does the boot decision depend on whether the flash is empty?',
  path: true,
  // eslint-disable-next-line complexity -- chips whose ROM looks at pins and option bits before it goes back to flash are told apart in every word of the answer
  judge({ state, rom }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    if (!f.emptyCheck) return notApplicable('this chip has no empty check');
    if (!f.returnsToFlash) return notApplicable('only the boot decision tests whether the flash is empty, not the ROM after a jump');
    const { bootSelect, pins, source } = f.returnsToFlash;
    const first = state.read(FLASH_BASE, 4);
    const select = bootSelect === null ? 1 : state.field(bootSelect);
    if (first === null || select === null) return unknown('the first word of the flash or the option bits cannot be read on this target');
    const driven = pins.find((pin) => state.field(`GPIO${pin[1]!}.IDR.IDR${pin.slice(2)}`) === 1);
    const high = driven ?? (state.bootPin?.('BOOT0') === 1 ? 'BOOT0' : undefined);
    const word = `first word of the flash ${hex(first)}`;
    const observed =
      bootSelect === null
        ? `${word}${high ? `, ${high} = 1` : ''}`
        : `${word}, ${inManual(bootSelect)} = ${select}, ${high ? `${high} = 1` : `${pins.join(' and ')} not 1`}`;
    const expected =
      bootSelect === null
        ? 'an erased first word'
        : `an erased first word, ${inManual(bootSelect)} = 0, or ${pins.join(' or ')} high (the BOOT0 pin of the package)`;
    if (first === 0xffffffff || select === 0 || high) return pass(observed, 'the ROM stays', source, 'documented');
    return broken('fail', {
      observed,
      expected,
      source,
      confidence: rom.option('jump-empty-check')?.confidence ?? 'documented',
      because: 'the ROM of this chip returns to the application if the flash is not empty, even after a jump',
      lastWriter: null,
    });
  },
  repair({ state, rom }) {
    const returns = familyOf(state.chip)?.returnsToFlash;
    if (!returns) return null;
    const [pin, ...others] = returns.pins.filter((p) => hasPin(state.chip, p));
    if (pin === undefined)
      return {
        at: 'entry',
        what: 'the first word of the flash erased',
        fix: eraseAndJumpInC(rom),
        apply: (target) => target.eraseWord?.(FLASH_BASE),
      };
    return {
      at: 'entry',
      what: 'the BOOT0 pin driven high',
      fix: drivenInC(pin, others, state.chip),
      apply: (target) => {
        const [port, bit] = [pin[1]!, pin.slice(2)];
        target.setField(`RCC.AHBENR.IOP${port}EN`, 1);
        target.setField(`GPIO${port}.ODR.ODR${bit}`, 1);
        target.setField(`GPIO${port}.MODER.MODER${bit}`, 1);
      },
    };
  },
  explanation: [
    'Some parts (F04x, L01x, G0, C0, WB) start the ROM if the first word of flash is erased. On some of them, the ROM returns to the application if that word is not erased, even after a jump.',
    'On those parts, the firmware must drive the BOOT0 pin high before the jump (as candleLight does), run with BOOT_SEL = 0, or erase its own first page. On F070x6, erasing the page is the only way.',
    'STM32H5 has no empty check.',
  ].join('\n\n'),
};

export const protection: Check = {
  id: 'protection',
  question: 'Does the life-cycle state or read-out protection allow the bootloader?',
  path: true,
  judge({ state }) {
    const f = familyOf(state.chip);
    if (!f?.protection) return notApplicable(f ? 'this chip has none' : NO_FAMILY);
    const value = state.field(f.protection.field);
    if (value === null) return unknown(`${inManual(f.protection.field)} cannot be read on this target`);
    const observed = `${inManual(f.protection.field)} = 0x${value.toString(16)}${f.protection.names[value] === undefined ? '' : ` (${f.protection.names[value]})`}`;
    if (f.protection.open.includes(value)) return pass(observed, 'the bootloader is allowed', f.protection.source, 'documented');
    return broken('warn', {
      observed,
      expected: f.protection.open.flatMap((v) => f.protection?.names[v] ?? []).join(' or '),
      source: f.protection.source,
      confidence: 'documented',
      because: 'in this state the chip does not boot its ROM; the effect of a jump is not documented',
    });
  },
  repair: () => null,
  explanation: [
    'Read-out protection (RDP), or the product state on newer parts, decides whether the bootloader is available and what it may do. At RDP level 2 it answers only identification commands; on STM32H5 it is available in the states Open and Provisioning.',
    'If the protection can be removed at all, removing it erases the flash.',
  ].join('\n\n'),
};

export const trustZone: Check = {
  id: 'trustzone',
  question: 'Is TrustZone off, or is the ROM entered in the right security state?',
  path: true,
  judge({ state }) {
    const f = familyOf(state.chip);
    if (!f?.trustZone) return notApplicable(f ? 'this chip has no TrustZone' : NO_FAMILY);
    const value = state.field(f.trustZone.field);
    if (value === null) return unknown(`${inManual(f.trustZone.field)} cannot be read on this target`);
    const observed = `${inManual(f.trustZone.field)} = 0x${value.toString(16)}`;
    if (value !== f.trustZone.on) return pass(observed, 'TrustZone is off', null, null);
    return { ...unknown('TrustZone is on; this version models the chip without TrustZone'), observed };
  },
  repair: () => null,
  explanation: [
    'With TZEN set, the chip starts in the secure state, and secure code decides what non-secure code may access. A jump into the bootloader from non-secure code then depends on the SAU and GTZC settings.',
    'bootbench models the chip with TrustZone off.',
  ].join('\n\n'),
};

const SECOND = 'community.st.com on H745 (seed 001): the other core must be held in reset or run code that does not disturb the ROM';

/** A supervisor that does not know of the jump resets the chip when the first core shows no sign of life. */
function judgeReset({ state: { chip } }: Subject, { by, after }: OtherReset): Judgement {
  const other = chip.cores[by.core]!.name.toUpperCase();
  return broken('fail', {
    observed: `a reset by ${other}, ${Number((after / MS).toPrecision(3))} ms behind the jump`,
    expected: 'none by the other core while the ROM runs',
    source: 'RM0399 9.4.2: SYSRESETREQ of either core resets the system',
    confidence: 'documented',
    because: `the program of ${other} ran on behind the jump and reset the chip (SYSRESETREQ): tell it before the jump`,
    lastWriter: by,
  });
}
const PARKED =
  '/* before the jump, tell the program of the other core by a word that both cores see, or by an HSEM, and wait for its answer; there: __disable_irq(); for (;;) __WFI(); */';
const isWrongCore = ({ state, entry }: Subject): boolean =>
  entry !== null && state.otherCores?.some((c) => c.name === state.chip.cores[0]!.name) === true;

const otherReset = ({ entry, history }: Subject): OtherReset | null => (entry === null ? null : (history?.resetByOther ?? null));

export const secondCore: Check = {
  id: 'second-core',
  question: 'Is the other core of the chip stopped?',
  path: true,
  remark: true,
  decides: true,
  judge(subject) {
    const { state } = subject;
    if (state.chip.cores.length === 1) return notApplicable('this chip has one core');
    if (!state.otherCores) return unknown('what the other core does is not known on this target');
    const maker = state.chip.cores[0]!.name;
    if (isWrongCore(subject))
      return broken('fail', {
        observed: 'another core than ' + maker + ' went into the ROM',
        expected: `${maker} in the ROM`,
        source: 'AN2606 Rev 70, RAM of the bootloader from 0x20000000 on; RM0399 2.3: that is the DTCM, which the Cortex-M7 alone reaches',
        confidence: 'documented',
        because: `the wrong core made the jump: the ROM is for ${maker}, and its stack is in memory that no other core can access; jump from ${maker}`,
      });
    const reset = otherReset(subject);
    if (reset !== null) return judgeReset(subject, reset);
    const busy = state.otherCores.find((c) => c.state === 'running' || c.state === 'locked up');
    const observed = state.otherCores.map((c) => `${c.name} ${c.state}`).join(', ');
    if (!busy) return pass(observed, 'the other core does not run', SECOND, 'reported');
    return broken('warn', {
      observed,
      expected: 'in reset or asleep',
      source: SECOND,
      confidence: 'reported',
      because:
        busy.state === 'running'
          ? `${busy.name} keeps running: it may change clocks, memory and peripherals that the ROM uses`
          : `${busy.name} is in lockup: there is no code at its boot address, or it faulted in a fault handler`,
    });
  },
  repair(subject) {
    const resets = otherReset(subject) !== null;
    if (isWrongCore(subject) || (!resets && !subject.state.otherCores?.some((c) => c.state === 'running'))) return null;
    return {
      at: 'entry',
      what: 'the other core held in reset',
      fix: resets ? PARKED : '/* on the second core, before the first core jumps */\n__disable_irq();\nfor (;;) __WFI();',
      apply: (target) => target.holdOtherCores?.(),
    };
  },
  explanation: [
    'On STM32H745 and similar chips, both cores run. The ROM on one core does not stop the other core, which keeps using RAM, clocks and peripherals that the ROM needs.',
    'Stop or park the second core before the jump, or keep it from booting with the option bits BCM4 and BCM7.',
    'A core that supervises the other one resets the chip when its sign of life stays away, and it does behind the jump. Tell it before: it answers, masks its interrupts and sleeps.',
  ].join('\n\n'),
};
