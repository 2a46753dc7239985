/** The command line: names, options and exit codes. Commands are loaded when they are called, so that `--help` costs little. */
import { Command, CommanderError, Option } from 'commander';
import { SYMPTOMS } from '../bench/documents/result.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { ImageError } from '../image/errors.ts';
import { printable } from '../report/text.ts';
import type { AskOptions } from './ask.ts';
import type { Bench } from './engine.ts';
import type { ChipsOptions } from './chips.ts';
import type { BoardOptions } from './board-common.ts';
import type { DfuTestOptions } from './board-dfu.ts';
import type { CaptureOptions } from './board-capture.ts';
import type { StepOptions } from './board-step.ts';
import type { CampaignOptions } from './campaign.ts';
import type { CompareCommandOptions } from './compare.ts';
import type { ConformOptions } from './conform.ts';
import type { DfuOptions } from './dfu.ts';
import type { UartOptions } from './uart.ts';
import type { GdbOptions } from './gdb.ts';
import { EXIT, internalError, type Io } from './io.ts';
import type { LeaveCommandOptions } from './leave.ts';
import { VERSION } from '../version.ts';
import type { InitOptions } from './init.ts';
import type { ProbeOptions } from './probe.ts';
import type { ServeOptions } from './serve.ts';
import type { MatrixOptions } from './matrix.ts';
import type { RunCommandOptions } from './run.ts';
import type { TestOptions } from './test.ts';
import type { TraceCommandOptions } from './trace.ts';
import type { WorkerOptions } from './worker.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const IMAGES = 'ELF, Intel HEX, S-records, UF2, DfuSe, or raw binary as file.bin@0x08000000';

/** `argv` without the program's name. Returns the exit code; throws nothing. */
export async function main(argv: readonly string[], io: Io, bench?: Bench): Promise<number> {
  let code: number = EXIT.ok;
  const program = build(io, (exit) => (code = exit), bench);
  try {
    refuseOrder(program, argv);
    await program.parseAsync(unknownCommand(program, argv) ?? [...argv], { from: 'user' });
    return code;
  } catch (error) {
    return report(error, io);
  }
}

/** `help rnu` and `rnu --help` ask about a command that is none: that is told, as of `rnu`, and not the help of the program. */
function unknownCommand(program: Command, argv: readonly string[]): string[] | null {
  const name = argv[0] === 'help' ? argv[1] : argv[0];
  const known = name === undefined || name === 'help' || name.startsWith('-') || program.commands.some((c) => c.name() === name);
  return known ? null : [name];
}

const OWN_OPTIONS: ReadonlySet<string> = new Set(['-h', '--help', '--version']);

/** Who begins with an option or with a file has left out the command, or put it behind. */
function refuseOrder(program: Command, argv: readonly string[]): void {
  const [first, ...rest] = argv;
  if (first === undefined) return;
  const isCommand = (arg: string): boolean => program.commands.some((c) => c.name() === arg);
  if (first.startsWith('-')) {
    if (OWN_OPTIONS.has(first) || rest.length === 0) return;
    const name = rest.find(isCommand) ?? 'run';
    throw new UsageError(`the command comes first, then ${first}`, `bootbench ${name} ${first} …`);
  }
  if (isCommand(first) || !/[./\\]/.test(first)) return;
  const how = first.endsWith('.json') ? '--scenario ' : '';
  throw new UsageError(`${first} is no command`, `bootbench run ${how}${first} runs it, \`bootbench --help\` lists the commands`);
}

function report(error: unknown, io: Io): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError || error instanceof ImageError) {
    io.stderr.write(`bootbench: ${printable(error.message.replace(/\s*\n\s*/g, ' '))}\n`);
    return EXIT.usage;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(internalError(text));
  return EXIT.internal;
}

