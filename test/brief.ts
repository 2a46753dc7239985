/**
 * Machines, and systems without cores, that are given up with the test that made them. The memory of each counts as a hundred megabytes: without that the garbage
 * collector of a process with many tests runs at nearly each one. What is made outside of a test stays.
 */
import { onTestFinished, TestRunner } from 'vitest';
import { Machine } from '../src/emu/machine.ts';
import { System } from '../src/emu/system.ts';

const ofThisTest: (() => void)[] = [];
function giveUp(): void {
  for (const release of ofThisTest.splice(0)) release();
}
function atEnd(release: () => void): void {
  if (!TestRunner.getCurrentTest()) return;
  // one call a test, which holds nothing: vitest keeps it for the whole run
  if (ofThisTest.length === 0) onTestFinished(giveUp);
  ofThisTest.push(release);
}

export class BriefSystem extends System {
  constructor(...options: ConstructorParameters<typeof System>) {
    super(...options);
    atEnd(() => this.arena.release());
  }
}
export class BriefMachine extends Machine {
  constructor(...options: ConstructorParameters<typeof Machine>) {
    super(...options);
    atEnd(() => this.release());
  }
}
