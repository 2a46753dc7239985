/**
 * How the known GDB servers differ where it matters here: what they are recognised by, how they reset into a halt, and what lets the target run at the end.
 * What a server cannot be recognised by is not guessed: it is driven by the words that most understand, and what came of them is looked at.
 */
export const SERVERS = ['openocd', 'pyocd', 'jlink', 'stlink', 'st-util', 'probe-rs', 'blackmagic', 'qemu', 'bootbench'] as const;
export type ServerName = (typeof SERVERS)[number];

/** One thing to say to a server: a monitor line, or a packet that is answered by a stop (`?`) or by nothing (`-`). */
export type Saying = { readonly monitor: string } | { readonly packet: string; readonly answer: boolean };

export interface Dialect {
  readonly name: ServerName | 'unknown';
  readonly label: string;
  /** Ways to a reset that halts in front of the first instruction, the best first. */
  readonly resetHalt: readonly (readonly Saying[])[];
  /** Said once before anything else: what would make later answers false. */
  readonly prepare: readonly Saying[];
  /** Said before detaching, where detaching alone leaves the core halted. */
  readonly resume: readonly Saying[];
}

const say = (...lines: readonly string[]): readonly Saying[] => lines.map((monitor) => ({ monitor }));
const NOTHING: readonly Saying[] = [];
const RESET_HALT = say('reset halt');
const RESET_THEN_HALT = say('reset', 'halt');
const row = (
  name: Dialect['name'],
  label: string,
  resetHalt: readonly (readonly Saying[])[],
  more: Partial<Pick<Dialect, 'prepare' | 'resume'>> = {},
): Dialect => ({ name, label, resetHalt, prepare: NOTHING, resume: NOTHING, ...more });

/** Sources: the servers' own code and manuals; those tried against a running server are named in docs/boards.md. */
const DIALECTS: readonly Dialect[] = [
  // `reset init` would run the target script's clock set-up. OpenOCD leaves a core halted when its client goes.
  row('openocd', 'OpenOCD', [RESET_HALT], { resume: say('resume') }),
  row('pyocd', 'pyOCD', [RESET_HALT]),
  // a software breakpoint in flash makes J-Link reprogram the flash: only hardware ones are asked for, and that is switched off
  row('jlink', 'J-Link GDB Server', [say('reset'), RESET_THEN_HALT], { prepare: say('flash breakpoints = 0') }),
  row('stlink', 'ST-LINK_gdbserver', [RESET_THEN_HALT]),
  row('st-util', 'st-util', [say('reset')]),
  row('probe-rs', 'probe-rs', [RESET_HALT]),
  // `monitor reset` gives the target up; vRun resets into a vector catch
  row('blackmagic', 'Black Magic Probe', [[{ packet: 'vRun;', answer: true }]]),
  row('qemu', 'QEMU', [say('stop', 'system_reset')]),
  row('bootbench', 'bootbench gdb', [RESET_HALT], { resume: say('resume') }),
  row('unknown', 'a GDB server that is not known', [RESET_HALT, RESET_THEN_HALT]),
];

export const dialectNamed = (name: Dialect['name']): Dialect => DIALECTS.find((d) => d.name === name)!;

/** What is asked of a server to recognise it. */
export interface Fingerprint {
  readonly supported: string;
  /** Answer to `qQemu.sstepbits`. */
  readonly sstepbits: string;
  /** Text of `monitor version` and `monitor help`, console output and answer together. */
  readonly version: string;
  readonly registers: ReadonlySet<string>;
}

/** The server behind a fingerprint; `unknown` where nothing tells. */
export function recognise({ supported, sstepbits, version, registers }: Fingerprint): Dialect {
  if (/^ENABLE=/.test(sstepbits)) return dialectNamed('qemu');
  // while a core is locked up, as one with an erased flash is, OpenOCD's polls drown its answer in words that are its own too (0.12)
  if (/Open On-Chip Debugger|clearing lockup after double fault|failed, trying to reexamine/i.test(version)) return dialectNamed('openocd');
  if (/Black ?Magic/i.test(version)) return dialectNamed('blackmagic');
  if (/pyOCD/i.test(version) || /QNonStop\+/.test(supported)) return dialectNamed('pyocd');
  if (/J-?Link|SEGGER/i.test(version)) return dialectNamed('jlink');
  if (/ST-?LINK.?gdbserver|STMicroelectronics/i.test(version)) return dialectNamed('stlink');
  if (/what the simulated host has seen/.test(version)) return dialectNamed('bootbench');
  if (/probe-rs/i.test(version)) return dialectNamed('probe-rs');
  // only st-util numbers the special registers behind the FPU's without describing FPSCR's neighbours, and says nothing to a word it does not know
  if (version === '' && registers.has('primask') && /qXfer:memory-map:read\+/.test(supported) && !/hwbreak|QStartNoAckMode/.test(supported))
    return dialectNamed('st-util');
  return dialectNamed('unknown');
}
