/** What the acceptance client (after.ts) asks of a host's tool: DFU over USB, or the ROM's commands on another interface. */
import type { AfterResult, NotAlive } from '../documents/result.ts';
import { PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { Session } from '../session/session.ts';

export const ok = (because: string | null = null): AfterResult<string> => ({ result: 'ok', because });
export const failed = (because: string, about?: NotAlive): AfterResult<string> => ({ result: 'failed', because, ...(about && { about }) });
export const refused = (because: string): AfterResult<string> => ({ result: 'refused', because });
export const isBad = ({ result }: AfterResult): boolean => result === 'refused' || result === 'failed';

/** Bytes that were read, or why not. */
export type Read = { readonly data: Uint8Array } | { readonly wrong: AfterResult<string> };

export interface Tool {
  /** Bytes that are read and written in one go. */
  readonly bytes: number;
  /** It answers no more. */
  isGone(): boolean;
  /** How it went: `gone 0.50 s after …: a reset by iwdg`. */
  gone(): string;
  /** What it says of itself, for a person; asked once it has stayed. */
  about(): AfterResult<string>;
  read(address: number, length: number): Read;
  /** Erases the sector at this address. */
  erase(address: number): AfterResult<string>;
  write(address: number, data: Uint8Array): AfterResult<string>;
  /** Starts the program whose vector table is there. */
  leave(address: number): AfterResult<string>;
  /** The memory with the first address of an image; null: it serves none of it. */
  application(): number | null;
  /** Where to erase if there is no application. */
  readonly memory: number;
}

/** Runs on until something is so, at most to a time. */
export function runUntil(s: Session, over: () => boolean, time: Ps): void {
  while (s.machine.now < time && !over()) {
    const before = s.machine.now;
    const end = s.run({ until: time, over, counterfactual: true });
    if (isCut(end.reason)) throw new CutShort(end.reason);
    if (s.machine.now === before) break;
  }
}

/** How a device went: by a reset, or it answers no more. */
export function goneInWords(s: Session, resets: number, since: { readonly at: Ps; readonly what: string }, lost: Ps | null): string {
  const reset = s.machine.history.resets[resets];
  const at = reset?.at ?? lost ?? s.machine.now;
  const why = reset === undefined ? 'it no longer answers' : `a reset by ${reset.by}`;
  return `gone ${((at - since.at) / PS_PER_SECOND).toFixed(2)} s after ${since.what}: ${why}`;
}
