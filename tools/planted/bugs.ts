/**
 * The planted bugs: what is wrong, in which firmware, and which paragraphs of USB 2.0, DFU 1.1 or AN3156 (Rev 12) it breaks. Written from the documents, before any run: what
 * `conform` says is held against it. Where several paragraphs state the same rule, each of them is right.
 */
import type { Part, Protocol } from './firmware.ts';

export interface PlantedBug {
  /** As in bugs.h. */
  readonly id: string;
  readonly what: string;
  readonly firmware: readonly Protocol[];
  /** Parts that it can be on; left out: both. */
  readonly parts?: readonly Part[];
  /** `DFU 1.1 §A.2.6`. */
  readonly paragraphs: readonly string[];
}

const dfu = (...sections: string[]): string[] => sections.map((s) => `DFU 1.1 §${s}`);
const usb = (...sections: string[]): string[] => sections.map((s) => `USB 2.0 §${s}`);
const st = (...sections: string[]): string[] => sections.map((s) => `AN3156 §${s}`);
const BOTH: readonly Protocol[] = ['strict', 'dfuse'];
const STRICT: readonly Protocol[] = ['strict'];
const DFUSE: readonly Protocol[] = ['dfuse'];
const COUNTING: readonly Protocol[] = ['counting'];
const PLAIN: readonly Protocol[] = ['strict', 'counting'];
const ALL: readonly Protocol[] = ['strict', 'counting', 'dfuse'];

type Row = readonly [id: string, firmware: readonly Protocol[], what: string, paragraphs: readonly string[], parts?: readonly Part[]];