function build(io: Io, exit: (code: number) => void, injected: Bench | undefined): Command {
  const bench: Bench = injected ?? (async (job, hooks) => (await import('./engine.ts')).runJob(job, hooks));
  const program = new Command('bootbench')
    .description('Runs STM32 firmware up to the ROM bootloader and says whether DFU comes up, and if not, which line broke it.')
    .version(VERSION, '--version')
    .helpCommand(true)
    .showHelpAfterError('; `bootbench --help` lists the commands')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // the line goes on with what `showHelpAfterError` was given
      outputError: (text, write) =>
        write(
          `bootbench: ${text
            .replace(/^error: /, '')
            .trimEnd()
            .replace(/'\. Expected (.*)\.$/, "': expected $1")
            .replace(/\n\(Did/, ' (did')}`,
        ),
      getOutHelpWidth: () => Math.min(io.stdout.columns, 120),
      getErrHelpWidth: () => Math.min(io.stderr.columns, 120),
    });
  addRun(program, io, exit, bench);
  addTrace(program, io, exit, bench);
  addInit(program, io, exit);
  addAsk(program, io, exit);
  addMatrix(program, io, exit);
  addLeave(program, io, exit);
  addTest(program, io, exit, bench);
  addCampaign(program, io, exit);
  addWorker(program, io, exit);
  addDfu(program, io, exit);
  addUart(program, io, exit);
  addConform(program, io, exit);
  addCompare(program, io, exit, bench);
  addChips(program, io, exit);
  addExplain(program, io, exit);
  addCompletion(program, io, exit);
  addGdb(program, io, exit);
  addProbe(program, io, exit);
  addServe(program, io, exit);
  addBoard(program, io, exit);
  refuseTwo(program);
  return program;
}

/** An option that has one value is given two, or one thing is asked for and refused: which of them is meant is not guessed. */
function refuseTwo(command: Command): void {
  const given = new Map<string, string>();
  const once = (what: string, value: string): void => {
    const before = given.get(what);
    if (before !== undefined && before !== value) throw new UsageError(`${what} is given twice: ${before} and ${value}`);
    given.set(what, value);
  };
  for (const option of command.options) {
    const { long, flags, negate, required, parseArg } = option;
    const other = command.options.find((o) => !o.negate && negate && o.attributeName() === option.attributeName());
    if (other) refuseBoth(command, other, option);
    if (!required) continue;
    const named = /=value>/.test(flags);
    command.on(`option:${option.name()}`, (value: string) => {
      const [, name = '', rest = ''] = /^([^=]*)=(.*)$/s.exec(value) ?? [];
      if (named) once(`${long} ${name.trim()}`, rest.trim());
      else if (parseArg === undefined) once(`${long}`, value);
    });
  }
  command.commands.forEach(refuseTwo);
}
function refuseBoth(command: Command, yes: Option, no: Option): void {
  const seen = new Set<Option>();
  for (const option of [yes, no])
    command.on(`option:${option.name()}`, () => {
      if (seen.add(option).size > 1) throw new UsageError(`${yes.long} and ${no.long} exclude each other`);
    });
}

/** Sub-commands inherit neither the override of exits nor that of output by themselves. */
function command(program: Command, name: string): Command {
  return program
    .command(name)
    .copyInheritedSettings(program)
    .showHelpAfterError(
      `; \`${[program.parent?.name(), program.name(), name.split(' ')[0]].filter(Boolean).join(' ')} --help\` lists the options`,
    );
}

/** What every command takes that puts firmware on a board (`MachineOptions` in inputs.ts). */
function onMachine(command: Command): Command {
  return command
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; without it the image tells; `bootbench chips` lists them')
    .option('--scenario <file>', 'what happens to the board: bootbench/scenario@1')
    .option('--seed <n>', 'pattern of RAM at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …), default, or none: no crystals')
    .option('--force <PERIPHERAL.REGISTER.FIELD=value>', 'pin a field of a register that has no behaviour; may be repeated', collect)
    .option('--rom <file>', 'run your own dump of the ROM instead of the stand-in')
    .option('--rom-option <name=value>', 'behaviour of the stand-in ROM that ST does not publish; may be repeated', collect)
    .option('--rom-version <version>', 'revision of the ROM')
    .option('--boot-at <address>', 'start here instead of where the chip would (silicon does not do that)')
    .option('--no-semihosting', 'BKPT 0xAB is a HardFault, as on a board without a debugger');
}

