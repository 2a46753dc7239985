/** What a host sends to a disk: the command blocks of Bulk-Only Transport 1.0 §5.1 with commands of SPC-4 and SBC-3, one behind the other as a disk answers. */
import { expect, it } from 'vitest';
import { bindMsc, onMscDone } from '../../src/usb-sim/msc-driver.ts';
import { freshState } from '../../src/usb-sim/state.ts';

type Arguments = Parameters<typeof bindMsc>;
const ENDPOINTS = [
  { address: 0x82, attributes: 2, maxPacket: 64, interval: 0 },
  { address: 0x03, attributes: 2, maxPacket: 64, interval: 0 },
];

/** Command blocks of a host whose disk refuses the first TEST UNIT READY, as hexadecimal numbers. */
function commandBlocks(): string[] {
  const blocks: string[] = [];
  const asked: [tag: string, length: number][] = [];
  let tag = 0;
  const state = freshState(true);
  const host = {
    state,
    control: (name: string) => asked.push([name, 1]),
    pipe: (name: string, _direction: string, _endpoint: number, _packet: number, data: number | Uint8Array) => {
      if (typeof data !== 'number') {
        blocks.push(Buffer.from(data).toString('hex'));
        tag = new DataView(data.buffer).getUint32(4, true);
      }
      asked.push([name, typeof data === 'number' ? data : 0]);
      return { deadline: 0 };
    },
    log: () => undefined,
    now: () => 0,
  };
  bindMsc(host as unknown as Arguments[0], { number: 0, endpoints: ENDPOINTS } as unknown as Arguments[1]);
  for (let next = asked.shift(); next !== undefined; next = asked.shift()) {
    const [name, length] = next;
    const data = new Uint8Array(length);
    if (name === 'msc.csw') {
      const view = new DataView(data.buffer);
      view.setUint32(0, 0x53425355, true);
      view.setUint32(4, tag, true);
      data[12] = tag === 2 ? 1 : 0;
    }
    // 4096 bytes a block, the most that is read
    if (name === 'msc.data' && state.msc!.command === 'capacity') data[6] = 0x10;
    onMscDone(
      host as unknown as Arguments[0],
      { tag: name } as Parameters<typeof onMscDone>[1],
      { status: 'ok', data } as Parameters<typeof onMscDone>[2],
    );
  }
  expect(state.msc!.phase).toBe('ready');
  return blocks;
}

/** Signature, tag, length, direction, unit, length of the command, the command in sixteen bytes. */
const block = (tag: string, length: string, direction: string, size: string, command: string): string =>
  `55534243${tag}000000${length}${direction}00${size}${command.padEnd(32, '0')}`;
it('INQUIRY, TEST UNIT READY, REQUEST SENSE behind a refusal, READ CAPACITY and READ (10) of the first block', () => {
  expect(commandBlocks()).toEqual([
    block('01', '24000000', '80', '06', '120000002400'),
    block('02', '00000000', '00', '06', '000000000000'),
    block('03', '12000000', '80', '06', '030000001200'),
    block('04', '00000000', '00', '06', '000000000000'),
    block('05', '08000000', '80', '0a', '25000000000000000000'),
    block('06', '00100000', '80', '0a', '28000000000000000100'),
  ]);
});
