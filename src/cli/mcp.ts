/**
 * `bootbench mcp`: tools of this program for coding agents, over the Model Context Protocol on stdin and stdout. Each call is a process of its own, so that a run can be
 * cancelled and the server answers meanwhile. Paths are those of the working folder; what a command may open is what it may open in a terminal; what is written has
 * rules of its own (agents-files.ts).
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Readable } from 'node:stream';
import { jsonLines } from '../bench/documents/json-text.ts';
import { SYMPTOMS, type RunResult } from '../bench/documents/result.ts';
import { surroundings } from '../bench/documents/system-errors.ts';
import { SurroundingsError } from '../bench/documents/usage-error.ts';
import { VERSION } from '../version.ts';
import { whyNoTraceAt } from './agents-files.ts';
import { EXIT, type Io } from './io.ts';
import { withShownPaths } from '../report/shown-paths.ts';
import { sourcesFor } from './run.ts';
import { INVALID_PARAMS, messagesOf } from './mcp-lines.ts';
import { checkOfMessages } from './mcp-requests.ts';
import { answering, withParent } from './parent.ts';
import { Turns } from './turns.ts';
import { optional } from '../campaign/optional.ts';
import { withPipes } from './shell.ts';

interface Answer {
  readonly text: string;
  /** Absent where a command has no document. */
  readonly structured?: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}
interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}
/** Runs this program with arguments; ends it when the signal comes. */
export type Program = (args: readonly string[], signal: AbortSignal) => Promise<Ran>;

/** A JSON schema. */
interface Property {
  readonly type: 'string' | 'array';
  readonly [key: string]: unknown;
}
type Arguments = Readonly<Record<string, unknown>>;
interface Tool {
  readonly name: string;
  readonly description: string;
  readonly properties: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  /** Those that name files to write. */
  readonly files?: readonly string[];
  readonly run: (given: Arguments, program: Program, signal: AbortSignal, io: Io) => Promise<Answer>;
}

/** Effort: what is larger is no path, no option and no word. */
const LONGEST = 4096;
const MOST = 100;
const ONE = { type: 'string', maxLength: LONGEST, pattern: '^[^\\0]*$' } as const;
const text = (description: string): Property => ({ ...ONE, description });
const texts = (description: string, more: object = {}): Property => ({ type: 'array', items: ONE, maxItems: MOST, description, ...more });
const IMAGES = texts('ELF (best, built with -g), Intel HEX, S-record, UF2 or DfuSe files, or a binary as file.bin@0x08000000', {
  minItems: 1,
});
const ON_A_CHIP = {
  chip: text('part, for example stm32f405rg; without it, it is read from the image'),
  board: text('board, for example nucleo-f446re'),
  scenario: text('file that says what happens to the board (bootbench/scenario@1)'),
};

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((v) => typeof v === 'string') : []);
/** Options as the command line has them: `--name=value`, so that no value is taken for an option. */
function options(given: Arguments, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const value = given[name];
    return typeof value === 'string' ? [`--${name}=${value}`] : strings(value).map((one) => `--${name}=${one}`);
  });
}
/** Images stand behind `--`: a file may begin with a dash. */
const images = (given: Arguments): string[] => (strings(given['images']).length === 0 ? [] : ['--', ...strings(given['images'])]);