function addRun(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  onMachine(command(program, 'run'))
    .description('run firmware and report; exit 0 = DFU reached (or `expect` holds), 1 = not, 2 = usage or input error, 3 = internal error')
    .option('--json <file>', 'write the result (bootbench/run@1); - = stdout, the report then goes to stderr')
    .option('--html <file>', 'write the report as a page')
    .option('--open', 'show the report in your browser; without --html it lies in a temporary folder')
    .option('--junit <file>', 'write the result as JUnit XML')
    .option(
      '--trace <file>',
      'write the full event stream: *.json (Perfetto), *.vcd (GTKWave), *.pcapng (Wireshark); may be repeated',
      collect,
    )
    .option('--until <time>', 'end the run at this time since power-on, for example 2s')
    .option('--trigger', 'look for what makes the firmware jump and do it (the default where neither chip nor scenario is given)')
    .option('--no-trigger', 'run the firmware as it is, nobody presses anything')
    .option('--find-jump', 'if nothing jumps: call each function that can enter the ROM and press each pin that is polled, on forks')
    .option('--point-of-no-return', 'look for the last instruction at which a single repair still saves DFU')
    .option('--symptom <what>', `what you see on your board: ${SYMPTOMS.join(', ')}; may be repeated`, collect)
    .option('--engine <name>', 'bootbench, or unicorn as a second opinion (slow: ends 5 s after power-on unless --until says otherwise)')
    .option('--unicorn-js <file>', 'unicorn.js for --engine unicorn')
    .option('--max-instructions <n>', 'end the run after so many instructions')
    .option('--wall <time>', 'end the run after this much real time, for example 30s')
    .option('--max-memory <size>', 'end the run when the process holds more, for example 500M')
    .option('--leave', 'ask for the way back: a DFU leave at the end; exit 1 if the application does not come back from it')
    .addOption(new Option('--without-shortcut <name>', 'docs/engine.md lists them').hideHelp().argParser(collect))
    .option('--stats', 'what translated code did and why it was left, on stderr')
    .option('-v, --verbose', 'the whole report: evidence, ROM options, resets, notes')
    .option('--checks', 'every check with its verdict, what was found and the source')
    .option('--fix', 'the fix as a patch on stdout, the report on stderr: --fix > fix.diff, then patch -p1 < fix.diff')
    .option('--quiet', 'no report')
    .option('--no-color', 'no colours (NO_COLOR is honoured too)')
    .action(async (images: string[], options: RunCommandOptions) => {
      exit(await (await import('./run.ts')).runCommand(images, options, io, bench));
    });
}

function addTrace(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  onMachine(command(program, 'trace'))
    .description('run firmware and write the full event stream: clocks, masks, exceptions, pins, USB transfers, console; exit 0 = written')
    .option('--out <file>', '*.json (Perfetto), *.vcd (GTKWave), *.pcapng (Wireshark); may be repeated (default: trace.json)', collect)
    .option('--until <time>', 'end the run at this time since power-on, for example 2s')
    .option('--trigger', 'look for what makes the firmware jump and do it (the default where neither chip nor scenario is given)')
    .option('--no-trigger', 'run the firmware as it is, nobody presses anything')
    .option('--wall <time>', 'end the run after this much real time, for example 30s')
    .action(async (images: string[], options: TraceCommandOptions) => {
      exit(await (await import('./trace.ts')).traceCommand(images, options, io, bench));
    });
}

