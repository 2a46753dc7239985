/**
 * Whole results beside what they said before (results/*.txt): fixtures that together have each outcome, kind of proof, note and verdict there is, and cost little.
 * `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { handOverPicture } from '../../src/report/hand-over/picture.ts';
import { flawsOf } from '../report/picture-kit.ts';
import { toldResult } from './told-result.ts';

const SCENARIOS = [
  'f405-chain-vtor-of-loader/scenario.json',
  'f405-masked-g0/scenario.json',
  'f405-receiver-on-rx/scenario.json',
  'f405-tick-through-rom-table/scenario.json',
  'f405-wrong-build/scenario.json',
  'f405-wwdg-during-detach/scenario.json',
  'f411-no-backup-sram/scenario.json',
  'g0-boot0-ignored/scenario.json',
  'h533-basepri/scenario.json',
  'h533-claim-usb33den/scenario.usb-supply-keeps.json',
  'h533-control-unprivileged/scenario.json',
  'h533-faultmask/scenario.json',
  'h533-handler-mode/scenario.json',
  'h533-hsi48/scenario.hsi48-keeps.json',
  'h533-leave-security/scenario.json',
  'h533-msp/scenario.json',
  'h533-msplim/scenario.json',
  'h533-reset-flags/scenario.reset-flags-software-returns.json',
  'h533-seed000-as-posted/scenario.json',
  'h533-stuck-pka/scenario.json',
  'h533-thumb-bit/scenario.json',
  'h533-tick-into-rom/scenario.json',
  'h533-vtor/scenario.vtor-keeps.json',
  'h743-mpu-background-xn/scenario.json',
  'h743-uart-kernel-clock/scenario.json',
  'h745-seed001-fixed/scenario.boot-address.json',
  'jump-1ff00000-masked/scenario.stm32l152rc.json',
  'jump-1ff00000/scenario.stm32l072cz-loop.json',
  'jump-1ff00000/scenario.stm32l152re-bank2.json',
  'jump-1fff0000/scenario.stm32l152rb-other-base.json',
  'jump-1fffc400-masked/scenario.stm32f070f6.json',
  'jump-1fffc800/scenario.16mhz.json',
  'l072-bank-check/scenario.json',
  'l412-vector-called/scenario.json',
  'l433-request-over-standby/scenario.json',
  'l476-iwdg-in-wait/scenario.json',
  'l476-leave-vtor/scenario.json',
  'l476-seed004-remap/scenario.pin-held.json',
  'l476-stack-after-msp/scenario.json',
  'l476-voltage-range-2/scenario.json',
  'l496-request-never-read/scenario.json',
  'l496-seed003-as-posted/scenario.no-driver.json',
  'serial-rom-timer/scenario.stm32f302r8.json',
  'serial-rom-timer/scenario.stm32f358vc.json',
  'wb55-backup-no-dbp/scenario.json',
];
const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

it.each(SCENARIOS)('%s gives the result that it gave', async (scenario) => {
  const result = await inThread(await loadJob([], { scenario }, fixtures), {});
  expect(flawsOf(String(handOverPicture(result)))).toEqual([]);
  expectAsBefore(toldResult(result), new URL(`./results/${scenario.replace('/scenario', '').replace('.json', '')}.txt`, import.meta.url));
});
