/** What executes instructions for a core: its own interpreter and translator, or another engine as a second opinion. */
import type { Arena } from '../arena.ts';
import type { Region } from '../system.ts';
import type { Profile } from './builder.ts';
import type { Instruction } from './decode.ts';

export interface CpuEngine {
  readonly name: 'bootbench' | 'unicorn';
  /** From the state in the arena until the budget is used up or an instruction needs the slow path: the EXIT reason. */
  run(): number;
  /** Bytes of the arena from `host` on may have changed or are about to, or (no bytes) only where the core has to stop. */
  codeChanged(host: number, bytes: number): void;
  /** A checkpoint was taken: the next write to each page of RAM has to be told. */
  checkpointTaken(): void;
  /** Memory shows elsewhere, or accesses of some pages must be seen. */
  mappingChanged(): void;
  /** The core is not used any more. */
  release(): void;
}
/** What an engine sees of its core. */
export interface EngineHost {
  readonly arena: Arena;
  readonly profile: Profile;
  get(offset: number): number;
  set(offset: number, value: number): void;
  regions(): readonly Region[];
  /** Guest pages whose accesses must be seen one by one. */
  watchedPages(): ReadonlySet<number>;
  instructionAt(pc: number): Instruction | null;
  /** Nothing at `pc` wants a look before it runs: no breakpoint, no other zone. */
  plainAt(pc: number): boolean;
  /** Accesses need no check of rights and no list. */
  plainAccesses(): boolean;
  /** Executes one instruction (two if they issue together) by the core itself; what is left of the slice is given up. The EXIT reason. */
  runOwn(): number;
  /** RAM is going to be written behind the core's back. */
  ramWillChange(host: number, bytes: number): void;
}
