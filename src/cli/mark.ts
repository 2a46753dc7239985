/**
 * What a program has started, also where it has left the program's group and its parents are gone: a variable that nobody else has goes from environment to
 * environment. Linux shows them (/proc); elsewhere nobody is found. Who takes the variable out of his environment, or may not be looked at, is not found either.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { milliseconds } from './io.ts';

/** Who starts others faster than they are ended is not waited for any longer. */
const ENDING_MS = 1000;
const ROUND_MS = 10;

export class Mark {
  /** A name and no value: what stands in the variable of another mark further up stays there. */
  private readonly name = `BOOTBENCH_STARTED_${randomBytes(16).toString('hex')}`;

  in(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return { ...env, [this.name]: '1' };
  }
  /** To all that carry it. @returns how many there were */
  send(signal: NodeJS.Signals): number {
    const carriers = this.carriers();
    for (const pid of carriers) {
      try {
        process.kill(pid, signal);
      } catch {
        // it has gone meanwhile
      }
    }
    return carriers.length;
  }
  /** Ends all that carry it; they may have started others meanwhile. */
  async end(): Promise<void> {
    const begun = milliseconds();
    while (this.send('SIGKILL') > 0 && milliseconds() - begun < ENDING_MS) await wait(ROUND_MS);
  }

  private carriers(): number[] {
    if (process.platform !== 'linux') return [];
    const begun = milliseconds();
    const carriers: number[] = [];
    for (const pid of processes()) {
      if (milliseconds() - begun > ENDING_MS) break;
      if (pid !== process.pid && environmentOf(pid)?.includes(this.name) === true) carriers.push(pid);
    }
    return carriers;
  }
}

/** The youngest first: numbers go up, as a rule. */
function processes(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0)
      .sort((a, b) => b - a);
  } catch {
    return [];
  }
}
/** Null: it has gone, or it is another user's. */
function environmentOf(pid: number): Buffer | null {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return null;
  }
}
