/** Interrupt lines that the application left enabled in the NVIC. */
import type { BlockRow } from '../emu/chip.ts';
import { broken, pass, unknown, type Check, type Judgement, type Repair, type Subject, type TargetState, type Writer } from './check.ts';
import { blocksOfLine, FIRST_IRQ, lineName, linesSet, listed, nvicLines, PPB } from './core-registers.ts';
import { familyOf, locate } from './families.ts';
import { part } from './fix-in-c.ts';
import { heldAtEntry, nothingToIt } from './mask-registers.ts';
import { DEINIT } from './sources.ts';
import { enablerOf, latest } from './writers.ts';

/** Whether the line can still come: it is pending already, or a block that raises it is in use. */
export const canCome = (state: TargetState, line: number, pending: readonly number[]): boolean =>
  pending.includes(line) || state.chip.blocks.some((block) => block.irqs?.includes(line) === true && canRaise(state, block, line));

function canRaise(state: TargetState, block: BlockRow, line: number): boolean {
  if (block.name === 'EXTI') return isUnmasked(state, block, line);
  // RTC and the like count on without the bus, and so does IWDG up to its early interrupt
  const needsNone = block.backup === true || block.model?.startsWith('iwdg') === true;
  const isClocked = block.clock !== undefined && state.field(`${state.chip.rcc}.${block.clock}`) === 1;
  return (needsNone || isClocked) && state.isAsReset?.(block.name) !== true;
}
/** A line of EXTI that goes to this interrupt is unmasked, and a reset leaves it masked. */
function isUnmasked({ chip, field }: TargetState, { irqs = [], options }: BlockRow, irq: number): boolean {
  const banks = familyOf(chip)?.exti.mask ?? [];
  const irqOfLine: unknown = options?.['irqOfLine'];
  return banks.some((path, bank) => {
    const open = ((field(path) ?? 0) & ~(locate(chip, path)?.reset ?? 0)) >>> 0;
    return Array.from({ length: 32 }, (_, bit) => 32 * bank + bit).some((line) => {
      const index = Array.isArray(irqOfLine) ? Number(irqOfLine[line]) : line;
      return irqs[index] === irq && ((open >>> (line & 31)) & 1) === 1;
    });
  });
}
/** Who touched the enables last, of those lines that are still on. */
const writer = ({ history }: Subject, lines: readonly number[]): Writer | null =>
  latest(lines.map((line) => history && enablerOf(history, line)));

/** Other lines were switched off behind the one to blame: there, it is missing. */
function besides(subject: Subject, blamed: readonly number[]): Pick<Judgement, 'besides'> {
  const { state, history } = subject;
  const left = new Set(enabledLines(subject).map((line) => line >>> 5));
  const words = Array.from({ length: Math.ceil(nvicLines(state.chip) / 32) }, (_, i) => i).filter((i) => !left.has(i));
  const on = writer(subject, blamed);
  const off = latest(words.flatMap((i) => ['ISER', 'ICER'].map((name) => history?.lastWriter(`CPU.NVIC_${name}${i}`))));
  if (on === null || off === null || off.kind !== 'cpu' || off.seq < on.seq) return {};
  return { besides: { said: ['other lines were switched off at ', ', and this one was not'], writer: off } };
}

/** Line of the interrupt that was the entry; null if the entry was no interrupt's. */
function lineOfEntry({ entry, state }: Subject): number | null {
  const exception = (state.core('xpsr') ?? 0) & 0x1ff;
  return entry?.how === 'exception' && exception >= FIRST_IRQ ? exception - FIRST_IRQ : null;
}
const disableInC = (subject: Subject, line: number): string => {
  const blocks = blocksOfLine(subject.state.chip, line).join('/');
  return `NVIC_DisableIRQ((IRQn_Type)${line});${blocks === '' ? '' : `   /* ${blocks} */`}`;
};

