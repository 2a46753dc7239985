/** The command line: names, options and exit codes. Commands are loaded when they are called, so that `--help` costs little. */
import { Command, CommanderError, Option } from 'commander';
import { limitMs } from '../bench/documents/duration.ts';
import { SYMPTOMS } from '../bench/documents/result.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import { ImageError } from '../image/errors.ts';
import { printable } from '../report/text.ts';
import type { AskOptions } from './ask.ts';
import type { Bench } from './engine.ts';
import type { ChipsOptions } from './chips.ts';
import type { BoardOptions } from './board-common.ts';
import type { DfuTestOptions } from './board-dfu.ts';
import type { CaptureOptions } from './board-capture.ts';
import type { EvidenceOptions } from './evidence.ts';
import type { SettleOptions } from './board-settle.ts';
import type { StepOptions } from './board-step.ts';
import type { CampaignOptions } from './campaign.ts';
import type { CompareCommandOptions } from './compare.ts';
import type { RomCompareOptions, RomLearnOptions } from './rom.ts';
import type { ConformOptions } from './conform.ts';
import type { DfuOptions } from './dfu.ts';
import type { UartOptions } from './uart.ts';
import type { FixOptions } from './fix.ts';
import type { GdbOptions } from './gdb.ts';
import { mustHaveWritten, newCommand } from './command-files.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import { EXIT, exitAfter, internalError, Interrupted, type Io } from './io.ts';
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

const ROM_DUMP = "run a dump of your chip's ROM instead of the stand-in; several pieces: repeat it as file.bin@0x1FFF0000";
const IMAGES = 'ELF, Intel HEX, S-record, UF2 or DfuSe file, or a raw binary as file.bin@0x08000000';

