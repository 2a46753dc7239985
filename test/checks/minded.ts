/** What a check minds: which facts of a handed-over chip it reads, which values of them it finds wrong, whom it blames, and what its repair writes. */
import {
  LEFT_KINDS,
  type Check,
  type EntryFacts,
  type FaultFacts,
  type LeaveFacts,
  type MagicWord,
  type ResetFacts,
  type Subject,
  type TargetHistory,
  type UsbFacts,
  type Writer,
} from '../../src/checks/check.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { locate } from '../../src/checks/families.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { FakeTarget, INITIAL_SP, RESET_VECTOR, TABLE } from './fake-target.ts';

/** One fact that is other than after a reset. */
interface Change {
  readonly name: string;
  apply(t: FakeTarget): void;
}
/** What may be asked of a target besides registers; each with the values that are tried. */
const CORE: Readonly<Record<string, readonly number[]>> = {
  msp: [0x20004001, 0x20003ff8, 0x20004004, 0x20010000],
  psp: [0x20002000],
  primask: [1],
  basepri: [0x10, 0xff],
  faultmask: [1],
  control: [1, 2, 4, 8],
  msplim: [4, 0x20003ff8],
  psplim: [4],
  xpsr: [0x01000003, 0x0100000f, 0x0100003d, 0x03000000, 0],
  vtor: [0, 0x08000000],
  fpscr: [1],
};
const CLOCKS: readonly number[] = [0, 4e6, 8e6, 9e6, 16e6, 24e6, 24_000_001, 48e6, 72e6, 170e6, 250e6];
const hex = (n: number): string => `0x${(n >>> 0).toString(16)}`;

/** A target that takes note of what is asked of it, and knows a writer for everything. */
class Asked extends FakeTarget {
  readonly asked = new Set<string>();

  override subject(): Subject {
    const plain = super.subject();
    const note = (what: string): void => void this.asked.add(what);
    const { state, history } = plain;
    return {
      ...plain,
      state: {
        ...state,
        core: (name) => (note(`core ${name}`), state.core(name)),
        read: (address, size) => (note(`word ${hex(address)}`), state.read(address, size)),
        bootPin: (name) => (note(`boot ${name}`), state.bootPin!(name)),
        pin: (name) => (note(`pin ${name}`), state.pin!(name)),
        field: (path) => (note(`register ${path.split('.').slice(0, 2).join('.')}`), state.field(path)),
        clockHz: (name) => (note(`clock ${name}`), state.clockHz(name)),
        crystalHz: (name) => (note(`crystal ${name}`), this.clocks[`crystal ${name}`] ?? 0),
      },
      history: history && {
        ...history,
        lastWriter: (register, mask) => ({ ...someone, by: `${register}${mask === undefined ? '' : ` ${hex(mask)}`}` }) as Writer,
      },
    };
  }
}
const someone: Writer = { pc: 0x08000400, at: 1_000_000, kind: 'cpu', core: 0, seq: 7 };

/** Values of a field of `width` bits: all of a narrow one, else 0, 1, the highest bit and all ones. */
const valuesOf = (width: number): number[] => (width <= 2 ? [0, 1, 2, 3].slice(0, 2 ** width) : [0, 1, 2 ** (width - 1), 2 ** width - 1]);
/** Bits of words of the PPB: all that mean something somewhere; of the words of the NVIC, with a bit or a byte a line, the ends. */
const bitsOf = (address: number): readonly number[] =>
  address >= PPB.NVIC_ISER && address < PPB.NVIC_IPR + 0x400 ? [0, 31] : [0, 1, 2, 3, 7, 8, 16, 17, 23, 24, 26, 28, 31];
