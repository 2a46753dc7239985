/** What the program of a thread finds in files beside it, where the build has put them (tools/build.mjs): register facts and ROM images. */
import { readFileSync } from 'node:fs';
import type { GeneratedFacts } from '../chips/facts.ts';
import { factsReadLater } from '../chips/packed.ts';

const bytesOf = (name: string): Buffer => readFileSync(new URL(`./program/${name}`, import.meta.url));

/** @param name of the file, with its ending */
export const factsBeside = (name: string): GeneratedFacts =>
  factsReadLater(() => JSON.parse(bytesOf(name).toString('utf8')) as GeneratedFacts);
/** @param image its name, without an ending */
export const romBeside = (image: string): Uint8Array => new Uint8Array(bytesOf(`${image}.bin`));