function addInit(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'init')
    .description('find what makes the firmware go for the ROM and write the scenario that does it; exit 1 = nothing was found')
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; without it the image tells; `bootbench chips` lists them')
    .option('--scenario <file>', 'start from this one: its board, its host, its steps')
    .option('--out <file>', 'where the scenario goes (default: scenario.json)')
    .option('--overwrite', 'replace the file if there is one')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …), default, or none: no crystals')
    .option('--wall <time>', 'give up after this much real time, for example 30s')
    .option('--quiet', 'say nothing')
    .action(async (images: string[], options: InitOptions) => {
      exit(await (await import('./init.ts')).initCommand(images, options, io));
    });
}

function addAsk(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'ask'))
    .description('which ROM on which board shows what you see, and the experiment that tells them apart; asks in a terminal, else JSON')
    .option('--symptom <what>', `what you see: ${SYMPTOMS.join(', ')}; may be repeated`, collect)
    .option('--json', 'JSON also in a terminal')
    .option('--wall <time>', 'give up after this much real time, for example 30s')
    .action(async (images: string[], options: AskOptions) => {
      exit(await (await import('./ask.ts')).askCommand(images, options, io));
    });
}

function addMatrix(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'matrix'))
    .description('leave out each step before the jump and say what comes of it; exit 1 = a step matters')
    .option('--pairs', 'also pairs of the steps that may each be left out')
    .option('--interrupts', 'also an exception that becomes pending at each of the last instructions before the jump')
    .option('--delays', 'also oscillators, PLLs and supplies that take a tenth or ten times of their time')
    .option('--json', 'as JSON')
    .option('--wall <time>', 'give up after this much real time, for example 30s')
    .action(async (images: string[], options: MatrixOptions) => {
      exit(await (await import('./matrix.ts')).matrixCommand(images, options, io));
    });
}

function addLeave(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'leave')
    .description('run the same program from reset and after a DFU leave; exit 1 = it does not come back, and which line would mend it')
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; without it the image tells; `bootbench chips` lists them')
    .option('--scenario <file>', 'how the firmware gets into the ROM: bootbench/scenario@1; without steps it is a jump from reset')
    .option('--seed <n>', 'pattern of RAM at power-on')
    .option('--board <name>', 'default, or none: no crystals')
    .option('--force <PERIPHERAL.REGISTER.FIELD=value>', 'pin a field of a register that has no behaviour; may be repeated', collect)
    .option('--rom <file>', 'run your own dump of the ROM instead of the stand-in')
    .option('--rom-option <name=value>', 'behaviour of the stand-in ROM that ST does not publish; may be repeated', collect)
    .option('--rom-version <version>', 'revision of the ROM')
    .option('--wall <time>', 'end after this much real time, for example 30s')
    .option('--no-color', 'no colours (NO_COLOR is honoured too)')
    .action(async (images: string[], options: LeaveCommandOptions) => {
      exit(await (await import('./leave.ts')).leaveCommand(images, options, io));
    });
}

function addTest(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  command(program, 'test')
    .description('run all scenarios that have `expect`; exit 0 = all hold, 1 = one does not, 2 = none found')
    .argument('<scenarios...>', 'folder, file or pattern')
    .option('--junit <file>', 'write JUnit XML; - = stdout')
    .option('--sarif <file>', 'write SARIF 2.1.0, for code scanning')
    .option('--codequality <file>', 'write a code quality report of GitLab')
    .option('--json <file>', 'write bootbench/test@1')
    .option('--html <file>', 'write one page with all scenarios')
    .option('--reporter <name>', 'default or github (annotations and step summary; on by itself in GitHub Actions)', collect)
    .option('--list', 'say which scenarios would run')
    .option('--filter <text>', 'only scenarios with this in their path')
    .option('--shard <i/n>', 'the i-th of n parts, for jobs side by side')
    .option('--bail', 'end at the first that does not hold')
    .option('--timeout <time>', 'a scenario that takes longer in real time fails, for example 30s')
    .option('--baseline <file>', 'failures that are in there are known: only others count')
    .option('--update-baseline', 'write the failures of this run into --baseline')
    .option('--cache <folder>', 'keep results there by content, and take them from there')
    .option('--jobs <n>', 'runs at once (default: one per CPU)')
    .option('--quiet', 'only what does not hold')
    .option('--no-color', 'no colours')
    .action(async (patterns: string[], options: TestOptions) => {
      exit(await (await import('./test.ts')).testCommand(patterns, options, io, bench));
    });
}

