// Loaded with `node --import` before a program: tells the peak of its memory on stderr when it ends.
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) process.on('exit', () => writeSync(2, `@peak ${process.resourceUsage().maxRSS}\n`));