const CHIP_OPTIONS = Object.keys(ON_A_CHIP);
const RUN_OPTIONS = [...CHIP_OPTIONS, 'goal', 'symptom', 'until'];
const TOOLS: readonly Tool[] = [
  {
    name: 'run',
    description:
      'Runs STM32 firmware on an emulated chip, through its jump into the ROM bootloader, and says whether DFU comes up; if not, which precondition was broken, by which line, how to mend it, and whether that was proved by repairing it. Presses buttons and sends bytes that the firmware waits for.',
    properties: {
      images: IMAGES,
      ...ON_A_CHIP,
      goal: text('usb (default), app, or an interface of the ROM: usart1, can1, i2c1, …'),
      symptom: texts('what is seen on the real board', { items: { ...ONE, enum: [...SYMPTOMS] } }),
      until: text('virtual time to run at most, for example 5s'),
    },
    run: async (given, program, signal, io) => {
      const ran = await program(['run', ...options(given, RUN_OPTIONS), '--json', '-', ...images(given)], signal);
      const result = documentIn(ran);
      if (result === null) return plainly(ran);
      // an agent opens what is named
      const scenario = typeof given['scenario'] === 'string' ? { scenario: given['scenario'] } : {};
      const shown = withShownPaths(result, sourcesFor(result, strings(given['images']), scenario, io));
      return { text: ran.err, structured: storyOf(shown, ran), failed: false };
    },
  },
  {
    name: 'fix',
    description: 'The change to the sources that mends what `run` finds, as a unified diff; empty where nothing is broken or no single change mends it.',
    properties: { images: IMAGES, ...ON_A_CHIP },
    run: async (given, program, signal) => {
      const ran = await program(['run', ...options(given, CHIP_OPTIONS), '--fix', ...images(given)], signal);
      // where there is no patch, the report says why
      return bad(ran) ? plainly(ran) : { text: ran.out === '' ? ran.err : ran.out, structured: { exitCode: ran.code, patch: ran.out }, failed: false };
    },
  },
  {
    name: 'test',
    description: 'Runs all scenarios below folders that say what they expect, and tells which hold; for those that do not, the cause with its line.',
    properties: { paths: texts('folders or files of scenarios', { minItems: 1 }) },
    required: ['paths'],
    run: async (given, program, signal) => {
      const ran = await program(['test', '--json', '-', '--', ...strings(given['paths'])], signal);
      const document = parsed(ran.out);
      return document === null ? plainly(ran) : { text: ran.err, structured: { exitCode: ran.code, ...document }, failed: false };
    },
  },
  {
    name: 'trace',
    description: 'Writes every event of a run (clocks, masks, exceptions, pins, USB, console) into files for Perfetto (.json), GTKWave (.vcd) or Wireshark (.pcapng).',
    properties: { images: IMAGES, ...ON_A_CHIP, out: texts('files to write; the ending says the form', { minItems: 1 }) },
    required: ['images', 'out'],
    files: ['out'],
    run: async (given, program, signal) => plainly(await program(['trace', ...options(given, [...CHIP_OPTIONS, 'out']), ...images(given)], signal)),
  },
  {
    name: 'explain',
    description: 'Explains a word of a report: a check, an outcome, a ROM option, a cause of reset, a fault bit. Without a word: all of them.',
    properties: { word: text('for example primask, rom-silent, INVSTATE') },
    run: async (given, program, signal) => plainly(await program(['explain', ...behind(given['word'])], signal)),
  },
  {
    name: 'chips',
    description: 'The chips that are emulated; of one chip, every number with its source.',
    properties: { chip: text('for example stm32f405rg') },
    run: async (given, program, signal) => plainly(await program(['chips', ...behind(given['chip'])], signal)),
  },
]; // prettier-ignore

const behind = (word: unknown): string[] => (typeof word === 'string' ? ['--', word] : []);
/** Wrong input, a defect, failing surroundings or a signal: no verdict. */
const bad = ({ code }: Ran): boolean => code !== EXIT.ok && code !== EXIT.failed;
const plainly = (ran: Ran): Answer => ({ text: ran.out === '' || bad(ran) ? `${ran.out}${ran.err}` : ran.out, failed: bad(ran) });
function parsed(out: string): Record<string, unknown> | null {
  try {
    return JSON.parse(out) as Record<string, unknown>;
  } catch {
    return null;
  }
}
const documentIn = (ran: Ran): RunResult | null => (bad(ran) ? null : (parsed(ran.out) as RunResult | null));

/** What an agent goes on from; the whole document is what `bootbench run --json` writes. */
function storyOf(result: RunResult, { code, err }: Ran): Record<string, unknown> {
  const { chip, outcome, summary, diagnosis, ways, after } = result;
  return {
    exitCode: code,
    chip,
    outcome,
    summary,
    causes: diagnosis.causes,
    ...(ways === undefined ? {} : { ways }),
    ...(after === undefined ? {} : { after }),
    story: err,
  };
}

const MOST_WAITING = 64;

/** What the schema of a tool does not allow, in words: nobody else checks it. */
function wrongIn({ name, properties, required = [] }: Tool, given: Arguments): string | null {
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(properties, key));
  if (unknown.length > 0) return `unknown: ${unknown.join(', ').slice(0, LONGEST)}; ${name} knows ${Object.keys(properties).join(', ')}`;
  for (const [key, value] of Object.entries(given)) {
    const why = value === null ? null : wrongValue(properties[key]!, value);
    if (why !== null) return `${key} ${why}`;
  }
  const missing = required.filter((key) => strings(given[key]).length === 0);
  return missing.length > 0 ? `missing: ${missing.join(', ')}` : null;
}
function wrongValue({ type }: Property, value: unknown): string | null {
  if (type === 'array' ? !Array.isArray(value) : typeof value !== 'string')
    return type === 'array' ? 'is a list of strings' : 'is a string';
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (all.length > MOST) return `has ${all.length} entries; ${MOST} are allowed`;
  for (const one of all) {
    if (typeof one !== 'string') return 'is a list of strings';
    if (one.length > LONGEST) return `has ${one.length} characters; ${LONGEST} are allowed`;
    if (one.includes('\0')) return 'has a NUL in it';
  }
  return null;
}
function refusedFile({ files = [] }: Tool, given: Arguments, cwd: string): string | null {
  const refused = files.flatMap((key) => strings(given[key])).flatMap((path) => whyNoTraceAt(path, cwd) ?? []);
  return refused.length === 0 ? null : refused.join('\n');
}

