/**
 * Runs a client as it is: its modules are loaded from their files into a realm of their own, what they import of a page is replaced by stubs, and their timers run on the machine's time.
 * Needs `--experimental-vm-modules`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import vm from 'node:vm';

/** The machine's time, as a client's timers see it. */
export interface Clock {
  /** Emulated time, milliseconds. */
  now(): number;
  /** Lets it pass. */
  pass(ms: number): Promise<void>;
  /** A transfer is under way: it makes the time pass. */
  busy(): boolean;
}

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly every: number | null;
  readonly call: () => void;
}
const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

/** Timers in the order of the machine's time. */
class Timers {
  private readonly clock: Clock;
  private readonly failed: (error: unknown) => void;
  private timers: Timer[] = [];
  private next = 1;
  private running = false;
  stopped = false;
  constructor(clock: Clock, failed: (error: unknown) => void) {
    this.clock = clock;
    this.failed = failed;
  }
  get none(): boolean {
    return this.timers.length === 0;
  }
  set(call: () => void, ms: number, repeats: boolean): number {
    const wait = Math.max(0, Number(ms) || 0);
    const id = this.next++;
    this.add({ id, due: this.clock.now() + wait, every: repeats ? Math.max(1, wait) : null, call });
    if (!this.running) void this.run().catch(this.failed);
    return id;
  }
  clear(id: number): void {
    this.timers = this.timers.filter((t) => t.id !== id);
  }
  private add(timer: Timer): void {
    this.timers.push(timer);
    this.timers.sort((a, b) => a.due - b.due || a.id - b.id);
  }
  private async run(): Promise<void> {
    this.running = true;
    while (this.timers.length > 0 && !this.stopped) {
      // whoever was answered goes on first
      await turn();
      await turn();
      const first = this.timers[0];
      if (!first) break;
      const early = first.due - this.clock.now();
      if (early > 1e-6) {
        if (!this.clock.busy()) await this.clock.pass(early);
        continue;
      }
      this.clear(first.id);
      if (first.every !== null) this.add({ ...first, due: first.due + first.every });
      first.call();
    }
    this.running = false;
  }
}

export interface Sandbox {
  /** Runs a script of a page (`<script src>`); what it declares is seen by those that follow. */
  script(file: string): void;
  /** Value of an expression in the realm. */
  value(expression: string): unknown;
  /** Loads a CommonJS module; packages that it requires are loaded likewise. */
  commonJs(file: string): Record<string, unknown>;
  /** Loads a module and all that it imports from its own folders. */
  module(file: string): Promise<Record<string, unknown>>;
  /** What the client has written to the console, and errors that it did not catch. */
  readonly lines: string[];
  /** No timer is set. */
  idle(): boolean;
  stop(): void;
}

const IMPORT = /^import\s+(?:([\w$]+)\s*,?\s*)?(?:\{([^}]*)\}\s*)?from\s*["']([^"']+)["']/gm;

/** @param stubs modules by the last part of their name: `gui`, `localization`; others in the client's folders are loaded */
export function sandbox(
  clock: Clock,
  globals: Readonly<Record<string, unknown>>,
  stubs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {},
): Sandbox {
  const lines: string[] = [];
  const log = (...parts: unknown[]): void => void lines.push(parts.map(String).join(' '));
  const timers = new Timers(clock, (error) => log(`uncaught: ${String(error)}`));
  const context = vm.createContext({
    ...{ console: { log, info: log, warn: log, error: log, debug: log, groupCollapsed: log, groupEnd: () => undefined } },
    ...{ EventTarget, Event, CustomEvent: globalThis.CustomEvent, DOMException, TextDecoder, TextEncoder, URL, Blob, AbortController },
    setTimeout: (call: () => void, ms = 0) => timers.set(call, ms, false),
    setInterval: (call: () => void, ms = 0) => timers.set(call, ms, true),
    clearTimeout: (id: number) => timers.clear(id),
    clearInterval: (id: number) => timers.clear(id),
    ...globals,
  });
  vm.runInContext('globalThis.window = globalThis.self = globalThis;', context);
  const loaded = new Map<string, vm.Module>();
  const stub = (name: string, source: string): vm.Module => {
    const names = namesImported(source, name);
    const given = stubs[last(name)] ?? {};
    return new vm.SyntheticModule(
      names,
      function (this: vm.SyntheticModule) {
        for (const key of names) this.setExport(key, given[key] ?? nothing());
      },
      { context, identifier: name },
    );
  };
  const load = async (file: string): Promise<vm.Module> => {
    const known = loaded.get(file);
    if (known) return known;
    const source = readFileSync(file, 'utf8');
    const module = new vm.SourceTextModule(source, { context, identifier: file });
    loaded.set(file, module);
    await module.link((name) => {
      const found = Object.hasOwn(stubs, last(name)) ? undefined : (fileOf(resolve(dirname(file), name)) ?? packageFile(file, name));
      return found === undefined ? stub(name, source) : load(found);
    });
    return module;
  };
  return {
    lines,
    script: (file) => void vm.runInContext(readFileSync(file, 'utf8'), context, { filename: file }),
    value: (expression) => vm.runInContext(expression, context),
    commonJs: (file) => commonJs(file, context, new Map()),
    async module(file) {
      const module = await load(file);
      await module.evaluate();
      return module.namespace as Record<string, unknown>;
    },
    idle: () => timers.none,
    stop: () => {
      timers.stopped = true;
    },
  };
}

function commonJs(file: string, context: vm.Context, loaded: Map<string, { exports: Record<string, unknown> }>): Record<string, unknown> {
  const known = loaded.get(file);
  if (known) return known.exports;
  const module = { exports: {} as Record<string, unknown> };
  loaded.set(file, module);
  const resolver = createRequire(file);
  const call = vm.compileFunction(readFileSync(file, 'utf8'), ['exports', 'require', 'module'], {
    filename: file,
    parsingContext: context,
  });
  call(module.exports, (name: string) => commonJs(resolver.resolve(name), context, loaded), module);
  return module.exports;
}

const last = (name: string): string => name.split('/').at(-1)!.replace(/\.js$/, '');
/** Of a package that the client brings along: its module. */
function packageFile(from: string, name: string): string | undefined {
  if (name.startsWith('.')) return undefined;
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}
const fileOf = (path: string): string | undefined => [path, `${path}.js`].find((p) => /\.m?js$/.test(p) && existsSync(p));

/** What a module imports of another by name. */
function namesImported(source: string, from: string): string[] {
  const names = new Set<string>();
  for (const [, byDefault, list, module] of source.matchAll(IMPORT)) {
    if (module !== from) continue;
    if (byDefault !== undefined) names.add('default');
    for (const part of (list ?? '').split(',')) if (part.trim() !== '') names.add(part.trim().split(/\s+as\s+/)[0]!);
  }
  return [...names];
}

/** A page's part that nobody asks for anything: every property is one, and a call of it is one. */
export function nothing(): unknown {
  const part: unknown = new Proxy(() => undefined, {
    get: (_, key) => (key === Symbol.toPrimitive ? () => '' : key === 'then' ? undefined : part),
    apply: () => part,
    set: () => true,
  });
  return part;
}
