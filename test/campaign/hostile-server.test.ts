/** A server that is none of a queue, or says what no server of a queue says. */
import { createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { SurroundingsError } from '../../src/bench/documents/usage-error.ts';
import { connect } from '../../src/campaign/queue.ts';
import { divertConsole } from '../../src/campaign/queue-server.ts';
import { serveQueue } from '../../src/campaign/queue-worker.ts';
import { watchSilence } from '../../src/campaign/silence.ts';
import { deafWorker } from './deaf-worker.ts';
import { ReplyError, ReplyReader } from '../../src/campaign/resp.ts';

type Answer = (socket: Socket, words: readonly string[]) => void;
const says =
  (text: string): Answer =>
  (socket) =>
    socket.write(text);
const endless =
  (head: string): Answer =>
  (socket) => {
    const more = Buffer.alloc(2 ** 20, 'x');
    const go = (): void => {
      while (!socket.destroyed && socket.write(more));
    };
    socket.write(head);
    socket.on('drain', go);
    go();
  };

/** Its address. What it is told comes in small pieces, each with whole commands. */
async function serverThat(answer: Answer, atEnd: typeof onTestFinished = onTestFinished): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const command of data.toString('latin1').split(/(?<=\r\n)(?=\*\d+\r\n\$)/)) {
        const [, ...parts] = command.split('\r\n');
        answer(
          socket,
          parts.filter((_, i) => i % 2 === 1),
        );
      }
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  atEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `redis://127.0.0.1:${(server.address() as { port: number }).port}`;
}
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;
/** As Redis, as far as it is asked what it is; `more` to all else. */
const asRedis =
  (more: Answer, version = '7.4.0'): Answer =>
  (socket, words) => {
    const [name = '', , , word = ''] = words;
    if (name === 'ECHO') socket.write(bulk(words[1]!));
    else if (name === 'EVAL') socket.write(`*3\r\n${bulk(word)}:8\r\n${bulk(word)}`);
    else if (/^info$/i.test(name)) socket.write(bulk(`redis_version:${version}\r\nmaxmemory_policy:noeviction\r\n`));
    else more(socket, words);
  };

const HOSTILE = '\u001b]0;x\u0007\r::error::x';

