/**
 * Ends a test run with what was left out and why: vitest's own reporter counts skipped tests, but prints no name where a whole file is skipped. And with tests that passed only when
 * they were tried once more.
 */
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines: string[] = [];
    for (const module of modules) {
      const skipped = new Map<string, number>();
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const note = result.state === 'skipped' ? result.note : undefined;
        // A suite says in its name what it needs; a test that skips itself gives a note.
        const what = note !== undefined ? `${test.name}: ${note}` : test.parent.type === 'suite' ? outermost(test.parent).name : test.name;
        skipped.set(what, (skipped.get(what) ?? 0) + 1);
      }
      for (const [what, count] of skipped) lines.push(`  ${module.relativeModuleId}: ${what} – ${count} ${count === 1 ? 'test' : 'tests'}`);
    }
    const flaky = modules.flatMap((module) => [...module.children.allTests()].filter((test) => test.diagnostic()?.flaky === true));
    for (const test of flaky) console.log(`flaky: ${test.module.relativeModuleId}: ${test.fullName}`);
    if (lines.length > 0) console.log(`\nNot run on this machine:\n${lines.join('\n')}\n`);
  }
}

function outermost(suite: TestSuite): TestSuite {
  return suite.parent.type === 'suite' ? outermost(suite.parent) : suite;
}
