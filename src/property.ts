/**
 * `bootbench/property`: fast-check arbitraries for a DFU device on an emulated chip, judged by DFU 1.1, AN3156 and its own dialect.
 *
 *     const dfu = await openDfu({ chip: 'stm32l476rg', images: [], scenario: { board: { boot0: 1 } } });
 *     fc.assert(fc.property(dfu.commands(), (commands) => dfu.check(commands)));
 * @module bootbench/property
 */
import * as fc from 'fast-check';
import './browser-host.ts';
import { caseSteps, type DfuCommand } from './bench/dfu/dfu-command.ts';
import { checkCommands, type DfuPlace } from './bench/dfu/dfu-command-check.ts';
import { DfuProperty, type DfuReset } from './bench/dfu/dfu-property.ts';
import { noDevice } from './bench/dfu/no-device.ts';
import { DfuTarget } from './bench/dfu/dfu-target.ts';
import { judgedBy, type JudgeOptions } from './bench/dfu/measure.ts';
import { HeldMachine } from './bench/session/held-machine.ts';
import { jobInput } from './bench/input/job.ts';
import { SCENARIO_SCHEMA, type HostKind } from './bench/documents/scenario-types.ts';
import { shown, UsageError } from './bench/documents/usage-error.ts';
import { HOST } from './library/host.ts';
import { libraryJob, type BenchOptions, type TypedScenario } from './library/options.ts';
import { casesFor, checkArbitrary, type DfuArbitraryOptions } from './library/dfu-cases.ts';
import { dfuExamples } from './library/dfu-examples.ts';
import type { DfuFacts } from './usb-sim/conform/link.ts';
import type { MonitorOptions } from './usb-sim/conform/monitor.ts';
import type { DfuSegment } from './usb-sim/descriptors.ts';

export { dfuCommands, type DfuArbitraryOptions } from './library/dfu-cases.ts';
export { DfuViolation, type DfuReset } from './bench/dfu/dfu-property.ts';
export { describeCommand, describeCommands, patternBytes } from './bench/dfu/dfu-command-check.ts';
export type { DfuCommand } from './bench/dfu/dfu-command.ts';
export type { PendingWrite } from './usb-sim/conform/work.ts';
export { ReferenceDfu, type ReferenceOptions } from './usb-sim/conform/reference.ts';
export type { DfuFacts, LinkAnswer, LinkStatus } from './usb-sim/conform/link.ts';
export type { BusError } from './bench/documents/scenario-types.ts';
export type { DfuFunctional, DfuSegment } from './usb-sim/descriptors.ts';
export type { BenchOptions } from './library/options.ts';

/** A DFU device in dfuIDLE, and the cases to run on it. */
export interface DfuUnderTest {
  /** Facts from the descriptors of the device. */
  readonly facts: DfuFacts;
  /** Memory that downloads go to: as the device names it, or (without DfuSe) where two blocks were found in flash; empty: not known. */
  readonly memory: readonly DfuSegment[];
  /** Names of the dialects by which it is judged: `abort-from-sync:dfuDNLOAD-SYNC.ABORT` (see docs/conformance.md). */
  readonly dialect: readonly string[];
  /** A fast-check arbitrary of cases; a failing case shrinks to the commands that are needed. */
  commands(options?: DfuArbitraryOptions): fc.Arbitrary<DfuCommand[]>;
  /**
   * Cases that fast-check runs before the random ones: `fc.assert(…, { examples: dfu.examples(), numRuns: 2000 })`. Every request and disturbance in
   * every state, and the borders of packets, blocks, sectors and regions. They count as runs.
   */
  examples(options?: Pick<DfuArbitraryOptions, 'disturbances'>): [DfuCommand[]][];
  /**
   * Resets behind which an application starts, or anything else that is not DFU: a case ends there. Empty where the scenario leads to DFU behind
   * every reset, as it should.
   */
  endsAt(): DfuReset[];
  /** Runs one case on a fork of the device in dfuIDLE. Throws a DfuViolation if the device breaks a rule. */
  check(commands: readonly DfuCommand[]): void;
  /** What the cases say nothing about with this device, a sentence each: flash above all, where nothing of what it takes is seen there. */
  readonly notJudged: readonly string[];
  /** A scenario that performs the same commands. */
  scenario(commands: readonly DfuCommand[]): TypedScenario;
  /** Releases the machine. */
  close(): void;
}

