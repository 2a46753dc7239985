/** Messages of errors that name what others have named. */
import { expect, it } from 'vitest';
import { SurroundingsError, UsageError } from '../../src/bench/documents/usage-error.ts';
import { ImageError } from '../../src/image/errors.ts';

const [WHAT, HINT] = ['there is no x\u001bc\u202e', 'did you mean \u009b31m\u2028?'] as const;
it.each([new UsageError(WHAT, HINT), new SurroundingsError(WHAT, HINT), new ImageError('overlap', WHAT, null, HINT)])(
  '$name: a name gives no commands to whoever prints it',
  ({ message }) => expect(message).toBe('there is no x\\x1bc\\u202e; did you mean \\x9b31m\\u2028?'),
);

it.each([
  new UsageError(WHAT, `${HINT}${'long'.repeat(1e6)}`),
  new SurroundingsError(WHAT, `${HINT}${'long'.repeat(1e6)}`),
  new ImageError('overlap', `${WHAT}${'long'.repeat(1e6)}`, `${HINT}${'long'.repeat(1e6)}`, `${HINT}${'long'.repeat(1e6)}`),
])('$name: … nor in its parts, and none of them is as long as a document may be', (error) => {
  const parts = [error.hint, ...(error instanceof ImageError ? [error.what, error.where] : [])];
  for (const part of parts) {
    expect(part).toMatch(/^(there is no x\\x1bc\\u202e|did you mean \\x9b31m\\u2028)/);
    expect(part!.length).toBeLessThan(5000);
  }
});
