import { runningBlocks } from './running.ts';
import { TIMER } from './running/timer.ts';

runningBlocks('timer', TIMER);
