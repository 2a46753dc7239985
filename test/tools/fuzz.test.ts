/** `npm run fuzz`: hostile input for everything that reads what others wrote. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { random } from '../../tools/random.ts';
import { changeBytes, changeJson, Draw } from '../../tools/fuzz/change.ts';

const fuzz = (...args: readonly string[]) => spawnSync('node', ['tools/run-ts.mjs', 'tools/fuzz/fuzz.ts', ...args], { encoding: 'utf8' });

it('no reader and no server fails otherwise than by its own errors', () => {
  const { stdout, status } = fuzz('--count', '520', '--seed', '7');
  expect(stdout).toMatch(/^seeds 7 to 526, [^\n]*: 520 cases, 0 wrong, 0 slow\n$/);
  expect(status).toBe(0);
});

it('random machines do the same in both tiers, with translations of others and from a checkpoint, and each time', () => {
  const [a, b] = [fuzz('machines', '--count', '12', '--seed', '7'), fuzz('machines', '--count', '12', '--seed', '7')];
  expect(a.stdout).toMatch(/^seeds 7 to 18, code registers: 12 cases, 0 wrong, 0 slow, [0-9a-f]{8}\n$/);
  expect(b.stdout).toBe(a.stdout);
  expect(fuzz('machines', '--count', '12', '--seed', '19').stdout.slice(-9)).not.toBe(a.stdout.slice(-9));
  expect(a.status).toBe(0);
});

it('a name that no target has is refused', () => {
  const { stderr, status } = fuzz('--only', 'nobody');
  expect(stderr).toContain('--only is one of elf, dwarf, debug, hex');
  expect(status).not.toBe(0);
  expect(fuzz('machine').stderr).toContain('only `machines` can be said');
});

it('a seed makes the same change each time, and another seed another one', () => {
  const bytes = new Uint8Array(64);
  const changed = (seed: number): string => changeBytes(bytes, new Draw(random(seed))).join();
  expect(changed(1)).toBe(changed(1));
  expect(new Set([1, 2, 3, 4, 5].map(changed)).size).toBeGreaterThan(3);
  expect(bytes.every((b) => b === 0)).toBe(true);
});

it('`__proto__` arrives as a key of the document, and changes nothing else', () => {
  const made = Array.from({ length: 400 }, (_, seed) => changeJson({}, new Draw(random(seed))));
  expect(made.some((value) => typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))).toBe(true);
  expect(Object.keys(Object.prototype)).toEqual([]);
});
