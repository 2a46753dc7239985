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
];
