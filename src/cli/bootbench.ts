/**
 * The program. The thread of a run starts before anything else is loaded, since both take about the same time. The exit code is set, not forced, so that everything
 * written is flushed first.
 */
import { startWorker } from './early-worker.ts';

const args = process.argv.slice(2);
if (args[0] === 'run') startWorker();

const [{ processIo }, { usePrebuiltValidator }, { main }] = await Promise.all([
  import('./io.ts'),
  import('./prebuilt-validator.ts'),
  import('./program.ts'),
]);
usePrebuiltValidator();
process.exitCode = await main(args, processIo());
