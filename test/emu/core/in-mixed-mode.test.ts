import { runBareMachineTests } from './in-mode.ts';

await runBareMachineTests('mixed');
