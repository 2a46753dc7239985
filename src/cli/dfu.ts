/** `bootbench dfu`: the device that the firmware brings up stays alive, for real clients over USB/IP. */
import type { HeldMachine } from '../bench/session/held-machine.ts';
import { quirksNamed, withQuirks } from '../bench/input/quirks.ts';
import { flashImage } from '../bench/session/flash-image.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { isInterruptTransfer } from '../usb-sim/outside.ts';
import { LARGEST_CAPTURE, PcapngWriter } from '../usb-sim/pcapng.ts';
import { usbIpExport } from '../usb-sim/usbip-connection.ts';
import { printableName } from '../report/text.ts';
import { checkClient, runClient } from './client.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { heldHooks, heldMachine, started } from './held.ts';
import { toldTrigger } from './trigger.ts';
import { EXIT, type Io } from './io.ts';
import { mustBeCalledWhatItIs, Outputs, type OutputFile } from './outputs.ts';
import { noDevice } from '../bench/dfu/no-device.ts';
import { hostName, interrupted, isLoopback, portNumber } from './serving.ts';
import { serveUsbIp } from './usbip-server.ts';

export interface DfuOptions extends RunOptions {
  readonly usbip?: boolean;
  readonly port?: string;
  readonly host?: string;
  readonly hold?: boolean;
  readonly exec?: string;
  readonly save?: string;
  readonly pcap?: string;
  readonly quirk?: readonly string[];
}

const USBIP_PORT = 3240;
const CAPTURE_MB = LARGEST_CAPTURE >> 20;
const BUS_ID = '1-1';

export async function dfuCommand(images: readonly string[], options: DfuOptions, io: Io): Promise<number> {
  const address = { host: hostName(options.host), port: portNumber(options.port, USBIP_PORT) };
  const serves = options.usbip === true || options.hold === true || options.exec !== undefined;
  if (!serves && (options.port !== undefined || options.host !== undefined))
    throw new UsageError('--port and --host are for the USB/IP server', 'add --usbip');
  checkClient(options.exec);
  const loaded = await loadJob(images, options, io.cwd);
  if (options.save !== undefined) mustBeCalledWhatItIs({ option: '--save', path: options.save });
  const outputs = new Outputs(files(options), io.cwd);
  const { job, port: quirks } = withQuirks(toldTrigger(loaded, io, heldHooks(io)), quirksNamed('--quirk', options.quirk));
  const held = heldMachine(job, io);
  held.usb.useQuirks(quirks);
  const full = (): void =>
    io.stderr.write(`bootbench: --pcap: the capture has its ${CAPTURE_MB} MB; what comes from now on is not in the file\n`);
  const pcap = options.pcap === undefined ? null : new PcapngWriter((t) => isInterruptTransfer(held.usb.state, t), LARGEST_CAPTURE, full);
  held.usb.tap = pcap;
  try {
    const end = started(held, io);
    if (!held.usb.outsideReady) {
      const { what, next } = noDevice(held.session, end);
      io.stderr.write(`bootbench: ${what}; ${next}\n`);
      return EXIT.failed;
    }
    io.stderr.write(`bootbench: ${deviceLine(held.usb.state, held.usb.session())}\n`);
    held.usb.claim();
    return serves ? await serve(held, options, address, io) : EXIT.ok;
  } finally {
    if (pcap) outputs.write('--pcap', pcap.bytes());
    if (pcap && pcap.leftOut > 0)
      io.stderr.write(`bootbench: --pcap: the file has its ${CAPTURE_MB} MB; ${pcap.leftOut} packets behind that are left out\n`);
    if (options.save !== undefined) outputs.write('--save', flashImage(held.session.machine, options.save));
    outputs.discard();
    held.release();
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
}
async function serve(held: HeldMachine, options: DfuOptions, { host, port }: Address, io: Io): Promise<number> {
  const shared = usbIpExport(held.bus, BUS_ID, (text) => io.stderr.write(`usbip: ${text}\n`));
  const stopped = interrupted(io);
  const server = await serveUsbIp(shared, host, port);
  try {
    const shown = server.host.includes(':') ? `[${server.host}]` : server.host;
    if (!isLoopback(server.host)) io.stderr.write(`bootbench: anyone who can connect to ${shown}:${server.port} can use the device\n`);
    io.stdout.write(`usbip ${shown}:${server.port} ${BUS_ID}\n`);
    if (options.exec === undefined) {
      await stopped;
      return EXIT.ok;
    }
    const env = { USBIP_HOST: server.host, USBIP_PORT: String(server.port), USBIP_BUSID: BUS_ID };
    const code = await runClient(options.exec, env, io, stopped);
    if (code !== null && options.hold === true) await stopped;
    return code ?? EXIT.ok;
  } finally {
    await server.close();
  }
}

const files = (options: DfuOptions): OutputFile[] =>
  (['save', 'pcap'] as const).flatMap((key) => {
    const path = options[key];
    return path === undefined ? [] : [{ option: `--${key}`, path }];
  });

/** What the device says of itself stays on this line. */
export function deviceLine(
  { device, dfu }: Pick<HeldMachine['usb']['state'], 'device' | 'dfu'>,
  session: { readonly servedBy: string | null } | null,
): string {
  const hex = (n: number): string => n.toString(16).padStart(4, '0');
  const by = session?.servedBy === 'system' ? 'the stand-in ROM' : 'the firmware';
  const names = dfu?.alts.map((a) => ` "${printableName(a.name)}"`).join(',') ?? '';
  return `${hex(device!.vid)}:${hex(device!.pid)} ${printableName(device!.product ?? '')}, served by ${by}${names === '' ? '' : `:${names}`}`;
}
