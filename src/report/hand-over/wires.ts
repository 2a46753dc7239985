/** What the receiver inherits, as wires: each from the line of the user's code that made it so, good or broken. */
import { isRemark, partsOf } from '../../checks/fix-in-c.ts';
import { isAround } from '../../bench/documents/proved.ts';
import type { LastWriter, Place, ResultCheck, RunResult } from '../../bench/documents/result.ts';
import type { Sources } from '../source-lines.ts';
import type { Fact, FactOf } from '../story/facts.ts';
import { tell } from '../story/sentences.ts';

export interface CodeOfWire {
  /** `main.c:12`, or the address. */
  readonly place: string;
  readonly function: string | null;
  /** The line; null where the source is not here. */
  readonly text: string | null;
}
export interface Wire {
  /** The check or cause. */
  readonly id: string;
  readonly state: 'good' | 'odd' | 'broken';
  readonly label: string;
  /** What it is when it is repaired; null = nothing was proved of it. */
  readonly repaired: string | null;
  readonly code: CodeOfWire | null;
  /** C that repairs it; null = nothing was proved of it, or no code does. */
  readonly fix: string | null;
  /** Whose it is, where no code is known: the board's, or what a reset leaves. */
  readonly owner: string;
  readonly why: string;
}

/** They judge the way to the receiver or back, and not what it is handed. */
const NO_STATE = new Set([
  ...['entry-address', 'entry-dereference', 'thumb-bit', 'stack-after-msp', 'boot-selection', 'dual-bank', 'empty-check', 'option-bytes'],
  ...['protection', 'trustzone', 'debugger', 'magic-survives', 'rom-usb', 'second-core'],
]);
const isOfReturn = (id: string): boolean => id.startsWith('leave-');
/** What stands first where there is not room for all. */
const FIRST: readonly string[] = [
  ...['primask', 'nvic-enabled', 'msp', 'vtor', 'remap', 'systick', 'sysclk', 'vddusb', 'hsi48', 'mpu', 'control', 'basepri', 'faultmask'],
  ...['nvic-pending', 'iwdg', 'flash-latency', 'pll', 'usb-left-on', 'rom-interface'],
];
const rank = (id: string): number => (FIRST.includes(id) ? FIRST.indexOf(id) : FIRST.length);
/** In front of values that do not say of what they are. */
const NAMES: Readonly<Record<string, string>> = {
  'nvic-enabled': 'NVIC',
  'nvic-pending': 'NVIC',
  pll: 'PLL',
  prescalers: 'prescalers',
  'voltage-range': 'voltage',
  'kernel-clocks': 'kernel clocks',
  'usb-clock': 'USB clock',
  'usb-disconnect': "the application's USB",
  'peripherals-left-on': 'peripherals',
  dma: 'DMA',
  exti: 'EXTI',
  'reset-flags': 'reset flags',
  iwdg: 'IWDG',
  'rom-interface': 'other interfaces',
  hse: 'crystal',
};
const labelOf = ({ id, observed }: ResultCheck): string => {
  const value = observed === null ? '' : String(observed);
  const name = NAMES[id];
  if (id === 'handler-mode') return inHandler(value);
  if (id === 'entry-dereference') return `branch to ${value}`;
  if (name === undefined) return value === '' ? id : value;
  return value === '' ? name : `${name}${value.includes(': ') ? '' : ':'} ${value}`;
};

/** `IPSR = 53: USART1` of `IPSR = 53: interrupt 37 (USART1), priority 0; …`: that much fits on a wire. */
function inHandler(observed: string): string {
  const [, ipsr, exception] = /^(IPSR = \d+): ([^,;]+)/.exec(observed) ?? [];
  return ipsr === undefined ? observed : `${ipsr}: ${/\((\w+)\)$/.exec(exception!)?.[1] ?? exception!}`;
}

const nameOf = (file: string): string => file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
export const shortPlace = ({ file, line, pc }: Place): string => (file === null ? pc : `${nameOf(file)}:${line}`);

function codeAt(place: Place | null, sources: Sources): CodeOfWire | null {
  if (place === null) return null;
  const lines = place.file === null ? null : (sources(place.file)?.lines ?? null);
  return { place: shortPlace(place), function: place.symbol, text: lines?.[(place.line ?? 0) - 1]?.trim() ?? null };
}

const FROM_RESET = 'as a reset leaves it';
const HARMLESS = 'odd, but harmless here';
const when = (writer: LastWriter | null): number => (writer === null ? Infinity : Number(writer.at));
interface Timed {
  readonly at: number;
  readonly wire: Wire;
}

