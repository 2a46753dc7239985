/** Packages that a user need not have. */
import { surroundings } from '../bench/documents/system-errors.ts';
import { UsageError } from '../bench/documents/usage-error.ts';

/**
 * @param needs what is missing without them, in words
 * @param install what installs them
 * @throws UsageError where they are not there; one that is there and cannot be read is no matter of installing
 */
export async function optional<T>(load: () => Promise<T>, needs: string, install: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw surroundings(error, 'it cannot go on') ?? new UsageError(needs, install);
  }
}