function changesOf(chip: ChipDescription, fact: string): Change[] {
  const [kind, name] = fact.split(' ') as [string, string];
  const change = (value: number | string, apply: Change['apply']): Change => ({
    name: `${kind === 'register' ? '' : `${kind} `}${name} = ${value}`,
    apply,
  });
  switch (kind) {
    case 'core':
      return (CORE[name] ?? []).map((v) => change(hex(v), (t) => void (t.core[name] = v)));
    case 'word':
      return bitsOf(Number(name)).map((bit) => {
        const flip = (t: FakeTarget): void => void t.ppb.set(Number(name), ((t.ppb.get(Number(name)) ?? 0) ^ (1 << bit)) >>> 0);
        return { name: `word ${name} bit ${bit}`, apply: flip };
      });
    case 'boot':
      return [change(1, (t) => void (t.boot0 = 1))];
    case 'pin':
      return ([0, 1] as const).map((v) => change(v, (t) => void (t.pins[name] = v)));
    case 'clock':
    case 'crystal':
      return CLOCKS.map((v) => change(v, (t) => void (t.clocks[kind === 'clock' ? name : fact] = v)));
    default:
      return fieldsOf(chip, name).flatMap(([path, width]) =>
        valuesOf(width).map((v) => ({ name: `${path} = ${hex(v)}`, apply: (t) => void t.set(path, v) })),
      );
  }
}
function fieldsOf(chip: ChipDescription, register: string): (readonly [path: string, width: number])[] {
  const [block, name] = register.split('.');
  const row = chip.blocks.find((b) => b.name === block);
  const found = row && chip.facts[row.facts ?? row.name]?.registers.find((r) => r.name === name);
  return (found?.fields ?? []).filter((f) => locate(chip, `${register}.${f.name}`)).map((f) => [`${register}.${f.name}`, f.width] as const);
}

type Selected = NonNullable<TargetHistory['selectedInRom']>[number];
const PS_PER_MS = 1_000_000_000;
const magic: MagicWord = {
  address: 0x20000100, wanted: 0xdeadbeef, atReset: 0xdeadbeef, inDirtyLine: false, read: 0xdeadbeef, reader: someone, readWithoutClock: false,
  writer: someone, overwrittenBy: null, comparedWith: 0xdeadbeef, decision: someone, elsewhere: null,
}; // prettier-ignore
const leave: LeaveFacts = {
  at: 9_000_000, started: true, resets: [], usbBefore: false, usbAfter: false, entry: null, exceptionInSystem: null, table: 0x08000000, missing: [], left: [],
}; // prettier-ignore
const fault = { kind: 'bus-fetch', address: 0x1fff0000, pc: 0x08000410, from: 0x0800040e, at: 4_000_000 };
const reset = { at: 3_000_000, by: 'software', flags: ['SFTRSTF'], external: false };
const entry = { address: RESET_VECTOR & ~1, thumb: true, how: 'branch' as const, reached: true, fromPc: 0x08000400, at: 5_000_000 };
const device = { at: 1_000_000, enumerated: true, endedAt: null };
const one =
  <K extends keyof FakeTarget>(key: K, ...values: readonly FakeTarget[K][]) =>
  (): Change[] =>
    values.map((value) => ({ name: `${key} ${JSON.stringify(value)}`, apply: (t) => void (t[key] = value) }));
const each = <T extends object>(
  key: keyof FakeTarget,
  whole: T,
  wrap: (value: T) => unknown,
  ...changes: readonly Partial<T>[]
): Change[] =>
  [{}, ...changes].map((change) => ({
    name: `${key} ${JSON.stringify(change)}`,
    apply: (t) => void Object.assign(t, { [key]: wrap({ ...whole, ...change }) }),
  }));
