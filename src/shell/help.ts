/** `.help`: teaches by example. */

export interface HelpLine {
  /** ".record FILE" */
  usage: string;
  help: string;
}

const EXAMPLES: ReadonlyArray<readonly [string, string]> = [
  ['web = resource("web-1")', "a resource by name; print it to see its operations"],
  ["web.restart({ graceful: true })", "an operation: the shell waits and prints its result"],
  ["const e = web.restart()", "start it without waiting; then: e, await e, e.cancel()"],
  ['resources("tier=web")', 'a list: "web-*,tier=web,zone!=eu" or { type, labels, … }'],
  ["await Promise.all(_.map((r) => r.status()))", "all at once; _ is the last value"],
  ['await web.waitUntil("up", { waitTimeout: "30s" })', "until a check made after this line says so"],
  ['history.find({ status: "failed", limit: 5 })', "the audit trail; .json and .csv print the last value raw"],
  ["await history.wait(1042)", "come back to an operation, also one of another session"],
  ["for (const r of resources({ type: 'host' })) {", "lines go on until they are complete"],
];

const KEYS: ReadonlyArray<readonly [string, string]> = [
  ["Tab", "completes; twice shows an operation's parameters"],
  ["Ctrl-C", "ends the line, never an operation"],
  ["Ctrl-R", "searches what was typed before; Up goes back in it"],
  ["Ctrl-D", "leaves the shell"],
];

/** @param columns of the terminal: in a narrow one, what a line does stands below it. */
export function helpText(commands: readonly HelpLine[], columns: number): string {
  const examples = EXAMPLES.map(([line, what]) => [line.replace(/^web =/, "const web ="), what] as const);
  return [
    'Type JavaScript or TypeScript; the names of the module "wilco" are there.',
    "",
    ...rows(examples, columns),
    "",
    ...rows(KEYS, columns),
    "",
    ...rows(
      commands.map(({ usage, help }) => [usage, help] as const),
      columns,
    ),
    "",
  ].join("\n");
}

function rows(pairs: ReadonlyArray<readonly [string, string]>, columns: number): string[] {
  const width = Math.max(...pairs.map(([left]) => left.length));
  const fits = pairs.every(([, right]) => 2 + width + 2 + right.length <= columns);
  return pairs.flatMap(([left, right]) =>
    fits ? [`  ${left.padEnd(width)}  ${right}`] : [`  ${left}`, `      ${right}`],
  );
}
