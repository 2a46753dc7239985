/** Causes that no check names, as a result tells them: the differences of the first set, with what would be enough as well. */
import { optionInManual, type ChangedOption } from '../session/changed-options.ts';
import type { LeftCause } from '../proof/behind-leave.ts';
import type { BoardFinding } from '../proof/board-causes.ts';
import type { Writer } from '../../checks/check.ts';
import { part } from '../../checks/fix-in-c.ts';
import { fixOf } from '../difference/fix.ts';
import { isLock } from '../difference/lock.ts';
import type { Cached, Difference, Finding } from '../difference/find.ts';
import { isBit, LATE, wantedText, type GivenUp } from '../difference/gave-up.ts';
import type { SwitchReason } from '../slice/switch-reason.ts';
import { grownInWords } from '../slice/grown-stack.ts';
import type { Overwritten } from '../proof/overwritten.ts';
import type { MeantHandler } from '../proof/meant-handler.ts';
import type { OthersTable } from '../proof/others-table.ts';
import type { OneCause } from '../proof/one-cause.ts';
import type { Refused } from '../proof/refused.ts';
import { vtorInC } from '../proof/own-table.ts';
import type { StarvedWait } from '../proof/starved-wait.ts';
import type { WrongTurn } from '../proof/wrong-turn.ts';
import type { Opening } from '../difference/openings.ts';
import type { EarlyFlag } from '../difference/early-flag.ts';
import type { DataFault, PathCause, PathFinding } from '../difference/path.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { alikeText } from '../documents/alike.ts';
import { GAVE_UP, type Note } from '../documents/note-facts.ts';
import { hex32, type CauseId, type LastWriter, type Outcome, type ResultCause, type ResultDiagnosis } from '../documents/result.ts';

type Placed = (writer: Writer | null) => LastWriter | null;

const NOT_FIRMWARE = { host: 'No firmware can change that.', board: 'It is the board, not the firmware.' } as const;
/** What the board or the host keep from it. */
export function withBoard(
  diagnosis: ResultDiagnosis<string>,
  { sets }: BoardFinding,
  then: string,
  reason: (what: string) => string | null,
): ResultDiagnosis<string> {
  const [first, ...others] = sets;
  if (first === undefined) return diagnosis;
  const causes = first.map(({ id, what, says, repair }): ResultCause<string> => ({
    id,
    proved: true,
    at: null,
    repair,
    fix: null,
    outcomeAfterRepair: null,
    dependsOn: [],
    lastWriter: null,
    explanation: `${says.replace(/^the /, 'The ')}. With ${repair}${first.length > 1 ? ' and what else stands here' : ''}, ${then}. ${NOT_FIRMWARE[id]}${reason(what) === null ? '' : ` ${reason(what)}.`}`,
    what,
  }));
  return {
    explained: true,
    // what is suspected besides is explained by it
    causes,
    sets: [first, ...others].map((set) => set.map(({ id }) => id)),
    harmless: diagnosis.harmless,
  };
}

/** Option bytes that the firmware wrote: they persist. */
export function withWritten(
  diagnosis: ResultDiagnosis<string>,
  written: readonly ChangedOption[],
  then: string,
  placed: Placed,
): ResultDiagnosis<string> {
  if (written.length === 0) return diagnosis;
  const causes = written.map(({ path, value, factory, by }): ResultCause<string> => ({
    id: 'state',
    proved: true,
    at: null,
    repair: `${optionInManual(path)} = ${number(factory)}`,
    fix: null,
    outcomeAfterRepair: null,
    dependsOn: [],
    lastWriter: placed(by),
    explanation: `The firmware writes the option byte ${optionInManual(path)} = ${number(value)}, which persists. With ${number(factory)}, as from the factory, ${then}.`,
    what: path,
  }));
  return { ...diagnosis, explained: true, causes, sets: [written.map(() => 'state' as const)] };
}

