/**
 * Borders of the machine towards the outside that no single block owns.
 *
 * A USB device controller as the bus sees it. Calls are whole transactions, made by the bus at their time on the timeline; the answer is
 * what the device would put on the wire. The controller raises its interrupts itself.
 */
export interface UsbDevicePort {
  /** D+ is pulled up by a powered, connected transceiver. The bus reads it when the wire `usb.pullup` changes. */
  attached(): boolean;
  /** SE0 long enough to be a bus reset has begun / has ended. */
  busReset(active: boolean): void;
  suspend(active: boolean): void;
  startOfFrame(frame: number): void;
  /** Token SETUP + DATA0(8 bytes). `none` = no handshake (the host times out and retries). */
  setup(address: number, endpoint: number, data: Uint8Array): 'ack' | 'none';
  /** Token OUT + data packet. */
  out(address: number, endpoint: number, toggle: 0 | 1, data: Uint8Array): 'ack' | 'nak' | 'stall' | 'none';
  /** Token IN. When data comes back the host acknowledges it: `inAcknowledged` follows. */
  in(address: number, endpoint: number): UsbInAnswer;
  inAcknowledged(address: number, endpoint: number): void;
  /** In place of one of the calls above, or of `inAcknowledged`: the device answers nothing. */
  lost(loss: UsbLoss): void;
}
/** A packet of the host that did not reach the device whole. */
export interface UsbLoss {
  /** `crc`: it came damaged; `cut`: it ended in its middle; `timeout`: it was due and did not come. */
  readonly how: 'crc' | 'cut' | 'timeout';
  /** `token`: nobody knows whom it was for; `data`: what follows a token SETUP or OUT; `handshake`: the answer to data that the device has sent. */
  readonly packet: 'token' | 'data' | 'handshake';
  readonly address: number;
  readonly endpoint: number;
  /** `data`: the token was SETUP. */
  readonly setup: boolean;
  /** `data`: the bytes that came, before the cut or with the damage. */
  readonly data: Uint8Array;
}

export type UsbInAnswer = { readonly toggle: 0 | 1; readonly data: Uint8Array } | 'nak' | 'stall' | 'none';
