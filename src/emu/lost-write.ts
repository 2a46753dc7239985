/** What a block says of a store that it refused, as a record of the history. */
import type { GuestFact, Refusal } from './component.ts';
import type { Block } from './system.ts';
import type { History, WriteRecord } from './history.ts';
import type { System } from './system.ts';
import type { LostStore, Zone } from './core/core-types.ts';
import { S } from './core/state.ts';
import { hex } from './hex.ts';
import type { Ps } from './time.ts';

interface Store {
  readonly core: { readonly index: number; readonly pc: number };
  readonly address: number;
}
interface Telling {
  readonly history: History;
  note(kind: string, text: string, block: string | null, about: GuestFact): void;
}
interface Storer {
  readonly index: number;
  readonly zone: Zone;
  readonly pc: number;
  now(): Ps;
  get(offset: number): number;
}
interface Said {
  readonly block: string;
  readonly note: string;
  readonly about: GuestFact;
}

/** Nothing for a note that is about no lost write. `record` is asked for the first of its kind alone: firmware may make millions. */
export function loseWrite(
  history: History,
  system: System,
  { core, address }: Store,
  { block, note, about }: Said,
  record: () => WriteRecord,
): void {
  const why = refusalOf(about);
  if (why === null) return;
  const lock = about.is === 'locked' ? about.lock : about.is === 'in-use' ? about.bit : null;
  history.lose(core.pc, address, why, system.now, () => {
    const target = targetOf(system, address, core.index);
    return { ...record(), block, target, address, why, lock, note };
  });
}
/** The same for a store to one of the core's own registers. */
export function loseCoreWrite(machine: Telling, core: Storer, { register, address, why }: LostStore, note: string): void {
  machine.note('guest-error', note, null, { is: 'lost', why });
  if (core.zone !== 'user') return;
  const [{ history }, at] = [machine, core.now()];
  history.lose(core.pc, address, why, at, () => ({
    ...{ seq: history.seq, at, core: core.index, pc: core.pc, lr: core.get(S.LR), kind: 'cpu', address },
    ...{ block: register.split('.')[0]!, target: register, why, lock: null, note },
  }));
}
/** The same for option bytes, of which it shows only at a reset that they were not programmed: who wrote them last. */
export function loseOptions(history: History, system: System, about: GuestFact, block: Block, note: string): void {
  if (about.is !== 'unprogrammed') return;
  const why = about.running ? 'cut-short' : 'not-programmed';
  for (const name of about.registers) {
    const target = `${block.row.name}.${name}`;
    const write = history.lastWriter(target);
    if (write?.kind !== 'cpu') continue;
    const address = block.row.base + block.layout.reg(name).offset;
    history.lose(write.pc, address, why, system.now, () => ({
      ...write,
      block: block.row.name,
      target,
      address,
      why,
      lock: about.start,
      note,
    }));
  }
}
function refusalOf(about: GuestFact): Refusal | null {
  if (about.is === 'locked') return 'locked';
  if (about.is === 'backup-locked') return 'backup-domain';
  if (about.is === 'in-use') return 'in-use';
  return about.is === 'lost' ? about.why : null;
}
/** What a store was to: `FLASH.OPTCR`, or an address in a memory. */
function targetOf(system: System, address: number, core: number): string {
  const block = system.regionAt(address, core)?.block;
  const register = block && system.registerName(block, address);
  return register ? `${block.row.name}.${register}` : hex(address);
}