/** What keeps the application from coming back behind a leave. */
export function withLeft(diagnosis: ResultDiagnosis<string>, left: readonly LeftCause[], placed: Placed): ResultDiagnosis<string> {
  if (left.length === 0) return diagnosis;
  const causes = left.map(({ what, says, at, repair, fix, by, dependsOn = [] }): ResultCause<string> => ({
    id: 'state',
    proved: true,
    at,
    repair,
    fix,
    outcomeAfterRepair: null,
    dependsOn,
    lastWriter: placed(by),
    explanation: says,
    what,
  }));
  return { ...diagnosis, explained: true, causes, sets: [left.map(() => 'state' as const)] };
}

/** What was entered: the ROM, or the program of an image. */
export interface Receiver {
  readonly id: 'state' | 'image';
  readonly name: string;
}
/** What a run is for: the outcome of one that is repaired, where that is one word, and what comes then, for a person. */
export interface Goal {
  readonly outcome: Outcome | null;
  readonly then: string;
}

/** @param placed the source line of a writer */
export function withDifference(
  diagnosis: ResultDiagnosis<string>,
  found: Finding | null,
  receiver: Receiver,
  placed: Placed,
  goal: Goal,
): ResultDiagnosis<string> {
  const [first, ...others] = found?.helps ? found.sets : [];
  if (first === undefined) return diagnosis;
  const proved = found!.complete && !first.some(({ board }) => board);
  const to = found!.further ? { outcome: null, then: 'the ROM is entered' } : goal;
  const causes = first.map((d, i) =>
    causeOf(d, proved, receiver, placed, { beside: first.length - 1, instead: i === 0 ? others : [] }, to),
  );
  return {
    explained: receiver.id === 'state' && !found!.further ? true : diagnosis.explained,
    causes: [...causes, ...diagnosis.causes],
    sets: proved ? [first, ...others].map((set) => set.map(() => receiver.id)) : [],
    harmless: diagnosis.harmless,
  };
}

