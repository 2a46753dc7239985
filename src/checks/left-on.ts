/** Peripherals that the application leaves working: clocks, USB, DMA, EXTI. */
import type { ChipDescription } from '../emu/chip.ts';
import { broken, notApplicable, pass, unknown, type Check, type Judgement, type Repair, type Subject } from './check.ts';
import { lineOfChannel, listed } from './core-registers.ts';
import { targetsOf, type Target } from './dma-targets.ts';
import {
  clearedInC,
  familyOf,
  inC,
  inManual,
  isPulledUp,
  isUnread,
  locate,
  NO_FAMILY,
  NO_USB,
  pullUpOffInC,
  registerOf,
  UNREAD,
} from './families.ts';
import { resetInC } from './fix-in-c.ts';
import { DEINIT, NOTHING_PUBLISHED } from './sources.ts';
import { latestWriter } from './writers.ts';

const ENABLE_REGISTER = /^(AHB|APB|IOP)[0-9A-Z]*ENR\d?$/;
const SLEEP_REGISTER = /(LPENR|SMENR)\d?$/;
const RESET_REGISTER = /^(AHB|APB|IOP)[0-9A-Z]*RSTR\d?$/;
const RSTR = 'RM, RCC: the RSTR bits are 0 after a reset, so a ROM that a reset starts finds no block held in reset';

interface Enable {
  readonly path: string;
  readonly name: string;
  /** It is no clock: the block is held in reset. */
  readonly held?: true;
}
/**
 * Clocks without which the way into the ROM cannot be made: of the remap register and of the USB supply bit. They do nothing by themselves, and neither does SYSCFG, whose clock
 * products switch on for the jump on parts without a remap too.
 */
function neededOnTheWay(chip: ChipDescription): string[] {
  const f = familyOf(chip);
  const blocks = [f?.remap?.field, f?.usbSupply?.bit].map((path) => path?.split('.')[0]).concat('SYSCFG', 'SBS');
  return chip.blocks.flatMap((b) => (blocks.includes(b.name) && b.clock !== undefined ? [`${chip.rcc}.${b.clock}`] : []));
}

const enableRegisters = (chip: ChipDescription) =>
  (chip.facts[chip.rcc]?.registers ?? []).filter((r) => ENABLE_REGISTER.test(r.name) && !SLEEP_REGISTER.test(r.name));
/** Clock enables that a reset leaves off and that are on, but those of blocks with a check of their own. */
function clocksOn({ state }: Subject): Enable[] {
  const { chip } = state;
  const f = familyOf(chip);
  const own = new Set([f?.usb?.enable, f?.wwdg.clock, ...neededOnTheWay(chip)]);
  const out: Enable[] = [];
  for (const r of enableRegisters(chip)) {
    const value = state.field(`${chip.rcc}.${r.name}`);
    if (value === null) continue;
    for (const field of r.fields) {
      const path = `${chip.rcc}.${r.name}.${field.name}`;
      if (own.has(path) || !((value >>> field.bit) & 1) || (r.reset >>> field.bit) & 1) continue;
      out.push({ path, name: field.name.replace(/EN$/, '') });
    }
  }
  return out;
}
/** Blocks that their bit of RCC holds in reset. A board is not asked: what is read of one is part of its record, which later versions replay. */
function heldInReset({ state, history }: Subject): Enable[] {
  if (!history) return [];
  const { chip } = state;
  return (chip.facts[chip.rcc]?.registers ?? []).flatMap((r) => {
    const value = RESET_REGISTER.test(r.name) ? (state.field(`${chip.rcc}.${r.name}`) ?? 0) : 0;
    return r.fields
      .filter((f) => (value >>> f.bit) & 1)
      .map((f) => ({ path: `${chip.rcc}.${r.name}.${f.name}`, name: f.name.replace(/RST$/, ''), held: true as const }));
  });
}
const leftOn = (subject: Subject): Enable[] => [...clocksOn(subject), ...heldInReset(subject)];

/** What is clocked and what is held in reset, each in words; nothing for what there is none of. */
function inWords(left: readonly Enable[], clocked: string, held: string): string {
  const of = (some: readonly Enable[], word: string): string[] =>
    some.length === 0 ? [] : [`${word}: ${listed(some.map((e) => e.name))}`];
  const clocks = left.filter((e) => e.held !== true);
  return [...of(clocks, clocked), ...of(heldOf(left), held)].join('; ');
}
const heldOf = (left: readonly Enable[]): Enable[] => left.filter((e) => e.held === true);

