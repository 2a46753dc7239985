/**
 * Text on its way out, in which neither a terminal nor a CI runner finds anything to obey, whoever wrote what it says. Only the doors make it (one for each kind of output; the list is
 * in eslint.config.js), and only it is written.
 */
declare const SAFE: unique symbol;
export type SafeText = string & { readonly [SAFE]: true };
