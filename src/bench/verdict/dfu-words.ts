/** Words of DFU for `bootbench explain`: states, errors, requests, DfuSe, the requirements of `conform` and the dialects of devices. */
import { DIALECT_TEXTS } from '../../usb-sim/conform/dialect.ts';
import { REQUIREMENTS } from '../../usb-sim/conform/kit.ts';
import type { Entry } from './glossary.ts';

type Words = readonly (readonly [id: string, title: string, text: string])[];

const STATES: Words = [
  [
    'appIDLE',
    'State 0: the application runs.',
    'The device offers DFU in its run-time mode; DFU_DETACH leads to appDETACH (DFU 1.1 §A.2.1).',
  ],
  [
    'appDETACH',
    'State 1: DFU_DETACH came, and a bus reset is waited for.',
    'Within wDetachTimeOut the host resets the bus, or a device with bitWillDetach leaves it by itself; it comes back in DFU mode (DFU 1.1 §A.2.2, §5.1).',
  ],
  [
    'dfuIDLE',
    'State 2: DFU mode, and nothing is under way.',
    'A download begins by DFU_DNLOAD, an upload by DFU_UPLOAD. The goal of a jump into the ROM is a device that says this state (DFU 1.1 §A.2.3).',
  ],
  [
    'dfuDNLOAD-SYNC',
    'State 3: a block came, and the host has not asked for its status yet.',
    "The work begins at DFU_GETSTATUS: ST's ROM does nothing before it. The answer is dfuDNBUSY, or dfuDNLOAD-IDLE when it is done (DFU 1.1 §A.2.4, AN3156 §5).",
  ],
  [
    'dfuDNBUSY',
    'State 4: the device is at work, and may not be asked until bwPollTimeout is over.',
    'DFU_GETSTATUS told it, with the milliseconds to wait. Another request before that is a STALL. Devices that stay here: a bwPollTimeout in the wrong byte order, or work that waits for an interrupt which is masked (DFU 1.1 §A.2.5).',
  ],
  [
    'dfuDNLOAD-IDLE',
    'State 5: the last block is done, and the next one may come.',
    "DFU_DNLOAD of length 0 ends the download, DFU_ABORT gives it up. ST's ROM refuses an UPLOAD here: send DFU_ABORT first (DFU 1.1 §A.2.6, AN3156 §4.1).",
  ],
  [
    'dfuMANIFEST-SYNC',
    'State 6: the download has ended, and the host has not asked for its status yet.',
    'DFU_GETSTATUS starts manifestation; with DfuSe that is the leave: the device starts the program at its pointer, some without an answer (DFU 1.1 §A.2.7, AN3156 §5.5).',
  ],
  [
    'dfuMANIFEST',
    'State 7: what was downloaded is made to run.',
    'A DfuSe device disconnects here. DFU 1.1 goes on to dfuMANIFEST-SYNC or dfuMANIFEST-WAIT-RESET (DFU 1.1 §A.2.8).',
  ],
  [
    'dfuMANIFEST-WAIT-RESET',
    'State 8: it is done, and a reset is waited for.',
    'Only of a device without bitManifestationTolerant (DFU 1.1 §A.2.9).',
  ],
  [
    'dfuUPLOAD-IDLE',
    'State 9: an upload is under way.',
    'It ends with a block that is shorter than wLength, which leads to dfuIDLE, or by DFU_ABORT (DFU 1.1 §A.2.10).',
  ],
  [
    'dfuERROR',
    'State 10: something went wrong, and bStatus says what.',
    'Only DFU_CLRSTATUS leads out of it, to dfuIDLE. Every refused request leads here, as errSTALLEDPKT (DFU 1.1 §A.2.11).',
  ],
];
const ERRORS: Words = [
  ['OK', 'bStatus 0: no error.', 'dfuERROR never has it (DFU 1.1 §6.1.2).'],
  [
    'errTARGET',
    'bStatus 1: this is not for this device.',
    "ST's ROM says so of an address without memory: a Set Address Pointer, an erase, or a block that reaches behind the end (AN2662, AN3156 §5).",
  ],
  ['errFILE', 'bStatus 2: the file fails a test of the vendor.', 'DFU 1.1 §6.1.2.'],
  ['errWRITE', 'bStatus 3: memory cannot be written.', 'Flash is write protected, or was not erased (DFU 1.1 §6.1.2).'],
  ['errERASE', 'bStatus 4: the erase failed.', 'The sector is write protected, or flash has reported an error (DFU 1.1 §6.1.2).'],
  ['errCHECK_ERASED', 'bStatus 5: memory is not blank behind the erase.', 'DFU 1.1 §6.1.2.'],
  ['errPROG', 'bStatus 6: programming failed.', 'DFU 1.1 §6.1.2.'],
  ['errVERIFY', 'bStatus 7: memory does not hold what was sent.', 'DFU 1.1 §6.1.2.'],
  [
    'errADDRESS',
    'bStatus 8: the address is out of range.',
    "What DFU 1.1 asks for behind the end of memory; ST's ROM says errTARGET (DFU 1.1 §6.1.2).",
  ],
  ['errNOTDONE', 'bStatus 9: a DNLOAD of length 0 came, and not all data was there.', 'DFU 1.1 §6.1.2.'],
  ['errFIRMWARE', 'bStatus 10: the firmware is corrupt, and cannot go back to its run-time mode.', 'DFU 1.1 §6.1.2.'],
  [
    'errVENDOR',
    "bStatus 11: an error of the vendor's own.",
    "ST's ROM says so while read protection is active: upload, download and erase are refused (AN2662). Read Unprotect (0x92) erases all.",
  ],
  ['errUSBR', 'bStatus 12: a bus reset that was not expected.', 'DFU 1.1 §6.1.2.'],
  ['errPOR', 'bStatus 13: a power-on reset that was not expected.', 'DFU 1.1 §6.1.2.'],
  ['errUNKNOWN', 'bStatus 14: something went wrong, and the device does not know what.', 'DFU 1.1 §6.1.2.'],
  [
    'errSTALLEDPKT',
    'bStatus 15: the device has refused a request that it did not expect.',
    'The request does not exist, or not in this state: see `bootbench explain dfuDNLOAD-IDLE` for the commonest one (DFU 1.1 §6.1.2).',
  ],
];
const OTHERS: Words = [
  ['DFU_DETACH', 'Request 0: leave the run-time mode.', 'wValue is the time-out in ms. In DFU mode it is refused (DFU 1.1 §5.1).'],
  [
    'DFU_DNLOAD',
    'Request 1: a block for the device.',
    'wValue is the block number. Of length 0: the download has ended. DfuSe: block 0 is a command (Set Address Pointer 0x21, Erase 0x41, Read Unprotect 0x92), block 1 is reserved, block n goes to pointer + (n - 2) × wTransferSize (DFU 1.1 §6.1.1, AN3156 §5).',
  ],
  [
    'DFU_UPLOAD',
    'Request 2: a block from the device.',
    'A block that is shorter than wLength ends the upload. DfuSe: block 0 lists the commands, block n comes from pointer + (n - 2) × wTransferSize (DFU 1.1 §6.2, AN3156 §4).',
  ],
  [
    'DFU_GETSTATUS',
    'Request 3: bStatus, bwPollTimeout, bState, iString.',
    'Six bytes. It also starts the work of a block that came before (DFU 1.1 §6.1.2).',
  ],
  [
    'DFU_CLRSTATUS',
    'Request 4: from dfuERROR to dfuIDLE.',
    "In other states DFU 1.1 refuses it; ST's ROM takes it and goes to dfuERROR (DFU 1.1 §6.1.3).",
  ],
  ['DFU_GETSTATE', 'Request 5: bState alone.', 'One byte, and nothing changes (DFU 1.1 §6.1.5).'],
  ['DFU_ABORT', 'Request 6: give up what is under way, and go to dfuIDLE.', 'DFU 1.1 §6.1.4.'],
  [
    'bwPollTimeout',
    'Milliseconds that the host has to wait before its next DFU_GETSTATUS.',
    'Three bytes of the status, least significant first. In the wrong order 50 ms becomes 55 minutes. A bound for the worst case is right; too short a time makes hosts ask too early (DFU 1.1 §6.1.2).',
  ],
  [
    'wTransferSize',
    'Bytes of a block, at most.',
    'In the DFU functional descriptor. DfuSe counts addresses by it, so a client that assumes 2048 where the device says 1024 writes to the wrong place or is refused (DFU 1.1 §4.1.3, AN3156 §5.1).',
  ],
  [
    'bitManifestationTolerant',
    'The device still talks behind a download.',
    'Set: it goes back to dfuIDLE. Not set: dfuMANIFEST-WAIT-RESET, and a reset is needed (DFU 1.1 §4.1.3, §7).',
  ],
  [
    'leave',
    'How a client ends DFU mode: Set Address Pointer, DFU_DNLOAD of length 0, DFU_GETSTATUS.',
    'The ROM then starts the program whose vector table is at the pointer. It does not reset the chip: clocks, USB and RAM are as the ROM used them. `bootbench run --leave` shows what that does to the application (AN3156 §5.5).',
  ],
  [
    'DfuSe',
    "ST's extension of DFU: addresses, erase, leave.",
    'bcdDFUVersion is 0x011A, and names of alternate settings say what memory there is: @Internal Flash /0x08000000/064*0002Kg (AN3156, UM0424).',
  ],
  [
    'dialect',
    'How one device differs from DFU 1.1 and AN3156, by name.',
    '`bootbench conform` lists them; `openDfu({ dialect })` of bootbench/property judges by them (docs/conformance.md).',
  ],
];

const entries = (topic: Entry['topic'], words: Words): Entry[] => words.map(([id, title, text]) => ({ topic, id, title, text: [text] }));
export const dfuEntries = (): Entry[] => [
  ...entries('DFU state', STATES),
  ...entries('DFU error', ERRORS),
  ...entries('DFU', OTHERS),
  ...entries(
    'DFU dialect',
    DIALECT_TEXTS.map(([name, text]) => [
      name,
      `${text}.`,
      'docs/conformance.md lists them; a baseline (`conform --json`) and `openDfu({ dialect: [name] })` take over what a team knows.',
    ]),
  ),
  ...REQUIREMENTS.map(({ id, title, paragraph }): Entry => ({
    topic: 'requirement of conform',
    id,
    title: `${title}.`,
    text: [
      `It follows from ${paragraph}. \`bootbench conform\` shows the requests that break it; \`--accept ${id}\` counts it as a dialect.`,
    ],
  })),
];
