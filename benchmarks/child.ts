/** One sample in a process of its own: what it costs to start and to warm up is inside, and no sample sees another's heap or compiled code. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { attempt, type Starts } from '../src/bench/proof/attempt.ts';
import * as fc from 'fast-check';
import { HeldMachine } from '../src/bench/session/held-machine.ts';
import { jobInput } from '../src/bench/input/job.ts';
import { libraryJob, type BenchOptions } from '../src/library/options.ts';
import { BRANCH_HINTS, WORKER_SETTINGS } from '../src/cli/v8-settings.ts';
import { serveUsbIp } from '../src/cli/usbip-server.ts';
import { openDfu } from '../src/property.ts';
import type { DfuOperation } from '../src/usb-sim/types.ts';
import type { DfuRequest } from '../src/usb-sim/usb-sim.ts';
import { usbIpExport } from '../src/usb-sim/usbip-connection.ts';
import { parseScenario } from '../src/bench/input/scenario.ts';
import type { Session } from '../src/bench/session/session.ts';
import { guestOn, runGuest, sessionOf, withWords, type Words } from './guest.ts';
import { runRp2040, runUnicorn } from './peer-engines.ts';
import type { Sample } from './sample.ts';
import { downloadByUsbIp } from './usbip-client.ts';

const set = (settings: readonly string[]): void => settings.forEach((s) => setFlagsFromString(s));
set(BRANCH_HINTS);

export type Task =
  | {
      readonly kind: 'program';
      readonly target: string;
      readonly elf: string;
      readonly words: Words;
      readonly skipping: boolean;
      readonly translating: boolean;
    }
  | { readonly kind: 'boots' | 'boots-restored' | 'forks'; readonly scenario: string; readonly seconds: number; readonly count: number }
  | { readonly kind: 'dfu-download' | 'dfu-upload' | 'dfu-usbip'; readonly chip: string; readonly bytes: number }
  | { readonly kind: 'dfu-cases'; readonly chip: string; readonly disturbances: boolean; readonly count: number }
  | { readonly kind: 'unicorn'; readonly elf: string; readonly words: Words; readonly hook: boolean; readonly instructions: number }
  | { readonly kind: 'rp2040js'; readonly module: string; readonly elf: string; readonly words: Words; readonly instructions: number };

/** Times `action`, which tells what it has done. */
function timed(action: () => Partial<Sample>): Sample {
  const since = started();
  return since(action());
}
/** Time begins now; the answer, asked when the work is done, says what it took. */
function started(): (done: Partial<Sample>) => Sample {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return (done) => {
    const seconds = (performance.now() - start) / 1000;
    const used = process.cpuUsage(cpu);
    return {
      instructions: 0,
      cycles: 0,
      count: 0,
      ...done,
      seconds,
      cpu: (used.user + used.system) / 1e6,
      peakMb: process.resourceUsage().maxRSS / 1024,
    };
  };
}

export async function sample(task: Task): Promise<Sample> {
  switch (task.kind) {
    case 'program': {
      const guest = guestOn(task.target, withWords(readFileSync(task.elf), task.words, task.elf));
      const core = guest.machine.bootCore;
      guest.machine.skipping = task.skipping;
      core.setTranslating(task.translating);
      const from = core.cycles();
      return timed(() => {
        const code = runGuest(guest);
        if (code !== 0) throw new Error(`${task.elf} ended with ${code}`);
        return { instructions: core.retired(), cycles: core.cycles() - from };
      });
    }
    case 'boots':
    case 'boots-restored':
    case 'forks':
      // as a worker of a campaign runs them
      set(WORKER_SETTINGS);
      return many(task.kind, await scenarioOf(task.scenario), task.seconds, task.count);
    case 'dfu-download':
    case 'dfu-upload':
      return transfer(task.kind, task.chip, task.bytes);
    case 'dfu-usbip':
      return overUsbIp(task.chip, task.bytes);
    case 'dfu-cases':
      return dfuCases(task.chip, task.disturbances, task.count);
    case 'unicorn':
      return runUnicorn(withWords(readFileSync(task.elf), task.words, task.elf), task.hook, task.instructions, timed);
    case 'rp2040js':
      return runRp2040(task.module, withWords(readFileSync(task.elf), task.words, task.elf), task.instructions, timed);
  }
}

const IN_ROM: Pick<BenchOptions, 'images' | 'scenario'> = { images: [], scenario: { board: { boot0: 1 } } };
/** Virtual time between two looks whether the client is done (ps). */
const LOOK = 10_000_000_000;

const testBytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 73 + (i >> 8) * 11 + 1) & 0xff);

/** A transfer of the simulated host's own client to the stand-in ROM, as dfu-util makes it; before an upload the same bytes are written. */
async function transfer(kind: 'dfu-download' | 'dfu-upload', chip: string, length: number): Promise<Sample> {
  const held = new HeldMachine(jobInput(await libraryJob({ chip, ...IN_ROM })));
  held.start();
  const address = 0x08000000;
  const data = testBytes(length);
  const carryOut = (request: DfuRequest): DfuOperation => {
    const id = held.usb.dfu(request);
    while (!held.usb.dfuIdle) held.run(held.bus.now + LOOK);
    const done = held.usb.operations.find((o) => o.id === id)!;
    if (done.status !== 'ok') throw new Error(`${request.kind}: ${done.error}`);
    return done;
  };
  const download: DfuRequest = { kind: 'download', address, data };
  if (kind === 'dfu-download') return timed(() => ({ count: Number(carryOut(download).status === 'ok') }));
  carryOut(download);
  let back: DfuOperation | null = null;
  const taken = timed(() => {
    back = carryOut({ kind: 'upload', address, length });
    return { count: 1 };
  });
  if (Buffer.compare(Buffer.from(back!.data), Buffer.from(data)) !== 0) throw new Error('the upload brings other bytes');
  return taken;
}

/** The same download by a client of the USB/IP server; `told`: what the device has told that client to sleep, which it does not. */
async function overUsbIp(chip: string, length: number): Promise<Sample> {
  const held = new HeldMachine(jobInput(await libraryJob({ chip, ...IN_ROM })));
  held.start();
  held.usb.claim();
  const busId = '1-1';
  const server = await serveUsbIp(
    usbIpExport(held.bus, busId, () => {}),
    '127.0.0.1',
    0,
  );
  const since = started();
  const told = await downloadByUsbIp(server.port, busId, 0x08000000, testBytes(length));
  const sample = since({ count: 1, told: told / 1000 });
  await server.close();
  return sample;
}

/** Cases of `bootbench/property` from a fork, after some to warm up. */
async function dfuCases(chip: string, disturbances: boolean, count: number): Promise<Sample> {
  const dfu = await openDfu({ chip, ...IN_ROM });
  const cases = fc.sample(dfu.commands({ disturbances }), { numRuns: 2 * count, seed: 1 });
  for (const commands of cases.slice(count)) dfu.check(commands);
  return timed(() => {
    for (const commands of cases.slice(0, count)) dfu.check(commands);
    return { count };
  });
}

interface Fixture {
  readonly start: () => Session;
  readonly outcome: string;
}
async function scenarioOf(path: string): Promise<Fixture> {
  const scenario = await parseScenario(readFileSync(path, 'utf8'), path);
  const expected = scenario.expect?.outcome;
  if (typeof expected !== 'string') throw new Error(`${path} does not say what outcome it expects`);
  const images = scenario.images!.map((name) => ({ path: name, bytes: new Uint8Array(readFileSync(join(dirname(path), name))) }));
  return { start: () => sessionOf(scenario.chip!, images, scenario), outcome: expected };
}

/** As many runs as fit into the time, at least `count`; each must come out as the fixture says. */
function many(kind: 'boots' | 'boots-restored' | 'forks', fixture: Fixture, seconds: number, count: number): Sample {
  const check = (outcome: string): void => {
    if (outcome !== fixture.outcome) throw new Error(`a run came out as ${outcome}, not as ${fixture.outcome}`);
  };
  let one: () => void;
  if (kind === 'boots')
    one = () => {
      const session = fixture.start();
      check(session.run().outcome);
      session.release();
    };
  else {
    const session = fixture.start();
    const starts: Starts = { powerOn: session.save(), entry: null, entryNumber: 1 };
    check(session.run().outcome);
    const entry = session.entryCheckpoint;
    if (entry === null) throw new Error('the run has no entry into system memory');
    const fork: Starts = kind === 'forks' ? { ...starts, entry, entryNumber: session.machine.history.entries.length } : starts;
    one = () => check(attempt(session, fork, []).outcome);
  }
  return timed(() => {
    const until = performance.now() + seconds * 1000;
    let done = 0;
    while (done < count || performance.now() < until) {
      one();
      done++;
    }
    return { count: done };
  });
}
