/** The C that a report prints, put where it says and compiled as users compile, takes the firmware to DFU. `npm run fixes` does it for all fixtures. */
import { describe, expect, test } from 'vitest';
import { BUILDS, gccMissing, provedSet, runFixed } from './compiled-fix.ts';

const required = process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1';

describe.skipIf(gccMissing !== '' && !required)(`a printed fix${gccMissing === '' ? '' : ` (${gccMissing})`}`, () => {
  test.each([
    ['f405-masked', ['primask']],
    ['f072-f042-address', ['entry-address']],
    ['f405-o0-omit-frame-pointer', ['stack-after-msp']],
  ])('of %s reaches DFU at every optimisation', { timeout: 240_000 }, async (name, ids) => {
    const { result, causes } = (await provedSet(name))!;
    expect(result.outcome).not.toBe('dfu');
    expect(causes.map((c) => c.id)).toEqual(ids);
    for (const build of BUILDS) expect(await runFixed(name, result, causes, build)).toMatchObject({ outcome: 'dfu', error: null });
  });
});
