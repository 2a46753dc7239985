/** The whole path once, from files to a document, with the real machine. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { bench } from '../../src/index.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import { cli } from './helpers.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const schema = (name: string): object => JSON.parse(readFileSync(new URL(`../../schemas/${name}`, import.meta.url), 'utf8')) as object;

test('a firmware that jumps rightly gives outcome dfu, exit 0 and a document of the published form', async () => {
  const args = ['run', 'h533-straight/firmware.elf', '--chip', 'stm32h533re', '--json', '-'];
  const ran = await cli(args, { cwd: fixture(''), bench: inThread });
  expect(ran.err).toContain('stand-in ROM');
  expect(ran.code).toBe(0);
  const result = JSON.parse(ran.out) as { outcome: string; scenario: unknown; usb: { sessions: { vid: string; pid: string }[] } };
  expect(result.outcome).toBe('dfu');
  expect(result.usb.sessions.at(-1)).toMatchObject({ vid: '0x0483', pid: '0xdf11' });
  const ajv = new Ajv({ strict: false });
  const valid = ajv.compile(schema('run-1.schema.json'));
  expect(valid(result), JSON.stringify(valid.errors)).toBe(true);
  expect(ajv.compile(schema('scenario-1.schema.json'))(result.scenario)).toBe(true);

  // The library gives the same bytes as the command line.
  const bytes = new Uint8Array(readFileSync(fixture('h533-straight/firmware.elf')));
  const again = await bench({ chip: 'STM32H533RE', images: [{ path: 'h533-straight/firmware.elf', bytes }], after: true });
  expect(serialise(again)).toBe(ran.out);
});

test('an instruction limit ends the run, which still gives its result', async () => {
  const args = ['run', 'h533-straight/firmware.elf', '--chip', 'stm32h533re', '--json', '-', '--max-instructions', '20000'];
  const ran = await cli(args, { cwd: fixture(''), bench: inThread });
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out)).toMatchObject({ ended: { reason: 'instructions' }, diagnosis: { explained: null, causes: [] } });
});
