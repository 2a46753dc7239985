import { runningBlocks } from './running.ts';
import { DMA } from './running/dma.ts';

runningBlocks('dma', DMA);
