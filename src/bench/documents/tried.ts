/** What was tried to make a firmware jump, and what came of it. */
import type { Ps } from '../../emu/time.ts';
import { MS } from '../../emu/time.ts';
import type { Note } from './note-facts.ts';
import type { Outcome } from './result.ts';
import type { Step } from './scenario-types.ts';

export interface Tried {
  /** `PC13 = 0`, `call of request_dfu (main.c:22)` */
  readonly name: string;
  readonly kind: 'input' | 'jump' | 'request';
  readonly outcome: Outcome;
  readonly step: Step;
  /** What entered the ROM, or reset for it, and its caller; null or left out = not known. */
  readonly via?: { readonly function: string | null; readonly caller: string | null };
  /** How long a pin is held, where that is longer than a press. */
  readonly held?: string;
  /** When it was given in the trial, where that is later than its step says: there the firmware was heard to listen. */
  readonly listens?: Ps;
  /** The run's goal was reached, where that is not USB: the outcome is that of USB all the same. */
  readonly reached?: boolean;
  /** What came of it in place of an entry into the ROM; left out = nothing, the firmware goes on. */
  readonly instead?: Instead;
  /** Nothing had come of it so far, and it was followed no longer. */
  readonly followedFor?: Ps;
  /** Of a call: a step for an input that the firmware has, in place of it; left out = none is known. */
  readonly example?: Step;
}

/**
 * `hang`: the firmware stands in a loop that nothing ends, in a handler or on its way into the ROM, or interrupts leave it no instruction; `reset`: the chip was reset by
 * software, and the application runs again.
 */
export type Instead = { readonly is: 'hang'; /** `it stays in main.c:31 (wait)` */ readonly how: string } | { readonly is: 'reset' };

/** `dfu`; of what was not followed to the end of a run, for how long nothing came of it. */
export const followedText = (tried: Pick<Tried, 'outcome' | 'reached' | 'followedFor'>): string => {
  const { outcome, followedFor } = tried;
  return followedFor === undefined || followedFor === Infinity
    ? outcomeText(tried)
    : `${outcome} so far (not followed for longer than ${followedFor / MS} ms)`;
};

/** Of a note about it: an input that led to no jump. */
export const triedInput = ({
  kind,
  outcome,
  instead,
}: Pick<Tried, 'outcome'> & { readonly kind: string; readonly instead?: Instead | undefined }): Pick<Note, 'about'> =>
  kind === 'input' && (outcome === 'stuck' || outcome === 'no-jump') && instead === undefined ? { about: { is: 'tried-input' } } : {};

/** Whether it led to what the run is for. */
export const reaches = ({ outcome, reached }: Pick<Tried, 'outcome' | 'reached'>): boolean => reached ?? outcome === 'dfu';
/** What came of it, for a person. */
export const outcomeText = ({ outcome, reached }: Pick<Tried, 'outcome' | 'reached'>): string =>
  reached === true ? 'reaches its goal' : outcome;

/** The step that a person may put in place of a call, and the others there are. */
export function exampleOf({ example }: { readonly example?: Step | undefined }): { readonly step: string; readonly others: string } {
  const step = example ?? { at: '1s', do: { cdc: { text: UNKNOWN_TEXT } } };
  const others = ['uart', 'pin', 'cdc'].filter((kind) => !(kind in step.do)).map((kind) => `\`${kind}\``);
  return { step: JSON.stringify(step), others: others.join(' or ') };
}
/** For whoever writes the step to put another one in its place. */
export const UNKNOWN_TEXT = '…';
