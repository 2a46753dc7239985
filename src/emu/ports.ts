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
}
export type UsbInAnswer = { readonly toggle: 0 | 1; readonly data: Uint8Array } | 'nak' | 'stall' | 'none';