export interface OpenDfuOptions extends BenchOptions, JudgeOptions {}
export type { JudgedMemory, JudgeOptions } from './bench/dfu/measure.ts';

const HOSTS: readonly HostKind[] = ['linux', 'windows', 'macos'];
/** A fast-check arbitrary of USB hosts, for `scenario.host.kind`. */
export const hostKind = (): fc.Arbitrary<HostKind> => fc.constantFrom(...HOSTS);

/**
 * Runs firmware until its DFU device is on the bus, and finds out by what it is judged: DFU 1.1, AN3156 where it speaks DfuSe, and its own dialect.
 * Throws a UsageError if no device appears, or for a name that is not known; a DfuViolation if it does not take blocks of wTransferSize as the one of the baseline did.
 */
export async function openDfu(options: OpenDfuOptions): Promise<DfuUnderTest> {
  const { readProtected = false, dialect, baseline, accept, memory, ...rest } = options ?? {};
  if (typeof readProtected !== 'boolean') throw new UsageError(`readProtected is ${shown(readProtected)}`, 'give true or false');
  const job = await libraryJob(options ? (rest as BenchOptions) : options);
  await HOST.prepare(job.chip);
  const held = new HeldMachine(jobInput(job));
  const end = held.start();
  if (!held.usb.outsideReady) {
    const { what, next } = noDevice(held.session, end);
    held.release();
    throw new UsageError(what, next);
  }
  const target = new DfuTarget(held);
  const judged = await judgedBy(target, {
    readProtected,
    ...(dialect === undefined ? {} : { dialect }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(accept === undefined ? {} : { accept }),
    ...(memory === undefined ? {} : { memory }),
  });
  const property = new DfuProperty(target, judged);
  let open = true;
  const mustBeOpen = (): void => {
    if (!open) throw new UsageError('this device was closed', 'call openDfu again');
  };
  const place: DfuPlace = { memory: judged.layout, dfuse: judged.dfuse };
  return {
    facts: target.facts,
    memory: judged.layout,
    dialect: judged.dialect.names,
    notJudged: notJudged(judged),
    commands: (o) => casesFor(target.facts, place, o),
    examples: (o = {}) => {
      checkArbitrary(o);
      return dfuExamples(target.facts, place, o.disturbances ?? true).map((commands) => [commands]);
    },
    endsAt: () => {
      mustBeOpen();
      return property.endsAt();
    },
    check: (commands) => {
      mustBeOpen();
      checkCommands(commands, place);
      property.run(commands);
    },
    scenario: (commands) => {
      checkCommands(commands, place);
      const steps = caseSteps(commands, target.facts).map((s, i) => (i === 0 ? { ...s, after: '1s' } : s));
      return {
        ...(job.scenario as TypedScenario),
        schema: SCENARIO_SCHEMA,
        chip: job.chip,
        images: options.images.map((i) => i.path),
        steps: [...(job.scenario.steps ?? []), ...steps],
      };
    },
    close: () => {
      open = false;
      held.release();
    },
  };
}

function notJudged({ dfuse, layout, heldBack, shortAtOnce, held }: MonitorOptions): string[] {
  if (dfuse) return [];
  if (layout.length === 0) return ['flash: what the device takes does not lie there as it is, so that nobody sees what it writes'];
  return [
    ...(heldBack > 0 ? [`the first ${heldBack} bytes of its memory, before a download has ended`] : []),
    ...(shortAtOnce ? [] : ['a short block, before a download has ended']),
    ...(held.has('plain.shorter-blocks') ? [] : ['where a block goes that comes behind a short one']),
  ];
}
