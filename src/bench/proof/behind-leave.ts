/** Why an application that a DFU leave has started does not come back, as causes: a word that still asks for the ROM, a register that the ROM has left, or a group of them. */
import type { Writer } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import type { LeftKind, OwnLeft } from '../../checks/check.ts';
import { familyOf, inC, inManual, maskOf, registerOf } from '../../checks/families.ts';
import { RESET_CLOCKS } from '../../checks/leave-clocks.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import type { LostWrite } from '../../emu/history.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { codePlace, symbolAt } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import { hex32, type RomDependency } from '../documents/result.ts';
import { fieldOf } from '../session/field-of.ts';
import type { Session } from '../session/session.ts';
import { storesOf, writerOf } from '../slice/stores.ts';
import type { FirstRead } from './first-reads.ts';
import { backupAccessInC, inFunction, LEAVE_HANDLER, part, romTableInC } from '../../checks/fix-in-c.ts';
import { CLOCKS_BACK, type CallPlace } from './hal-call.ts';
import type { LeaveTwin } from './leave.ts';
import { hasVtor, tableForJump, vtorInC, type WrongTable } from './own-table.ts';
import { repairTarget } from './repairs.ts';
import type { TurningRead } from './turning-read.ts';

/** What was found behind a leave. */
export type NotBack =
  /** `behind`: when the application enters the ROM because of it. */
  | { readonly is: 'kept'; readonly read: FirstRead; readonly behind: 'leave' | 'reset' }
  /** `table`: the twin was made with exceptions that reach its own handlers, because they go to the ROM as well. */
  | { readonly is: 'left'; readonly twin: LeaveTwin; readonly table?: WrongTable }
  | { readonly is: 'table'; readonly wrong: WrongTable };

/** Proved: with it as behind a reset, the same leave brings the application back. */
export interface LeftCause {
  readonly what: string;
  /** Whole sentences. */
  readonly says: string;
  readonly repair: string;
  readonly fix: string | null;
  /** Where the fix belongs: at the jump, or where it says. */
  readonly at: 'entry' | null;
  readonly by: Writer | null;
  /** The firmware has handed it over, and the ROM leaves it so. */
  readonly handed?: true;
  /** Groups of what the ROM leaves that it is about. */
  readonly kinds: readonly LeftKind[];
  /** With another value of these it would be none; left out: not looked for (left-options.ts). */
  readonly dependsOn?: readonly RomDependency[];
}

