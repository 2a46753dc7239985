/**
 * A loader that looks at a program, or at what should lie beside it, and does not start it: the test that keeps it from that, as its CRC, its length or its magic word does
 * not fit. The last looks are found by a watch on the flash; behind each, every branch goes the other way in a fork, the earliest first.
 */
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Region } from '../../emu/system.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import { aliasesOf, isRunning, ownerAt, ownerName } from '../session/programs.ts';
import { inputRegisters } from '../session/input-registers.ts';
import type { Session } from '../session/session.ts';
import type { Chain } from '../slice/slice.ts';
import type { Watched } from '../slice/unstarted.ts';
import { checkpointBefore, isRam, runByStops, runTo, writerAt } from '../slice/window.ts';
import { addressText, place, variableIn } from '../slice/words.ts';
import type { Writer } from '../../checks/check.ts';
import { alikeText } from '../documents/alike.ts';
import { hex32 } from '../documents/result.ts';
import { goOn, type Attempt } from './attempt.ts';
import { chainOf, fork, recorded, testsIn, type Recorded, type Test } from './branch-tests.ts';
import type { Side } from './tested.ts';

/** Effort: looks that are asked about, the last ones; cycles without a read that end one; instructions behind it, branches of them that are tried, and how soon the program starts. */
const MOST_LOOKS = 3;
const GAP = 20_000;
const BEHIND = 40_000;
const MOST_TRIED = 40;
const SOON = 60 * MS;

export interface Unfit {
  /** `compares 0x1 (CRC.DR, read at a.c:7) with 0x2 (0x08008ff8 of app.elf, read at a.c:9)` */
  readonly text: string;
  readonly writer: Writer;
  /** The other way leads to the goal; else the program only runs. */
  readonly reached: boolean;
}

/** Null where no branch behind a look keeps the program from its start. Leaves the session anywhere. */
export function unfit(s: Session, powerOn: Checkpoint, end: Ps, program: Watched): Unfit | null {
  for (const at of looksOf(s, powerOn, end).toReversed()) {
    const found = behindLook(s, powerOn, recorded(s, powerOn, at - US, end, BEHIND), program);
    if (found !== null) return found;
  }
  return null;
}

/** When the last looks at the flash beside the loader itself ended. */
function looksOf(s: Session, powerOn: Checkpoint, end: Ps): readonly Ps[] {
  const { system, bootCore } = s.machine;
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const regions = system.regions.filter(isFlash);
  const hosts = (address: number, size: number): readonly [number, number] => {
    const region = system.regionAt(address);
    const from = region?.memory ? system.hostOf(region, address) : -1;
    return [from, from + size];
  };
  const boot = ownerAt(s, s.machine.bootVectors());
  const loader = boot === undefined ? [] : 'parts' in boot ? boot.parts : boot.chunks.map(({ address, data }) => ({ address, size: data.length })); // prettier-ignore
  const own = loader.map(({ address, size }) => hosts(address, size));
  const looks: { at: Ps; cycles: number }[] = [];
  const repairs = s.machine.setRepairs({
    pages: new Set(regions.flatMap(pagesOf)),
    read: (core, address) => {
      const region = core === bootCore ? regions.find(({ base, end: to }) => address >= base && address < to) : undefined;
      if (region === undefined || core.zone !== 'user') return null;
      const host = system.hostOf(region, address);
      if (own.some(([from, to]) => host >= from && host < to)) return null;
      const [at, cycles] = [core.now(), core.cycles()];
      const last = looks.at(-1);
      if (last !== undefined && cycles - last.cycles < GAP) Object.assign(last, { at, cycles });
      else looks.push({ at, cycles });
      if (looks.length > MOST_LOOKS) looks.shift();
      return null;
    },
  });
  try {
    runTo(s, end);
  } finally {
    s.machine.setRepairs(repairs);
  }
  return looks.map(({ at }) => at);
}
const isFlash = ({ memory }: Region): boolean => memory?.row.kind === 'flash' && memory.row.zone === 'user';
const pagesOf = ({ base, end }: Region): readonly number[] =>
  Array.from({ length: ((end - 1) >>> PAGE_BITS) - (base >>> PAGE_BITS) + 1 }, (_, i) => (base >>> PAGE_BITS) + i);

