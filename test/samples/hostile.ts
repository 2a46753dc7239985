/** Lines by which an image, a device or a file would speak to a terminal, to a CI runner, or to the reader of a page. */
export const HOSTILE_LINES: readonly string[] = [
  '::stop-commands::x',
  '  ::set-output name=a::b',
  '\t::add-mask::a',
  '\u3000::error::x',
  'a ##[error]x',
  '##vso[task.setvariable variable=a]b',
  "##teamcity[buildStop comment='x']",
  'section_start:1560896352:my_section\r\u001b[0K',
  'a\r::warning::b',
  '\u001b]0;title\u0007\u001b[31m\u001b[8mhidden',
  '\u009b2J\u0000\u0008\u007f',
  '\u202ereversed\u2066',
  'half \ud800 of a character',
  '<script>alert(1)</script><!-- ]]> & "quote" \'',
  '</script><img src=x onerror=alert(1)>',
  '](https://x.example) `code` | cell | *',
  '````',
  '<img src=y onerror=alert(2)>',
];

/** What the runners of GitHub, Azure, TeamCity and GitLab obey in a log, by their sources: lines end as .NET's ReadLine sees them, blanks in front of `::` do not count. */
export function commandsIn(log: string): string[] {
  const lines = log.split(/\r\n|\r|\n/);
  return [
    ...lines.filter((line) => /^\s*::[^:]+::/.test(line) || /##(?:vso|teamcity)?\[/.test(line)),
    ...(log.match(/section_(?:start|end):\d+:[\w.-]+\r\u001b\[0K/g) ?? []),
  ];
}

/** What a terminal obeys; the colours of this program are none of it. */
export const CONTROLS =
  /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\u001b(?!\[(?:1|2|22|31|32|33|36|39)m)/;