/** The session is left anywhere. */
export function leftCauses(s: Session, powerOn: Checkpoint, found: NotBack): readonly LeftCause[] {
  if (found.is === 'kept') return [keptCause(s, powerOn, found.read, found.behind)];
  if (found.is === 'table') return [tableCause(s, found.wrong)];
  const causes = twinCauses(s, found.twin);
  return found.table === undefined || causes.length === 0 ? causes : [tableCause(s, found.table), ...causes];
}
function twinCauses(s: Session, twin: LeaveTwin): readonly LeftCause[] {
  const { decides, turns, facts, parting, registers } = twin;
  if (decides !== null) return [decidingCause(s, decides, twin)];
  const by: Writer | null =
    parting === null ? null : { pc: parting.pc, at: s.leave!.checkpoint.system.now + parting.at, kind: 'cpu', core: 0, seq: -1 };
  return facts.left.flatMap(({ kind, observed, expected, relied }) => {
    if (!relied) return [];
    const mine = facts.own?.find((o) => o.kind === kind);
    const own = mine === undefined ? ownCause(s, kind, observed) : leftOnCause(mine);
    if (own !== null) return [{ ...own, kinds: [kind] }];
    const group = registers.filter((r) => r.kind === kind).map((r) => r.name);
    if (turns !== null && group.includes(turns.register)) return [turningCause(s, turns, kind, group, twin)];
    const says = `The ROM leaves this to the application, which goes another way here: ${observed}; from reset ${expected}. With it as behind a reset, the application comes back. ${NOT_RESTORED}`;
    return [{ what: GROUPS[kind], says, repair: asBehindReset(kind), fix: fixOf(s, kind, twin), at: null, by, kinds: [kind] }];
  });
}
type OwnCause = Omit<LeftCause, 'kinds'>;
/** The firmware had it on before the ROM was entered. */
function leftOnCause({ names, observed, by, fix }: OwnLeft): OwnCause {
  const all = names.join(', ');
  return {
    what: all,
    says: `The firmware left ${all} on when it entered the ROM, which leaves that as it is: ${observed} when the leave starts the application. With that as behind a reset, the application comes back: switch it off before the jump.`,
    repair: `${all} as behind a reset`,
    fix: fix.length === 0 ? null : part('jump', '', ...fix),
    at: 'entry',
    by,
  };
}
/** Of VTOR and the masks, what the program can do is known. */
function ownCause(s: Session, kind: LeftKind, observed: string): OwnCause | null {
  const { table, checkpoint } = s.leave!;
  s.restore(checkpoint);
  if (kind === 'vtor') return vtorCause(s, observed, table);
  if (kind !== 'irq') return null;
  const inHandler = handlerCause(s, observed);
  if (inHandler !== null || observed !== 'PRIMASK = 0x1') return inHandler;
  return {
    what: 'PRIMASK',
    says: 'PRIMASK is 1 when the leave starts the application, as when the ROM was entered: the ROM does not clear it. Behind a reset it is 0, so the application does not clear it either. With 0, it comes back.',
    repair: 'PRIMASK = 0',
    fix: part('main', '', '__enable_irq();'),
    at: null,
    handed: true,
    by: s.machine.history.lastWriter('CPU.PRIMASK', 1),
  };
}
function vtorCause(s: Session, observed: string, table: number): OwnCause {
  return {
    what: 'VTOR',
    says: `${observed}, the ROM's own table, when the leave starts the application. With ${hex32(table)} its exceptions reach its own handlers: an application sets its own table (AN3156 Rev 18).`,
    repair: `VTOR = ${hex32(table)}`,
    fix: [part('main', '', `${vtorInC(table)}u;`), ...backAtTheJump(s)].join('\n'),
    at: null,
    by: null,
  };
}
/** Its exceptions go to the ROM, and nothing else is wrong. */
function tableCause(s: Session, { fix, left }: WrongTable): LeftCause {
  const { table, checkpoint } = s.leave!;
  s.restore(checkpoint);
  const observed = left?.observed ?? '';
  if (hasVtor(s.machine)) return { ...vtorCause(s, observed, table), kinds: ['vtor'] };
  return {
    what: GROUPS.remap,
    says: `${observed} when the leave starts the application: the ROM stands at address 0, where its exceptions take their vectors. With ${left?.expected ?? ''} they reach its own handlers: the ROM does not restore what it used (AN2606 Rev 70 4.1).`,
    repair: left?.expected ?? asBehindReset('remap'),
    fix: part('main', '', `${fix};`),
    at: null,
    by: null,
    kinds: ['remap'],
  };
}
/** A handler that has jumped instead of returning is active still, in the ROM and behind it. */
function handlerCause({ machine, input: { chip } }: Session, observed: string): OwnCause | null {
  const { ipsr } = machine.bootCore.arm;
  const entry = machine.history.entries.at(-1);
  if (ipsr === 0 || entry?.how !== 'branch' || entry.fromPc === null || ((entry.registers['xpsr'] ?? 0) & 0x1ff) !== ipsr) return null;
  const exception = exceptionName(chip, ipsr);
  return {
    what: 'IPSR',
    says: `The firmware jumped from inside the handler of ${exception}. That exception is still active when the leave starts the application (${observed}), and no other of its priority or a lower one is taken. Behind a reset, none is active; with none, the application comes back.`,
    repair: 'IPSR = 0',
    fix: LEAVE_HANDLER,
    at: 'entry',
    by: { pc: entry.fromPc, at: entry.at, kind: 'cpu', core: entry.core, seq: -1 },
  };
}
function backAtTheJump(s: Session): string[] {
  const vectorTable = tableForJump(s);
  return vectorTable === null ? [] : [part('jump', ', where the ROM may rely on it', romTableInC({ vectorTable }, OWN_TABLE))];
}
const OWN_TABLE = 'main() sets its own table now, and the ROM may rely on that of a reset';
const NOT_RESTORED = 'The ROM does not restore what it used (AN2606 Rev 70 4.1): do not rely on reset values, or reset the chip.';
const GROUPS: Readonly<Record<LeftKind, string>> = {
  vtor: 'VTOR',
  remap: 'the memory mapped to 0',
  clocks: 'RCC and PWR',
  supply: 'PWR',
  irq: 'NVIC and SysTick',
  flash: 'FLASH',
  security: 'GTZC',
  rest: 'what the ROM has switched on',
};

