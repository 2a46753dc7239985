/** What went wrong first, as a value that can be followed back: the target of a branch, or the address of an access. */
import type { FailureFacts, FaultFacts } from '../../checks/check.ts';
import { isFetch } from '../../checks/entry.ts';
import type { Core } from '../../emu/core/core.ts';
import { imageAt, symbolAt } from '../../image/image.ts';
import { flowOf, writesRegistersAlone } from '../../emu/core/translate/flow.ts';
import type { EntryRecord } from '../../emu/history.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { Slicer, type Chain, type Target } from './slice.ts';
import { heldIn, holds, isRam, type Window } from './window.ts';

export interface Failure {
  readonly kind: 'jump' | 'read' | 'write';
  /** Of the branch, or of the access. */
  readonly pc: number;
  readonly core: number;
  readonly at: Ps;
  readonly address: number;
  readonly feedsBranch: boolean;
  /** The jump led to where no image has code, and the fault came later, somewhere there. */
  readonly ranAway: boolean;
  readonly chain: Chain;
}

/** The same for checks. */
export function factsOf({ kind, pc, at, address, feedsBranch, chain }: Failure): FailureFacts {
  const { origin } = chain;
  const loaded =
    origin.kind === 'memory' ||
    origin.kind === 'device' ||
    origin.kind === 'master' ||
    (origin.kind === 'constant' && origin.address !== null);
  const throughStack = chain.links.some((link) => link.how === 'loaded' && link.onStack);
  return { kind, pc, at, address, loaded: loaded ? { address: origin.address!, pc: origin.pc } : null, feedsBranch, throughStack };
}

/** The event ends the repeated run by itself; this much later it is over in any case. */
const BEHIND = 1 * US;

/** Follows the first fault of the deciding core back, else the branch of an entry that does not begin at the ROM's reset vector. */
export function traceFailure(
  s: Session,
  powerOn: Checkpoint,
  fault: FaultFacts | null,
  entry: EntryRecord | null,
  resetVector: number,
): Failure | null {
  const slicer = new Slicer(s, powerOn);
  if (fault) {
    const fetched = isFetch(fault);
    const astray = isCode(s, fetched && fault.from >= 0 ? fault.from : fault.pc) ? null : jumpAway(slicer, s, fault.at);
    return astray ?? (fetched ? jumpInto(slicer, s, fault.at, 0, fault.address) : accessOf(slicer, s, fault));
  }
  if (entry?.how !== 'branch' || plain(entry.address) === plain(resetVector)) return null;
  return jumpInto(slicer, s, entry.at, entry.core, entry.address);
}
const plain = (address: number): number => (address & ~1) >>> 0;

/** An image has code there; true for all of RAM where no image has symbols to tell. */
export function isCode(s: Session, pc: number): boolean {
  const { images } = s.input;
  if (!isRam(s, pc)) return imageAt(images, pc) !== undefined;
  if (!images.some((image) => image.symbols.all.length > 0)) return true;
  const found = symbolAt(images, pc);
  return found !== null && found.symbol.kind === 'function' && found.offset < Math.max(found.symbol.size, 1);
}
/** The last branch out of the images' code. */
function jumpAway(slicer: Slicer, s: Session, at: number): Failure | null {
  let jump = { pc: 0, target: 0, at: 0 };
  const find = (window: Window): ReturnType<Target['wanted']> => {
    const last = window.steps.findLastIndex(
      ({ flow }) => flow?.branch != null && isCode(s, flow.branch.pc) && !isCode(s, flow.branch.target),
    );
    const step = window.steps[last];
    const branch = step?.flow?.branch;
    if (!branch) return null;
    jump = { ...branch, at: step!.at };
    return { places: branch.from, value: branch.target, before: last };
  };
  const chain = slicer.slice({ core: s.machine.bootCore, until: at + BEHIND, wanted: find, further: true });
  if (!chain) return null;
  return { kind: 'jump', pc: jump.pc, core: 0, at: jump.at, address: jump.target, feedsBranch: false, ranAway: true, chain };
}

function jumpInto(slicer: Slicer, s: Session, at: number, core: number, address: number | null): Failure | null {
  let pc = 0;
  const chain = follow(slicer, s, core, at, (window) => {
    const last = window.steps.findLastIndex((step) => step.flow?.branch != null);
    const branch = window.steps[last]?.flow?.branch;
    if (!branch || (address !== null && plain(branch.target) !== plain(address))) return null;
    ({ pc } = branch);
    return { places: branch.from, value: branch.target, before: last };
  });
  return chain && { kind: 'jump', pc, core, at, address: chain.value ?? address ?? 0, feedsBranch: false, ranAway: false, chain };
}

function accessOf(slicer: Slicer, s: Session, fault: FaultFacts): Failure | null {
  const { address } = fault;
  if (address === null) return null;
  let kind: Failure['kind'] = 'read';
  const chain = follow(slicer, s, 0, fault.at, (window) => {
    const last = window.steps.findLastIndex((step) => step.flow !== null && holds(step, fault.pc));
    const flow = window.steps[last]?.flow;
    const hits = (a: { readonly address: number; readonly size: number }): boolean => address >= a.address && address < a.address + a.size;
    const store = flow?.stores.find(hits);
    const access = store ?? flow?.loads.find(hits);
    if (!access || access.addressFrom.size === 0) return null;
    kind = store ? 'write' : 'read';
    // an offset of the instruction is no part of what is followed
    return { places: access.addressFrom, value: heldIn(window.steps[last]!, access.addressFrom), before: last };
  });
  const feedsBranch = kind === 'read' && isBranchedTo(s.machine.cores[0]!, fault.pc);
  return chain && { kind, pc: fault.pc, core: 0, at: fault.at, address, feedsBranch, ranAway: false, chain };
}

function follow(slicer: Slicer, s: Session, core: number, at: number, wanted: Target['wanted'] & ((w: Window) => unknown)): Chain | null {
  return slicer.slice({ core: s.machine.cores[core]!, until: at + BEHIND, wanted });
}

/** Instructions behind a load in which a branch to what it loaded is looked for. */
const BRANCH_WITHIN = 24;
/** What the instruction at `pc` writes to general registers is branched to further down, moves between registers included. */
function isBranchedTo(core: Core, pc: number): boolean {
  let at = pc;
  let loaded = 0;
  for (let i = 0; i < BRANCH_WITHIN; i++) {
    const ins = core.instructionAt(at);
    if (!ins) return false;
    const flow = flowOf(ins, at, core.profile, false);
    const reads = (flow.reads & loaded & GENERAL) !== 0;
    if (flow.dynamic && reads) return true;
    if (i === 0) loaded = flow.writes & GENERAL;
    else if (reads && writesRegistersAlone(flow)) loaded |= flow.writes & GENERAL;
    else loaded &= ~flow.writes;
    if (loaded === 0 || (!flow.falls && !flow.call)) return false;
    at += ins.size;
  }
  return false;
}
/** R0 to R12 in the masks of a flow. */
const GENERAL = 0x1fff;
