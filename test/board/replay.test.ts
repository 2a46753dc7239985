/** A record of a board outlives the version that made it: checks look at things in another order later, at fewer, or at one twice. */
import { describe, expect, it } from 'vitest';
import { replaying, RECORD_HEADER, type Replay } from '../../src/board/transports.ts';
import { frame, FrameReader } from '../../src/debug/packets.ts';

const RECORD = [
  RECORD_HEADER,
  '> g',
  '< 01000000',
  '> me000ed08,4',
  '< 00000008',
  '> m40013800,4',
  '< 01000000',
  '> P10=00000000',
  '< OK',
  '> m40013800,4',
  '< 00000000',
  '@ {"usb":1}',
  '!',
  '< S02',
].join('\n');

/** Sends requests; the answers in their order. */
async function ask(replay: Replay, ...requests: string[]): Promise<string[]> {
  const answers: string[] = [];
  const reader = new FrameReader();
  replay.onData = (bytes) => void [...reader.read(bytes)].forEach((f) => f.kind === 'packet' && answers.push(f.text));
  for (const request of requests) replay.send(frame(request));
  await Promise.resolve();
  return answers;
}

describe('a record that is played back', () => {
  it('answers reads in any order, and one of them again', async () => {
    const replay = replaying(RECORD, 'r.txt');
    expect(await ask(replay, 'm40013800,4', 'g', 'm40013800,4', 'me000ed08,4')).toEqual(['01000000', '01000000', '01000000', '00000008']);
  });
  it('passes over what is not asked any more', async () => {
    const replay = replaying(RECORD, 'r.txt');
    expect(await ask(replay, 'g', 'P10=00000000', 'm40013800,4')).toEqual(['01000000', 'OK', '00000000']);
    expect(replay.mark()).toBe('{"usb":1}');
  });
  it('keeps reads on their side of what changes something', async () => {
    const replay = replaying(RECORD, 'r.txt');
    await ask(replay, 'g', 'P10=00000000');
    await expect(ask(replay, 'me000ed08,4')).rejects.toThrow(/goes on with @ .*, this version asks me000ed08,4/);
  });
  it('does not know what nobody asked then: a later version looks at more', async () => {
    const replay = replaying(RECORD, 'r.txt');
    expect(await ask(replay, 'me000ed10,4', 'g', 'P10=00000000', 'me000ed10,4')).toEqual(['E01', '01000000', 'OK', 'E01']);
    expect(replay.mark()).toBe('{"usb":1}');
  });
  it.each([['P10=00000001'], ['c']])('refuses %s, which was never asked', async (request) => {
    await expect(ask(replaying(RECORD, 'r.txt'), request)).rejects.toThrow(
      /r\.txt:\d+: the record goes on with > P10=00000000, this version asks/,
    );
  });
});
