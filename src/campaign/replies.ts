/** What the packages for queues get to read: they parse each JSON of the server at once and whole, so that what holds too much does not reach them. */
import type * as IoRedis from 'ioredis';
import { tooMuchIn } from '../bench/documents/json-bounds.ts';

type Command = Parameters<IoRedis.Redis['sendCommand']>[0];

const [LIST, OBJECT] = [0x5b, 0x7b];
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
const NOTHING = Buffer.alloc(0);
/** Below this nothing is deep or long enough to take time. */
const SHORT = 2 ** 12;

/** Whether the bytes are JSON, or begin like it, of more than any entry of a queue holds. */
function isTooMuch(bytes: Buffer): boolean {
  if (bytes.length < SHORT) return false;
  let at = 0;
  while (BLANKS.has(bytes[at]!)) at++;
  // the marks of JSON are one byte each, whatever stands between them
  return (bytes[at] === LIST || bytes[at] === OBJECT || at > SHORT) && tooMuchIn(bytes.toString('latin1', at)) !== null;
}

/** An answer with nothing in the place of JSON that holds too much. @param told is called for each of those */
export function boundedReply(reply: unknown, told: () => void): unknown {
  if (Array.isArray(reply)) return reply.map((one) => boundedReply(one, told));
  if (!Buffer.isBuffer(reply) || !isTooMuch(reply)) return reply;
  told();
  return NOTHING;
}

/** A client whose answers are bounded, also for the connections that BullMQ makes out of it. @param told is called for each JSON that was left out */
export function boundedClient({ Redis }: typeof IoRedis, told: () => void): typeof Redis {
  return class Bounded extends Redis {
    private readonly seen = new WeakSet<Command>();

    override sendCommand(...[command, ...more]: Parameters<IoRedis.Redis['sendCommand']>): unknown {
      // after a connection was lost it comes here once more; those of the handshake come before the field is there
      if (this.seen?.has(command) === false && 'resolve' in command) {
        this.seen.add(command);
        const settle = command.resolve as (reply: unknown) => void;
        command.resolve = (reply: unknown) => settle.call(command, boundedReply(reply, told));
      }
      return super.sendCommand(command, ...more);
    }
    override duplicate(override?: Partial<IoRedis.RedisOptions>): IoRedis.Redis {
      return new Bounded({ ...this.options, ...override } as IoRedis.RedisOptions & { replyMapping: 'legacy' });
    }
  };
}
