/** Labels of what the playground has to press and to choose (web/), as its reports name them. */
export const CONTROLS = {
  chip: 'Chip',
  run: 'Run',
  whatIf: 'What if',
  machine: 'The machine',
  end: 'End',
} as const;
