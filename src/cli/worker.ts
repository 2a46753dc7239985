/** The thread in which the machine runs. */
import { parentPort } from 'node:worker_threads';
import { runBench } from '../bench/run.ts';
import { UsageError } from '../bench/usage-error.ts';
import { findChip } from '../chips/index.ts';
import { ImageError } from '../emu/image/image.ts';
import { jobInput } from '../bench/job.ts';
import type { WorkerData, WorkerMessage } from './engine.ts';
import { usePrebuilt } from './prebuilt.ts';
import { prepareEngine } from './prepare-engine.ts';

const send = (message: WorkerMessage): void => parentPort?.postMessage(message);

async function serve({ job, stop, progress, stats }: WorkerData): Promise<void> {
  const flag = new Int32Array(stop);
  try {
    usePrebuilt(findChip(job.chip)?.cores ?? []);
    await prepareEngine(job);
    const result = await runBench(
      jobInput(job, {
        signal: () => Atomics.load(flag, 0) !== 0,
        clock: () => performance.now(),
        memoryUse: () => process.memoryUsage.rss(),
        ...(progress ? { progress: (text: string) => send({ kind: 'progress', text }) } : {}),
        ...(stats ? { stats: (text: string) => send({ kind: 'stats', text }) } : {}),
      }),
    );
    send({ kind: 'result', result });
  } catch (error) {
    const usage = error instanceof UsageError || error instanceof ImageError;
    const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
    send({ kind: 'error', usage, message, stack });
  }
}

parentPort?.once('message', (data: WorkerData) => void serve(data));
