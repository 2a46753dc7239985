/** `bootbench conform`: the DFU conformance kit against the emulated device, or against a real one through the package `usb`. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { DfuTarget } from '../bench/dfu/dfu-target.ts';
import { Budget, CutShort } from '../bench/session/budget.ts';
import { wordValue } from '../bench/input/scenario.ts';
import { shown, UsageError } from '../bench/documents/usage-error.ts';
import { isSerialRequirement, runSerialConformance } from '../bench/serial/serial-kit.ts';
import { byRequests, conformanceHtml, conformanceText, deviceName, endedText, type JudgedReport } from '../report/conformance.ts';
import { junit, type JUnitCase } from '../report/junit.ts';
import { printable } from '../report/text.ts';
import { whyNotWritable, type DfuLink } from '../usb-sim/conform/link.ts';
import { isRequirement, runConformance } from '../usb-sim/conform/kit.ts';
import type { ConformanceOptions } from '../usb-sim/conform/requirement.ts';
import { WebUsbLink } from '../usb-sim/conform/web-usb-link.ts';
import { openUart } from './conform-uart.ts';
import { readConformance, worseThan, type Lost } from './conform-baseline.ts';
import { heldHooks, heldMachine, started } from './held.ts';
import { limitsOf, loadJob, typedFiles, type RunOptions } from './inputs.ts';
import { EXIT, exitAfter, paintFor, type Io } from './io.ts';
import { Outputs, type OutputFile } from './outputs.ts';
import { interruptible, orCutShort, runHooks } from './interruptible.ts';
import { noDevice } from '../bench/dfu/no-device.ts';
import { toldTrigger } from './trigger.ts';
import { usbPackage } from './usb-package.ts';
import type { SafeText } from '../bench/documents/safe-text.ts';

export interface ConformOptions extends RunOptions {
  readonly flash?: string;
  readonly accept?: string;
  readonly baseline?: string;
  readonly usb?: string;
  readonly uart?: string | true;
  readonly json?: string;
  readonly html?: string;
  readonly junit?: string;
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly color?: boolean;
}
export interface Flash {
  readonly address: number;
  readonly length: number;
}
export interface Opened {
  readonly link: DfuLink;
  readonly close: () => void | Promise<void>;
}

export async function conformCommand(images: readonly string[], options: ConformOptions, io: Io): Promise<number> {
  const onStdout = (['json', 'html', 'junit'] as const).filter((key) => options[key] === '-');
  if (onStdout.length > 1) throw new UsageError(`--${onStdout.join(' and --')} both write to stdout`);
  const flash = options.flash === undefined ? null : flashRange(options.flash);
  if (options.usb !== undefined && (images.length > 0 || options.chip !== undefined))
    throw new UsageError('--usb tests a real device', 'leave out images and --chip');
  if (options.uart !== undefined && (options.usb !== undefined || flash !== null))
    throw new UsageError('--uart tests the emulated chip, and finds the pages itself', 'leave out --usb and --flash');
  const accept = acceptedIds(options.accept, options.uart !== undefined);
  const before = options.baseline === undefined ? null : readConformance(options.baseline, io.cwd);
  const files = (['json', 'html', 'junit'] as const).flatMap((key): OutputFile[] => {
    const path = options[key];
    return path === undefined || path === '-' ? [] : [{ option: `--${key}`, path }];
  });
  const outputs = new Outputs(files, io.cwd, typedFiles(images, options));
  try {
    const opened = await openDevice(images, options, flash, io);
    try {
      const { report, seconds, signal } = await interruptible(io, false, async (hooks) => {
        const budget = new Budget({ limits: limitsOf(options), ...runHooks(hooks) });
        const found = await orCutShort(() => timed(opened.judge, accept, budget), 'the conformance test', hooks);
        return { ...found, signal: hooks.interrupted() };
      });
      const lost = before === null ? [] : worseThan(before, report);
      writeReport({ report, seconds, lost }, options, outputs, onStdout[0], io);
      if (report.ended !== undefined) return signal === null ? EXIT.failed : exitAfter(signal);
      io.stderr.write(keptText(report, accept, options));
      return (before === null ? report.counts.fail : lost.length) === 0 ? EXIT.ok : EXIT.failed;
    } finally {
      await opened.close();
    }
  } finally {
    outputs.discard();
  }
}

/** Of what is accepted, what need not be any more. */
function keptText(report: JudgedReport, accept: readonly string[], { quiet }: ConformOptions): string {
  if (quiet === true) return '';
  const kept = accept.filter((id) => report.requirements.some((r) => r.id === id && r.verdict === 'pass'));
  return kept.length > 0 ? `--accept: the device holds ${kept.join(', ')} now\n` : '';
}

/** What was found, with the seconds that each requirement took, and what is worse than before. */
interface Found {
  readonly report: JudgedReport;
  readonly seconds: ReadonlyMap<string, number>;
  readonly lost: readonly Lost[];
}
async function timed(judge: Judge, accept: readonly string[], budget: Budget): Promise<Omit<Found, 'lost'>> {
  const seconds = new Map<string, number>();
  let from = performance.now();
  const told = ({ id }: { readonly id: string }): void => {
    const now = performance.now();
    seconds.set(id, (now - from) / 1000);
    from = now;
  };
  const before = async (): Promise<void> => {
    // where this thread is the one that hears signals, they have their turn
    await new Promise((turn) => setImmediate(turn));
    budget.spend(0);
  };
  const endedBy = (thrown: unknown): string | null => (thrown instanceof CutShort ? thrown.reason : null);
  return { report: await judge({ accept, told, before, endedBy }), seconds };
}