/** What kept DFU away on the way comes first: it is the reason of what a check finds at the entry. A check that names the same instruction has better words. */
export function withPath(
  diagnosis: ResultDiagnosis<string>,
  { sets, complete, behind }: PathFinding,
  placed: Placed,
  goal: Goal,
): ResultDiagnosis<string> {
  const named = new Set(diagnosis.causes.flatMap((c) => (c.proved && c.lastWriter ? [Number(c.lastWriter.pc)] : [])));
  const unnamed = sets.filter((set) => !set.every((cause) => named.has(pcOf(cause))));
  const [first] = unnamed;
  if (first === undefined) return diagnosis;
  const causes = (proved: boolean, then: string): ResultCause<string>[] =>
    first.map((cause) => ({
      ...pathCause(cause, besides(first.length - 1, then), placed),
      proved,
      dependsOn: [],
      outcomeAfterRepair: proved && first.length === 1 && behind === undefined ? goal.outcome : null,
    }));
  const ids = unnamed.map((set) => set.map(({ is }) => is));
  if (behind) return withHidden(causes(true, 'the firmware comes further'), ids[0]!, behind);
  // seen to help, and not proved: DFU does not come
  if (behind === null) return { ...diagnosis, causes: [...causes(false, 'the firmware comes further'), ...diagnosis.causes] };
  return {
    explained: true,
    causes: [...causes(complete, goal.then), ...diagnosis.causes],
    sets: complete ? [...ids, ...diagnosis.sets] : diagnosis.sets,
    harmless: diagnosis.harmless,
  };
}
/** Two causes, in the order in which they have to be mended: with the first alone the second shows. */
export const withHidden = (
  causes: readonly ResultCause<string>[],
  ids: readonly CauseId[],
  behind: ResultDiagnosis<string>,
): ResultDiagnosis<string> => ({
  explained: true,
  causes: [...causes, ...behind.causes.map((c) => ({ ...c, outcomeAfterRepair: null }))],
  sets: behind.sets.map((set) => [...ids, ...set]),
  harmless: behind.harmless,
});
function pcOf(cause: PathCause): number {
  if (cause.is === 'fault') return cause.fault.pc;
  if (cause.is === 'state') return cause.flag.writer.pc;
  return cause.is === 'gave-up' ? cause.wait.pc : cause.opening.write.pc;
}
type Told = Omit<ResultCause<string>, 'proved' | 'dependsOn' | 'outcomeAfterRepair'>;
function pathCause(cause: PathCause, then: string, placed: Placed): Told {
  if (cause.is === 'fault') return faulted(cause.fault, then, placed);
  if (cause.is === 'state') return earlyFlag(cause.flag, then, placed);
  return cause.is === 'gave-up' ? gaveUp(cause.wait, then, placed) : lostWrite(cause.opening, then, placed);
}
const faulted = ({ says, exception, writer }: DataFault, then: string, placed: Placed): Told => ({
  id: 'fault',
  at: null,
  repair: 'without this access',
  fix: part('before', '', '/* this access faults: mend its address, or what has to be on before it */'),
  lastWriter: placed(writer),
  explanation: `The firmware faults before it comes to its jump: ${says}. It is the handler of ${exception} that goes to the ROM. Without this access, ${then}.`,
  what: exception,
});
const earlyFlag = ({ timer: { name, sr }, writer, acts }: EarlyFlag, then: string, placed: Placed): Told => ({
  id: 'state',
  at: null,
  repair: `${name}.SR.UIF cleared behind this write`,
  fix: part('after', '', `*(volatile uint32_t *)${hex32(sr)}u = ~1u;   /* UG has set UIF: nothing has been counted yet */`),
  lastWriter: placed(writer),
  explanation: `This write of UG loads the prescaler and the period of ${name}, and sets SR.UIF, too, before anything is counted: ${acts}, and takes the period for over. With UIF cleared behind it, ${then}.`,
  what: `${name}.SR`,
});
function lostWrite({ write, what, because, fix, beforeReset, instead }: Opening, then: string, placed: Placed): Told {
  const times = write.count > 1 ? ` (${write.count} times)` : '';
  const where = instead !== undefined ? 'in it' : beforeReset === undefined ? 'before it' : 'between it and the reset';
  const explanation = `A write to ${write.target} has no effect${times}, because ${because}. With ${what} ${where}, ${then}.`;
  return { id: 'lost-write', at: 'before-write', repair: what, fix, lastWriter: placed(write), explanation, what: write.target };
}
function gaveUp(wait: GivenUp, then: string, placed: Placed): Told {
  const { what, from, to, late, why, switching, pc, lr, core, stays } = wait;
  const bit = isBit(wait) ? 'the bit' : 'that';
  const came = late === null ? `${bit} does not come within ${ms(LATE)} after that either` : `${bit} came ${ms(late)} later`;
  const ended = stays ? `does not end: ${bit} does not come` : `gave up after ${ms(to - from)}: ${came}`;
  const reason = switching?.says ?? why;
  return {
    id: 'gave-up',
    at: null,
    repair: `${what} ${wantedText(wait)} in time`,
    fix: late === null ? (switching ? switchInC(switching) : null) : `/* wait here for at least ${ms(to - from + late)} */`,
    lastWriter: placed({ pc, lr, core, at: to, kind: 'cpu', seq: 0 }),
    explanation: `The wait for ${what} ${wantedText(wait)} ${ended}. ${reason == null ? '' : `${reason.replace(/\.$/, '')}. `}With it in time, ${then}.`,
    what,
  };
}
/** SW asks for what the loop waits for, and that runs; or the loop waits for what SW asks for. */
function switchInC({ block, register, asks }: SwitchReason): string | null {
  if (asks === null) return null;
  const { value, name, off } = asks;
  const [lvalue, field] = [`${block}->${register}`, `${block}_${register}_SW`];
  const [cr = '', on = ''] = off?.split('.') ?? [];
  const ready = on.replace(/ON$/, 'RDY');
  const starts =
    off === null ? [] : [`${block}->${cr} |= ${block}_${cr}_${on};`, `while (!(${block}->${cr} & ${block}_${cr}_${ready})) {}`];
  const asking = value === 0 ? `${lvalue} &= ~${field};` : `${lvalue} = (${lvalue} & ~${field}) | ${value}u;`;
  return part('before', `${name} is what this waits for`, ...starts, asking);
}
/** It comes first, and explains the run where it is proved. */
function withFirst(diagnosis: ResultDiagnosis<string>, cause: ResultCause<string>): ResultDiagnosis<string> {
  const causes = [cause, ...diagnosis.causes];
  return cause.proved ? { explained: true, causes, sets: [[cause.id]], harmless: diagnosis.harmless } : { ...diagnosis, causes };
}
/** A wait in a handler for another one, which cannot preempt it. */
export function withStarved(
  diagnosis: ResultDiagnosis<string>,
  { writer, handler, awaited, reached }: StarvedWait,
  placed: Placed,
  goal: Goal,
): ResultDiagnosis<string> {
  const [waits, fix] =
    handler === awaited
      ? [`for the next one: an exception does not preempt itself`, 'set a flag here, and wait in the main loop']
      : [
          `for the handler of ${awaited}, whose priority is not above that of ${handler}`,
          `set a flag here and wait in the main loop, or give ${awaited} a priority above that of ${handler}`,
        ];
  const cause: ResultCause<string> = {
    id: 'state',
    proved: reached,
    at: null,
    repair: 'this wait in Thread mode',
    fix: `/* ${fix} */`,
    outcomeAfterRepair: reached ? goal.outcome : null,
    dependsOn: [],
    lastWriter: placed(writer),
    explanation: `In the handler of ${handler} the program waits ${waits}. In Thread mode, ${reached ? goal.then : 'the firmware comes further'}.`,
    what: `wait in the handler of ${handler}`,
  };
  return withFirst(diagnosis, cause);
}
/** The table that the core reads is not where the program has it, or is that of another program. */
export function withTable(
  diagnosis: ResultDiagnosis<string>,
  table: MeantHandler | OthersTable,
  placed: Placed,
  goal: Goal,
): ResultDiagnosis<string> {
  const { reached } = table;
  const told = 'own' in table ? othersTable(table, goal) : meantTable(table, goal);
  const cause: ResultCause<string> = {
    id: 'state',
    proved: reached,
    at: null,
    outcomeAfterRepair: reached ? goal.outcome : null,
    dependsOn: [],
    lastWriter: placed('own' in table ? table.writer : table.table.writer),
    what: 'VTOR',
    ...told,
  };
  return withFirst(diagnosis, cause);
}
type ToldTable = Pick<ResultCause<string>, 'repair' | 'fix' | 'explanation'>;
function meantTable(
  { table: { written, vtor, takenAt, meantAt }, exception, handler, size, reached }: MeantHandler,
  goal: Goal,
): ToldTable {
  const why = written === vtor ? `VTOR is ${hex32(vtor)}, which is not a multiple of the table's size` : `VTOR was written with ${hex32(written)} and is ${hex32(vtor)}: its low bits do not exist`; // prettier-ignore
  const then = reached ? ` With that handler, ${goal.then}.` : '';
  return {
    repair: `the handler of ${exception} from the program's table`,
    fix: `/* let the table begin at a multiple of 0x${size.toString(16)}: by ALIGN in the linker script, or __attribute__((aligned(${size}))); a header in front of it has to be as long */`,
    explanation: `${why}. So the core reads the vector of ${exception} at ${hex32(takenAt)}, and not at ${hex32(meantAt)}, where ${handler} is.${then}`,
  };
}
const othersTable = ({ where, whose, own, reached, further }: OthersTable, goal: Goal): ToldTable => ({
  repair: `VTOR = ${hex32(own)}`,
  fix: `${vtorInC(own)};`,
  explanation: `${where}: ${whose}. With that one, ${reached ? goal.then : further}.`,
});
/** A loader that turns a program away. */
export function withRefused(
  diagnosis: ResultDiagnosis<string>,
  { name, title, by, writer, reached }: Refused,
  placed: Placed,
  goal: Goal,
): ResultDiagnosis<string> {
  const then = reached ? goal.then : `${name} is started and runs`;
  const told = by.is === 'sp' ? refusedBySp(by) : { why: `: this line ${by.text}`, what: 'test', fix: FITTING };
  const cause: ResultCause<string> = {
    id: 'branch',
    proved: reached,
    at: null,
    repair: 'the branch behind this comparison the other way',
    fix: told.fix,
    outcomeAfterRepair: reached ? goal.outcome : null,
    dependsOn: [],
    lastWriter: placed(writer),
    explanation: `${title} is not started${told.why}. The other way, ${then}.`,
    what: `${told.what} of ${name}`,
  };
  return withFirst(diagnosis, cause);
}
const FITTING = '/* mend what this compares: how it is computed here, or what the build puts into the image */';
function refusedBySp({ sp, mask, left, right }: Extract<Refused['by'], { is: 'sp' }>): {
  readonly why: string;
  readonly what: string;
  readonly fix: string;
} {
  const what = mask === null ? hex32(left) : `${hex32(sp)} & ${hex32(mask)} = ${hex32(left)}`;
  return {
    why: `, because of its initial SP, ${hex32(sp)}: this line compares ${what} with ${hex32(right)}`,
    what: 'initial SP',
    fix: '/* let this pass every initial SP in the RAM of this chip, its end included */',
  };
}
export function withOne(diagnosis: ResultDiagnosis<string>, one: OneCause, placed: Placed, goal: Goal): ResultDiagnosis<string> {
  const { id, what, repair, fix, says, further, writer, reached } = one;
  return withFirst(diagnosis, {
    id,
    proved: reached,
    at: null,
    repair,
    fix,
    outcomeAfterRepair: reached ? goal.outcome : null,
    dependsOn: [],
    lastWriter: placed(writer),
    explanation: `${says}${reached ? goal.then : further}.`,
    what,
  });
}
/** The branch that led into the loop in which the run ends, or the stack that had grown over what it asks. */
export function withTurn(diagnosis: ResultDiagnosis<string>, turn: WrongTurn, placed: Placed, goal: Goal): ResultDiagnosis<string> {
  const { overgrown, writer, word } = turn;
  const leads = `A branch ${turn.stays ? 'keeps the program in' : 'leads into'} the endless loop at ${turn.loop}, because ${askedInWords(turn)}.`;
  const proved = overgrown?.proved ?? true;
  const cause: ResultCause<string> = {
    id: overgrown === null ? 'branch' : 'stack',
    proved,
    at: null,
    repair: overgrown === null ? 'this branch the other way' : `${word!.name} keeps its value`,
    fix: overgrown === null ? turnFix(turn) : STACK_FIX,
    outcomeAfterRepair: proved ? goal.outcome : null,
    dependsOn: [],
    lastWriter: placed(overgrown === null ? writer : overgrown.writer),
    explanation:
      overgrown === null
        ? `${turn.setLater === null ? leads : readOnce(turn, turn.setLater)} The other way, ${goal.then}.`
        : `This line stores ${number(overgrown.value)} to ${word!.name}: ${grownInWords(overgrown.grown)}. ${leads}${proved ? ` With the variable kept, ${goal.then}.` : ''}`,
    what: word === null ? 'branch' : variableOf(word),
  };
  return { explained: true, causes: [cause, ...diagnosis.causes], sets: proved ? [[cause.id]] : [], harmless: diagnosis.harmless };
}
const STACK_FIX =
  '/* the stack of this function reaches into the variables: give it less (a large local array, a recursion), or the stack more RAM */';
