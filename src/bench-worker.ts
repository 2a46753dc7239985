/** The worker of `bench` in a browser: runs the jobs that it is sent. */
import './browser-host.ts';
import { HOST } from './library/host.ts';
import { serveJob } from './library/job-here.ts';
import type { FromWorker, ToWorker } from './library/job-messages.ts';

const scope = globalThis as unknown as {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null;
  postMessage(message: FromWorker): void;
};
scope.onmessage = ({ data }) => void HOST.prepare(data.job.chip).then(() => serveJob(data, (message) => scope.postMessage(message)));