/** What may have happened on the way, one thing at a time. */
const STORIES: readonly Change[] = [
  ...one('outcome', 'dfu', 'no-jump', 'fault', 'stuck', 'reset-loop', 'back-in-app', 'dfu-lost')(),
  ...one('entry', null)(),
  ...one('boot0', 1)(),
  ...each<EntryFacts>('entry', entry, (e) => e, { how: 'exception' }, { how: 'boot', fromPc: null }, { thumb: false }, { reached: false }, { address: TABLE },
    { address: TABLE + 4 }, { address: RESET_VECTOR }, { address: 0x1fff0000 }, { address: 0x08000000 }, { address: INITIAL_SP },
    { reached: false, address: TABLE }, { reached: false, thumb: false }, { reached: false, address: 0x0bf98000 }, { fromPc: null }), // prettier-ignore
  ...['bus-fetch', 'mem-fetch', 'invalid-state', 'bus-data', 'mem-data', 'undefined', 'stack-overflow'].flatMap(
    (kind) =>
    each<FaultFacts>('firstFault', { ...fault, kind }, (f) => f, { address: null }, { address: TABLE }, { address: TABLE + 4 }, { address: INITIAL_SP }, { address: INITIAL_SP - 1 },
      { address: 0x20000000 }, { address: 0x1ffeffff }, { address: 0x1ff00000 }, { address: 0x0bf00000 }, { address: 0x0beffffc }, { at: 6_000_000 }), // prettier-ignore
  ),
  ...each<ResetFacts>('resets', reset, (r) => [r], { by: 'iwdg', flags: ['IWDGRSTF'] }, { by: 'wwdg', flags: ['WWDGRSTF'] }, { by: 'power', flags: ['BORRSTF'] },
    { by: 'pin', flags: ['PINRSTF'] }, { by: 'option-bytes', flags: [] }, { by: 'standby', flags: [] }, { external: true }, { at: 6_000_000 }), // prettier-ignore
  ...each('vectorReads', { address: TABLE + 4, value: RESET_VECTOR, pc: 0x08000402, at: 2_000_000 }, (r) => [r], { address: TABLE }, { address: TABLE + 8 },
    { address: TABLE - 4 }, { address: 0x1fff0004 }, { address: 0x1fff0000, value: 0xffffffff }, { address: 0x0bf80004, value: 0x0bf80401 }), // prettier-ignore
  ...each<MagicWord>('magic', magic, (m) => [m], { wanted: null }, { atReset: 0 }, { atReset: 0, read: 0 }, { read: null, reader: null }, { read: 0 }, { inDirtyLine: true, atReset: 0, read: 0 },
    { heldBack: { because: 'half a word', bytes: 8 }, atReset: 0, read: 0 }, { overwrittenBy: someone, read: 1 }, { overwrittenBy: someone, lostBefore: true, atReset: 1, read: 1 },
    { comparedWith: 1 }, { writer: null, read: 0 }, { comparedWith: null, decision: null }, { readWithoutClock: true, read: 0 }, { writtenWithoutClock: true, atReset: 0, read: 0 },
    { address: 0x44007d00 }, { address: 0x08000100 }, { variable: { name: 'magic', bytes: 4, declared: null } }, { elsewhere: { address: 0x20000104, writer: someone }, read: 0 },
    { variable: { name: 'magic', bytes: 4, declared: { file: 'main.c', line: 3 } }, overwrittenBy: someone, read: 0 }), // prettier-ignore
  ...each<UsbFacts>(
    'usbOfUser',
    device,
    (d) => [d],
    { enumerated: false },
    { endedAt: 5_000_000 - 1 },
    { endedAt: 5_000_000 },
    { endedAt: 5_000_000 - 10 * PS_PER_MS },
  ),
  ...each('fellInRom', { pin: 'PA10', at: 6_000_000 }, (f) => [f], { pin: 'PA3' }, { pin: 'PB6' }),
  ...each<Selected>(
    'selectedInRom',
    { name: 'SPI1', pins: ['PA4'], at: 6_000_000 },
    (x) => [x],
    { name: 'I2C1', pins: ['PB6', 'PB7'] },
    { at: 4_000_000 },
    { name: 'FDCAN1' },
  ),
  ...each<LeaveFacts>('leave', leave, (l) => l, { started: false }, { resets: ['iwdg'] }, { resets: ['software', 'wwdg'] }, { usbBefore: true }, { usbBefore: true, usbAfter: true },
    { entry: { pc: 0x08000500, at: 1 } }, { exceptionInSystem: { pc: 0x08000502, at: 1 } }, { table: null }, { table: 0x08010000 }, { missing: ['uart USART1'] },
    ...LEFT_KINDS.flatMap((kind) => [true, false].map((relied) => ({ left: [{ kind, observed: 'A = 1', expected: 'A = 0', relied }] })))), // prettier-ignore
  ...each('breakpoints', { semihosting: false, pc: 0x08000600, at: 1_000_000 }, (b) => [b], { semihosting: true }, { at: 6_000_000 }),
];
/** Where a run may have come to without an entry. */
export const WITHOUT_ENTRY: Readonly<Record<string, readonly Change[]>> = Object.fromEntries(
  (['no-jump', 'fault'] as const).map((outcome) => [
    outcome,
    [...one('entry', null)(), ...one('outcome', outcome)(), ...(outcome === 'fault' ? one('firstFault', fault)() : [])],
  ]),
);
/** One thing that a check minds, and its verdict then. */
type Minded = readonly [what: string, verdict: string];
const verdictAfter = (check: Check, chip: ChipDescription, changes: readonly Change[]): [verdict: string, asked: ReadonlySet<string>] => {
  const t = new Asked(chip);
  for (const c of changes) c.apply(t);
  return [check.judge(t.subject()).verdict, t.asked];
};