function addCampaign(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'campaign')
    .description(
      'run a declared space of cases (bootbench/campaign@1) on all cores; exit 0 = all as expected, 1 = some not, 2 = wrong input',
    )
    .argument('<spec>', 'JSON file, see docs/scale.md')
    .option('--out <file>', 'results, one SQLite file (default: the name of the spec with .sqlite)')
    .option('--resume', 'go on with the results that are there; finished cases are not run again')
    .option('--overwrite', 'begin anew where there are results')
    .option('--jobs <n>', 'workers on this machine (default: one per CPU)')
    .option('--batch <n>', 'forks in a piece of work; making a machine counts as 16 (default: 256)')
    .option('--queue <url>', 'hand the cases to `bootbench worker` on other machines: redis://host:6379')
    .option('--shard <i/n>', 'only this part of the cases, for a CI matrix')
    .option('--merge <file>', 'take over the results of another shard first; may be repeated', collect)
    .option('--plan', 'say what would be run')
    .option('--case <number>', 'run this one case and say what it is and what comes of it')
    .option('--parquet <file>', 'write the results as Parquet')
    .option('--html <file>', 'write a heat map as a page')
    .option('--junit <file>', 'write JUnit XML, one case for each way to fail')
    .option('--progress', 'lines of progress also without a terminal')
    .option('--quiet', 'no report')
    .option('--no-color', 'no colours')
    .action(async (spec: string, options: CampaignOptions) => {
      exit(await (await import('./campaign.ts')).campaignCommand(spec, options, io));
    });
}

function addWorker(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'worker')
    .description('do the work of campaigns that were submitted to a queue; ends at Ctrl-C')
    .option('--queue <url>', 'redis://host:6379, as given to `bootbench campaign --queue`')
    .option('--jobs <n>', 'processes (default: one per CPU)')
    .option('--cache <folder>', 'where images are kept by their SHA-256 (default: a folder that is removed at the end)')
    .option('--idle-exit <time>', 'end when there has been nothing to do for so long, for example 60s')
    .action(async (options: WorkerOptions) => {
      exit(await (await import('./worker.ts')).workerCommand(options, io));
    });
}

function addDfu(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'dfu')
    .description('keep the USB device that the firmware brings up alive for real clients; exit 1 = there is none')
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; without it the image tells; `bootbench chips` lists them')
    .option('--scenario <file>', 'what happens to the board: bootbench/scenario@1')
    .option('--boot0', 'BOOT0 is high: the chip starts in the ROM, no image is needed')
    .option('--usbip', 'export the device by USB/IP until Ctrl-C: usbip attach -r 127.0.0.1 -b 1-1, then dfu-util')
    .option('--port <n>', 'of the server; 0 = a free one (default: 3240)')
    .option('--host <address>', 'listen here instead of on the loopback alone')
    .option('--exec <command>', 'run a client against the server ($USBIP_HOST, $USBIP_PORT, $USBIP_BUSID) and end with its exit code')
    .option('--hold', 'keep the device until Ctrl-C, also when the client of --exec has ended')
    .option('--save <file>', 'write what flash holds at the end: raw, or Intel HEX for *.hex')
    .option('--pcap <file>', 'write the transfers as pcapng, for Wireshark')
    .option('--seed <n>', 'pattern of RAM at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …), default, or none: no crystals')
    .option('--force <PERIPHERAL.REGISTER.FIELD=value>', 'pin a field of a register that has no behaviour; may be repeated', collect)
    .option('--rom <file>', 'run your own dump of the ROM instead of the stand-in')
    .option('--rom-option <name=value>', 'behaviour of the stand-in ROM that ST does not publish; may be repeated', collect)
    .option('--rom-version <version>', 'revision of the ROM')
    .action(async (images: string[], options: DfuOptions) => {
      exit(await (await import('./dfu.ts')).dfuCommand(images, options, io));
    });
}

