declare const SAFE: unique symbol;

/**
 * Text on its way out, in which neither a terminal nor a CI runner finds anything to obey, whoever wrote what it says. Only the doors make it (one for each kind of output; the list is
 * in eslint.config.js), and only it is written.
 */
export type SafeText = string & {
  /** No text has it: it tells this type from that of any other text. */
  readonly [SAFE]: true;
};
