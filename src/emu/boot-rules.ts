/** The one reader of a chip's boot table: the machine starts by it, a check judges a board by it. */
import type { BootCondition, BootRule } from './chip.ts';

/** Value of what a condition looks at; null = it cannot be read. */
export type BootSignals = (condition: BootCondition) => number | null;

/**
 * The first row for this core whose conditions all hold.
 * @param held whether rows count that keep the core waiting
 * @returns 'unreadable' where that row, or one before it, looks at what cannot be read; undefined where no row holds
 */
export function decideBoot(
  rules: readonly BootRule[],
  core: string,
  signals: BootSignals,
  held = true,
): BootRule | 'unreadable' | undefined {
  for (const rule of rules) {
    if ((rule.core ?? core) !== core || (rule.boots === 'held' && !held)) continue;
    let holds = true;
    for (const condition of rule.when) {
      const value = signals(condition);
      if (value === null) return 'unreadable';
      holds &&= condition.is.includes(value);
    }
    if (holds) return rule;
  }
  return undefined;
}