/** `argv` without the program's name. Returns the exit code; throws nothing. */
export async function main(argv: readonly string[], io: Io, bench?: Bench): Promise<number> {
  let code: number = EXIT.ok;
  newCommand();
  const program = build(io, (exit) => (code = exit), bench);
  try {
    refuseOrder(program, argv);
    await program.parseAsync(unknownCommand(program, argv) ?? [...argv], { from: 'user' });
    mustHaveWritten();
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
  throw new UsageError(`${first} is not a command`, `bootbench run ${how}${first} runs it, \`bootbench --help\` lists the commands`);
}

function report(thrown: unknown, io: Io): number {
  const error = surroundings(thrown, 'it cannot go on') ?? thrown;
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError || error instanceof ImageError) {
    io.stderr.write(`bootbench: ${printable(error.message.replace(/\s*\n\s*/g, ' '))}\n`);
    return EXIT.usage;
  }
  if (error instanceof SurroundingsError) {
    io.stderr.write(`bootbench: ${printable(error.message.replace(/\s*\n\s*/g, ' '))}\n`);
    return EXIT.surroundings;
  }
  if (error instanceof Interrupted) {
    io.stderr.write(`bootbench: ${printable(error.message)}\n`);
    return exitAfter(error.signal);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(internalError(text));
  return EXIT.internal;
}

function build(io: Io, exit: (code: number) => void, injected: Bench | undefined): Command {
  const bench: Bench = injected ?? (async (job, hooks) => (await import('./engine.ts')).runJob(job, hooks));
  const program = new Command('bootbench')
    .description(
      'Runs STM32 firmware on an emulated chip, through its jump into the ROM bootloader, and reports whether DFU comes up and, if not, which line broke it.',
    )
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
  // whichever command has such a limit is watched; that of `fix` is for each of its runs, which are watched by themselves
  program.hook('preAction', (_, command) => {
    const { wall } = command.opts<{ readonly wall?: string }>();
    if (wall !== undefined && command.name() !== 'fix') io.mustEndWithin?.(limitMs(wall, '--wall'));
  });
  addDemo(program, io, exit);
  addRun(program, io, exit, bench);
  addFix(program, io, exit, bench);
  addTrace(program, io, exit, bench);
  addInit(program, io, exit);
  addAsk(program, io, exit);
  addMatrix(program, io, exit);
  addLeave(program, io, exit);
  addRom(program, io, exit);
  addEvidence(program, io, exit);
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
  addMcp(program, io, exit);
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
    .option('--chip <name>', 'for example stm32h533re; default: read from the image and its project; `bootbench chips` lists them')
    .option('--scenario <file>', 'board, host and events from outside (bootbench/scenario@1, docs/scenario.md)')
    .option('--seed <n>', 'seed of the random RAM contents at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …); default; none = without crystals')
    .option('--force <field=value>', 'fix a field of a register that is not modelled, for example PKA.SR.INITOK=1; repeatable', collect)
    .option('--rom <file>', ROM_DUMP, collect)
    .option(
      '--rom-option <name=value>',
      'ROM behaviour that ST does not publish (`bootbench explain` lists the names); repeatable',
      collect,
    )
    .option('--rom-version <version>', 'revision of the ROM')
    .option('--boot-at <address>', 'start at this address instead of where the chip boots (a real chip cannot do this)')
    .option('--no-semihosting', 'BKPT 0xAB causes a HardFault, as on a board without a debugger');
}

const triggerOption = (): Option =>
  new Option('--trigger', 'find what makes the firmware jump (a pin, a byte, a function) and do it; default without --scenario');
const stopWall = (): Option => new Option('--wall <time>', 'stop after this much real time, for example 30s');
const endWall = (): Option => new Option('--wall <time>', 'end each run after this much real time, for example 30s');
const noTriggerOption = (): Option => new Option('--no-trigger', 'run the firmware without any input: no button, no byte');

function addRun(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  onMachine(command(program, 'run'))
    .description(
      "run firmware and report whether DFU comes up; exit 0 = it does (or the scenario's `expect` holds), 1 = not, 2 = wrong usage or input, 3 = internal error, 4 = the surroundings failed, 130 and 143 = ended by a signal",
    )
    .option('--json <file>', 'write the result (bootbench/run@1); - = stdout, and the report goes to stderr')
    .option('--html <file>', 'write the report as an HTML page')
    .option('--svg <file>', 'write the hand-over as one picture: your lines, the state that the ROM inherits, what the host hears')
    .option('--open', 'show the HTML report in your browser; without --html, from a temporary folder')
    .option('--junit <file>', 'write the result as JUnit XML')
    .option('--trace <file>', 'write all events: *.json (Perfetto), *.vcd (GTKWave), *.pcapng (Wireshark); repeatable', collect)
    .option('--until <time>', 'end the run at this emulated time after power-on, for example 2s')
    .option(
      '--goal <name>',
      'what the run is for: usb, app, or an interface of the ROM (usart1, can2, fdcan1, i2c1, spi1 …); default: app for a loader and an application that cannot enter the ROM, where nothing is expected, else usb where the ROM has it, else its first USART',
    )
    .option(
      '--no-after',
      'end at the DFU device; without it, a copy of the machine is read, erased, written, left by a host, to see what keeps it from being used',
    )
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option(
      '--strict',
      'exit 1 also for a success with a reservation ("OK, but"): a DFU device that a host cannot use, an input that floats, an impossible clock, a jump that no input reaches; or with a SysTick that is left on, where the ROM has to cope',
    )
    .option('--find-jump', 'if nothing jumps: try each function that can enter the ROM and each polled pin, each on a copy of the machine')
    .option(
      '--effort <word>',
      'what is tried beside the run: quick, normal or full; counted in emulated instructions, so the result is the same on every machine and says what was left out',
    )
    .option('--point-of-no-return', 'find the last instruction at which a single repair can still save DFU')
    .option('--symptom <what>', `what you see on your board: ${SYMPTOMS.join(', ')}; repeatable`, collect)
    .option('--engine <name>', 'bootbench, or unicorn as a second opinion (slow; the run ends 5 s after power-on unless --until is given)')
    .option('--unicorn-js <file>', 'path of unicorn.js, for --engine unicorn')
    .option('--max-instructions <n>', 'end the run after this many instructions')
    .option('--wall <time>', 'end the run after this much real time, for example 30s')
    .option('--max-memory <size>', 'end the run when the process uses more memory than this, for example 500M')
    .option('--leave', 'end the run with a DFU leave; exit 1 if the application does not start again')
    .addOption(new Option('--without-shortcut <name>', 'docs/dev/engine.md lists them').hideHelp().argParser(collect))
    .option('--stats', 'print statistics of the translated code on stderr')
    .option(
      '--source-root <folder>',
      'show source lines from this folder, too, not only from the project folder (docs/commands.md); repeatable',
      collect,
    )
    .option('-v, --verbose', 'print the full report: evidence, ROM options, resets, notes')
    .option('--checks', 'list every check with its verdict, the value found and the source of the rule')
    .option('--fix', 'print the fix as a patch on stdout and the report on stderr; `bootbench fix` also applies it')
    .option('--quiet', 'print no report')
    .option('--no-color', 'print without colours (so does the variable NO_COLOR)')
    .action(async (images: string[], options: RunCommandOptions) => {
      exit(await (await import('./run.ts')).runCommand(images, options, io, bench));
    });
}

function addFix(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  onMachine(command(program, 'fix'))
    .description(
      'run firmware and print its fix as a patch for `git apply`, or write it into the sources, build and run again; exit 0 = green, 1 = still failing, 2 = wrong usage or input, 4 = the build or the surroundings failed',
    )
    .option('--apply', 'write the fix into the sources, but into no file with uncommitted changes and none outside of the project folder')
    .option('--allow-dirty', 'write also into files with uncommitted changes, or that are in no git repository')
    .option('--build <command>', 'build after that with this command of your shell, then run the image again, until it is green')
    .option('--build-wall <time>', 'end a build after this much real time (default: 30min)')
    .option('--rounds <n>', 'at most so many rounds of fix, build and run (default: 5)')
    .option('--until <time>', 'end each run at this emulated time after power-on, for example 2s')
    .option('--goal <name>', 'what the run is for, as with `run`')
    .option('--effort <word>', 'what is tried beside the run: quick, normal or full')
    .option('--symptom <what>', 'what you see on your board, as with `run`; repeatable', collect)
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--strict', 'a success with a reservation ("OK, but") is none')
    .option('--source-root <folder>', 'sources from this folder, too, not only from the project folder; repeatable', collect)
    .addOption(endWall())
    .option('--no-color', 'print without colours (so does the variable NO_COLOR)')
    .action(async (images: string[], options: FixOptions) => {
      exit(await (await import('./fix.ts')).fixCommand(images, options, io, bench));
    });
}

function addTrace(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  onMachine(command(program, 'trace'))
    .description('run firmware and write all events: clocks, interrupt masks, exceptions, pins, USB transfers, console; exit 0 = written')
    .option('--out <file>', '*.json (Perfetto), *.vcd (GTKWave), *.pcapng (Wireshark); repeatable (default: trace.json)', collect)
    .option('--until <time>', 'end the run at this emulated time after power-on, for example 2s')
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--wall <time>', 'end the run after this much real time, for example 30s')
    .action(async (images: string[], options: TraceCommandOptions) => {
      exit(await (await import('./trace.ts')).traceCommand(images, options, io, bench));
    });
}

function addInit(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'init')
    .description('find what makes the firmware jump into the ROM and write a scenario that does it; exit 1 = nothing found')
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; default: read from the image and its project; `bootbench chips` lists them')
    .option('--scenario <file>', 'take board, host and first steps from this scenario')
    .option('--out <file>', 'the scenario to write (default: scenario.json)')
    .option('--overwrite', 'replace an existing file')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …); default; none = without crystals')
    .option('--effort <word>', 'how long each input is tried: quick, normal or full')
    .addOption(stopWall())
    .option('--quiet', 'print nothing')
    .action(async (images: string[], options: InitOptions) => {
      exit(await (await import('./init.ts')).initCommand(images, options, io));
    });
}

