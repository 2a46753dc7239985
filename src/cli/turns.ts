/** Work that takes turns: so many at once, and a bounded number that wait. */
export class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private readonly atOnce: number;
  private readonly mostWaiting: number;

  constructor(atOnce: number, mostWaiting: number) {
    this.atOnce = atOnce;
    this.mostWaiting = mostWaiting;
  }

  /** null: too many wait already. What waits and is given up is never begun. */
  async take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    if (this.running < this.atOnce) this.running++;
    else if (this.waiting.length >= this.mostWaiting) return null;
    else await this.turn(signal);
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }

  /** The place of one that has ended is handed over. */
  private turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((go, fail) => {
      const begin = (): void => {
        signal.removeEventListener('abort', giveUp);
        go();
      };
      const giveUp = (): void => {
        this.waiting.splice(this.waiting.indexOf(begin), 1);
        fail(new Error('the call was cancelled'));
      };
      this.waiting.push(begin);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
