import { runningBlocks } from './running.ts';
import { QUADSPI } from './running/quadspi.ts';

runningBlocks('quadspi', QUADSPI);
