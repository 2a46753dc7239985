/** The hand-over: the last part of a firmware before its jump into the ROM, and the instructions that write to registers in it. */
import { runTo } from '../slice/window.ts';
import type { Core } from '../../emu/core/core.ts';
import { codePlace } from '../../image/image.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { canBeLeftOut, watching } from '../input/left-out.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';

/** The hand-over begins after the last pause of this length without a write. */
const PAUSE = 2 * MS;

/** Writes of one instruction. */
export interface HandOverStep {
  /** When it writes first. */
  readonly at: Ps;
  readonly pc: number;
  /** `main.c:12 RCC.CR` */
  readonly what: string;
}

/** The instructions of user code that write to registers between a checkpoint and the entry, in order of their first write; those behind the last pause. */
export function handOverSteps(s: Session, before: Checkpoint, entryAt: Ps): HandOverStep[] {
  const { machine } = s;
  const found = new Map<number, HandOverStep>();
  const note = (core: Core, register: string): void => {
    if (core.zone === 'user' && !found.has(core.pc))
      found.set(core.pc, { at: core.now(), pc: core.pc, what: `${placeInWords(s, core.pc)} ${register}` });
  };
  s.restore(before);
  machine.setRepairs(
    watching(
      (core, address) => note(core, registerAt(s, address)),
      (core, register) => canBeLeftOut(register) && note(core, register),
    ),
  );
  try {
    runTo(s, entryAt);
  } finally {
    machine.setRepairs(null);
  }
  const writes = [...found.values()];
  const pause = writes.findLastIndex((step, i) => step.at - (writes[i - 1]?.at ?? step.at) >= PAUSE);
  return writes.slice(Math.max(0, pause));
}

/** `main.c:12`, else a symbol, else the address. */
export function placeInWords(s: Session, pc: number): string {
  const { file, line, symbol } = codePlace(s.input.images, pc);
  return file === null ? (symbol ?? hex32(pc)) : `${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
}

function registerAt({ machine: { system } }: Session, address: number): string {
  const block = system.regionAt(address)?.block;
  const named = block ? system.registerName(block, address) : null;
  return block && named ? `${block.row.name}.${named}` : hex32(address);
}