function behindLook(s: Session, powerOn: Checkpoint, at: Recorded, program: Watched): Unfit | null {
  const starts = aliasesOf(s, program.start);
  const tests = [...testsIn(s, at.window).values()].toSorted((a, b) => a.turn.index - b.turn.index);
  let answer: Unfit | null = null;
  for (const test of tests.slice(0, MOST_TRIED)) {
    if (answer !== null && test.isAnswer) continue;
    if (!fork(s, at, test, null) || !runByStops(s, starts, s.machine.now + SOON, () => true)) continue;
    const again = goOn(s);
    if (!again.reached && !lives(s, program, again)) continue;
    const found = told(s, powerOn, test, again.reached);
    if (found === null) continue;
    if (!test.isAnswer) return found;
    answer = found;
  }
  return answer;
}
/** What is started, and does not die of it. */
export const lives = (s: Session, program: Watched, { outcome }: Attempt): boolean =>
  (outcome === 'no-jump' || outcome === 'stuck') && s.machine.state.firstFault === null && isRunning(s, program);

/** Null where it waits for an input. */
function told(s: Session, powerOn: Checkpoint, test: Test, reached: boolean): Unfit | null {
  const { looksAt, against, turn, pc } = test;
  const inputs = inputRegisters(s.machine);
  const chains = [looksAt, against].map((side) => side && chainFrom(s, powerOn, test, side));
  if (chains.some((c) => c?.origin.kind === 'device' && inputs.has((c.origin.address & ~3) >>> 0))) return null;
  const [left, right] = [looksAt, against].map((side, i) => side && sideText(s, side, chains[i] ?? null));
  const text = against === null ? `${test.text} (${left})` : `compares ${left} with ${right}${alikeText(looksAt.value, against.value)}`;
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, turn.at));
  runTo(s, turn.at);
  return { text, writer: { ...writerAt(s.machine.bootCore, s.machine.history.seq), pc, at: turn.at }, reached };
}
const chainFrom = (s: Session, powerOn: Checkpoint, test: Test, side: Side): Chain | null =>
  side.from.size === 0 ? null : chainOf(s, powerOn, test, side);
function sideText(s: Session, { value }: Side, chain: Chain | null): string {
  const from = chain === null ? null : sourceText(s, chain);
  return hex32(value) + (from === null ? '' : ` (${from})`);
}
/** Where a value came from; null where it is a constant of the loader. */
function sourceText(s: Session, { origin, links }: Chain): string | null {
  const last = links.at(-1);
  const at = last === undefined ? '' : `, read at ${place(s, last.pc)}`;
  if (origin.kind === 'device') return `${addressText(s, origin.address, origin.pc)}${at}`;
  if (origin.kind === 'memory' && !isRam(s, origin.address)) return `${hex32(origin.address)}, where no image has bytes${at}`;
  if (origin.kind === 'constant' && origin.address !== null) {
    const owner = ownerAt(s, origin.address);
    const isOwn = owner === ownerAt(s, s.machine.bootVectors());
    return owner === undefined || isOwn ? null : `${nameIn(owner, origin.address)} of ${ownerName(owner)}${at}`;
  }
  const computed = links.find(({ how }) => how === 'computed');
  const variable = links.find(({ how, onStack, address }) => how === 'loaded' && !onStack && address !== null && isRam(s, address));
  if (variable?.address != null) return addressText(s, variable.address, variable.pc, variable.core);
  return computed === undefined ? null : `computed at ${place(s, computed.pc)}`;
}
/** `footer+8 (0x08008ff8)` */
function nameIn(owner: NonNullable<ReturnType<typeof ownerAt>>, address: number): string {
  const name = variableIn(['image' in owner ? owner.image : owner], address);
  return name === null ? hex32(address) : `${name} (${hex32(address)})`;
}
