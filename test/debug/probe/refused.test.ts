/** The server of `probe` ends, whatever its clients do. */
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { probeCommand } from '../../../src/cli/probe.ts';
import { serve } from '../serve.ts';

it('a client that was refused and keeps its end open does not hold it', async () => {
  const { line, end } = await serve((io) => probeCommand(['fixtures/f405-straight/firmware.elf'], { chip: 'stm32f405rg', port: '0' }, io));
  const port = Number(/:(\d+)\n$/.exec(line)![1]);
  const first = connect(port);
  // its serial number
  first.write(Uint8Array.of(0, 0, 0, 0));
  await once(first, 'data');
  const second = connect({ port, allowHalfOpen: true });
  await once(second, 'connect');
  const ended = once(second, 'end');
  second.resume();
  await ended;
  expect(await end()).toBe(0);
  first.destroy();
  second.destroy();
});
