/** `monitor …` commands of the GDB server: what a person types to OpenOCD, and what only this target can tell. */
import { judgeAll } from '../bench/proof/diagnosis.ts';
import { NOT_TRACED } from '../bench/session/subject.ts';
import { formatSeconds, PS_PER_SECOND } from '../emu/time.ts';
import { CATCHES, type Catch, type DebugTarget } from './debug-target.ts';

export interface MonitorContext {
  readonly target: DebugTarget;
  /** Halts this connection's core, or all of them, and resets. */
  readonly reset: (halt: boolean) => void;
  readonly halt: () => void;
  readonly resume: () => void;
}

const WITH_DUMP = 'whose ROM is a dump';

interface MonitorCommand {
  readonly name: string;
  readonly about: string;
  /** Words behind the name at most. */
  readonly words: number;
  /** Text for the user. */
  readonly run: (context: MonitorContext, args: readonly string[]) => string;
}

const MONITOR: readonly MonitorCommand[] = [
  {
    name: 'reset',
    about: 'reset [halt|init|run]: system reset; halt and init stop before the first instruction, run goes on (default)',
    words: 1,
    run: ({ reset }, [how = 'run']) => {
      if (!['halt', 'init', 'run'].includes(how)) return `reset: ${how} is not known; it is halt, init or run\n`;
      reset(how !== 'run');
      return '';
    },
  },
  { name: 'halt', about: 'halt: stop the core', words: 0, run: ({ halt }) => (halt(), '') },
  { name: 'resume', about: 'resume: let the core run without GDB waiting for it', words: 0, run: ({ resume }) => (resume(), '') },
  {
    name: 'checks',
    about: 'checks: every check that applies, judged on the state as it is now',
    words: 0,
    run: ({ target }) => checks(target),
  },
  { name: 'usb', about: 'usb: what the simulated host has seen', words: 0, run: ({ target }) => usb(target) },
  { name: 'time', about: 'time: virtual time, cycles and instructions', words: 0, run: ({ target }) => time(target) },
  {
    name: 'catch',
    about: `catch [${CATCHES.join('|')}] [off]: stop there; without words lists what is caught`,
    words: 2,
    run: ({ target }, args) => setCatch(target, args),
  },
];
/** What IDEs and their templates tell other servers in passing (cortex-debug, Eclipse, PlatformIO), and what to say to it. */
const ELSEWHERE: readonly { readonly line: RegExp; readonly answer: string }[] = [
  { line: /^version$/, answer: 'bootbench: an emulated chip\n' },
  { line: /^(arm )?semihosting( enable| 1)?$/, answer: 'semihosting is on, unless the server was started with --no-semihosting\n' },
  { line: /^(init|gdb_sync|poll|(sleep|delay|(adapter )?speed|adapter_khz) \d+|gdb_breakpoint_override (hard|soft|disable))$/, answer: '' },
];

/** Runs a line; the text is the answer. */
export function monitor(line: string, context: MonitorContext): string {
  const words = line.trim().toLowerCase().split(/\s+/);
  const [name = '', ...args] = words;
  if (name === 'help' || name === '') return `${MONITOR.map((c) => `  ${c.about}`).join('\n')}\n`;
  const command = MONITOR.find((c) => c.name === name);
  if (command && args.length > command.words) return `${name}: too many words; it is ${command.about}\n`;
  if (command) return command.run(context, args);
  // the other side may be `bootbench board`: what it measures here is of a chip's own ROM
  if (line.trim() === 'version' && context.target.runsDump) return `bootbench: an emulated chip, ${WITH_DUMP}\n`;
  const said = words.join(' ');
  return (
    ELSEWHERE.find((e) => e.line.test(said))?.answer ??
    `there is no command ${JSON.stringify(name)}; it is ${MONITOR.map((c) => c.name).join(', ')}\n`
  );
}

function setCatch(target: DebugTarget, args: readonly string[]): string {
  const [what, off] = args;
  const { catches } = target.stops;
  if (what === undefined) return `caught: ${[...catches].join(', ') || 'nothing'}\n`;
  const found = CATCHES.find((c): c is Catch => c === what);
  if (found === undefined || (off !== undefined && off !== 'off')) return `catch: it is ${CATCHES.join(', ')}, and off behind it\n`;
  if (off === 'off') catches.delete(found);
  else catches.add(found);
  return '';
}

function checks({ session, machine }: DebugTarget): string {
  const reached = machine.history.entries.at(-1)?.reached ?? false;
  const judged = judgeAll(session, session.usb.dfuReady ? 'dfu' : 'no-jump', reached, NOT_TRACED);
  const rows = judged.filter((j) => j.judgement.verdict !== 'n/a' && j.judgement.verdict !== 'unknown');
  if (rows.length === 0) return 'no check applies yet: nothing has entered system memory\n';
  const width = Math.max(...rows.map((j) => j.id.length));
  const line = (j: (typeof rows)[number]): string => {
    const { verdict, observed, because } = j.judgement;
    return `${verdict.padEnd(5)} ${j.id.padEnd(width)}  ${observed ?? ''}${verdict === 'pass' ? '' : `  (${because})`}`;
  };
  return `${rows.map(line).join('\n')}\n`;
}

function usb({ session, machine }: DebugTarget): string {
  const { sessions, dfuReady } = session.usb;
  if (sessions.length === 0) return 'nothing has been on the bus\n';
  const lines = sessions.map((u) => {
    const ids = u.enumerated === null ? 'not enumerated' : `enumerated at ${formatSeconds(u.enumerated)} s`;
    return `pull-up at ${formatSeconds(u.at)} s, served by ${u.servedBy ?? 'nobody'}: ${ids}`;
  });
  return `${lines.join('\n')}\nDFU: ${dfuReady ? 'ready' : 'not seen'} (now ${formatSeconds(machine.now)} s)\n`;
}

function time({ machine }: DebugTarget): string {
  const cores = machine.cores.map((c) => `${c.row.name}: ${c.cycles()} cycles, ${c.retired()} instructions`);
  return `${formatSeconds(machine.now)} s (${machine.now / PS_PER_SECOND < 1e-6 ? 'power-on' : 'virtual time'})\n${cores.join('\n')}\n`;
}
