import { runningBlocks } from './running.ts';
import { CLOCK } from './running/clock.ts';

runningBlocks('clock', CLOCK);
