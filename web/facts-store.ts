/** Register facts that the page has fetched. The build puts `remoteFacts` in the place of each file of facts; it imports nothing, so that it is there first. */
import type { GeneratedFacts } from '../src/chips/facts.ts';

export const LOADED = new Map<string, GeneratedFacts>();

export class NotLoaded extends Error {
  readonly line: string;
  constructor(line: string) {
    super(`the facts of ${line} are not loaded`);
    this.line = line;
  }
}

export function remoteFacts(line: string): GeneratedFacts {
  const facts = (): GeneratedFacts => {
    const found = LOADED.get(line);
    if (!found) throw new NotLoaded(line);
    return found;
  };
  return {
    get note() {
      return facts().note;
    },
    get svd() {
      return facts().svd;
    },
    get peripherals() {
      return facts().peripherals;
    },
    get blocks() {
      return facts().blocks;
    },
  };
}