function judgeOn(subject: Subject, on: readonly Enable[]): Judgement {
  const [held] = heldOf(on);
  const alone = on.every((e) => e.held === true);
  const clocked = 'a peripheral with its clock on keeps its settings: its pins, interrupts and DMA requests can disturb the ROM';
  const inReset =
    held &&
    `${inManual(held.path)} was set and never cleared: the block ignores writes unless the ROM clears that bit, and ST does not say whether it does`;
  return broken(alone ? 'warn' : 'fail', {
    observed: inWords(on, 'clocked', 'held in reset'),
    expected: alone ? 'no block held in reset' : 'clock enables at their reset values',
    source: alone ? RSTR : DEINIT,
    confidence: alone ? 'inferred' : 'documented',
    because: inReset ?? clocked,
    lastWriter: latestWriter(
      subject,
      (held ? heldOf(on) : on).map((e) => e.path),
    ),
  });
}
const repairOn = (on: readonly Enable[]): Repair => ({
  at: 'entry',
  what: inWords(on, 'clocks switched off', 'released from reset'),
  fix: clearedInC(on.map((e) => e.path)),
  apply: (target) => on.forEach((e) => target.setField(e.path, 0)),
});

export const peripheralsLeftOn: Check = {
  id: 'peripherals-left-on',
  question: 'Are the peripheral clocks as after a reset, and is no peripheral held in reset?',
  path: false,
  judge(subject) {
    const { chip } = subject.state;
    const registers = enableRegisters(chip).map((r) => `${chip.rcc}.${r.name}`);
    if (isUnread(subject.state, registers)) return unknown(UNREAD);
    const on = leftOn(subject);
    return on.length === 0
      ? pass('only the clocks that are on after a reset', 'as after a reset', DEINIT, 'documented')
      : judgeOn(subject, on);
  },
  repair: (subject) => repairOn(leftOn(subject)),
  general: true,
  // the stand-in resets what it works with, which lets go of it too; whether ST's ROM does so is not published
  staysOpen: (subject) => heldInReset(subject).length > 0,
  unmodelled: (subject) => {
    const { chip } = subject.state;
    const on = new Set(clocksOn(subject).map((e) => e.path));
    return chip.blocks.filter((b) => b.model === null && b.clock !== undefined && on.has(`${chip.rcc}.${b.clock}`)).map((b) => b.name);
  },
  members: (subject) => leftOn(subject).map((e) => e.path),
  narrow: (subject, members) => {
    const on = leftOn(subject).filter((e) => members.includes(e.path));
    return { judgement: judgeOn(subject, on), repair: repairOn(on) };
  },
  explanation: [
    'AN2606 tells the application to switch off the clocks of its peripherals before the jump. Switching the clock off only freezes a peripheral; a reset through the RSTR registers also restores its reset values. Clear the RSTR bit again: as long as it is 1, the peripheral is held in reset and ignores writes of the ROM.',
    'Pins matter too: if a USART of the application still drives its TX pin, or a GPIO pulls a line that the ROM listens on, the ROM may choose another interface than USB.',
    'The simplest way to a clean state is to set a flag, reset the chip, and jump right after the reset.',
  ].join('\n\n'),
};

export const usbLeftOn: Check = {
  id: 'usb-left-on',
  question: 'Is the USB peripheral of the application off and its pull-up released?',
  path: false,
  judge(subject) {
    const { state } = subject;
    const f = familyOf(state.chip)?.usb;
    const clock = f ? state.field(f.enable) : null;
    if (!f || clock === null) return notApplicable(familyOf(state.chip) ? NO_USB : NO_FAMILY);
    const pull = isPulledUp(state, f);
    if (clock === 0) return pass(`${inManual(f.enable)} = 0`, 'USB is off', DEINIT, 'documented');
    return broken('fail', {
      observed: `${inManual(f.enable)} = 1, pull-up ${f.pullUp === null ? 'on the board' : pull ? 'on' : 'off'}`,
      expected: `${inManual(f.enable)} = 0`,
      source: DEINIT,
      confidence: 'documented',
      because: pull
        ? 'the host still sees the device of the application and does not notice that it is gone'
        : 'the USB clock is on, and the block keeps the endpoints and interrupts of the application',
      lastWriter: latestWriter(subject, [f.enable]),
    });
  },
  repair({ state }) {
    const f = familyOf(state.chip)?.usb;
    if (!f) return null;
    return {
      at: 'entry',
      what: `pull-up released, ${f.block} switched off`,
      fix: [pullUpOffInC(f), ...resetInC(state.chip, f.block), clearedInC([f.enable])].join('\n'),
      apply: (target) => {
        if (f.pullUp !== null) target.setField(f.pullUp, f.released ?? 0);
        target.setField(f.enable, 0);
      },
    };
  },
  explanation: [
    'An application with its own USB device must leave the bus before the ROM connects: release the pull-up, reset the peripheral, and switch its clock off.',
    'The host notices a detach only if the pull-up is off for some time. If the ROM connects too soon, the host keeps talking to a device that no longer exists. Wait at least some milliseconds; a host behind a hub needs more.',
  ].join('\n\n'),
};

