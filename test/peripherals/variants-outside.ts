/** Who is outside of a block under random programs: devices that answer its bytes, masters and nodes that ask it, the USB host. What each does is drawn like the program itself. */
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import type { Wire } from '../../src/emu/wires.ts';
import { CAN_WORDS, OUTSIDE_ASK, outsideAsk, type OutsideKind } from '../../src/peripherals/pins/board-wires.ts';
import { usbDrdPort } from '../../src/peripherals/usb/usb-drd.ts';
import { usbFsdevPort } from '../../src/peripherals/usb/usb-fsdev.ts';
import { usbOtgFsPort } from '../../src/peripherals/usb/usb-otg-fs.ts';
import { ofBlock } from '../../src/peripherals/wires.ts';
import { oneOf, type Busy, type Random } from './variants.ts';

export interface Outside {
  /** Does something, and says what. */
  step(): string;
  /** A wire of the chip has changed. */
  heard(w: Wire, value: number): void;
}

/** A device on the bus of a serial block that is a master, and a master that asks it as a slave. */
class Serial implements Outside {
  private readonly busy: Busy;
  private readonly random: Random;
  private sequence = 0;
  private readonly wires: Readonly<Record<'asks' | 'answer' | 'answered' | 'host', Wire>>;
  /** Asks are not answered while this one goes on. */
  private answers = true;

  constructor(busy: Busy, random: Random) {
    this.busy = busy;
    this.random = random;
    this.answers = random(4) > 0;
    const of = (name: string): Wire => ofBlock(busy.block.row.name, name);
    this.wires = { asks: of('asks'), answer: of('answer'), answered: of('answered'), host: of('host.asks') };
  }
  heard(w: Wire, value: number): void {
    if (w !== this.wires.asks || value === 0 || !this.answers) return;
    const { sys } = this.busy;
    sys.drive(this.wires.answer, this.random(4) === 0 ? 0 : this.random(2) === 0 ? 1 : this.random(256));
    sys.drive(this.wires.answered, 1);
  }
  step(): string {
    const { random } = this;
    const { sys, block } = this.busy;
    const kind = oneOf<OutsideKind>(['address', 'address', 'write', 'read', 'stop', 'refuse'], random);
    const own = block.layout.has('OAR1') ? block.component.peek(block.state, block.env, block.layout.reg('OAR1').offset, 4) & 0xff : 0;
    const byte = kind === 'address' ? oneOf([own, own | 1, 0, random(256)], random) : random(256);
    sys.drive(this.wires.host, outsideAsk(kind, byte, ++this.sequence));
    return `host ${OUTSIDE_ASK[kind]} ${byte}`;
  }
}

/** Another CAN node. */
class Node implements Outside {
  private readonly busy: Busy;
  private readonly random: Random;
  private sequence = 0;

  constructor(busy: Busy, random: Random) {
    this.busy = busy;
    this.random = random;
  }
  heard(): void {}
  private wire(name: string): Wire {
    return ofBlock(this.busy.block.row.name, `host.${name}`);
  }
  step(): string {
    const { random } = this;
    const { sys } = this.busy;
    if (random(4) === 0) {
      const bit = oneOf([0, 1_000_000, 2_000_000, 8_000_000], random);
      sys.drive(this.wire('bit'), bit);
      return `a bit takes ${bit}`;
    }
    const id = oneOf([random(2048) * 2 ** 21, random(2048) * 2 ** 21 + 2, random(2 ** 29) * 8 + 4, random(4) * 2 ** 21], random);
    const frame = [id, random(9), random(2 ** 32), random(2 ** 32)];
    CAN_WORDS.forEach((name, i) => sys.drive(this.wire(name), frame[i]!));
    sys.drive(this.wire('asks'), ++this.sequence);
    return `sends ${frame.join(' ')}`;
  }
}

/** The host of a USB device. */
class Host implements Outside {
  private readonly port: UsbDevicePort;
  private readonly random: Random;
  private frame = 0;

  constructor(port: UsbDevicePort, random: Random) {
    this.port = port;
    this.random = random;
  }
  heard(): void {}
  step(): string {
    const { random, port } = this;
    const address = oneOf([0, 0, 0, random(8)], random);
    const endpoint = oneOf([0, 0, 1, 2, 3], random);
    const toggle = random(2) as 0 | 1;
    const data = Uint8Array.from({ length: oneOf([0, 1, 8, 8, 63, 64, 65], random) }, (_, i) => (i * 7 + 1) & 0xff);
    const what = random(12);
    if (what < 1) return `reset ${[true, false].map((active) => port.busReset(active)).join()}`;
    if (what < 2) return `suspend ${toggle} ${port.suspend(toggle === 1)}`;
    if (what < 3) return `frame ${port.startOfFrame(++this.frame)}`;
    if (what < 5) return `setup ${address} ${endpoint} ${port.setup(address, endpoint, data.slice(0, 8))}`;
    if (what < 8) return `out ${address} ${endpoint} ${toggle} ${data.length} ${port.out(address, endpoint, toggle, data)}`;
    if (what < 11) return this.in(address, endpoint);
    const loss = {
      how: oneOf(['crc', 'cut', 'timeout'] as const, random),
      packet: oneOf(['token', 'data', 'handshake'] as const, random),
      setup: toggle === 1,
    };
    port.lost({ ...loss, address, endpoint, data });
    return `lost ${Object.values(loss).join()}`;
  }
  private in(address: number, endpoint: number): string {
    const answer = this.port.in(address, endpoint);
    if (typeof answer === 'string') return `in ${address} ${endpoint} ${answer}`;
    if (this.random(4) > 0) this.port.inAcknowledged(address, endpoint);
    return `in ${address} ${endpoint} ${answer.toggle} ${answer.data.join()}`;
  }
}

const PORTS = { 'usb-drd': usbDrdPort, 'usb-fsdev': usbFsdevPort, 'usb-otg-fs': usbOtgFsPort } as const;

export function outsideOf(busy: Busy, random: Random): Outside | null {
  const { model, name } = busy.block.row;
  if (model === 'bxcan' || model === 'fdcan') return new Node(busy, random);
  if (model! in PORTS) return new Host(PORTS[model as keyof typeof PORTS](busy.sys, name), random);
  return /^(spi|i2c)/.test(model!) ? new Serial(busy, random) : null;
}
