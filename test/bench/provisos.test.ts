import { expect, it } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { packageFile } from '../../src/cli/package.ts';

it('a run that is not asked what it hangs on says the same of everything else', async () => {
  const job = await loadJob([], { scenario: packageFile('fixtures/f072-masked/scenario.json') }, process.cwd());
  const asked = await inThread(job, {});
  const { dependsOn, diagnosis, ...rest } = await inThread({ ...job, provisos: false }, {});
  expect([asked.dependsOn, asked.diagnosis.causes.flatMap((c) => c.dependsOn)].flat()).not.toEqual([]);
  expect([dependsOn, diagnosis.causes.flatMap((c) => c.dependsOn)].flat()).toEqual([]);
  const silent = { ...asked.diagnosis, causes: asked.diagnosis.causes.map((c) => ({ ...c, dependsOn: [] })) };
  expect({ diagnosis, outcome: rest.outcome, entries: rest.entries, checks: rest.checks }).toEqual({
    diagnosis: silent,
    outcome: asked.outcome,
    entries: asked.entries,
    checks: asked.checks,
  });
});
