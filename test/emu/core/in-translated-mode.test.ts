import { runBareMachineTests } from './in-mode.ts';

await runBareMachineTests('translated');