const BLOCKS: readonly Row[] = [
  [
    'DNLOAD_OFF_BY_ONE',
    BOTH,
    'a downloaded block goes one block too high, an upload is right',
    [...dfu('6.1.1', '6.2', '6.2.1'), ...st('5.1')],
  ],
  ['UPLOAD_OFF_BY_ONE', BOTH, 'an upload reads one block too high, a download is right', [...dfu('6.2', '6.2.1', '6.1.1'), ...st('4.1')]],
  ['BOTH_OFF_BY_ONE', DFUSE, 'downloads and uploads alike are one block too high', st('5.1', '4.1')],
  ['BLOCK_8_BITS', BOTH, 'the block number is kept in 8 bits', [...dfu('6.1.1', '6.2', '6.2.1'), ...st('5.1', '4.1')]],
  ['OFFSET_16_BITS', DFUSE, 'the offset of a block is kept in 16 bits', st('5.1', '4.1')],
  ['DNLOAD_BLOCK_1', DFUSE, 'block 1, which is reserved, is written one block below the pointer', st('5', '5.1')],
  ['UPLOAD_BLOCK_1', DFUSE, 'block 1, which is reserved, is read one block below the pointer', st('4', '4.1')],
  ['ODD_TAIL_LOST', BOTH, 'the last byte of a block of odd length is not written', [...dfu('6.1.1'), ...st('5.1')]],
  ['NEIGHBOURS_LOST', STRICT, 'what lies around a block in its sector is lost when it is rewritten', dfu('6.1.1')],
  ['UPLOAD_EVEN', BOTH, 'an upload of odd length is one byte short', [...dfu('6.2', '6.2.1', 'A.2.10'), ...st('4.1')]],
  [
    'UPLOAD_PAST_END',
    DFUSE,
    'an upload that reaches the end of the memory goes on behind it',
    [...st('4.1'), ...dfu('6.2', '6.2.1', 'A.2.10')],
  ],
  ['UPLOAD_STAYS', ALL, 'dfuUPLOAD-IDLE stays after a short block', dfu('A.2.10', '6.2', '6.2.1')],
  [
    'DROPPED_KEEPS_OFFSET',
    COUNTING,
    'a download behind an ABORT or an error goes on where the last one was',
    dfu('6.1.4', '6.1.3', 'A.2.6', 'A.2.3', 'A.2.11', '6.1.1'),
  ],
  ['OVERSIZE_TAKEN', BOTH, 'a DNLOAD longer than wTransferSize is taken and cut', dfu('4.1.3', '4.2.4', '6.1.1')],
];
const PACKETS: readonly Row[] = [
  ['UPLOAD_ZLP_MISSING', BOTH, 'a short block of whole packets does not end with a packet of length 0', usb('5.5.3', '8.5.3', '8.5.3.2')],
  ['STRING_ZLP_MISSING', BOTH, 'a string of whole packets does not end with a packet of length 0', usb('5.5.3', '8.5.3', '8.5.3.2')],
  ['FULL_LAST_PACKET', BOTH, 'a DNLOAD whose last packet is full waits for one more', usb('5.5.3', '8.5.3', '8.5.3.1')],
  ['SHORT_PACKET_LOST', BOTH, 'the short last packet of a DNLOAD is dropped', [...usb('5.5.3', '8.5.3'), ...dfu('6.1.1'), ...st('5.1')]],
  [
    'BROKEN_OFF_STAYS',
    ALL,
    'what came of a DNLOAD that was broken off stands in front of the next block',
    [...usb('5.5.5', '8.5.3', '8.5.3.1'), ...dfu('6.1.1'), ...st('5.1')],
  ],
  ['STALE_DATA', BOTH, 'a SETUP in the middle of a read gets the rest of the data of before', usb('5.5.5', '8.5.3')],
  [
    'TOGGLE_SLIPS',
    BOTH,
    'the sixth packet of a read has the data toggle of the fifth',
    usb('8.6', '8.6.1', '8.6.2', '8.5.3', '5.5.3'),
    ['f072'],
  ],
  ['STATUS_IGNORES_WLENGTH', BOTH, 'GETSTATUS sends 6 bytes where fewer were asked for', usb('9.3.5')],
  ['DESCRIPTOR_IGNORES_WLENGTH', BOTH, 'GET_DESCRIPTOR sends more than was asked for', usb('9.3.5', '9.4.3')],
];
const STATES: readonly Row[] = [
  ['ABORT_STAYS', BOTH, 'ABORT in dfuDNLOAD-IDLE is acknowledged, and the state stays', dfu('A.2.6', '6.1.4')],
  ['ABORT_IN_UPLOAD_STALLS', BOTH, 'ABORT in dfuUPLOAD-IDLE is refused', dfu('A.2.10', '6.1.4')],
  [
    'ABORT_KEEPS_PENDING',
    BOTH,
    'a block that was aborted, or dropped by an error, is written at the next GETSTATUS',
    dfu('6.1.4', 'A.2.3', 'A.2.4', 'A.2.11'),
  ],
  [
    'RESET_KEEPS_STATE',
    BOTH,
    'a bus reset leaves state and status as they were',
    dfu('A.1', 'A.2.3', 'A.2.4', 'A.2.6', 'A.2.10', 'A.2.11'),
  ],
  [
    'RESET_KEEPS_PENDING',
    BOTH,
    'a block that came before a bus reset is written at the next GETSTATUS',
    dfu('A.1', 'A.2.3', 'A.2.4', 'A.2.6'),
  ],
  ['RESET_KEEPS_POINTER', DFUSE, 'the address pointer outlives a bus reset', [...st('4.1', '5.1', '5.2'), ...dfu('A.1')]],
  ['RESET_KEEPS_ADDRESS', BOTH, 'the device address outlives a bus reset', usb('9.1.1.3', '9.1.1.5', '7.1.7.5', '9.4.6')],
  [
    'DETACH_DISCONNECTS',
    BOTH,
    'a DETACH in DFU mode takes the device off the bus',
    dfu('A.2.3', 'A.2.4', 'A.2.6', 'A.2.7', 'A.2.10', 'A.2.11'),
  ],
  ['DNLOAD_IN_ERROR', BOTH, 'a DNLOAD in dfuERROR is taken', dfu('A.2.11')],
  ['UPLOAD_IN_DNLOAD_IDLE', BOTH, 'an UPLOAD in dfuDNLOAD-IDLE is answered', dfu('A.2.6')],
  [
    'UNKNOWN_TAKEN',
    BOTH,
    'a class request that DFU does not know is acknowledged',
    [...dfu('A.2.3', 'A.2.4', 'A.2.6', 'A.2.7', 'A.2.10', 'A.2.11'), ...usb('9.2.7')],
  ],
  [
    'WRONG_INTERFACE_TAKEN',
    BOTH,
    'a class request to an interface that is not there is carried out',
    [...dfu('3'), ...usb('9.2.7', '9.3.4')],
  ],
  ['GETSTATE_ADVANCES', BOTH, 'GETSTATE in dfuDNLOAD-SYNC starts the work', dfu('6.1.5', 'A.2.4')],
  ['GETSTATE_CLEARS_ERROR', BOTH, 'GETSTATE in dfuERROR leads to dfuIDLE', dfu('6.1.5', 'A.2.11')],
  ['GETSTATE_SIX_BYTES', BOTH, 'GETSTATE gives 6 bytes where 6 are asked for', dfu('6.1.5')],
  ['MANIFEST_SKIPPED', BOTH, 'a DNLOAD of length 0 leads to dfuIDLE', dfu('A.2.6', 'A.2.7', '7', '6.1.1', '6.1.1.1')],
  ['MANIFEST_NEVER_ENDS', BOTH, 'dfuMANIFEST-SYNC is never left', [...dfu('A.2.7', '7'), ...st('5.5')]],
  [
    'MANIFEST_WAITS_RESET',
    STRICT,
    'dfuMANIFEST-WAIT-RESET, though bitManifestationTolerant is set',
    dfu('A.2.7', 'A.2.8', '4.1.3', '4.2.4', '7'),
  ],
];
const STATUS: readonly Row[] = [
  ['CLRSTATUS_KEEPS_STATUS', BOTH, 'CLRSTATUS leads to dfuIDLE, and bStatus stays', dfu('6.1.3', 'A.2.11')],
  ['CLRSTATUS_KEEPS_STATE', BOTH, 'CLRSTATUS is acknowledged, and dfuERROR stays', dfu('6.1.3', 'A.2.11')],
  ['ERROR_SAYS_OK', BOTH, 'dfuERROR with bStatus OK', dfu('6.1.2', 'A.2.11')],
  ['ADDRESS_SAYS_OK', PLAIN, 'a block behind the end leads to dfuERROR with bStatus OK', dfu('6.1.2', 'A.2.11', 'A.2.4')],
  ['ERROR_SAYS_FIRMWARE', BOTH, 'a refused request is errFIRMWARE', dfu('6.1.2')],
  ['ADDRESS_IS_FILE', STRICT, 'a block behind the end is errFILE', dfu('6.1.2')],
  ['TARGET_IS_FILE', DFUSE, 'an address without memory is errFILE', [...dfu('6.1.2'), ...st('5.1', '5.2', '5.3')]],
  ['ISTRING_LIES', BOTH, 'iString of an error names a string that is not there', dfu('6.1.2')],
  ['GETSTATUS_FIVE_BYTES', BOTH, 'GETSTATUS gives 5 bytes', dfu('6.1.2')],
  ['VERIFY_MISSING', DFUSE, 'flash that did not take the data is reported as OK', [...dfu('6.1.2'), ...st('5.1')]],
  [
    'PROTECTED_SAYS_OK',
    DFUSE,
    'writes and erases of read-only sectors do nothing and are reported as OK',
    [...st('5.1', '5.3'), ...dfu('6.1.2')],
  ],
];
const TIME: readonly Row[] = [
  [
    'IDLE_BEFORE_DONE',
    BOTH,
    'dfuDNLOAD-IDLE before the work has begun',
    [...dfu('A.2.4', 'A.2.5', '6.1.2'), ...st('5', '5.1', '5.2', '5.3')],
  ],
  [
    'WORK_IN_DNLOAD',
    DFUSE,
    'a command is carried out in its DNLOAD, not at GETSTATUS',
    [...st('5', '5.1', '5.2', '5.3'), ...dfu('A.2.4', '6.1.1')],
  ],
  ['BUSY_FOR_EVER', BOTH, 'dfuDNBUSY is never left after longer work', dfu('A.2.5', '6.1.2', 'A.2.4')],
  ['POLL_BYTE_ORDER', BOTH, 'bwPollTimeout has its most significant byte first', dfu('6.1.2')],
  ['POLL_TOO_SHORT', BOTH, 'bwPollTimeout is 1 ms, whatever the work', dfu('6.1.2', 'A.2.5')],
  ['POLL_ABSURD', BOTH, 'bwPollTimeout is an hour', dfu('6.1.2')],
];
const MEMORY: readonly Row[] = [
  ['ERASE_NEXT_PAGE', DFUSE, 'the sector behind the one that was named is erased in its place', st('5.3')],
  ['ERASE_TOO_MUCH', DFUSE, 'the sector behind the one that was named is erased as well', st('5.3')],
  ['ERASE_SKIPS_BLANK_WORD', DFUSE, 'a sector whose first word is blank is not erased', st('5.3')],
  ['MASS_ERASE_PARTIAL', DFUSE, 'a mass erase leaves the last sector', st('5.3')],
  ['SET_ADDRESS_UNCHECKED', DFUSE, 'Set Address Pointer takes addresses without memory', st('5.2')],
  ['GET_WITHOUT_ERASE', DFUSE, 'the Get answer does not list Erase', st('4.2')],
  ['LEAVE_STAYS', DFUSE, 'a leave does not leave', [...st('5.5'), ...dfu('A.2.8')]],
  ['LEAVE_IGNORES_POINTER', DFUSE, 'a leave goes to the start of flash, not to the pointer', st('5.5')],
];
const DESCRIPTORS: readonly Row[] = [
  ['FUNCTIONAL_SEVEN_BYTES', BOTH, 'the functional descriptor has 7 bytes', dfu('4.1.3', '4.2.4')],
  ['VERSION_SWAPPED', BOTH, 'bcdDFUVersion has its bytes swapped', dfu('4.1.3', '4.2.4')],
  ['TRANSFER_SIZE_DOUBLED', BOTH, 'wTransferSize is twice what the device takes', dfu('4.1.3', '4.2.4', '6.1.1')],
  ['UPLOAD_BIT_MISSING', BOTH, 'bitCanUpload is not set, and uploads are answered', dfu('4.1.3', '4.2.4', 'A.2.3')],
  ['DNLOAD_BIT_MISSING', BOTH, 'bitCanDnload is not set, and downloads are taken', dfu('4.1.3', '4.2.4', 'A.2.3')],
  [
    'FUNCTIONAL_DIFFERS',
    BOTH,
    'GET_DESCRIPTOR(DFU) gives another wTransferSize than the configuration',
    [...dfu('4.1.3', '4.2.4'), ...usb('9.4.3')],
  ],
  ['TOTAL_LENGTH_SHORT', BOTH, 'wTotalLength leaves the functional descriptor out', usb('9.6.3', '9.4.3')],
  ['ENDPOINT_COUNTED', BOTH, 'bNumEndpoints is 1', [...dfu('4.2.3'), ...usb('9.6.5')]],
  ['ALTERNATES_SWAPPED', DFUSE, 'the names of the two alternate settings are swapped', [...dfu('4.2.3'), ...usb('9.6.5')]],
  ['ALTERNATE_NUMBERS', DFUSE, 'both alternate settings have the number 0', [...usb('9.6.5'), ...dfu('4.2.3')]],
  ['PROTOCOL_RUNTIME', DFUSE, 'the second alternate setting has the protocol of the run-time mode', dfu('4.2.3')],
  ['STRING_COUNTS_CHARACTERS', BOTH, 'bLength of a string counts characters', usb('9.6.7', '9.5')],
  ['STRING_SAYS_MORE', BOTH, 'bLength of a string is 2 more than it has', usb('9.6.7', '9.5')],
];
const CHAPTER_9: readonly Row[] = [
  ['SET_INTERFACE_IGNORED', DFUSE, 'SET_INTERFACE is acknowledged and changes nothing', usb('9.4.10', '9.4.4')],
  ['SET_INTERFACE_ANY', BOTH, 'SET_INTERFACE takes a setting that is not there', usb('9.4.10')],
  ['ALTERNATE_NOT_APPLIED', DFUSE, 'the memory stays that of setting 0', [...usb('9.4.10'), ...dfu('4.2.3')]],
  ['GET_INTERFACE_ZERO', DFUSE, 'GET_INTERFACE says 0', usb('9.4.4')],
  ['SET_CONFIGURATION_ANY', BOTH, 'SET_CONFIGURATION takes a value that is not there', usb('9.4.7')],
  ['GET_CONFIGURATION_ZERO', BOTH, 'GET_CONFIGURATION says 0', usb('9.4.2')],
  ['GET_STATUS_ONE_BYTE', BOTH, 'GET_STATUS of the device gives one byte', usb('9.4.5')],
];