/** Answers until the client closes stdin or stdout, or a signal ends it. */
export async function mcpCommand(io: Io, program: Program = thisProgram(io)): Promise<number> {
  const { Server, StdioServerTransport, types } = await sdk();
  const { CallToolRequestSchema, ListToolsRequestSchema } = types;
  const server = new Server({ name: 'bootbench', version: VERSION }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: TOOLS.map(({ name, description, properties, required = [] }) => ({
      name,
      description,
      inputSchema: { type: 'object' as const, properties, required: [...required], additionalProperties: false },
    })),
  }));
  const turns = new Turns(availableParallelism(), MOST_WAITING);
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const tool = TOOLS.find((t) => t.name === params.name);
    if (tool === undefined) throw noTool(params.name);
    const given = params.arguments ?? {};
    const wrong = wrongIn(tool, given) ?? refusedFile(tool, given, io.cwd);
    if (wrong !== null) return content({ text: wrong, failed: true });
    return content((await turns.take(() => tool.run(given, program, signal, io), signal)) ?? { text: `${MOST_WAITING} calls wait already; call again when one of them is answered`, failed: true });
  }); // prettier-ignore
  const messages = Readable.from(
    messagesOf(process.stdin, process.stdout, checkOfMessages(types), ({ id, ...error }) => io.stdout.raw(jsonLines([{ jsonrpc: '2.0', id, error }]))),
    { objectMode: false, highWaterMark: 1 },
  ); // prettier-ignore
  // each answer that waits for the client listens to it
  process.stdout.setMaxListeners(0);
  const transport = new StdioServerTransport(messages, process.stdout);
  try {
    await new Promise<void>((closed, failed) => {
      transport.onclose = closed;
      // the SDK does not hear that the client has gone
      messages.once('end', closed).on('error', failed);
      // nor that nobody reads the answers any more
      process.stdout.once('close', closed);
      io.onInterrupt(() => closed());
      server.connect(transport).catch(failed);
    });
  } finally {
    // it may have more to say
    process.stdin.destroy();
    await server.close();
  }
  return EXIT.ok;
}

const noTool = (name: string): Error =>
  Object.assign(new Error(`there is no tool ${JSON.stringify(name.slice(0, LONGEST))}; there are ${TOOLS.map((t) => t.name).join(', ')}`), {
    code: INVALID_PARAMS,
  });

const content = ({ text: said, structured, failed }: Answer): Record<string, unknown> => ({
  content: [{ type: 'text', text: said }],
  ...(structured === undefined ? {} : { structuredContent: structured }),
  ...(failed ? { isError: true } : {}),
});

/** An optional package: only agents need it. */
async function sdk() {
  const [{ Server }, { StdioServerTransport }, types] = await optional(
    () =>
      Promise.all([
        import('@modelcontextprotocol/sdk/server/index.js'),
        import('@modelcontextprotocol/sdk/server/stdio.js'),
        import('@modelcontextprotocol/sdk/types.js'),
      ]),
    'mcp needs the package @modelcontextprotocol/sdk',
    'npm install @modelcontextprotocol/sdk',
  );
  return { Server, StdioServerTransport, types };
}

/** Node that gets some of its threads, and not all, waits for ever before it runs anything. */
const START_MS = 60_000;
const thisProgram =
  (io: Io): Program =>
  (args, signal) =>
    new Promise((done, fail) => {
      const child = withPipes(
        spawn(process.execPath, [process.argv[1]!, ...args], {
          cwd: io.cwd,
          env: answering(withParent(io.env)),
          signal,
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        }),
      );
      let late: Error | null = null;
      const start = setTimeout(() => {
        late = new SurroundingsError(
          `a process that was started has done nothing for ${START_MS / 1000} s, and was ended`,
          'is the machine overloaded, or the limit of processes reached (`ulimit -u`)?',
        );
        child.kill('SIGKILL');
      }, START_MS);
      child.once('message', () => clearTimeout(start));
      const [out, err]: Buffer[][] = [[], []];
      child.stdout!.on('data', (part: Buffer) => out!.push(part));
      child.stderr!.on('data', (part: Buffer) => err!.push(part));
      // its turn lasts until the process has gone
      let cancelled: Error | null = null;
      child.once('error', (error) => {
        if (error.name === 'AbortError') cancelled = error;
        else fail(surroundings(error, 'no process can be started') ?? error);
      });
      child.once('close', (code) => {
        clearTimeout(start);
        const why = late ?? cancelled;
        if (why !== null) fail(why);
        else done({ code, out: Buffer.concat(out!).toString(), err: Buffer.concat(err!).toString() });
      });
    });