const asBehindReset = (kind: LeftKind): string => `${GROUPS[kind]} as behind a reset`;
type ClocksBack = Pick<LeaveTwin, 'byCall' | 'clocksCode'>;
function fixOf(s: Session, kind: LeftKind | undefined, { byCall, clocksCode }: ClocksBack): string | null {
  if (kind !== 'clocks') return null;
  if (byCall !== null) return calledAt(s, byCall);
  return clocksCode.length === 0 ? part('main', `; ${RESET_CLOCKS}`) : part('main', CODED, ...clocksCode);
}
const CODED =
  ', before the clocks are set up: a DFU leave does not restore them; with these values, the same leave brought the application back, too';
/** What was run is the user's own copy of this function, called there. */
function calledAt({ input: { images } }: Session, at: CallPlace): string {
  const called = (goes: 'main' | 'init' | 'called', where: string): string =>
    part(
      goes,
      `${where}; with this call, the same leave brought the application back, too`,
      `${CLOCKS_BACK}();   /* a DFU leave does not restore the clocks */`,
    );
  if (at === 'start') return called('main', ', behind the line that sets VTOR');
  const { symbol, file, line } = codePlace(images, at - CALL_BYTES);
  if (symbol === null || symbol === 'main' || file === null || line === null) return called('init', '');
  return called('called', inFunction(symbol, file, line));
}
/** BL. */
const CALL_BYTES = 4;

