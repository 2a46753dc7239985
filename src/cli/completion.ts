/** `bootbench completion <shell>`: a script that completes commands, options and the values of options that have a list. Made from the commands themselves. */
import type { Command } from 'commander';
import { glossary } from '../bench/verdict/glossary.ts';
import { CHECK_IDS, SYMPTOMS } from '../bench/documents/result.ts';
import { BOARDS } from '../bench/input/boards.ts';
import { UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import { CHIPS } from '../chips/index.ts';
import { ROM_OPTION_VALUES } from '../rom/options.ts';
import { EXIT, verbatim, type Io } from './io.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Words {
  /** Names of commands. */
  readonly commands: readonly string[];
  /** Options by command. */
  readonly options: Readonly<Record<string, readonly string[]>>;
  /** Values by option, and by command for its first argument. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

export function completionCommand(shell: string, program: Command, io: Io): number {
  const known = SHELLS.find((s) => s === shell);
  if (known === undefined)
    throw new UsageError(`completion: ${JSON.stringify(shell)} is not known`, didYouMean(shell, SHELLS) ?? `it is ${SHELLS.join(', ')}`);
  const words = wordsOf(program);
  const script =
    known === 'fish'
      ? fish(words)
      : `${known === 'zsh' ? '#compdef bootbench\nautoload -U bashcompinit && bashcompinit\n' : ''}${bash(words)}`;
  io.stdout.raw(verbatim(script));
  return EXIT.ok;
}

function wordsOf(program: Command): Words {
  const chips = CHIPS.map((c) => c.name.toLowerCase());
  const romOptions = Object.entries(ROM_OPTION_VALUES).flatMap(([id, values]) => values.map((value) => `${id}=${value}`));
  return {
    commands: program.commands.map((c) => c.name()),
    options: Object.fromEntries(
      program.commands.map((c) => [c.name(), c.options.flatMap((o) => [o.short, o.long].filter((x) => x !== undefined))]),
    ),
    values: {
      '--chip': chips,
      '--board': ['default', 'none', ...BOARDS.map((b) => b.name)],
      '--symptom': SYMPTOMS,
      '--engine': ['bootbench', 'unicorn'],
      '--reporter': ['default', 'github'],
      '--rom-option': romOptions,
      explain: [...new Set([...CHECK_IDS, ...glossary().map((e) => e.id)])],
      chips,
      completion: SHELLS,
      board: program.commands.find((c) => c.name() === 'board')?.commands.map((c) => c.name()) ?? [],
    },
  };
}

function bash({ commands, options, values }: Words): string {
  const option = (name: string): string => `    ${name}) COMPREPLY=($(compgen -W "${values[name]!.join(' ')}" -- "$word")); return ;;`;
  const command = (name: string): string => `    ${name}) words="${[...(options[name] ?? []), ...(values[name] ?? [])].join(' ')}" ;;`;
  return `# bootbench completion bash > /etc/bash_completion.d/bootbench, or: source <(bootbench completion bash)
_bootbench() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  # readline takes = for the end of a word
  [[ "$before" == "=" ]] && before="\${COMP_WORDS[COMP_CWORD-3]:-}"
  case "$before" in
${Object.keys(values)
  .filter((name) => name.startsWith('--'))
  .map(option)
  .join('\n')}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W "${commands.join(' ')}" -- "$word")); return; fi
  case "\${COMP_WORDS[1]}" in
${commands.map(command).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _bootbench bootbench
`;
}

function fish({ commands, options, values }: Words): string {
  const lines = [`complete -c bootbench -n __fish_use_subcommand -a '${commands.join(' ')}'`];
  for (const name of commands) {
    const seen = `-n '__fish_seen_subcommand_from ${name}'`;
    for (const option of options[name] ?? []) {
      const list = values[option];
      const form = option.startsWith('--') ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`;
      lines.push(`complete -c bootbench ${seen} ${form}${list === undefined ? '' : ` -x -a '${list.join(' ')}'`}`);
    }
    if (values[name]) lines.push(`complete -c bootbench ${seen} -a '${values[name].join(' ')}'`);
  }
  return `# bootbench completion fish > ~/.config/fish/completions/bootbench.fish\n${lines.join('\n')}\n`;
}
