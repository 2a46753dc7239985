/** Parts of notes that the bench and the reports recognise, so that their words stand once. */

/** A ready flag that this board cannot set. Notes about one contain this after the name of the flag. */
export const NEVER_READY = 'RDY never rises';
/** What helps where the board has no such crystal or clock. */
export const OTHER_BOARD = '--board selects another board';