/** The read is no part of the loop. */
function readOnce(turn: WrongTurn, { by, written }: NonNullable<WrongTurn['setLater']>): string {
  const { name, value: then } = turn.word!;
  const handler = written === null ? `${by} can write it, and nothing reads it then` : `The handler at ${by} writes ${number(written.value)} to it later, at ${ms(written.at)}`; // prettier-ignore
  return `The program reads ${name} once, as ${number(then)}, and goes into the endless loop at ${turn.loop}, which does not read it again. ${handler}.`;
}
const turnFix = ({ word, setLater }: WrongTurn): string =>
  setLater !== null ? `/* declare ${variableOf(word!)} volatile, so that the loop reads it */` : mendTurn(word);
const mendTurn = (word: WrongTurn['word']): string =>
  `/* mend what makes ${word === null ? 'this value' : variableOf(word)} so, or what is asked here */`;
/** The store over what a fault hangs on. */
export function withOverwritten(
  diagnosis: ResultDiagnosis<string>,
  { what, name, was, is, writer, shares }: Overwritten,
  placed: Placed,
  goal: Goal,
): ResultDiagnosis<string> {
  const kept = what === 'word' ? variableOf({ name }) : `the word at ${name}`;
  const cause: ResultCause<string> = {
    id: 'overwritten',
    proved: true,
    at: null,
    repair: `${kept} keeps its value`,
    fix:
      shares === null
        ? '/* keep this store within its buffer: mend its index, its length or its pointer */'
        : `/* ${shares} and the vectors share this RAM: give the vectors memory of their own in the linker script */`,
    outcomeAfterRepair: goal.outcome,
    dependsOn: [],
    lastWriter: placed(writer),
    explanation: `This line writes over ${OVER[what]} ${name}: ${hex32(was)} becomes ${hex32(is)}, by which the fault comes. With what was there kept, ${goal.then}.`,
    what: kept,
  };
  return { explained: true, causes: [cause, ...diagnosis.causes], sets: [[cause.id]], harmless: diagnosis.harmless };
}
const OVER = { vector: 'a vector in RAM,', stack: 'what the stack holds at', word: 'the word' } as const;

