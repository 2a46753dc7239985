/** Register facts as the package carries them: compressed text, unpacked when a chip of the line is first looked at. The build packs them (tools/build.mjs). */
import { unzlibSync } from 'fflate';
import type { GeneratedFacts } from './facts.ts';

/** @param packed zlib data of the JSON, in base64 */
export const unpackFacts = (packed: string): GeneratedFacts => factsReadLater(() => read(packed));

export function factsReadLater(from: () => GeneratedFacts): GeneratedFacts {
  let facts: GeneratedFacts | null = null;
  const all = (): GeneratedFacts => (facts ??= from());
  return {
    get note() {
      return all().note;
    },
    get svd() {
      return all().svd;
    },
    get peripherals() {
      return all().peripherals;
    },
    get blocks() {
      return all().blocks;
    },
  };
}

function read(packed: string): GeneratedFacts {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(unzlibSync(bytes))) as GeneratedFacts;
}
