/**
 * Systems without cores that are given up with the test that made them. The memory of each counts as a hundred megabytes: without that the garbage collector of
 * a process with many tests runs at nearly each one. What is made outside of a test stays.
 */
import { onTestFinished, TestRunner } from 'vitest';
import { System } from '../src/emu/system.ts';

const ofThisTest: System[] = [];
function giveUp(): void {
  for (const { arena } of ofThisTest.splice(0)) arena.release();
}
export class BriefSystem extends System {
  constructor(...options: ConstructorParameters<typeof System>) {
    super(...options);
    if (!TestRunner.getCurrentTest()) return;
    // one call a test, which holds no system: vitest keeps it for the whole run
    if (ofThisTest.length === 0) onTestFinished(giveUp);
    ofThisTest.push(this);
  }
}