describe('a server that, asked what it is,', { concurrent: true }, () => {
  it.each([
    ['says nothing', says('')],
    ['says yes to everything', says('+OK\r\n')],
    ['counts', says(':0\r\n')],
    ['has nothing', says('$-1\r\n')],
    ['says no with commands for a terminal and a runner', says(`-ERR ${HOSTILE}\r\n`)],
    ['answers without an end', endless('$999999999\r\n')],
    ['answers in a line without an end', endless('+')],
    ['answers with lists in lists', says('*1\r\n'.repeat(1000))],
    ['answers by half', says('$10\r\nabc')],
    ['is a web server', says('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['answers more than it is asked', says('+OK\r\n+OK\r\n')],
    ['is too old', asRedis(says('+OK\r\n'), '3.2.1')],
  ])(
    '%s is told in a sentence',
    async (_what, answer) => {
      const ends: (() => void)[] = [];
      const url = await serverThat(answer, (end) => void ends.push(end as () => void));
      const error: unknown = await connect(url, () => undefined).catch((thrown: unknown) => thrown);
      for (const end of ends) end();
      expect(error).toBeInstanceOf(SurroundingsError);

      expect((error as Error).message).toMatch(/^--queue: (no answer from )?redis:[^\x00-\x1f]{20,300}$/);
    },
    20_000,
  );
});

describe('a worker, of whose server', () => {
  it.each([
    ['each answer is a yes', '+OK\r\n'],
    ['each answer is a number', ':0\r\n'],
    ['each answer is an empty list', '*0\r\n'],
    ['each answer is work that is none', '*4\r\n*4\r\n+name\r\n+x\r\n+data\r\n+{}\r\n+1\r\n:0\r\n:0\r\n'],
  ])(
    '%s, ends when it is told to, and does not fill a log',
    async (_what, text) => {
      const lines: string[] = [];
      const stop = new AbortController();
      const url = await serverThat(asRedis(says(text)));
      const served = serveQueue(url, deafWorker((line) => lines.push(line)), stop.signal); // prettier-ignore
      await vi.waitFor(() => expect(lines.join('\n')).toContain('worker e1'), { timeout: 10_000 });
      const told = lines.length;
      setTimeout(() => stop.abort(), 500);
      expect(await served).toBe(0);
      expect(lines.length - told).toBeLessThanOrEqual(20);
    },
    20_000,
  );
  it.each([
    ['an answer does not end', endless('$999999999\r\n')],
    ['answers are of no server of a queue', says('HTTP/1.1 400 Bad Request\r\n')],
    ['answers are refusals', says('-NOPERM no\r\n')],
  ])(
    '%s, says so and ends',
    async (_what, answer) => {
      const url = await serverThat(asRedis(answer));
      await expect(serveQueue(url, deafWorker(() => undefined), new AbortController().signal)).rejects.toThrow(SurroundingsError); // prettier-ignore
    },
    20_000,
  );
  it('the version has control characters, prints none past the door', async () => {
    const [warn, error] = [vi.spyOn(console, 'warn').mockReturnValue(), vi.spyOn(console, 'error').mockReturnValue()];
    onTestFinished(() => void vi.restoreAllMocks());
    const lines: string[] = [];
    const stop = new AbortController();
    const url = await serverThat(asRedis(says('+OK\r\n'), `5.0.1${HOSTILE}`));
    const served = serveQueue(url, deafWorker((line) => lines.push(line)), stop.signal); // prettier-ignore
    await vi.waitFor(() => expect(lines.join('\n')).toContain('::error::x'), { timeout: 10_000 });
    stop.abort();
    await served;
    expect([warn, error].map((spy) => spy.mock.calls)).toEqual([[], []]);
  }, 20_000);
});

describe('a server that is mute', { concurrent: true }, () => {
  it('from its first moment is named while it is waited for', async () => {
    const lines: string[] = [];
    const url = await serverThat(says(''));
    await expect(connect(url, (line) => lines.push(line))).rejects.toThrow(/no answer from .*nothing within 8 s/);
    expect(lines).toEqual([`waiting for an answer from ${url}`]);
  }, 20_000);
  it('later, is named to a worker, which ends when it is told to', async () => {
    const lines: string[] = [];
    let mute = false;
    const stop = new AbortController();
    const url = await serverThat(asRedis((socket) => void (mute || socket.write('+OK\r\n'))));
    const served = serveQueue(url, deafWorker((line) => lines.push(line)), stop.signal); // prettier-ignore
    await vi.waitFor(() => expect(lines.join('\n')).toContain('worker e1'), { timeout: 10_000 });
    mute = true;
    await vi.waitFor(() => expect(lines).toContain(`waiting for an answer from ${url}`), { timeout: 10_000 });
    stop.abort();
    expect(await served).toBe(0);
  }, 30_000);
});

it('a clock that is set back keeps no worker waiting at its end', async () => {
  onTestFinished(() => void vi.restoreAllMocks());
  const lines: string[] = [];
  let mute = false;
  const stop = new AbortController();
  const url = await serverThat(asRedis((socket) => void (mute || socket.write('+OK\r\n'))));
  const served = serveQueue(url, deafWorker((line) => lines.push(line)), stop.signal); // prettier-ignore
  await vi.waitFor(() => expect(lines.join('\n')).toContain('worker e1'), { timeout: 10_000 });
  mute = true;
  stop.abort();
  await new Promise((go) => setTimeout(go, 200));
  vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
  expect(await served).toBe(0);
}, 15_000);

describe('the silence of a server', () => {
  function watched() {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const state = { isMute: true, isConnected: true };
    const said: string[] = [];
    const stop = watchSilence({
      shown: 'redis://a',
      ask: () => (state.isMute ? new Promise(() => undefined) : Promise.resolve()),
      isConnected: () => state.isConnected,
      say: (text) => said.push(text),
      end: ({ message }) => said.push(message),
    });
    onTestFinished(stop);
    return { state, said };
  }
  it('with a connection is told, and has its end', async () => {
    const { said } = watched();
    await vi.advanceTimersByTimeAsync(59_500);
    expect(said).toEqual(['waiting for an answer from redis://a']);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(said.slice(1)).toEqual(['--queue: redis://a has not answered for 60 s; is it overloaded?']);
  });
  it('without a connection is told, and waited for', async () => {
    const { said, state } = watched();
    state.isConnected = false;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(said).toEqual(['waiting for an answer from redis://a']);
  });
  it('that answers is not told', async () => {
    const { said, state } = watched();
    state.isMute = false;
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(said).toEqual([]);
  });
});

it('a console that two have diverted is given back by both, in any order', () => {
  const out = vi.spyOn(console, 'warn').mockReturnValue();
  onTestFinished(() => void vi.restoreAllMocks());
  const told: string[] = [];
  const first = divertConsole((text) => told.push(`first ${text}`));
  const second = divertConsole((text) => told.push(`second ${text}`));
  first();
  console.warn('a');
  expect(told).toEqual(['second a']);
  second();
  console.warn('b');
  expect([told.length, out.mock.calls]).toEqual([1, [['b']]]);
});

describe('answers', () => {
  const all =
    '+OK\r\n:1\r\n$3\r\nabc\r\n$-1\r\n*-1\r\n*2\r\n*1\r\n$0\r\n\r\n_\r\n%1\r\n+a\r\n#t\r\n|1\r\n+a\r\n:1\r\n,1.5\r\n>1\r\n=5\r\ntxt:x\r\n-ERR x\r\n*0\r\n';
  it('are counted, however they come in pieces', () => {
    const bytes = Buffer.from(all);
    for (const size of [1, 2, 3, 7, bytes.length]) {
      const reader = new ReplyReader();
      let ended = 0;
      for (let at = 0; at < bytes.length; at += size) ended += reader.write(bytes.subarray(at, at + size));
      expect([size, ended, reader.within]).toEqual([size, 11, false]);
    }
  });
  it.each(['$200000000\r\n', '*2000000\r\n', `${'*1\r\n'.repeat(20)}`, '*3\r\n?', '$x\r\n', 'GET', `+${'x'.repeat(2 ** 16)}`])(
    '%#: what is more than there is, or none, is refused',
    (text) => expect(() => new ReplyReader().write(Buffer.from(`${text}x`))).toThrow(ReplyError),
  );
});
