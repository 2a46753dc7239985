import { asSeen } from './unseen.ts';

/** What is read as a message; names in it are of others, and may be as long as their document. */
const LONGEST = 4096;

/** The message of an error, with its hint: what an image or a device calls itself gives no commands to the terminal that shows it. */
export function messageOf(text: string, hint: string | null): string {
  return ofError(hint === null ? text : `${text}; ${hint}`);
}
/** A part of a message, as the message has it. */
export function ofError(part: string): string {
  const half = LONGEST / 2;
  return asSeen(part.length <= LONGEST ? part : `${part.slice(0, half)} … ${part.slice(-half)}`);
}
export const hintOf = (hint: string | null): string | null => hint && ofError(hint);
