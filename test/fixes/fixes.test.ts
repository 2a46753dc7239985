/** The C that a report prints, put where it says and compiled as users compile, takes the firmware to DFU. `npm run fixes` does it for all fixtures. */
import { describe, expect, test } from 'vitest';
import { byTurns } from '../turn.ts';
import type { ResultCause, RunResult } from '../../src/bench/documents/result.ts';
import { dcache } from '../../src/checks/cache.ts';
import type { Subject } from '../../src/checks/check.ts';
import { findChip } from '../../src/chips/index.ts';
import { BUILDS, gccMissing, provedSet, runFixed, runOf } from './compiled-fix.ts';

const required = process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1';

const skipped = gccMissing !== '' && !required;
const why = gccMissing === '' ? '' : ` (${gccMissing})`;

describe.skipIf(skipped)(`a printed fix${why}`, () => {
  // by turns, as below: five compilations and runs each
  const everywhere = [
    ['f405-masked', ['primask']],
    ['f072-f042-address', ['entry-address']],
    ['f405-o0-omit-frame-pointer', ['stack-after-msp']],
  ] as const;
  test.each(byTurns(everywhere, 3))('of %s reaches DFU at every optimisation', { timeout: 240_000 }, async (name, ids) => {
    const { result, causes } = (await provedSet(name))!;
    expect(result.outcome).not.toBe('dfu');
    expect(causes.map((c) => c.id)).toEqual(ids);
    for (const build of BUILDS) expect(await runFixed(name, result, causes, build)).toMatchObject({ outcome: 'dfu', error: null });
  });

  // every cause that a fixture has, and each way in which a request is lost; the setting of the compiler goes round, the fixtures by turns
  test.each(
    byTurns(
      [
        'f072-id-address',
        'f072-jump-in-tick',
        'f405-backup-no-dbp',
        'f405-mpu-no-execute',
        'f405-request-byte-bss',
        'f405-request-two-words',
        'f405-request-under-stack',
        'f405-tick-through-rom-table',
        'f405-wwdg-during-detach',
        'f411-thumb-bit-cleared',
        'f446-wrong-family',
        'f746-pending-button',
        'h533-basepri',
        'h533-control-unprivileged',
        'h533-entry-dereference',
        'h533-faultmask',
        'h533-handler-resets',
        'h533-magic-bss',
        'h533-magic-no-clock',
        'h533-msp',
        'h533-msplim',
        'h533-nvic-enabled',
        'h745-magic-dcache',
        'h745-seed001-as-posted',
        'l476-request-cleared-at-power-on',
        'l476-voltage-range-2',
        'l496-backup-domain-reset',
      ].map((name, i) => [name, BUILDS[i % BUILDS.length]!] as const),
      3,
    ),
  )('of %s reaches DFU, built with %s', { timeout: 120_000 }, async (name, build) => {
    const { result, causes } = (await provedSet(name))!;
    expect(await runFixed(name, result, causes, build)).toMatchObject({ outcome: 'dfu', error: null });
  });

  test.each([['-O0'], ['-Os']])('switches the data cache off, built with %s', { timeout: 120_000 }, async (optimisation) => {
    const name = 'h745-caches-on';
    const found = await runOf(name);
    const state = { chip: findChip(found.chip)!, field: () => null, read: () => 1 << 16, l1: null };
    const { fix } = dcache.repair({ state } as unknown as Subject)!;
    const cause: ResultCause = { id: 'dcache', proved: true, at: 'entry', repair: 'off', fix: String(fix), outcomeAfterRepair: 'dfu', dependsOn: [], lastWriter: null, explanation: '' }; // prettier-ignore
    const result: RunResult = { ...found, diagnosis: { explained: true, causes: [cause], sets: [['dcache']], harmless: [] } };
    for (const names of ['cmsis', 'own'] as const) {
      const fixed = await runFixed(name, result, [cause], [optimisation], 'scenario.json', names);
      expect(fixed).toMatchObject({ outcome: 'dfu', error: null });
      expect(fixed.failing).toContain('icache');
      expect(fixed.failing).not.toContain('dcache');
    }
  });

  // the same sources as they are, without CMSIS: the patch has addresses and instructions
  test.each(
    byTurns(
      [
        'f042-returns-to-flash',
        'f072-jump-in-tick',
        'f401-wwdg-during-detach',
        'f405-backup-no-dbp',
        'f405-masked',
        'f405-mpu-no-execute',
        'h533-basepri',
        'h533-nvic-enabled',
        'l476-voltage-range-2',
        'l496-backup-domain-reset',
      ].map((name, i) => [name, BUILDS[i % BUILDS.length]!] as const),
      2,
    ),
  )('of %s builds in its sources without CMSIS and reaches DFU, with %s', { timeout: 120_000 }, async (name, build) => {
    const { result, causes } = (await provedSet(name))!;
    expect(await runFixed(name, result, causes, build, 'scenario.json', 'own')).toMatchObject({ outcome: 'dfu', error: null });
  });
});