const LATER: readonly Row[] = [
  ['SECTORS_SMALLER', DFUSE, 'the name lists sectors of half their size', st('5.3')],
  ['ACROSS_LOST', DFUSE, 'what a block has behind the end of its sector is not written', st('5.1')],
  ['END_REFUSED', DFUSE, 'a block that ends with the last byte of memory is refused', st('5.1')],
  ['END_CUT', DFUSE, 'a block that reaches behind the end of memory is cut, and reported as OK', [...st('5.1'), ...dfu('6.1.2')]],
  ['LEAVE_WITHOUT_STACK', DFUSE, 'a leave does not load MSP', st('5.5')],
  ['ERASED_ONCE', DFUSE, 'an erase of the sector that was erased last is skipped', st('5.3')],
  ['POINTER_ADVANCES', DFUSE, 'each block moves the pointer', st('5.1')],
  ['UPLOAD_MOVES_POINTER', DFUSE, 'each upload moves the pointer', [...st('4.1'), ...dfu('6.2')]],
  ['LOCKED_AFTER_ERROR', DFUSE, 'behind a write that failed every other fails', [...st('5.1'), ...dfu('6.1.3', 'A.2.11')]],
  ['SUSPEND_DROPS', ALL, 'a suspend leads to dfuIDLE', [...usb('7.1.7.6', '9.1.1.6', '9.1.1.5'), ...dfu('A.2.6')], ['f072']],
  ['POLL_ABSURD_IDLE', BOTH, 'bwPollTimeout is hours where nothing is to be waited for', dfu('6.1.2')],
  ['WRITE_ERASES', DFUSE, 'a block erases the sector that it lies in', st('5.1')],
  ['FEATURE_ANY', BOTH, 'SET_FEATURE takes every feature', usb('9.4.9', '9.4.1', '9.2.7')],
  ['DESCRIPTOR_ANY', BOTH, 'a descriptor that is not there is answered with the device descriptor', usb('9.4.3', '9.2.7')],
  ['VENDOR_TAKEN', BOTH, 'requests of a vendor are acknowledged', usb('9.2.7')],
  ['FIRST_UNIT_ERASED', PLAIN, 'only the first unit of flash is erased, others are written over', dfu('A.2.4', '6.1.2', '6.1.1'), ['f072']],
  ['OTHER_ENDPOINT_STATUS', BOTH, 'GET_STATUS of an endpoint that is not there is answered', usb('9.4.5', '9.2.7')],
];

export const BUGS: readonly PlantedBug[] = [BLOCKS, PACKETS, STATES, STATUS, TIME, MEMORY, DESCRIPTORS, CHAPTER_9, LATER]
  .flat()
  .map(([id, firmware, what, paragraphs, parts]) => ({ id, firmware, what, paragraphs, ...(parts ? { parts } : {}) }));
