/** What is changed in front of an entry is what the ROM is handed, in the run and in all that repeat it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadJob } from '../../src/cli/inputs.ts';
import { setRegister } from '../../src/emu/core/arm/register-file.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { runHere } from '../../src/library/job-here.ts';

const fixtures = join(import.meta.dirname, '../../fixtures');
const run = async (name: string, atEntry?: (machine: Machine) => void): Promise<ReturnType<typeof runHere>> =>
  runHere(await loadJob([], { scenario: join(fixtures, name, 'scenario.json') }, fixtures), atEntry === undefined ? {} : { atEntry });

test('PRIMASK cleared: DFU comes, and the check sees what the ROM is handed', async () => {
  const { outcome, checks } = await run('h533-primask', (m) => setRegister(m.bootCore, 'primask', 0));
  expect(outcome).toBe('dfu');
  expect(checks.find(({ id }) => id === 'primask')?.verdict).toBe('pass');
});
test('PRIMASK set: a jump that works fails, and its proof repairs what was set', async () => {
  expect((await run('h533-straight')).outcome).toBe('dfu');
  const { outcome, diagnosis } = await run('h533-straight', (m) => setRegister(m.bootCore, 'primask', 1));
  expect(outcome).toBe('rom-silent');
  expect(diagnosis.causes.filter(({ proved }) => proved).map(({ id }) => id)).toEqual(['primask']);
});