/** Of a fix in parts, the first line of that which goes to the line of the wire. */
function firstLine(fix: string): string {
  const parts = partsOf(fix).filter((part) => !isRemark(part));
  const own = parts.find(({ goes }) => goes === null || goes === 'here' || goes === 'jump') ?? parts[0];
  return (own?.code.find((line) => !isRemark({ ...own, code: [line] })) ?? fix.split('\n')[0]!).trim();
}
function ofCause(fact: FactOf<'cause'>, sources: Sources): Timed {
  const { cause, check, proof, jump } = fact;
  // what no instruction wrote is mended where the text says: at the jump
  const atJump = cause.lastWriter === null && fact.at !== null;
  const expected = check?.expected ?? cause.repair ?? 'changed';
  const wire: Wire = {
    id: cause.id,
    state: 'broken',
    label: cause.what ?? (check === null ? cause.id : labelOf(check)),
    repaired: proof === null ? null : String(expected),
    code: codeAt(fact.at, sources),
    fix: proof === null || cause.fix === null ? null : firstLine(String(cause.fix)),
    owner: isAround(cause) ? (cause.id === 'host' ? 'the host' : 'your board') : 'no line of your code',
    why: String(cause.explanation),
  };
  return { at: atJump && jump !== null ? Number(jump.at) : when(cause.lastWriter), wire };
}

/** Where a program ends that never comes to the jump. */
function ofEnd(result: RunResult, facts: readonly Fact[], sources: Sources): Timed[] {
  return facts
    .flatMap((fact): Timed[] => {
      const why = String(tell(fact, 'page').text);
      const at = Number(result.ended.at);
      if (fact.is === 'fault') {
        const row = result.timeline.find((t) => t.kind === 'fault' || t.kind === 'lockup');
        const place = row?.pc == null ? null : { pc: row.pc, symbol: null, file: row.file, line: row.line };
        return [{ at, wire: { id: 'fault', state: 'broken', label: String(row?.text ?? 'fault'), repaired: null, fix: null, code: codeAt(place, sources), owner: 'no line of your code', why } }]; // prettier-ignore
      }
      const { stuck } = result;
      if (stuck === null || (fact.is !== 'wait' && fact.is !== 'not-triggered')) return [];
      const label = stuck.register === null ? 'waits without an end' : `${stuck.register} = ${stuck.value ?? '?'}`;
      const place = stuck.at ?? { pc: stuck.pc, symbol: null, file: null, line: null };
      return [
        { at, wire: { id: 'wait', state: 'broken', label, repaired: null, fix: null, code: codeAt(place, sources), owner: '', why } },
      ];
    })
    .slice(0, 1);
}

function ofCheck(check: ResultCheck, state: Wire['state'], sources: Sources, harmless: readonly string[] = []): Timed {
  const code = codeAt(check.lastWriter, sources);
  const wire: Wire = {
    id: check.id,
    state,
    label: labelOf(check),
    repaired: null,
    fix: null,
    code,
    owner: harmless.includes(check.id) ? HARMLESS : FROM_RESET,
    why: String(check.because),
  };
  return { at: when(check.lastWriter), wire };
}

function ofJump(result: RunResult, sources: Sources): Timed[] {
  const entry = result.entries.at(-1);
  if (entry === undefined) return [];
  const broken = result.diagnosis.causes.some(({ id }) => id === 'entry-address' || id === 'entry-dereference' || id === 'thumb-bit');
  if (broken) return [];
  const label = `${entry.how} to ${entry.address}`;
  const owner = entry.how === 'boot' ? 'a boot, by pin or option byte' : 'no line of your code';
  return [{ at: Number(entry.at), wire: { id: 'jump', state: 'good', label, repaired: null, fix: null, code: codeAt(entry.from, sources), owner, why: 'the jump itself' } }]; // prettier-ignore
}

/** What the ROM leaves, and keeps the application from coming back, has its wire on the way back (way-back.ts). */
const isDrawnAtLeave = ({ after }: RunResult): boolean => (after?.alive.about?.left ?? []).length > 0;

/** Those of the user's lines in the order in which the lines ran, then the board's, then what is as a reset leaves it, the most important first. */
export function wiresOf(result: RunResult, facts: readonly Fact[], sources: Sources): Wire[] {
  const isBack = isDrawnAtLeave(result);
  const causes = facts.flatMap((fact) => (fact.is === 'cause' && !(isBack && fact.cause.id === 'state') ? [fact] : []));
  const isCause = (id: string): boolean => causes.some(({ cause }) => cause.id === id);
  const hasEntry = result.entries.length > 0;
  const checks = result.checks.filter(({ id }) => !isCause(id) && !isOfReturn(id));
  const odd = hasEntry ? checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn') : [];
  const good = hasEntry ? checks.filter(({ id, verdict }) => verdict === 'pass' && !NO_STATE.has(id)) : [];
  const timed: Timed[] = [
    ...causes.map((fact) => ofCause(fact, sources)),
    ...(causes.length > 0 ? [] : ofEnd(result, facts, sources)),
    ...odd.map((check) => ofCheck(check, 'odd', sources, result.diagnosis.harmless)),
    ...good.map((check) => ofCheck(check, 'good', sources)),
    ...ofJump(result, sources),
  ];
  return timed.sort((a, b) => order(a) - order(b) || rank(a.wire.id) - rank(b.wire.id)).map(({ wire }) => wire);
}
/** Infinity less Infinity is no number. */
const order = ({ at, wire }: Timed): number =>
  at === Infinity ? (wire.state === 'broken' ? 1e9 : wire.state === 'odd' ? 1e10 : 1e11) : at;