function addAsk(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'ask'))
    .description(
      'find the ROM behaviour and the board that explain what you see, and the experiment that tells the candidates apart; interactive in a terminal, else JSON',
    )
    .option('--symptom <what>', `what you see: ${SYMPTOMS.join(', ')}; repeatable`, collect)
    .option('--json', 'print JSON in a terminal, too')
    .addOption(stopWall())
    .action(async (images: string[], options: AskOptions) => {
      exit(await (await import('./ask.ts')).askCommand(images, options, io));
    });
}

function addMatrix(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'matrix'))
    .description('repeat the run with each step before the jump left out, and report the outcomes; exit 1 = a step matters')
    .option('--pairs', 'also leave out pairs of steps that do not matter alone')
    .option('--interrupts', 'also make an exception pending at each of the last instructions before the jump')
    .option('--delays', 'also let oscillators, PLLs and supplies take a tenth of their time, and ten times as long')
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--json', 'print JSON')
    .addOption(stopWall())
    .action(async (images: string[], options: MatrixOptions) => {
      exit(await (await import('./matrix.ts')).matrixCommand(images, options, io));
    });
}

function addRom(program: Command, io: Io, exit: (code: number) => void): void {
  const rom = command(program, 'rom').description("find out what the ROM of a chip does, from a dump of the user's own");
  command(rom, 'learn')
    .description('run a dump from each state that a caller can leave, and print each ROM option; exit 1 = the ROM does not answer')
    .argument('<dump...>', 'a dump of system memory, for example of `bootbench board dump-rom`; in pieces: each as file.bin@0x1FFF0000')
    .option('--chip <name>', 'the chip that it was read from')
    .option('--json', 'print JSON')
    .option('--evidence <file>', "write what was found as lines of JSON that hold the ROM's hash and none of its bytes")
    .addOption(stopWall())
    .action(async (files: string[], options: RomLearnOptions) => {
      exit(await (await import('./rom.ts')).romLearnCommand(files, options, io));
    });
  command(rom, 'compare')
    .description('compare a dump with the stand-in: options, registers, each command of AN3155 and of DFU; exit 0 = alike, 1 = not')
    .argument('<dump...>', 'system memory of your chip, from its first byte; in pieces: each as file.bin@0x1FFF0000')
    .option('--chip <name>', 'the chip that it was read from, for example stm32l476rg')
    .option('--all', 'show what is alike, too')
    .option('--json', 'print JSON')
    .addOption(stopWall())
    .action(async (files: string[], options: RomCompareOptions) => {
      exit(await (await import('./rom.ts')).romCompareCommand(files, options, io));
    });
}