function addUart(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'uart')
    .description("the ROM's USART protocol (AN3155) on a pseudo terminal, for stm32flash; exit 1 = the ROM is not reached")
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32f405rg; without it the image tells; `bootbench chips` lists them')
    .option('--scenario <file>', 'what happens to the board: bootbench/scenario@1')
    .option('--boot0', 'BOOT0 is high: the chip starts in the ROM, no image is needed')
    .option('--pty', 'print `uart /dev/pts/N` and serve it until Ctrl-C (needs python3)')
    .option('--port <name>', 'USART1, USART3 …; default: the first that the ROM listens to')
    .option('--baud <n>', 'rate on the line, 1200 to 115200 (default: 115200); what a client sets on the terminal does not count')
    .option('--exec <command>', 'run a client against the terminal ($UART) and end with its exit code')
    .option('--save <file>', 'write what flash holds at the end: raw, or Intel HEX for *.hex')
    .option('--seed <n>', 'pattern of RAM at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …), default, or none: no crystals')
    .option('--rom-option <name=value>', 'behaviour of the stand-in ROM that ST does not publish; may be repeated', collect)
    .option('--rom-version <version>', 'revision of the ROM')
    .action(async (images: string[], options: UartOptions) => {
      exit(await (await import('./uart.ts')).uartCommand(images, options, io));
    });
}

function addConform(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'conform')
    .description('the DFU conformance kit against the device that the firmware brings up; exit 1 = a requirement fails')
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; without it the image tells; `bootbench chips` lists them')
    .option('--scenario <file>', 'what happens to the board: bootbench/scenario@1')
    .option('--boot0', 'BOOT0 is high: the chip starts in the ROM, no image is needed')
    .option('--usb <vid:pid>', 'a real device through the package `usb`; without --flash nothing is written')
    .option('--flash <address:length>', 'what the tests may write (default on the emulated chip: the last sectors)')
    .option('--json <file>', 'write the report (bootbench/conformance@1); - = stdout')
    .option('--html <file>', 'write the report as a page')
    .option('--junit <file>', 'write the report as JUnit XML')
    .option('--all', 'show what passed, too')
    .option('--seed <n>', 'pattern of RAM at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …), default, or none: no crystals')
    .option('--rom-option <name=value>', 'behaviour of the stand-in ROM that ST does not publish; may be repeated', collect)
    .option('--rom-version <version>', 'revision of the ROM')
    .option('--quiet', 'no report')
    .option('--no-color', 'no colours')
    .action(async (images: string[], options: ConformOptions) => {
      exit(await (await import('./conform.ts')).conformCommand(images, options, io));
    });
}

function addCompare(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  command(program, 'compare')
    .description('what differs between two runs: outcome, state at the entry, checks; exit 0 = equal, 1 = different')
    .argument('<a>', 'result (bootbench/run@1), or a scenario or ELF, which is run')
    .argument('<b>', 'the same')
    .option('--quiet', 'the exit code alone')
    .option('--no-color', 'no colours')
    .action(async (a: string, b: string, options: CompareCommandOptions) => {
      exit(await (await import('./compare.ts')).compareCommand(a, b, options, io, bench));
    });
}

