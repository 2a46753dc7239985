/** Firmware of the lessons, fetched when a step needs it. */
import type { Shelf } from './bench.ts';
import type { LessonFirmware } from './types.ts';

async function got(path: string): Promise<Response> {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer;
}
export const SHELF: Shelf = {
  firmware: async (name) => (await got(`lessons/${name.replace('/', '--')}.json`)).json() as Promise<LessonFirmware>,
  elf: async (fixture) => new Uint8Array(await (await got(`lessons/${fixture}.elf`)).arrayBuffer()),
};