function addEvidence(program: Command, io: Io, exit: (code: number) => void): void {
  const evidence = command(program, 'evidence').description('what boards and dumps say of the options of the ROM');
  command(evidence, 'check')
    .description('check lines of evidence, replay their recordings, and print what they come to; exit 0 = all are valid')
    .argument('[path...]', 'files, or folders with *.jsonl whose lines count (default: evidence)')
    .option('--json', 'print JSON')
    .option('--merge <file>', 'write what it comes to, for src/rom/measured.json')
    .action(async (paths: string[], options: EvidenceOptions) => {
      exit(await (await import('./evidence.ts')).evidenceCheckCommand(paths, options, io));
    });
}

function addLeave(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'leave')
    .description(
      'run the same program from reset and after a DFU leave (without USB: after Go on its USART), and report the first difference and its fix; exit 1 = the program does not come back',
    )
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; default: read from the image and its project; `bootbench chips` lists them')
    .option(
      '--scenario <file>',
      'how the firmware enters the ROM (bootbench/scenario@1); default: as `run` finds it, else by a jump that bootbench makes right after reset',
    )
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--seed <n>', 'seed of the random RAM contents at power-on')
    .option('--board <name>', 'default; none = without crystals')
    .option('--force <field=value>', 'fix a field of a register that is not modelled, for example PKA.SR.INITOK=1; repeatable', collect)
    .option('--rom <file>', ROM_DUMP, collect)
    .option(
      '--rom-option <name=value>',
      'ROM behaviour that ST does not publish (`bootbench explain` lists the names); repeatable',
      collect,
    )
    .option('--rom-version <version>', 'revision of the ROM')
    .addOption(stopWall())
    .option('--no-color', 'print without colours (so does the variable NO_COLOR)')
    .action(async (images: string[], options: LeaveCommandOptions) => {
      exit(await (await import('./leave.ts')).leaveCommand(images, options, io));
    });
}

function addTest(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  command(program, 'test')
    .description('run all scenarios that have `expect`; exit 0 = all hold, 1 = at least one does not, 2 = none found')
    .argument('<scenarios...>', 'folder, file or pattern')
    .option('--junit <file>', 'write JUnit XML; - = stdout')
    .option('--sarif <file>', 'write SARIF 2.1.0, for code scanning')
    .option('--codequality <file>', 'write a GitLab code quality report')
    .option('--markdown <file>', 'write verdict, causes and lines for a comment of a pull request')
    .option('--json <file>', 'write the results (bootbench/test@1)')
    .option('--html <file>', 'write one HTML page with all scenarios')
    .option('--reporter <name>', 'default or github (annotations and step summary; automatic in GitHub Actions)', collect)
    .option('--list', 'list the scenarios without running them')
    .option('--filter <text>', 'run only scenarios with this text in their path')
    .option('--shard <i/n>', 'run only the i-th of n parts, for parallel CI jobs')
    .option('--bail', 'stop at the first scenario that does not hold')
    .option('--timeout <time>', 'fail a scenario that takes longer than this in real time, for example 30s')
    .option('--effort <word>', 'what is tried beside each run: quick, normal or full, as with `run`')
    .option('--rom-option <name=value>', 'what the ROM does, for all scenarios (`bootbench explain` lists the names); repeatable', collect)
    .option('--baseline <file>', 'ignore the known failures listed in this file')
    .option('--update-baseline', 'write the failures of this run to the --baseline file')
    .option('--cache <folder>', 'reuse results of unchanged inputs from this folder')
    .option('--jobs <n>', 'number of parallel runs (default: one per CPU)')
    .option(
      '--source-root <folder>',
      'show source lines from this folder, too, not only from the project folder (docs/commands.md); repeatable',
      collect,
    )
    .option(
      '--strict',
      'a scenario that holds with a reservation ("But"), or because the ROM mends what ST asks a program to do, does not hold; asks a host\'s client to use the device, too',
    )
    .option('--quiet', 'print only what does not hold')
    .option('--no-color', 'print without colours')
    .action(async (patterns: string[], options: TestOptions) => {
      exit(await (await import('./test.ts')).testCommand(patterns, options, io, bench));
    });
}