function addChips(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'chips')
    .description('the chips, or one chip with the source of every number')
    .argument('[chip]')
    .option('--json', 'as JSON')
    .option('--no-color', 'no colours')
    .action(async (chip: string | undefined, options: ChipsOptions) => {
      exit((await import('./chips.ts')).chipsCommand(chip, options, io));
    });
}

function addExplain(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'explain')
    .description('a check, outcome, ROM option, cause of reset, fault bit or confidence word; without a word, all of them')
    .argument('[word]', 'for example primask, rom-silent, INVSTATE')
    .action(async (id: string | undefined) => {
      exit((await import('./explain.ts')).explainCommand(id, io));
    });
}

function addCompletion(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'completion')
    .description('a script for your shell that completes commands, options, chips and words: source <(bootbench completion bash)')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      exit((await import('./completion.ts')).completionCommand(shell, program, io));
    });
}

function addGdb(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'gdb'))
    .description('a GDB server for the emulated machine, which waits at its first instruction; ends at Ctrl-C. Try `monitor help` in GDB')
    .option('--port <n>', 'port of the first core, the second has the next one; 0 picks free ones (default: 3333)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reached from this machine alone)')
    .action(async (images: string[], options: GdbOptions) => {
      exit(await (await import('./gdb.ts')).gdbCommand(images, options, io));
    });
}

function addProbe(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'probe'))
    .description('the emulated chip behind an ST-LINK over TCP, for OpenOCD: -f interface/stlink-dap.cfg -c "st-link backend tcp"')
    .option('--port <n>', 'port; 0 picks a free one (default: 7184)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reached from this machine alone)')
    .action(async (images: string[], options: ProbeOptions) => {
      exit(await (await import('./probe.ts')).probeCommand(images, options, io));
    });
}

function addServe(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'serve')
    .description('the playground in your browser: run, step, change one thing, DFU, lessons; ends at Ctrl-C')
    .option('--port <n>', 'port; 0 picks a free one (default: 8080)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reached from this machine alone)')
    .action(async (options: ServeOptions) => {
      exit(await (await import('./serve.ts')).serveCommand(options, io));
    });
}

/** Options that several commands for a board share. */
const fed = (c: Command): Command => c.option('--hse <frequency>', 'what feeds HSE on the board, for example 8M: clock rates hang on it');
const shown = (c: Command): Command =>
  c.option('--json <file>', 'write the result (bootbench/board@1); - = stdout').option('--no-color', 'no colours');
const resets = (c: Command): Command =>
  c
    .option('--timeout <time>', 'how long the firmware may take to get there (default: 10s)')
    .option('--yes', 'reset the board although somebody has set breakpoints on it');
const watches = (c: Command): Command =>
  c
    .option('--watch <who>', 'who watches USB: usb (the package `usb`), ask (you), none')
    .option('--watch-for <time>', 'how long (default: 10s)');
const flashes = (c: Command): Command => c.option('--flash', "program the images first, where the board's flash is another one");

function addBoard(program: Command, io: Io, exit: (code: number) => void): void {
  const board = command(program, 'board').description(
    'the same checks on a real board, through the GDB server of OpenOCD, pyOCD, ST-LINK, J-Link …',
  );
  const on = (name: string): Command =>
    command(board, name)
      .option('--gdb <place>', 'the GDB server, for example localhost:3333; or a serial device (Black Magic Probe)')
      .option('--chip <name>', 'the chip on the board')
      .option(
        '--server <name>',
        'what the server is, where it is not recognised: openocd, pyocd, jlink, stlink, st-util, probe-rs, blackmagic, qemu',
      )
      .option('--leave-halted', 'leave the core halted in the end; else it runs on')
      .option('--record <file>', 'write down what was said to the board and what it answered (reads of the ROM are blanked)');
  addBoardVerdicts(on, io, exit);
  addBoardMeasurements(board, on, io, exit);
}

