/** What somebody can do about what a note says. How that is done hangs on where the note is read: a command line, or a page with buttons. */

/** `chip`: name the part; `loader`: give the image that the core starts with; `other`: only a command line can. */
export interface Advice {
  readonly is: 'chip' | 'loader' | 'other';
  /** What the note says without it. */
  readonly said: string;
  /** Words between the two. */
  readonly lead: string;
  /** What to do on the command line. */
  readonly command: string;
}

/** Of a note that ends in an advice. Its text, which the document has, is for the command line. */
export const withAdvice = (advice: Advice): { readonly text: string; readonly advice: Advice } => ({
  text: `${advice.said}${advice.lead}${advice.command}`,
  advice,
});

/** For who named no board, or one with another clock. */
export const SAY_BOARD = 'say --board, or board.hse in a scenario';