function addCampaign(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'campaign')
    .description(
      'run all cases of a declared space (bootbench/campaign@1) on all CPUs; exit 0 = all as expected, 1 = some not, 2 = wrong input',
    )
    .argument('<spec>', 'JSON file, see docs/scale.md')
    .option('--rom <file>', ROM_DUMP, collect)
    .option('--out <file>', 'SQLite file for the results (default: the name of the spec with .sqlite)')
    .option('--resume', 'continue with existing results; finished cases are not run again')
    .option('--overwrite', 'discard existing results and start again')
    .option('--jobs <n>', 'number of workers on this machine (default: one per CPU)')
    .option('--batch <n>', 'forks per work item; preparing a machine counts as 16 (default: 256)')
    .option('--queue <url>', 'send the cases to `bootbench worker` on other machines: redis://host:6379')
    .option('--shard <i/n>', 'run only this part of the cases, for a CI matrix')
    .option('--merge <file>', 'first add the results of another shard; repeatable', collect)
    .option('--plan', 'print what would be run, and stop')
    .option('--case <number>', 'run this one case and print its parameters and its outcome')
    .option('--parquet <file>', 'write the results as Parquet')
    .option('--html <file>', 'write a heat map as an HTML page')
    .option('--junit <file>', 'write JUnit XML, with one test case for each kind of failure')
    .option('--progress', 'print progress even without a terminal')
    .option('--quiet', 'print no report')
    .option('--no-color', 'print without colours')
    .action(async (spec: string, options: CampaignOptions) => {
      exit(await (await import('./campaign.ts')).campaignCommand(spec, options, io));
    });
}

function addWorker(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'worker')
    .description('run cases from a campaign queue until Ctrl-C')
    .option('--queue <url>', 'redis://host:6379, as given to `bootbench campaign --queue`')
    .option('--jobs <n>', 'number of processes (default: one per CPU)')
    .option('--cache <folder>', 'folder for images, named by their SHA-256 (default: a temporary folder)')
    .option('--idle-exit <time>', 'stop after this long without work, for example 60s')
    .action(async (options: WorkerOptions) => {
      exit(await (await import('./worker.ts')).workerCommand(options, io));
    });
}

function addDfu(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'dfu')
    .description('offer the USB device that the firmware brings up to real clients such as dfu-util; exit 1 = no device appears')
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; default: read from the image and its project; `bootbench chips` lists them')
    .option('--scenario <file>', 'board, host and events from outside (bootbench/scenario@1, docs/scenario.md)')
    .option('--boot0', 'set BOOT0 high: the chip boots into the ROM, and no image is needed')
    .option('--usbip', 'export the device over USB/IP until Ctrl-C: usbip attach -r 127.0.0.1 -b 1-1, then dfu-util')
    .option('--port <n>', 'port of the server; 0 = any free port (default: 3240)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reachable from this machine only)')
    .option('--exec <command>', 'run a client of the server ($USBIP_HOST, $USBIP_PORT, $USBIP_BUSID) and exit with its exit code')
    .option('--hold', 'keep the device until Ctrl-C, even after the --exec client has ended')
    .option('--save <file>', 'write the flash contents at the end: raw, or Intel HEX for *.hex')
    .option('--pcap <file>', 'write the USB transfers as pcapng, for Wireshark; the first 64 MB')
    .option('--quirk <name>', 'a quirk that the ROM of some parts has, for example h743-bank2-busy (docs/clients.md); repeatable', collect)
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--seed <n>', 'seed of the random RAM contents at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …); default; none = without crystals')
    .option('--force <field=value>', 'fix a field of a register that is not modelled, for example PKA.SR.INITOK=1; repeatable', collect)
    .option('--rom <file>', ROM_DUMP, collect)
    .option(
      '--rom-option <name=value>',
      'ROM behaviour that ST does not publish (`bootbench explain` lists the names); repeatable',
      collect,
    )
    .option('--rom-version <version>', 'revision of the ROM')
    .action(async (images: string[], options: DfuOptions) => {
      exit(await (await import('./dfu.ts')).dfuCommand(images, options, io));
    });
}

