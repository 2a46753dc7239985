import { EXIT } from '../../../src/emu/core/state.ts';
import { FAULT } from './bare-core.ts';
import { UC } from './unicorn.ts';

/** What the two engines did, in words that can be compared. */
export type Outcome = 'ok' | 'undefined' | 'fault' | 'unaligned' | 'invalid state' | 'exception' | 'system';
export function ours(reason: number): Outcome {
  switch (reason) {
    case EXIT.BUDGET:
      return 'ok';
    case EXIT.UNDEFINED:
      return 'undefined';
    case EXIT.INVSTATE:
      return 'invalid state';
    case EXIT.SYSTEM:
      return 'system';
    case EXIT.UNALIGNED:
    case FAULT.UNALIGNED:
      return 'unaligned';
    case FAULT.UNMAPPED:
      return 'fault';
    default:
      return 'exception';
  }
}
export function theirs(err: number): Outcome {
  switch (err) {
    case UC.OK:
      return 'ok';
    // the instruction ran, its successor cannot be fetched
    case UC.FETCH_UNMAPPED:
    case UC.FETCH_PROT:
      return 'ok';
    case UC.INSN_INVALID:
      return 'undefined';
    case UC.READ_UNMAPPED:
    case UC.WRITE_UNMAPPED:
    case UC.WRITE_PROT:
    case UC.READ_PROT:
      return 'fault';
    default:
      return 'exception';
  }
}
