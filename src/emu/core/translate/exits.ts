/** Why translated code is left: counted where somebody asks for it, because a count costs a call. */
export const LEFT = [
  /** The cycles that are left may not do for the way to the next check. */
  'budget',
  /** An access that is not to plain memory, that is not aligned or that nobody has written yet. */
  'access',
  /** A line of code that no cache holds. */
  'line',
  /** TypeScript executes the instruction. */
  'system',
  /** A branch to code that is not in the region. */
  'outside',
  /** A branch to an address in a register or from memory, most of them returns. */
  'register',
  'exception return',
  /** A call of what has no region, or too deep. */
  'call',
  /** A callee that was left has not come back yet. */
  'unwound',
] as const;
export type Left = (typeof LEFT)[number];