function addUart(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'uart')
    .description("offer the ROM's USART protocol (AN3155) on a pseudo terminal, for stm32flash; exit 1 = the ROM is not reached")
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32f405rg; default: read from the image and its project; `bootbench chips` lists them')
    .option('--scenario <file>', 'board, host and events from outside (bootbench/scenario@1, docs/scenario.md)')
    .option('--boot0', 'set BOOT0 high: the chip boots into the ROM, and no image is needed')
    .option('--pty', 'print `uart /dev/pts/N` and serve that terminal until Ctrl-C (needs python3)')
    .option('--port <name>', 'USART1, USART3 …; default: the first one the ROM listens on')
    .option('--baud <n>', 'baud rate of the emulated line, 1200 to 115200 (default: 115200); the rate set on the terminal is ignored')
    .option('--exec <command>', 'run a client of the terminal ($UART) and exit with its exit code')
    .option('--save <file>', 'write the flash contents at the end: raw, or Intel HEX for *.hex')
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--seed <n>', 'seed of the random RAM contents at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …); default; none = without crystals')
    .option('--rom <file>', ROM_DUMP, collect)
    .option(
      '--rom-option <name=value>',
      'ROM behaviour that ST does not publish (`bootbench explain` lists the names); repeatable',
      collect,
    )
    .option('--rom-version <version>', 'revision of the ROM')
    .action(async (images: string[], options: UartOptions) => {
      exit(await (await import('./uart.ts')).uartCommand(images, options, io));
    });
}

function addConform(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'conform')
    .description(
      'test the DFU device that the firmware brings up against DFU 1.1 and DfuSe, or its USART against AN3155; exit 1 = a requirement fails',
    )
    .argument('[images...]', IMAGES)
    .option('--chip <name>', 'for example stm32h533re; default: read from the image and its project; `bootbench chips` lists them')
    .option('--scenario <file>', 'board, host and events from outside (bootbench/scenario@1, docs/scenario.md)')
    .option('--boot0', 'set BOOT0 high: the chip boots into the ROM, and no image is needed')
    .option('--uart [port]', 'test the USART protocol (AN3155) in place of DFU, on USART1 … or the first that the ROM listens on')
    .option('--usb <vid:pid>', 'test a real device through the npm package `usb`; without --flash nothing is written')
    .option('--flash <address:length>', 'flash that the tests may overwrite (default on the emulated chip: the last sectors)')
    .option('--baseline <file>', 'a report of before (--json); exit 1 = a requirement is worse than there, whatever failed before')
    .option('--accept <ids>', 'requirements that the device breaks and you accept, with commas between; they count as a dialect')
    .option('--json <file>', 'write the results (bootbench/conformance@1); - = stdout')
    .option('--html <file>', 'write the report as an HTML page')
    .option('--junit <file>', 'write the report as JUnit XML')
    .option('--all', 'list the requirements that pass, too')
    .addOption(stopWall())
    .addOption(triggerOption())
    .addOption(noTriggerOption())
    .option('--seed <n>', 'seed of the random RAM contents at power-on')
    .option('--board <name>', 'your board (nucleo-f411re, blackpill-f411ce …); default; none = without crystals')
    .option('--rom <file>', ROM_DUMP, collect)
    .option(
      '--rom-option <name=value>',
      'ROM behaviour that ST does not publish (`bootbench explain` lists the names); repeatable',
      collect,
    )
    .option('--rom-version <version>', 'revision of the ROM')
    .option('--quiet', 'print no report')
    .option('--no-color', 'print without colours')
    .action(async (images: string[], options: ConformOptions) => {
      exit(await (await import('./conform.ts')).conformCommand(images, options, io));
    });
}

function addCompare(program: Command, io: Io, exit: (code: number) => void, bench: Bench): void {
  command(program, 'compare')
    .description('show how two runs differ: outcome, state at the entry into the ROM, checks; exit 0 = equal, 1 = different')
    .argument('<a>', 'a result (bootbench/run@1), or a scenario or ELF to run')
    .argument('<b>', 'the same')
    .addOption(stopWall())
    .option('--quiet', 'print nothing; only the exit code counts')
    .option('--no-color', 'print without colours')
    .action(async (a: string, b: string, options: CompareCommandOptions) => {
      exit(await (await import('./compare.ts')).compareCommand(a, b, options, io, bench));
    });
}

function addChips(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'chips')
    .description('list the chips, or show one chip with the source of every number')
    .argument('[chip]')
    .option('--json', 'print JSON')
    .option('--no-color', 'print without colours')
    .action(async (chip: string | undefined, options: ChipsOptions) => {
      exit((await import('./chips.ts')).chipsCommand(chip, options, io));
    });
}

function addDemo(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'demo')
    .description('write a folder with a small firmware to try bootbench on, and the examples of the documentation')
    .argument('[folder]', 'where (default: bootbench-demo)')
    .action(async (folder: string | undefined) => {
      exit((await import('./demo.ts')).demoCommand(folder, io));
    });
}

function addExplain(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'explain')
    .description('explain a check, outcome, ROM option, reset cause, fault bit or confidence word; without a word, list them all')
    .argument('[word]', 'for example primask, rom-silent, INVSTATE')
    .action(async (id: string | undefined) => {
      exit((await import('./explain.ts')).explainCommand(id, io));
    });
}

