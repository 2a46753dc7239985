/** Work that takes turns. */
import { expect, it } from 'vitest';
import { Turns } from '../../src/cli/turns.ts';

const never = new AbortController().signal;
/** Work that ends when it is told to. */
function piece(begun: string[], name: string) {
  let end = (): void => undefined;
  const ended = new Promise<string>((done) => (end = () => done(name)));
  const work = (): Promise<string> => {
    begun.push(name);
    return ended;
  };
  return { end, work };
}

it('begins so many at once, the others in their order, and refuses who would be one too many in the queue', async () => {
  const turns = new Turns(2, 2);
  const begun: string[] = [];
  const pieces = ['a', 'b', 'c', 'd', 'e'].map((name) => piece(begun, name));
  const taken = pieces.map(({ work }) => turns.take(work, never));
  expect(await taken[4]).toBeNull();
  expect(begun).toEqual(['a', 'b']);
  pieces[1]!.end();
  expect(await taken[1]).toBe('b');
  pieces[2]!.end();
  expect(await taken[2]).toBe('c');
  for (const { end } of pieces) end();
  await Promise.all(taken);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

it('never begins what is given up while it waits, and goes on after what failed', async () => {
  const turns = new Turns(1, 2);
  const begun: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => piece(begun, name));
  const cancel = new AbortController();
  const first = turns.take(async () => {
    await a!.work();
    throw new Error('broken');
  }, never);
  const second = turns.take(b!.work, cancel.signal);
  const third = turns.take(c!.work, never);
  cancel.abort();
  await expect(second).rejects.toThrow('cancelled');
  a!.end();
  await expect(first).rejects.toThrow('broken');
  c!.end();
  expect(await third).toBe('c');
  expect(begun).toEqual(['a', 'c']);
});