/** What the program itself reads and goes by comes first, then what else the ROM has left of the same. */
function turningCause(s: Session, turns: TurningRead, kind: LeftKind, group: readonly string[], back: ClocksBack): LeftCause {
  const { register, field, reader } = turns;
  const { chip } = s.input;
  const what = inManual(field === null ? register : `${register}.${field.name}`);
  const [value, instead] = field === null ? [hex32(turns.value), hex32(turns.instead)] : [field.value, field.instead].map((n) => named(chip, `${register}.${field.name}`, n)); // prettier-ignore
  const others = group.filter((name) => name !== register);
  const rest = others.length === 0 ? '' : ` The ROM leaves more of ${GROUPS[kind]} to it: ${shortList(others.map(inManual))}.`;
  return {
    what,
    says: `${what} is ${value} when the leave starts the application, and ${instead} behind a reset. The application reads it here and goes another way.${rest} With ${GROUPS[kind]} as behind a reset, it comes back. ${NOT_RESTORED}`,
    repair: asBehindReset(kind),
    fix: fixOf(s, kind, back),
    at: null,
    by: reader,
    kinds: [kind],
  };
}
/** `3 (PLL)`, where the value has a name. */
function named(chip: ChipDescription, path: string, value: number): string {
  const sysclk = familyOf(chip)?.sysclk;
  const name = sysclk !== undefined && [sysclk.status, sysclk.select].includes(path) ? sysclk.sources[value] : undefined;
  return name === undefined ? String(value) : `${value} (${name})`;
}
const NAMED = 3;
const shortList = (names: readonly string[]): string =>
  names.length <= NAMED + 1 ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more registers`;

function decidingCause(s: Session, { register, value, instead, reader, writtenBack }: FirstRead, twin: LeaveTwin): LeftCause {
  const what = inManual(register!);
  const does = writtenBack
    ? 'reads it here and writes it back with its own bits: what was left stays'
    : 'reads it here and goes another way';
  const kind = twin.registers.find((r) => r.name === register)?.kind;
  return {
    what,
    says: `${what} is ${hex32(value)} when the leave starts the application, and ${hex32(instead)} behind a reset. The application ${does}; where it reads what a reset leaves, it comes back. ${NOT_RESTORED}`,
    repair: `${what} = ${hex32(instead)}`,
    fix: fixOf(s, kind, twin),
    at: null,
    by: reader,
    kinds: kind === undefined ? [] : [kind],
  };
}

function keptCause(s: Session, powerOn: Checkpoint, read: FirstRead, behind: 'leave' | 'reset'): LeftCause {
  const { register, address, value, instead } = read;
  const what = register === null ? nameOf(s, address) : inManual(register);
  const lost = register === null ? null : lostClear(s, register);
  const stays = `With ${hex32(instead)} it stays`;
  return {
    what,
    says: `${what} still holds ${hex32(value)} when the leave starts the application, which reads it ${behind === 'leave' ? '' : 'after the next reset '}and enters the ROM again. ${lost === null ? `${stays}: clear it before the jump.` : `${stays}, but the last write to it was ignored: ${lost.why === 'no-clock' ? 'its bus clock is off' : 'DBP of PWR is 0'}.`}`,
    repair: `${what} = ${hex32(instead)}`,
    fix:
      lost === null
        ? clearedAtJump(s, read)
        : part('before', ', which clears it', ...backupAccessInC(s.input.chip, address, lost.why === 'backup-domain')),
    // nothing reads it there any more
    at: lost === null ? 'entry' : null,
    by: lost ?? (register === null ? storeOf(s, powerOn, read) : writeOf(s, register)) ?? read.reader,
    kinds: [],
  };
}
/** The program's own last write to a register of the backup domain, where it had no effect: what it misses there is the whole mistake. */
function lostClear(s: Session, register: string): LostWrite | null {
  s.restore(s.leave!.checkpoint);
  const since = writeOf(s, register)?.at ?? 0;
  const { lost } = s.machine.history;
  const isIt = (l: LostWrite): boolean => l.target === register && ['backup-domain', 'no-clock'].includes(l.why) && l.last > since;
  return isBackup(s.input.chip, register) ? (lost.findLast(isIt) ?? null) : null;
}
/** With what a store needs to take effect there, as the clocks and DBP of PWR are now. */
function clearedAtJump(s: Session, { register, address }: FirstRead): string {
  if (register === null) return `*(volatile uint32_t *)${hex32(address)}u = 0;`;
  const { chip } = s.input;
  const cleared = clearedInC(chip, register);
  if (!isBackup(chip, register)) return cleared;
  s.restore(s.leave!.checkpoint);
  repairTarget(s.machine).write(address, 4, 0);
  const takes = (fieldOf(s.machine, register) ?? 0) === 0;
  const clock = chip.blocks.find((b) => register.startsWith(`${b.name}.`))?.clock ?? null;
  const clocked = clock !== null && fieldOf(s.machine, `${chip.rcc}.${clock}`) === 1;
  return [...(takes ? [] : backupAccessInC(chip, address, clocked)), cleared].join('\n');
}
const isBackup = (chip: ChipDescription, register: string | null): boolean =>
  chip.blocks.some((b) => b.backup === true && register?.startsWith(`${b.name}.`) === true);
function clearedInC(chip: ChipDescription, register: string): string {
  const { resetFlags } = chip;
  const isFlag = resetFlags?.flags.some(({ field }) => registerOf(field) === register) === true;
  return isFlag ? `${inC(resetFlags.clear)} |= ${hex32(maskOf(chip, resetFlags.clear))}u;` : `${inC(register)} = 0;`;
}
/** Null: the hardware, as of reset flags. */
function writeOf(s: Session, register: string): Writer | null {
  s.restore(s.leave!.checkpoint);
  const { history } = s.machine;
  const wrote = history.lastWriter(register) ?? history.lastWriterBeforeReset(register);
  return wrote?.kind === 'cpu' ? wrote : null;
}
/** The store to RAM in front of the ROM; null where the search was too long. */
function storeOf(s: Session, powerOn: Checkpoint, { address, size }: FirstRead): Writer | null {
  s.restore(s.leave!.checkpoint);
  const entered = s.machine.history.entries.at(-1)?.at ?? s.machine.now;
  const [store] = storesOf(s, powerOn, [{ address, size }], entered);
  return typeof store === 'object' && store !== null ? writerOf(store) : null;
}
function nameOf(s: Session, address: number): string {
  const found = symbolAt(s.input.images, address);
  return found?.symbol.kind === 'object' && found.offset < found.symbol.size
    ? sourceName(found.symbol.name)
    : `the word at ${hex32(address)}`;
}