type OnBoard = (name: string) => Command;
/** Commands that say whether the board reaches DFU, and why not. */
function addBoardVerdicts(on: OnBoard, io: Io, exit: (code: number) => void): void {
  fed(shown(on('check')))
    .description('judge the state in which the board stands now; exit 0 = at the entry into the ROM and nothing fails')
    .argument('[image...]', 'for source lines')
    .action(async (images: string[], options: BoardOptions) =>
      exit(await (await import('./board.ts')).boardCheckCommand(images, options, io)),
    );
  fed(watches(flashes(resets(shown(on('run'))))))
    .description('reset the board, run it to the first instruction of its ROM, judge there')
    .argument('[image...]', 'what its flash should hold; for source lines')
    .option('--last-writers', 'find who wrote the registers that fail, by watchpoints: one reset for each')
    .action(async (images: string[], options: BoardOptions) =>
      exit(await (await import('./board.ts')).boardRunCommand(images, options, io)),
    );
  fed(watches(resets(shown(on('prove')))))
    .description('repair at the entry through the debugger, one check a reset, and see whether DFU comes: proof on silicon')
    .argument('[check...]', 'which checks (default: all that are broken)')
    .action(async (ids: string[], options: BoardOptions) =>
      exit(await (await import('./board-prove.ts')).boardProveCommand(ids, options, io)),
    );
  watches(on('watch'))
    .description('let the board run and say whether a DFU device shows up; exit 0 = it does')
    .option('--reset', 'reset it first')
    .option('--yes', 'reset the board although somebody has set breakpoints on it')
    .action(async (options: BoardOptions & { reset?: boolean }) =>
      exit(await (await import('./board-prove.ts')).boardWatchCommand(options, io)),
    );
}

/** Commands that learn something of a board: what is measured, compared, recorded. */
function addBoardMeasurements(board: Command, on: OnBoard, io: Io, exit: (code: number) => void): void {
  resets(on('capture'))
    .description('write down registers, clocks, interrupts and flash at one instant, as measured facts for review')
    .argument('<file>', 'a new file; - = stdout')
    .option('--at <when>', 'now, reset, entry, or leave: the first instruction behind a DFU leave (default: now)')
    .action(async (file: string, options: CaptureOptions) =>
      exit(await (await import('./board-capture.ts')).boardCaptureCommand(file, options, io)),
    );
  flashes(resets(on('step-compare')))
    .description('step the hand-over on the board and on the emulated chip side by side; exit 0 = no register differs')
    .argument('<image...>')
    .option('--from <place>', 'function or address to begin at (default: the function that jumps)')
    .option('--steps <n>', 'instructions (default: 500)')
    .option('--json <file>', 'write the result (bootbench/step-compare@1); - = stdout')
    .action(async (images: string[], options: StepOptions) =>
      exit(await (await import('./board-step.ts')).boardStepCompareCommand(images, options, io)),
    );
  command(board, 'dfu-test')
    .description(
      'random DFU sequences on a real device, beside the reference model, inside a flash range that you name; exit 0 = all alike',
    )
    .option('--usb <vid:pid>', 'the device (default: 0483:df11); needs the packages usb and fast-check')
    .option('--flash <address:length>', 'whole sectors that may be erased and written')
    .option('--cases <n>', 'sequences (default: 100)')
    .option('--seed <n>', 'of the random sequences (default: 1)')
    .option('--json', 'the result as JSON on stdout')
    .action(async (options: DfuTestOptions) => exit(await (await import('./board-dfu.ts')).boardDfuTestCommand(options, io)));
  shown(command(board, 'replay'))
    .description('judge a recorded board again, without it')
    .argument('<record>', 'what --record wrote')
    .action(async (file: string, options: BoardOptions) => exit(await (await import('./board.ts')).boardReplayCommand(file, options, io)));
  on('dump-rom')
    .description("read your own chip's ROM into a file, for --rom")
    .argument('<file>')
    .action(async (file: string, options: BoardOptions) => exit(await (await import('./board.ts')).boardDumpCommand(file, options, io)));
}
