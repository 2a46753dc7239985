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
  'a\u2028::error::x\u2029::error::y\u0085::error::z',
  'zero\u200bwidth\u00ad\u2060\ufeff\u180e\u061c\u3164\u034f',
  'tags \u{e0001}\u{e0041}\u{e0100}',
  'half \ud800 of a character',
  'selectors a\ufe0f\ufe0e 1\ufe0f \u26a0\ufe0f\ufe0f',
  `flood o${'\u0336\u0310'.repeat(9)}`,
  '\u0301alone "\u0308',
  'blanks a\u2800b c\u3000d e\u2003f \u00a0g\u00a0 \u205fh \u1680 \u{1d159}\ufdd0',
  'joiners a\u200db \u200c x\u200cy \u26a0\u200c\u26a0 \u0645\u200c\u200c\u0645 \u26a0\u200d\u200d\u26a0 \u26a0\u200da \u0661\u200d\u0661\u200d',
  '<script>alert(1)</script><!-- ]]> & "quote" \'',
  '</script><img src=x onerror=alert(1)>',
  '](https://x.example) `code` | cell | *',
  '````',
  '<img src=y onerror=alert(2)>',
];

/** What the runners of GitHub, Azure, TeamCity and GitLab obey in a log, by their sources: lines end as .NET's ReadLine sees them, blanks in front of `::` do not count. */
export function commandsIn(log: string): string[] {
  const lines = log.split(/\r\n|[\r\n\u0085\u2028\u2029]/);
  return [
    ...lines.filter((line) => /^\s*::[^:]+::/.test(line) || /##(?:vso|teamcity)?\[/.test(line)),
    ...(log.match(/section_(?:start|end):\d+:[\w.-]+\r\u001b\[0K/g) ?? []),
  ];
}

/** Languages whose letters carry marks, or that have blanks of their own; and emoji. */
export const LANGUAGES: readonly string[] = [
  'Việt Nam'.normalize('NFD'),
  'שָׁ֥לוֹם',
  'مُحَمَّدٌ',
  'कार्यक्रम',
  'ที่นี่',
  'ကြွေး',
  'རྒྱུད',
  '漢字\u3000かな',
  'Prix\u00a0:\u202f10\u2009€',
  '\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645',
  '\u0dc1\u0dca\u200d\u0dbb\u0dd3 \u0915\u094d\u200d\u0937 \u0995\u09cd\u200c\u09b7',
  '\u{1f469}\u200d\u{1f4bb} \u{1f3f3}\ufe0f\u200d\u{1f308} \u{1f469}\u{1f3fd}\u200d\u{1f680} \u2764\ufe0f\u200d\u{1f525} \u{1f468}\u200d\u{1f9b0} \u{1f3c3}\u{1f3fb}\u200d\u2640\ufe0f',
  '\u2801\u2800\u2803',
  '\u2764\ufe0f \u260e\ufe0e \u26a0\ufe0f \u00a9\ufe0f 1\ufe0f\u20e3',
];

/** What a terminal obeys, or nobody sees. */
export const CONTROLS =
  /(?![\t\n\ufe0e\ufe0f])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|[a1\ufe0e\ufe0f][\ufe0e\ufe0f]|\p{M}{6}|["\s>]\p{M}|^\p{M}|[\u1680\u2000-\u2008\u205f\u3000\u00a0\u2800]|\u{1d159}|\ufdd0/u;
/** Without the colours of this program. */
export const uncoloured = (text: string): string => text.replace(/\u001b\[(?:1|2|22|31|32|33|36|39)m/g, '');
