import { asSeen } from './unseen.ts';

/** What is read as a message; names in it are of others, and may be as long as their document. */
const LONGEST = 4096;

/** The message of an error, with its hint: what an image or a device calls itself gives no commands to the terminal that shows it. */
export function messageOf(text: string, hint: string | null): string {
  const whole = hint === null ? text : `${text}; ${hint}`;
  const half = LONGEST / 2;
  return asSeen(whole.length <= LONGEST ? whole : `${whole.slice(0, half)} … ${whole.slice(-half)}`);
}