function addCompletion(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'completion')
    .description('print a shell script that completes commands, options, chips and words: source <(bootbench completion bash)')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      exit((await import('./completion.ts')).completionCommand(shell, program, io));
    });
}

function addGdb(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'gdb'))
    .description('serve the emulated chip to GDB, halted at its first instruction, until Ctrl-C; `monitor help` in GDB lists more commands')
    .option('--port <n>', 'port of the first core; a second core has the next port; 0 = any free port (default: 3333)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reachable from this machine only)')
    .action(async (images: string[], options: GdbOptions) => {
      exit(await (await import('./gdb.ts')).gdbCommand(images, options, io));
    });
}

function addProbe(program: Command, io: Io, exit: (code: number) => void): void {
  onMachine(command(program, 'probe'))
    .description('serve the emulated chip as an ST-LINK over TCP, for OpenOCD: -f interface/stlink-dap.cfg -c "st-link backend tcp"')
    .option('--port <n>', 'port; 0 = any free port (default: 7184)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reachable from this machine only)')
    .option('--pty', 'also print a pseudo terminal that is wired to the USART of the ROM, 9600 baud, for `board settle --serial`')
    .action(async (images: string[], options: ProbeOptions) => {
      exit(await (await import('./probe.ts')).probeCommand(images, options, io));
    });
}

function addServe(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'serve')
    .description('serve the playground for your browser (run, step, change one thing, DFU, lessons) until Ctrl-C')
    .option('--port <n>', 'port; 0 = any free port (default: 8080)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, reachable from this machine only)')
    .option('--rom <file>', ROM_DUMP, collect)
    .option('--chip <chip>', 'the part that --rom was read from')
    .action(async (options: ServeOptions) => {
      exit(await (await import('./serve.ts')).serveCommand(options, io));
    });
}

function addMcp(program: Command, io: Io, exit: (code: number) => void): void {
  command(program, 'mcp')
    .description('serve run, fix, test, trace, explain and chips to a coding agent, over the Model Context Protocol on stdin and stdout')
    .action(async () => {
      exit(await (await import('./mcp.ts')).mcpCommand(io));
    });
}

/** Options that several commands for a board share. */
const fed = (c: Command): Command => c.option('--hse <frequency>', 'frequency of HSE on the board, for example 8M; needed for clock rates');
const shown = (c: Command): Command =>
  c.option('--json <file>', 'write the result (bootbench/board@1); - = stdout').option('--no-color', 'print without colours');
const resets = (c: Command): Command =>
  c
    .option('--timeout <time>', 'how long the firmware may take to reach the ROM (default: 10s)')
    .option('--yes', 'reset the board even if breakpoints are set on it');
const watches = (c: Command): Command =>
  c
    .option('--watch <who>', 'who watches USB: usb (the npm package `usb`), ask (asks you), none')
    .option('--watch-for <time>', 'how long to watch USB (default: 10s)');
const flashes = (c: Command): Command => c.option('--flash', "program the images first if the board's flash differs from them");

function addBoard(program: Command, io: Io, exit: (code: number) => void): void {
  const board = command(program, 'board').description(
    'run the same checks on a real board, through the GDB server of OpenOCD, pyOCD, ST-LINK, J-Link …',
  );
  const on = (name: string): Command =>
    command(board, name)
      .option('--gdb <place>', 'the GDB server, for example localhost:3333, or the serial device of a Black Magic Probe')
      .option('--chip <name>', 'the chip on the board')
      .option(
        '--server <name>',
        'kind of GDB server, if it is not recognised: openocd, pyocd, jlink, stlink, st-util, probe-rs, blackmagic, qemu',
      )
      .option('--leave-halted', 'leave the core halted at the end (default: let it run)')
      .option('--record <file>', 'record the traffic with the board (data read from the ROM is blanked)');
  addBoardVerdicts(on, io, exit);
  addBoardMeasurements(board, on, io, exit);
}

type OnBoard = (name: string) => Command;
/** Commands that say whether the board reaches DFU, and why not. */
function addBoardVerdicts(on: OnBoard, io: Io, exit: (code: number) => void): void {
  fed(shown(on('check')))
    .description('check the current state of the board; exit 0 = it is at the entry into the ROM and no check fails')
    .argument('[image...]', 'the firmware, to name source lines')
    .action(async (images: string[], options: BoardOptions) =>
      exit(await (await import('./board.ts')).boardCheckCommand(images, options, io)),
    );
  fed(watches(flashes(resets(shown(on('run'))))))
    .description('reset the board, run it to the first instruction of its ROM, and check its state there')
    .argument('[image...]', "the firmware that the board's flash should hold; also names source lines")
    .option('--last-writers', 'find the instruction that wrote each failing register with watchpoints (one reset per register)')
    .action(async (images: string[], options: BoardOptions) =>
      exit(await (await import('./board.ts')).boardRunCommand(images, options, io)),
    );
  fed(watches(resets(shown(on('prove')))))
    .description(
      'repair one failed check at a time through the debugger, with a reset for each, and see whether DFU comes up: proof on real silicon',
    )
    .argument('[check...]', 'checks to repair (default: all that fail)')
    .action(async (ids: string[], options: BoardOptions) =>
      exit(await (await import('./board-prove.ts')).boardProveCommand(ids, options, io)),
    );
  watches(on('watch'))
    .description('let the board run and report whether a DFU device appears; exit 0 = it does')
    .option('--reset', 'reset the board first')
    .option('--yes', 'reset the board even if breakpoints are set on it')
    .action(async (options: BoardOptions & { reset?: boolean }) =>
      exit(await (await import('./board-prove.ts')).boardWatchCommand(options, io)),
    );
}

