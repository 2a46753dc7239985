/** What translation knows of the machine. */
import type { WasmType } from '../../wasm/opcodes.ts';
import type { Profile } from '../builder.ts';
import type { StaticCycles } from '../timing.ts';
import type { Item } from './block.ts';

/** What emission needs to know of the machine. Constants here are the region's assumptions: it is dropped when one changes. */
export interface Surroundings {
  readonly profile: Profile;
  readonly core: number;
  readonly cpu: number;
  /** Static cycles of an instruction with its neighbour rule. */
  cycles(item: Item): StaticCycles;
  /** Constant of a word in code memory that a PC-relative load reads, or null if it may change or costs more than known. */
  literal(address: number, size: number): number | null;
  /** RAM that needs no page table for loads: guest base, bytes (0: every access looks into the table), arena offset of its first byte. */
  readonly ram: { readonly base: number; readonly size: number; readonly host: number };
  /** Some RAM ends inside a page. */
  readonly partialPages: boolean;
  /** Flash timing: 0 none, 1 wait states per line, 2 instruction cache (asked line by line), 3 caches of the flash controller. */
  readonly fetch: 0 | 1 | 2 | 3;
  /** What those caches do (KIND), bytes of a flash line, log2 of the bytes of a row. */
  readonly flashKinds: number;
  readonly lineBytes: number;
  readonly rowShift: number;
  /** Rows that the flash controller's cache of code has. */
  readonly codeRows: number;
  /** Sets of the cache that is asked line by line. */
  readonly cacheSets: number;
  /** Cycles of the flash line of a place: behind the line before it, and where it is branched to; the most that one can take. */
  following(pc: number): number;
  entering(pc: number): number;
  readonly worstLine: number;
  /** Cycles that a flash line costs when it is not in a cache. */
  readonly waitStates: number;
  /** The region's code lies in memory with wait states. */
  readonly timedCode: boolean;
  /** Its lines come from the L1 instruction cache: one that is not there leaves the region. */
  readonly cachedCode: boolean;
  /** The L1 data cache is on: the page tables say what is looked for there. */
  readonly cachedData: boolean;
  /** Ways out tell `left`, an import, their number in LEFT and where they are. */
  readonly counted: boolean;
  /** Table slot of the region that begins at `pc`. */
  slotOf(pc: number): number;
  /** The load at `pc` has read devices again and again. Only how fast it does so hangs on this: it is no assumption. */
  asksDevices(pc: number): boolean;
  readonly helpers: Readonly<Record<string, { readonly params: readonly WasmType[]; readonly result: WasmType }>>;
}
