/** What the page fetches when something asks for it. The build puts `remoteFacts` in the place of each file of facts; little is imported, so that it is there first. */
import type { GeneratedFacts } from '../src/chips/facts.ts';
import { fetched } from './fetched.ts';

/** Thrown where something asks for what is not there. Once `load` is done, it can ask again. */
export class NotLoaded extends Error {
  readonly what: string;
  readonly load: () => Promise<unknown>;
  constructor(what: string, load: () => Promise<unknown>) {
    super(`${what}: not loaded`);
    this.what = what;
    this.load = load;
  }
}

const LOADED = new Map<string, GeneratedFacts>();

export function remoteFacts(line: string): GeneratedFacts {
  const load = async (): Promise<void> => {
    const name = `facts/${line}.json`;
    const answer = await fetched(name);
    if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
    LOADED.set(line, (await answer.json()) as GeneratedFacts);
  };
  const facts = (): GeneratedFacts => {
    const found = LOADED.get(line);
    if (!found) throw new NotLoaded(line, load);
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
