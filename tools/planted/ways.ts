/**
 * What the standards leave to a device: ways in which a firmware may differ from the planted ones and be right. Written from the documents; neither kit may call one of them a
 * failure. Numbers as in ways.h.
 */
import type { Protocol } from './firmware.ts';

export interface Way {
  /** As in ways.h. */
  readonly id: string;
  readonly what: string;
  readonly firmware: readonly Protocol[];
  /** Where it is allowed: `DFU 1.1 §A.2.6`. */
  readonly allowed: string;
  /** Beside the loader lies an application, and the board holds a button (PA0 low) while the loader starts. */
  readonly besideApplication: boolean;
}
type Row = readonly [id: string, firmware: readonly Protocol[], what: string, allowed: string, besideApplication?: true];
const ALL: readonly Protocol[] = ['strict', 'counting', 'dfuse'];
const PLAIN: readonly Protocol[] = ['strict', 'counting'];
const STRICT: readonly Protocol[] = ['strict'];
const DFUSE: readonly Protocol[] = ['dfuse'];

const ROWS: readonly Row[] = [
  ['END_NOT_DONE', ALL, 'a DNLOAD of length 0 is a STALL, errNOTDONE', 'DFU 1.1 §A.2.6, §6.1.2'],
  ['END_NO_FIRMWARE', ALL, 'a DNLOAD of length 0 is a STALL, errFIRMWARE', 'DFU 1.1 §A.2.6, §6.1.2'],
  ['MANIFEST_REFUSED', ALL, 'the GETSTATUS in dfuMANIFEST-SYNC tells dfuERROR, errFIRMWARE', 'DFU 1.1 §A.2.7, §6.1.2'],
  ['MANIFEST_FAILS', ALL, 'behind dfuMANIFEST comes dfuERROR, errFIRMWARE', 'DFU 1.1 §A.2.8, §6.1.2'],
  ['LEAVES_LATE', DFUSE, 'it leaves half a second behind dfuMANIFEST', 'AN3156 §5.5'],
  ['MANIFEST_AT_ONCE', PLAIN, 'manifestation is over at the first GETSTATUS', 'DFU 1.1 §A.2.7'],
  ['WAITS_FOR_RESET', PLAIN, 'bitManifestationTolerant is 0: dfuMANIFEST-WAIT-RESET', 'DFU 1.1 §A.2.8, §A.2.9'],
  ['POLL_ALWAYS', ALL, 'bwPollTimeout is 50 ms at least, in each state', 'DFU 1.1 §6.1.2'],
  ['POLL_LONG', ALL, 'bwPollTimeout is longer than any work', 'DFU 1.1 §6.1.2'],
  ['NEVER_BUSY', ALL, 'the work is done inside of GETSTATUS', 'DFU 1.1 §A.2.4'],
  ['ISTRING', ALL, 'iString of an error is that of a string descriptor', 'DFU 1.1 §6.1.2'],
  ['STARTS_IN_ERROR', PLAIN, 'behind a bus reset it is in dfuERROR with errFIRMWARE', 'DFU 1.1 §6.1.2 (errFIRMWARE), §A.2.11'],
  ['NO_UPLOAD', ALL, 'bitCanUpload is 0, and an UPLOAD is a STALL', 'DFU 1.1 §4.1.3, §A.2.3'],
  ['TRANSFER_100', ALL, 'wTransferSize is 100 bytes', 'DFU 1.1 §4.1.3'],
  ['TRANSFER_4096', ALL, 'wTransferSize is 4096 bytes, more than a page', 'DFU 1.1 §4.1.3'],
  ['OUT_OF_TURN_REFUSED', STRICT, 'a block that is not the next one is errADDRESS', 'DFU 1.1 §6.1.1'],
  ['CHECKED_IN_DNLOAD', ALL, 'a block that cannot be is a STALL of its DNLOAD', 'DFU 1.1 §A.2.3, §A.2.6'],
  ['ERASE_INSIDE_REFUSED', DFUSE, 'an Erase of an address inside a page is errADDRESS', 'AN3156 §5.3'],
  ['UNALIGNED_REFUSED', DFUSE, 'a write to an address that is not a multiple of 8 is errADDRESS', 'DFU 1.1 §6.1.2'],
  ['CHECK_ERASED', DFUSE, 'a write to flash that is not erased is errCHECK_ERASED', 'DFU 1.1 §6.1.2'],
  ['ERR_ADDRESS', DFUSE, 'an address outside of memory is errADDRESS', 'DFU 1.1 §6.1.2'],
  ['ERR_OF_WORK', DFUSE, 'a write or an erase of what may only be read is errWRITE, errERASE', 'DFU 1.1 §6.1.2'],
  ['POINTER_UNSET', DFUSE, 'without a Set Address Pointer nothing is read or written', 'AN3156 §4.1, §5.1'],
  ['FUNCTIONAL_EACH', DFUSE, 'the functional descriptor stands behind each alternate setting', 'DFU 1.1 §4.2.4'],
  ['NO_DETACH_TIME', ALL, 'wDetachTimeOut is 0', 'DFU 1.1 §4.1.3'],
  ['PACKET_8', ALL, 'bMaxPacketSize0 is 8', 'USB 2.0 §5.5.3'],
  ['CONFIGURATION_2', ALL, 'bConfigurationValue is 2', 'USB 2.0 §9.6.3'],
  ['CONFIGURATIONS_2', ALL, 'there are two configurations', 'USB 2.0 §9.6.1'],
  ['INTERFACE_1', ALL, 'DFU is interface 1, behind one of the vendor', 'USB 2.0 §9.6.5'],
  ['SELF_POWERED', ALL, 'it is self-powered', 'USB 2.0 §9.4.5, §9.6.3'],
  ['REMOTE_WAKEUP', ALL, 'it has remote wakeup', 'USB 2.0 §9.4.1, §9.4.9'],
  ['SET_INTERFACE_STALLS', PLAIN, 'there is one alternate setting, and SET_INTERFACE is a STALL', 'USB 2.0 §9.4.10'],
  ['NO_STRINGS', PLAIN, 'there are no string descriptors', 'USB 2.0 §9.6.7'],
  ['LANGUAGES_2', ALL, 'strings are in two languages', 'USB 2.0 §9.6.7'],
  ['HALT_ENDPOINT_0', ALL, 'ENDPOINT_HALT of endpoint 0 can be set and cleared', 'USB 2.0 §9.4.5'],
  ['UNCONFIGURED_ANSWERS', ALL, 'class requests are answered before SET_CONFIGURATION', 'USB 2.0 §9.1.1.5 (for what has to be used)'],
  ['BOS', ALL, 'bcdUSB is 2.01, and there is a BOS descriptor', 'USB 2.0 ECN LPM'],
  ['RESET_STARTS', ALL, 'NRST starts an application that was downloaded', 'DFU 1.1 §A.1'],
  ['BUS_RESET_STARTS', ALL, 'a bus reset starts an application that was downloaded', 'DFU 1.1 §A.1, §A.2.3'],
  ['BUTTON', ALL, 'a reset starts the application if nobody holds a button', 'DFU 1.1 §A.1', true],
  [
    'RESET_CHECKS',
    PLAIN,
    'behind a bus reset it is in dfuERROR with errFIRMWARE if there is no program',
    'DFU 1.1 §6.1.2 (errFIRMWARE), §A.2.11',
    true,
  ],
  ['HOLDS_BEGINNING', ['counting'], 'the first 8 bytes of a download come to flash in manifestation', 'DFU 1.1 §7'],
  ['HOLDS_PAGE', ['counting'], 'the first 2048 bytes of a download come to flash in manifestation', 'DFU 1.1 §7'],
  [
    'IN_SEQUENCE',
    PLAIN,
    'a block that is not the next one of its transfer is a STALL with errADDRESS, of an UPLOAD too',
    'DFU 1.1 §6.1.1, §6.2',
  ],
  ['WRITES_AT_ONCE', PLAIN, 'a block is written as soon as it has come, before GETSTATUS asks', 'DFU 1.1 §A.2.3, §A.2.4'],
  ['CONTENTS_CHECKED', PLAIN, 'a file that does not begin with a word of its own is errTARGET', 'DFU 1.1 §6.1.2'],
  ['BUSY_REFUSES_ALL', ALL, 'in dfuDNBUSY and dfuMANIFEST each request is a STALL, GETSTATE too', 'DFU 1.1 §A.2.5, §A.2.8'],
  ['BUSY_UNTIL_ASKED', ALL, 'behind its work it stays in dfuDNBUSY until GETSTATUS asks', 'DFU 1.1 §6.1.2, §A.2.5'],
  ['SLOW', ALL, 'each request is answered 20 ms late', 'USB 2.0 §9.2.6.4'],
];
export const WAYS: readonly Way[] = ROWS.map(([id, firmware, what, allowed, besideApplication = false]) => ({
  id,
  what,
  firmware,
  allowed,
  besideApplication,
}));