/** Channels by path with `#` replaced; those that the chip lacks are left out. */
const channels = ({ state }: Subject, patterns: readonly string[]): string[] =>
  patterns
    .flatMap((p) => Array.from({ length: 16 }, (_, i) => p.replace('#', String(i))))
    .filter((path) => locate(state.chip, path) !== null);

/** What stops a DMA channel: fields in this order, and the line of the NVIC that it has for itself. */
interface Stop {
  readonly fix: string;
  readonly fields: readonly (readonly [path: string, value: number])[];
  readonly line: number | null;
}
/** Switching a stream off raises its TCIF (RM0090, DMA transfer completion), and a flag that is there already keeps the line up: the interrupt enables go with EN, then what is pending. */
function stoppingAll(chip: ChipDescription, block: string, channel: string, register: string, enable: string): Stop {
  const control = registerOf(enable);
  const line = lineOfChannel(chip, block, channel);
  const enables = ['TCIE', 'HTIE', 'TEIE', 'DMEIE'].map((name) => `${control}.${name}`).filter((path) => locate(chip, path) !== null);
  const cleared = line === null ? '' : ` NVIC_ClearPendingIRQ((IRQn_Type)${line});`;
  return { fix: `${register}${cleared}`, fields: [...enables, enable].map((path) => [path, 0] as const), line };
}
/** The enable bit of a GPDMA channel falls by the hardware alone: the channel is suspended, then reset (RM0481 §16.4.3). */
function stopping(chip: ChipDescription, enable: string): Stop {
  const [, dma = '', stream] = /^(DMA\d)\.S(\d)CR\.EN$/.exec(enable) ?? [];
  if (stream !== undefined) {
    const name = `${dma}_Stream${stream}`;
    return stoppingAll(chip, dma, name, `${name}->CR = 0; while (${name}->CR & DMA_SxCR_EN) {}`, enable);
  }
  const [, block1 = '', plain] = /^(DMA\d)\.CCR(\d)\.EN$/.exec(enable) ?? [];
  if (plain !== undefined) {
    const name = `${block1}_Channel${plain}`;
    return stoppingAll(chip, block1, name, `${name}->CCR = 0;`, enable);
  }
  const channel = /^(GPDMA\d)\.(C(\d+)CR)\.EN$/.exec(enable);
  if (!channel) return { fix: `${inC(enable)} = 0;`, fields: [[enable, 0]], line: null };
  const [, block, control, number] = channel;
  const c = `${block}_Channel${number}`;
  return {
    fix: `${c}->CCR |= DMA_CCR_SUSP; while (!(${c}->CSR & DMA_CSR_SUSPF)); ${c}->CCR |= DMA_CCR_RESET;`,
    fields: [
      [`${block}.${control}.SUSP`, 1],
      [`${block}.${control}.RESET`, 1],
      [enable, 0],
    ],
    line: null,
  };
}

const channelsOn = (subject: Subject): string[] =>
  channels(subject, familyOf(subject.state.chip)?.dmaChannels ?? []).filter((path) => subject.state.field(path) === 1);
const isInRomRam = ({ rom }: Subject, { start, bytes }: Target): boolean =>
  rom.ramUse.some(({ base, size }) => start < base + size && start + Math.max(bytes, 1) > base);
/** Channels that go on writing to the RAM that AN2606 gives to the ROM, and where. The stand-in keeps its variables in other places of it than ST's ROM. */
export const channelsIntoRomRam = (subject: Subject): readonly { readonly enable: string; readonly start: number }[] =>
  channelsOn(subject).flatMap((enable) => {
    const to = targetsOf(subject, enable).find((target) => isInRomRam(subject, target));
    return to === undefined ? [] : [{ enable, start: to.start }];
  });