/** Without its address. */
const variableOf = ({ name }: { readonly name: string }): string => name.replace(/ \(.*/, '');
function askedInWords({ word, compared: { left, right } }: WrongTurn): string {
  const compared = right === 0 ? '' : `, and is compared with ${number(right)}${alikeText(left, right)}`;
  if (word === null) return `a value is ${number(left)}${compared}`;
  return `${word.name} is ${number(word.value)}${left === word.value ? compared : ''}`;
}
/** The last wait that gave up, and whether one was for the crystal. */
export function givenUpNote(waits: readonly GivenUp[], place: (pc: number) => string): Note[] {
  const [last, crystal] = [waits.at(-1), waits.find(({ what }) => what.endsWith('.HSERDY'))];
  const about = crystal && ({ is: 'crystal-late', waited: crystal.to - crystal.from } as const);
  return last === undefined ? [] : [{ kind: GAVE_UP, text: lastWaitInWords(last, place(last.pc)), ...(about && { about }) }];
}
const lastWaitInWords = ({ what, wanted, leaves, from, to }: GivenUp, where: string): string =>
  // a loop may look for an error, too, and wait for something in memory
  `the last wait that gave up polled ${what} for ${ms(to - from)}${/[HL]SERDY/.test(what) ? ' (how soon a crystal starts is assumed)' : ''}, and ${leaves === undefined ? wanted : `another value than ${leaves}`} there would have ended it: ${where}`;
const ms = (ps: Ps): string => `${Number((ps / MS).toPrecision(2))} ms`;

/** What comes where the rest of a set is repaired as well. */
function besides(others: number, then: string): string {
  if (others === 0) return then;
  return `and with the other ${others === 1 ? 'cause' : `${others} causes`} repaired too, ${then}`;
}
interface Others {
  /** Causes of the same set: none of them is enough alone. */
  readonly beside: number;
  /** Sets that are enough in its place. */
  readonly instead: readonly (readonly Difference[])[];
}
function causeOf(
  d: Difference,
  proved: boolean,
  receiver: Receiver,
  placed: Placed,
  { beside, instead }: Others,
  goal: Goal,
): ResultCause<string> {
  return {
    id: receiver.id,
    proved,
    at: d.leftOut ? null : 'entry',
    repair: repairOf(d),
    fix: d.leftOut && !isOfCore(d.what) ? LEAVE_OUT : fixOf(d),
    outcomeAfterRepair: proved && receiver.id === 'state' && beside === 0 ? goal.outcome : null,
    dependsOn: [],
    lastWriter: placed(d.writer),
    explanation: [stateOf(d, receiver, goal.then, beside), ...instead.map((set) => alternative(set, placed))].join(' '),
    what: d.what,
  };
}
/** What a device did with it is not undone by another store. */
const LEAVE_OUT = '/* leave this out, or change what it does */';
const isOfCore = (what: string): boolean => /^(PRIMASK|FAULTMASK|BASEPRI|CONTROL|SCB|MPU_|SYST_|NVIC_)/.test(what);
function repairOf({ what, afterReset, leftOut }: Difference): string {
  if (leftOut) return `without the instruction that changes ${what}`;
  return afterReset === null ? `${what} as it is behind a reset` : `${what} = ${number(afterReset)}`;
}
function stateOf(d: Difference, { id, name }: Receiver, comes: string, beside: number): string {
  const { what, value, afterReset, board, active, leftOut, cached, opens, stores } = d;
  const when = d.atFault ? 'where the firmware faults' : `when ${name} starts`;
  const then = besides(beside, id === 'state' ? comes : 'it works as from reset');
  if (active)
    return `${active.in} starts ${name} from inside the handler of ${active.exception}. That exception stays active, so no interrupt of its priority or a lower one is taken. In Thread mode, ${then}.`;
  if (d.clockOf !== undefined)
    return `${d.clockOf} has no clock where the run ends, so it reads as 0: ${what} is 0. Without the instruction that clears it, ${then}.`;
  if (leftOut && value !== null && afterReset !== null)
    return `${what} is ${number(value)} where the run ends, and ${number(afterReset)} behind a reset. Without the instruction that changes it, ${then}.${cached ? cacheText(cached) : ''}`;
  const lock = isLock(what) ? (opens ? RESET_OF_PORT : ONLY_A_RESET) : '';
  const whose = board ? ' It is the board that sets it: no firmware can change that.' : lock;
  if (stores) return `${what} is not as it is behind a reset ${when}: ${inWords(stores)}. With the values of a reset, ${then}.`;
  if (value === null || afterReset === null)
    return `${what} is not as it is behind a reset ${when}. With it as behind a reset, ${then}.${whose}`;
  return `${what} is ${number(value)} ${when}, and ${number(afterReset)} behind a reset. With ${number(afterReset)}, ${then}.${whose}`;
}
const cacheText = ({ where, inCache, inMemory, isDirty }: Cached): string =>
  ` The data cache holds ${hex32(inCache)} at ${where}, and memory ${hex32(inMemory)}: ${
    isDirty
      ? 'what the core wrote has not come to memory, where it is fetched or read by others: clean it (SCB_CleanDCache_by_Addr)'
      : 'what was written to memory by others, as by DMA, is not seen: invalidate it before it is read (SCB_InvalidateDCache_by_Addr), or keep it out of the cache by the MPU'
  }.`;
const RESET_OF_PORT = ' A reset of the port by RCC opens this lock, and sets its other pins back, too.';
const inWords = (stores: NonNullable<Difference['stores']>): string =>
  stores
    .filter(({ failing, working }) => failing !== working)
    .map(({ name, failing, working }) => `${name} is ${number(failing)}, not ${number(working)}`)
    .join('; ');
const ONLY_A_RESET = ' Only a reset opens this lock: enter the ROM behind one, before the lock is closed.';
function alternative(set: readonly Difference[], placed: Placed): string {
  const each = set.map((d) => {
    const at = placed(d.writer);
    const line = at?.file == null ? '' : ` (${at.file.replace(/.*\//, '')}:${at.line})`;
    if (d.leftOut) return `${repairOf(d)}${line}`;
    return `${d.what}${d.afterReset === null ? ' as behind a reset' : ` = ${number(d.afterReset)}`}${line}`;
  });
  return `So it does ${set.every(({ leftOut }) => leftOut) ? '' : 'with '}${each.join(' and ')}.`;
}
const SMALL = 10;
const number = (n: number): string => (n < SMALL ? String(n) : `0x${n.toString(16).toUpperCase()}`);
