/** A loop that compares a counter with what it never comes to: a timer of 16 bits, or with a smaller ARR. The loop goes on for ever, though what it reads changes. */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { comparesValues, GENERAL_REGISTERS, isState, type Comparison, type Place, type Places } from '../../emu/proofs/data-flow.ts';
import type { Block } from '../../emu/system.ts';
import { MS } from '../../emu/time.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { unclockedAt } from '../session/unclocked.ts';
import { lastWriteText } from './last-write.ts';
import { record, type Step } from './window.ts';
import { place } from './words.ts';

/** Effort: instructions that are looked at, of at most so many places, each of which comes at least so often. */
const LOOKED_AT = 1_500;
const PLACES = 40;
const ROUNDS = 12;

/** In words; null where the program is in no such loop. Leaves the session anywhere. */
export function unreachable(s: Session, finished: Checkpoint): string | null {
  s.keepCheckpoints = false;
  s.restore(finished);
  const core = s.machine.bootCore;
  if (core.halted || core.arm.ipsr !== 0) return null;
  const { steps, ended } = record(s, core, s.machine.now + 100 * MS, LOOKED_AT);
  if (ended !== 'steps' || steps.some((step) => step.exception !== null || step.flow === null) || !goesRound(steps)) return null;
  const asked = comparedWith(s, steps);
  if (asked === null) return null;
  const off = withoutClock(s, asked);
  if (off !== null) return off;
  const limit = limitOf(s, asked.address);
  if (limit === null || asked.with <= limit.most) return null;
  const [name, loop] = [limit.register, place(s, asked.pc)];
  return `the loop at ${loop} never ends: it compares ${name} with ${hex32(asked.with)}, and ${name} comes to ${hex32(limit.most)} at most${limit.why}`;
}

/** Of a block without a clock all registers read as 0, also where an interrupt keeps the rest of the program going. */
function withoutClock(s: Session, { address, pc }: Asked): string | null {
  const block = unclockedAt(s.machine.system, address);
  const register = block?.layout.at(address - block.row.base);
  if (block === null || !register) return null;
  const { name, clock } = block.row;
  return `the loop at ${place(s, pc)} waits for ${name}.${register.name}, which reads as 0 as long as ${name} has no clock: RCC.${clock} is 0`;
}

function goesRound(steps: readonly Step[]): boolean {
  const times = new Map<number, number>();
  for (const { pc } of steps) times.set(pc, (times.get(pc) ?? 0) + 1);
  return times.size <= PLACES && [...times.values()].every((n) => n >= ROUNDS);
}

interface Asked {
  /** Of the register. */
  readonly address: number;
  readonly pc: number;
  /** What it is compared with, always the same. */
  readonly with: number;
}
/** What was read of a register, as it was. */
interface Held {
  readonly address: number;
  readonly value: number;
}
/** The one register of a block that all that the loop decides hangs on, and what it is compared with. */
class Look {
  asked: Asked | null = null;
  private readonly session: Session;
  private readonly held = new Map<Place, Held>();
  private compared: Asked | null = null;

  constructor(session: Session) {
    this.session = session;
  }
  /** False where a decision hangs on something else. */
  pass({ pc, flow, writes }: Step, next: Step): boolean {
    for (const c of flow!.comparisons) if (comparesValues(c)) this.compared = this.comparing(pc, c);
    // the first round may be looked at from the middle of it
    if (flow!.decides.size > 0 && this.held.size > 0) {
      const { asked } = this;
      const compared = this.compared ?? this.tested(pc, flow!.decides);
      if (compared === null || (asked !== null && (asked.address !== compared.address || asked.with !== compared.with))) return false;
      this.asked = compared;
    }
    for (const [to, sources] of writes) {
      const device = [...sources].find((p) => this.isDevice(p));
      const moved = [...sources].map((p) => this.held.get(p)).find((h) => h !== undefined);
      const n = GENERAL_REGISTERS.indexOf(to);
      if (device !== undefined && n >= 0) this.held.set(to, { address: (device & ~3) >>> 0, value: next.registers[n]! });
      else if (moved !== undefined) this.held.set(to, moved);
      else this.held.delete(to);
    }
    return true;
  }
  /** A flag that comes of one register alone, without a comparison. */
  private tested(pc: number, decides: Places): Asked | null {
    const [first, ...rest] = [...decides].map((p) => this.held.get(p));
    return first === undefined || rest.some((h) => h?.address !== first.address) ? null : { address: first.address, pc, with: first.value };
  }
  private comparing(pc: number, { left, right, leftFrom, rightFrom }: Comparison): Asked | null {
    const side = (value: number, places: Places): Held | undefined =>
      [...places].map((p) => this.held.get(p)).find((h) => h !== undefined && h.value === value >>> 0);
    const [l, r] = [side(left, leftFrom), side(right, rightFrom)];
    if ((l === undefined) === (r === undefined)) return null;
    return { address: (l ?? r)!.address, pc, with: (l === undefined ? left : right) >>> 0 };
  }
  private isDevice(p: Place): boolean {
    return !isState(p) && this.session.machine.system.regionAt(p)?.block != null;
  }
}
function comparedWith(s: Session, steps: readonly Step[]): Asked | null {
  const look = new Look(s);
  for (let i = 0; i < steps.length - 1; i++) if (!look.pass(steps[i]!, steps[i + 1]!)) return null;
  return look.asked;
}

interface Limit {
  /** `TIM3.CNT` */
  readonly register: string;
  readonly most: number;
  readonly why: string;
}
/** Of a timer's counter by ARR; of another register by its fields. */
function limitOf(s: Session, address: number): Limit | null {
  const { system } = s.machine;
  const block = system.regionAt(address)?.block;
  const register = block?.layout.at(address - block.row.base);
  if (!block || !register) return null;
  const name = `${block.row.name}.${register.name}`;
  const top = register.name === 'CNT' ? block.layout.registers.find((r) => r.name === 'ARR') : undefined;
  if (top === undefined) {
    const most = register.fields.reduce((bits, f) => bits + 2 ** f.bit * (2 ** f.width - 1), 0);
    return register.fields.length === 0 ? null : { register: name, most, why: ', all its bits set' };
  }
  // bit 31 of CNT is a flag then
  if (block.layout.hasField('CR1.UIFREMAP') && hasBits(block, 'CR1.UIFREMAP')) return null;
  const [arr, path] = [block.state.regs[top.index]! >>> 0, `${block.row.name}.ARR`];
  const written = s.machine.history.lastWriter(path) !== null;
  return { register: name, most: arr, why: `, which is ${path}${written ? ` (${lastWriteText(s, path)})` : ', as from the reset'}` };
}
function hasBits({ layout, state }: Block, path: string): boolean {
  const { register, mask } = layout.field(path);
  return (state.regs[register.index]! & mask) !== 0;
}