const judgeChannels = (subject: Subject, on: readonly string[]): Judgement =>
  broken('fail', {
    observed: `enabled: ${listed(on.map(inManual))}`,
    expected: 'no channel enabled',
    source: DEINIT,
    confidence: 'documented',
    because: 'a DMA channel that keeps running can write into RAM that the ROM now uses',
    lastWriter: latestWriter(subject, on),
  });
function stopChannels({ state }: Subject, on: readonly string[]): Repair {
  const stops = on.map((enable) => stopping(state.chip, enable));
  const lines = stops.flatMap(({ line }) => line ?? []);
  return {
    at: 'entry',
    what: `DMA channels disabled: ${listed(on.map(inManual))}`,
    fix: stops.map((s) => s.fix).join('\n'),
    apply: (target) => {
      stops.forEach((s) => s.fields.forEach(([path, value]) => target.setField(path, value)));
      if (lines.length > 0) target.clearNvic('pending', lines);
    },
  };
}

export const dma: Check = {
  id: 'dma',
  question: 'Are all DMA channels stopped?',
  path: false,
  members: (subject) => channelsOn(subject),
  narrow: (subject, members) => ({ judgement: judgeChannels(subject, members), repair: stopChannels(subject, members) }),
  judge(subject) {
    const { state } = subject;
    const f = familyOf(state.chip);
    if (!f || f.dmaChannels.length === 0) return notApplicable(f ? 'this chip has no DMA' : NO_FAMILY);
    if (isUnread(state, channels(subject, f.dmaChannels))) return unknown(UNREAD);
    const on = channelsOn(subject);
    return on.length === 0
      ? pass('no channel enabled', 'no DMA channel writes to RAM while the ROM runs', DEINIT, 'documented')
      : judgeChannels(subject, on);
  },
  repair: (subject) => stopChannels(subject, channelsOn(subject)),
  staysOpen: (subject) => channelsIntoRomRam(subject).length > 0,
  explanation: [
    'A DMA channel that receives from a UART or an ADC keeps writing to the same addresses after the jump. AN2606 lists the RAM that the ROM uses; a DMA buffer in that RAM overwrites its variables.',
    'Disable every channel and wait until it is idle, or reset the DMA controller through RCC.',
  ].join('\n\n'),
};

export const exti: Check = {
  id: 'exti',
  question: 'Are the EXTI lines masked as after a reset, and none pending?',
  path: false,
  judge(subject) {
    const { state } = subject;
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    const bits = [
      ...f.exti.mask.map((path) => ({ path, more: ((state.field(path) ?? 0) & ~(locate(state.chip, path)?.reset ?? 0)) >>> 0 })),
      ...f.exti.pending.map((path) => ({ path, more: (state.field(path) ?? 0) >>> 0 })),
    ];
    if (f.exti.mask.every((path) => state.field(path) === null)) return unknown('EXTI cannot be read on this target');
    const set = bits.filter((b) => b.more !== 0);
    if (set.length === 0)
      return pass('as after a reset', 'no EXTI line of the application is unmasked or pending', NOTHING_PUBLISHED, 'inferred');
    return broken('warn', {
      observed: set.map((b) => `${inManual(b.path)}: 0x${b.more.toString(16)}`).join(', '),
      expected: 'masks at their reset values, nothing pending',
      because: 'a pin edge still raises an interrupt request; the NVIC decides whether it is taken',
      source: NOTHING_PUBLISHED,
      confidence: 'inferred',
      lastWriter: latestWriter(subject, f.exti.mask),
    });
  },
  repair({ state }) {
    const f = familyOf(state.chip);
    if (!f) return null;
    return {
      at: 'entry',
      what: 'EXTI masks at their reset values, pending lines cleared',
      fix: [
        ...f.exti.mask.map((p) => `${inC(p)} = 0x${(locate(state.chip, p)?.reset ?? 0).toString(16)}u;`),
        ...f.exti.pending.map((p) => `${inC(p)} = 0xFFFFFFFFu;`),
      ].join('\n'),
      apply: (target) => {
        for (const path of f.exti.mask) target.setField(path, locate(state.chip, path)?.reset ?? 0);
        // A pending bit falls when a one is written to it.
        for (const path of f.exti.pending) {
          const at = locate(state.chip, path);
          if (at) target.write(at.address, 4, 0xffffffff);
        }
      },
    };
  },
  explanation: [
    'EXTI turns edges on pins into interrupt requests. It has no clock enable, so switching off peripheral clocks does not stop it.',
    'Mask the lines and clear the pending bits, so that a button or a sensor cannot interrupt the ROM if its interrupt is enabled in the NVIC.',
  ].join('\n\n'),
};