/** Stories by which a check comes to another verdict than behind what has happened `before`. */
export function mindedOnTheWay(check: Check, chip: ChipDescription, before: readonly Change[] = []): Minded[] {
  const [plain] = verdictAfter(check, chip, before);
  const told = STORIES.map((story): Minded => [story.name, verdictAfter(check, chip, [...before, story])[0]]);
  return [['as the ROM expects it', plain], ...told.filter(([, verdict]) => verdict !== plain)];
}

/** Changes that are tried one behind another: what a changed fact makes a check look at besides is changed, too. */
const DEPTH = 2;
/** Changes of facts by which a check comes to another verdict than without them. */
export function mindedBy(check: Check, chip: ChipDescription): Minded[] {
  const minded: Minded[] = [];
  const visit = (changes: readonly Change[], known: ReadonlySet<string>, before: string | null): void => {
    const [verdict, asked] = verdictAfter(check, chip, changes);
    if (verdict !== before) minded.push([changes.map(({ name }) => name).join(' and ') || 'as the ROM expects it', verdict]);
    if (changes.length === DEPTH || (before !== null && verdict === before)) return;
    const all = new Set([...known, ...asked]);
    for (const fact of asked) if (!known.has(fact)) for (const c of changesOf(chip, fact)) visit([...changes, c], all, verdict);
  };
  visit([], new Set(), null);
  return minded;
}

/** The same thing minded on several chips stands once. */
export function byChips(lists: readonly (readonly [chip: string, minded: readonly Minded[]])[]): string[] {
  const chips = new Map<string, string[]>();
  for (const [chip, minded] of lists)
    for (const [what, verdict] of minded) chips.set(`${what}: ${verdict}`, [...(chips.get(`${what}: ${verdict}`) ?? []), chip]);
  const sections = new Map<string, string[]>();
  for (const [line, on] of chips) {
    const title = on.length === lists.length ? 'all' : on.join(' ');
    sections.set(title, [...(sections.get(title) ?? []), `  ${line}`]);
  }
  return [...sections].flatMap(([title, lines]) => [title, ...lines]);
}

/** A chip that one change of a fact makes a check find broken. */
export interface Broken {
  readonly check: Check;
  readonly chip: ChipDescription;
  readonly what: string;
  readonly target: FakeTarget;
}
export function brokenBy(check: Check, chip: ChipDescription): Broken[] {
  const [plain, asked] = verdictAfter(check, chip, []);
  if (plain !== 'pass') return [];
  return [...asked].flatMap((fact) =>
    changesOf(chip, fact).flatMap((change) => {
      const target = new FakeTarget(chip);
      change.apply(target);
      const { verdict } = check.judge(target.subject());
      return verdict === 'fail' || verdict === 'warn' ? [{ check, chip, what: change.name, target }] : [];
    }),
  );
}