/** @param lines those to blame, of all that are enabled */
function judgeLines(subject: Subject, lines: readonly number[], enabled = lines): Judgement {
  const { state } = subject;
  const pending = linesSet(state, PPB.NVIC_ISPR) ?? [];
  const allLive = enabled.filter((line) => canCome(state, line, pending));
  const live = lines.filter((line) => allLive.includes(line));
  // A live line is the one to blame, so its writer is named.
  const blamed = live.length > 0 ? live : lines;
  const names = (some: readonly number[]): string => listed(some.map((n) => lineName(state.chip, n)));
  const taken = lineOfEntry(subject);
  const observed = `enabled: ${names(enabled)}; ${allLive.length === 0 ? 'none can come: their peripherals have no clock, or are as behind a reset' : `can still come: ${names(allLive)}`}`;
  return (
    unmaskedFor(subject, lines, observed, live) ??
    broken('fail', {
      observed,
      expected: 'no line enabled',
      source: DEINIT,
      confidence: 'documented',
      because:
        taken !== null && lines.includes(taken)
          ? `interrupt ${lineName(state.chip, taken)} was taken before the jump, and its vector came from system memory`
          : 'an interrupt of the application is still enabled; if it fires in the ROM, the ROM has no handler for it',
      lastWriter: writer(subject, taken !== null && lines.includes(taken) ? [taken] : blamed),
      ...besides(subject, blamed),
    })
  );
}
/** A ROM that masks interrupts itself has some microseconds without a mask, if its caller left none; null for others. */
function unmaskedFor(subject: Subject, lines: readonly number[], observed: string, live: readonly number[]): Judgement | null {
  const { state, rom } = subject;
  const taken = lineOfEntry(subject);
  const pending = linesSet(state, PPB.NVIC_ISPR) ?? [];
  const held = heldAtEntry(state);
  if ((taken !== null && lines.includes(taken)) || (!held && lines.some((line) => pending.includes(line)))) return null;
  const nothing = nothingToIt(rom, observed, 'Go unmasks them, and hands an enabled one to the program');
  if (nothing === null || held || live.length === 0) return nothing;
  return broken('warn', {
    observed,
    expected: 'no line enabled',
    source: DEINIT,
    confidence: 'documented',
    because:
      'this ROM masks all interrupts itself and takes none; one that comes before that, in its first instructions, goes to the vector table in force',
    lastWriter: writer(subject, live),
  });
}
function repairLines(subject: Subject, lines: readonly number[], all: boolean): Repair {
  const { chip } = subject.state;
  const taken = lineOfEntry(subject);
  const fix =
    all && lines.length > 3
      ? 'for (unsigned i = 0; i < sizeof NVIC->ICER / sizeof NVIC->ICER[0]; i++) NVIC->ICER[i] = 0xFFFFFFFFu;'
      : lines.map((n) => disableInC(subject, n)).join('\n');
  return {
    at: 'entry',
    ...(taken !== null && lines.includes(taken) ? { acts: 'undoes-exception' as const } : {}),
    what:
      all && lines.length > 1 ? 'all lines disabled in the NVIC' : `disabled in the NVIC: ${listed(lines.map((n) => lineName(chip, n)))}`,
    fix: taken !== null && lines.includes(taken) ? part('unmask', '', fix) : fix,
    apply: (target) => target.clearNvic('enabled', lines),
  };
}
export const enabledLines = ({ state }: Subject): readonly number[] => linesSet(state, PPB.NVIC_ISER) ?? [];

export const nvicEnabled: Check = {
  id: 'nvic-enabled',
  question: 'Are all interrupts disabled in the NVIC?',
  path: false,
  judge(subject) {
    const lines = linesSet(subject.state, PPB.NVIC_ISER);
    if (lines === null) return unknown('the NVIC cannot be read on this target');
    if (lines.length === 0) return pass('no line enabled', 'no interrupt of the application can fire in the ROM', DEINIT, 'documented');
    return judgeLines(subject, lines);
  },
  repair: (subject) => repairLines(subject, enabledLines(subject), true),
  repairsAll: true,
  members: (subject) => enabledLines(subject).map(String),
  narrow: (subject, members) => {
    const lines = members.map(Number);
    return { judgement: judgeLines(subject, lines, enabledLines(subject)), repair: repairLines(subject, lines, false) };
  },
  explanation: [
    'The ROM has handlers only for the interrupts that it uses. If a timer, DMA or EXTI interrupt stays enabled, it fires in the ROM and goes to the default handler of the ROM or, if VTOR still points to the application, to a handler of the application.',
    '__disable_irq() is no solution, because the ROM needs interrupts. Disable every interrupt with ICER, then clear pending ones with ICPR, and only then call __enable_irq().',
    'The number of ICER words is (interrupts + 31) / 32: on a chip with 133 interrupts, a loop over three words misses two.',
  ].join('\n\n'),
};