type Judge = (options: ConformanceOptions) => JudgedReport | Promise<JudgedReport>;
async function openDevice(
  images: readonly string[],
  options: ConformOptions,
  flash: Flash | null,
  io: Io,
): Promise<{ readonly judge: Judge; readonly close: () => void | Promise<void> }> {
  if (options.uart !== undefined) {
    const { target, close } = await openUart(images, options, options.uart, io);
    return { judge: (asked) => runSerialConformance(target, asked), close };
  }
  const { link, close } = options.usb === undefined ? await openEmulated(images, options, flash, io) : await openReal(options.usb, flash);
  return { judge: (asked) => runConformance(link, asked), close };
}

function acceptedIds(text: string | undefined, serial: boolean): string[] {
  const ids = (text ?? '').split(',').filter((id) => id !== '');
  const unknown = ids.find((id) => !(serial ? isSerialRequirement : isRequirement)(id));
  if (unknown !== undefined)
    throw new UsageError(`--accept: there is no requirement ${shown(unknown)}`, '`bootbench conform --all` lists them');
  return ids;
}
function writeReport(
  found: Found,
  options: ConformOptions,
  outputs: Outputs,
  onStdout: 'json' | 'html' | 'junit' | undefined,
  io: Io,
): void {
  const { report, lost } = found;
  const document = {
    json: () => jsonDocument(report),
    html: () => conformanceHtml(report),
    junit: () => junitDocument(found, options.baseline !== undefined),
  };
  for (const key of ['json', 'html', 'junit'] as const) if (options[key] !== undefined) outputs.write(`--${key}`, document[key]());
  if (onStdout !== undefined) io.stdout.raw(document[onStdout]());
  const worse = byRequests(lost)
    .map(([first, ...same]) => `worse: ${printable(first!.text)}\n${sameWorse(same)}`)
    .join('');
  if (options.quiet === true) {
    if (worse !== '') io.stderr.write(worse);
    return;
  }
  const stream = onStdout === undefined ? io.stdout : io.stderr;
  const paint = paintFor(io, stream, options.color !== false);
  // what made the job red comes first, before what failed in the baseline too
  if (worse !== '') stream.write(`${worse}\n`);
  stream.write(conformanceText(report, { paint, width: stream.columns, all: options.all === true }));
  if (options.baseline !== undefined)
    stream.write(
      `${lost.length === 0 ? 'nothing is' : `${lost.length} ${lost.length === 1 ? 'is' : 'are'}`} worse than in ${printable(options.baseline)}\n`,
    );
}

const sameWorse = (same: readonly Lost[]): string =>
  same.length === 0 ? '' : `worse, by the same requests: ${same.map(({ id }) => id).join(', ')}\n`;
/** As red as the exit code: what failed in the baseline too is skipped. */
const junitDocument = ({ report, seconds, lost }: Found, compared: boolean): SafeText =>
  junit([
    ...report.requirements.map((r) => {
      const loss = lost.find((l) => l.id === r.id);
      const fails = compared ? loss !== undefined : r.verdict === 'fail';
      const skipped = fails
        ? null
        : r.verdict === 'fail'
          ? `fails as before: ${r.observed ?? ''}`
          : r.verdict === 'n/a'
            ? (r.observed ?? '')
            : null;
      return {
        name: `${r.id}: ${r.title}`,
        className: deviceName(report),
        seconds: seconds.get(r.id) ?? 0,
        ...(skipped === null ? {} : { skipped }),
        failure: fails ? { message: loss?.text ?? r.observed ?? '', text: [r.paragraph, ...r.sequence].join('\n') } : null,
      };
    }),
    ...(report.ended === undefined ? [] : [cutCase(report)]),
  ]);
/** What was not asked does not hold. */
const cutCase = (report: JudgedReport): JUnitCase => ({
  name: 'all requirements are asked',
  className: deviceName(report),
  seconds: 0,
  failure: { message: endedText(report), text: '' },
  error: true,
});

async function openEmulated(images: readonly string[], options: ConformOptions, flash: Flash | null, io: Io): Promise<Opened> {
  const job = await loadJob(images, options, io.cwd);
  const held = heldMachine(toldTrigger(job, io, heldHooks(io)), io);
  const end = started(held, io);
  held.bounded = true;
  if (!held.usb.outsideReady) {
    const { what, next } = noDevice(held.session, end);
    held.release();
    throw new UsageError(what, next);
  }
  return { link: new DfuTarget(held, flash ?? undefined), close: () => held.release() };
}

export async function openReal(name: string, flash: Flash | null): Promise<Opened> {
  const ids = /^([0-9a-f]{4}):([0-9a-f]{4})$/i.exec(name);
  if (!ids) throw new UsageError(`--usb: ${JSON.stringify(name)} is not vid:pid`, 'for example --usb 0483:df11');
  const [vid, pid] = [parseInt(ids[1]!, 16), parseInt(ids[2]!, 16)];
  const { webusb } = await usbPackage('--usb');
  const device = (await webusb.getDevices()).find((d) => d.vendorId === vid && d.productId === pid);
  if (!device) throw new UsageError(`--usb: there is no device ${name}, or it cannot be opened`);
  const link = await WebUsbLink.open(device, flash);
  if (!link) throw new UsageError(`--usb: ${name} has no interface in DFU mode`);
  const why = flash === null ? null : whyNotWritable(link.facts, flash);
  if (why !== null) throw new UsageError(`--flash: ${why}`);
  return { link, close: () => device.close() };
}

export function flashRange(text: string): Flash {
  const [address, length, ...more] = text.split(':');
  if (address === undefined || length === undefined || more.length > 0)
    throw new UsageError(`--flash: ${JSON.stringify(text)} is not address:length`, 'for example --flash 0x0801f000:4096');
  return { address: wordValue(address, '--flash'), length: wordValue(length, '--flash') };
}
