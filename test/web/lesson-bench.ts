/** The lessons' bench on this machine: the worker's own class behind its interface of messages (web/lab.ts), and firmware from the fixtures. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wrap } from 'comlink';
import { lessonFirmware } from '../../tools/lesson-firmware.mjs';
import { LessonBench, type Shelf } from '../../web/lessons/bench.ts';
import type { Lab } from '../../web/lab.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const SHELF: Shelf = {
  firmware: (name) => Promise.resolve(lessonFirmware(root, name)),
  elf: (fixture) => Promise.resolve(new Uint8Array(readFileSync(join(root, 'fixtures', fixture, 'firmware.elf')))),
};

type Scope = { addEventListener?: unknown; postMessage?: unknown; fetch: typeof fetch };
/** `end` puts everything global back. */
export async function lessonBench(): Promise<{ readonly bench: LessonBench; readonly end: () => void }> {
  const { port1, port2 } = new MessageChannel();
  const scope = globalThis as unknown as Scope;
  const before = { ...scope, fetch: scope.fetch };
  // a worker's own scope is what it listens on, and no dump is served
  scope.addEventListener = port2.addEventListener.bind(port2);
  scope.postMessage = port2.postMessage.bind(port2);
  scope.fetch = () => Promise.resolve(new Response('null'));
  port2.start();
  await import('../../web/lab.ts');
  const lab = wrap<Lab>(port1 as unknown as MessagePort);
  const end = (): void => {
    for (const port of [port1, port2]) port.close();
    scope.fetch = before.fetch;
    delete scope.addEventListener;
    delete scope.postMessage;
  };
  return { bench: new LessonBench(lab, SHELF), end };
}