/** Commands that learn something of a board: what is measured, compared, recorded. */
function addBoardMeasurements(board: Command, on: OnBoard, io: Io, exit: (code: number) => void): void {
  resets(on('capture'))
    .description('save registers, clocks, interrupts and flash at one instant, as measured facts for review')
    .argument('<file>', 'a new file; - = stdout')
    .option(
      '--at <when>',
      'now, reset, entry, rom = a second behind a jump from the state after a reset, or leave = the first instruction after a DFU leave (default: now)',
    )
    .action(async (file: string, options: CaptureOptions) =>
      exit(await (await import('./board-capture.ts')).boardCaptureCommand(file, options, io)),
    );
  shown(on('settle'))
    .description(
      'settle options of the ROM: a probe of 164 bytes in RAM leaves one thing broken and jumps, with a control run before and behind it; flash is not written; exit 0 = all are settled',
    )
    .argument('[option...]', 'options of the ROM, for example primask vtor')
    .option('--list', 'list the options of this chip, and why some cannot be settled')
    .option('--serial <device>', 'a serial port of this computer, wired to a USART that the ROM listens to: 0x7F is sent there')
    .option('--baud <rate>', 'of --serial (default: 9600)')
    .option(
      '--watch <who>',
      "who watches USB: usb (the npm package `usb`), ask (asks you); default: the registers of the board's USB block",
    )
    .option('--watch-for <time>', 'how long the ROM may take to answer (default: 5s)')
    .option('--timeout <time>', 'how long the probe may take to reach the ROM (default: 10s)')
    .option('--tries <n>', 'runs of each state, which have to agree (default: 2)')
    .option('--evidence <file>', "add what is settled to a file of evidence, with the ROM's hash and none of its bytes")
    .option('--yes', 'reset the board even if breakpoints are set on it')
    .action(async (names: string[], options: SettleOptions) =>
      exit(await (await import('./board-settle.ts')).boardSettleCommand(names, options, io)),
    );
  flashes(resets(on('step-compare')))
    .description('step through the jump on the board and on the emulated chip in parallel, and compare registers; exit 0 = none differs')
    .argument('<image...>')
    .option('--from <place>', 'function or address to start at (default: the function that jumps)')
    .option('--steps <n>', 'number of instructions (default: 500)')
    .option('--json <file>', 'write the result (bootbench/step-compare@1); - = stdout')
    .action(async (images: string[], options: StepOptions) =>
      exit(await (await import('./board-step.ts')).boardStepCompareCommand(images, options, io)),
    );
  command(board, 'dfu-test')
    .description(
      'run random DFU sequences on a real device, within a flash range that you name, and compare with the reference model; exit 0 = no difference',
    )
    .option('--usb <vid:pid>', 'the device (default: 0483:df11); needs the npm packages usb and fast-check')
    .option('--flash <address:length>', 'whole sectors that the test may erase and write')
    .option('--cases <n>', 'number of sequences (default: 100)')
    .option('--seed <n>', 'seed of the random sequences (default: 1)')
    .option('--json', 'print the result as JSON on stdout')
    .action(async (options: DfuTestOptions) => exit(await (await import('./board-dfu.ts')).boardDfuTestCommand(options, io)));
  shown(command(board, 'replay'))
    .description('repeat a command on its recording, without the board')
    .argument('<record>', 'file written by --record')
    .argument('[image...]', 'of `board step-compare`: the firmware that was compared')
    .action(async (file: string, images: string[], options: BoardOptions) =>
      exit(await (await import('./board-replay.ts')).boardReplayCommand(file, images, options, io)),
    );
  on('dump-rom')
    .description("read your chip's ROM into a file, for --rom")
    .argument('<file>')
    .action(async (file: string, options: BoardOptions) =>
      exit(await (await import('./board-dump.ts')).boardDumpCommand(file, options, io)),
    );
}
