/**
 * What is sent to a host to be run there. The command that its sshd sees is always the same and holds nothing of ours: it
 * starts /bin/sh, whatever the user's login shell is, which reads one line from its input and runs that. So values
 * are never parsed by an unknown shell, and neither they nor the environment's secrets stand in a process list or a log.
 */
import { OperationError } from "../operation-error.ts";

/** Safe in every login shell: only single quotes that hold no quote, backslash, exclamation mark or line break. */
export const START = `exec /bin/sh -c 'IFS= read -r l && eval "$l"'`;

/** A value as one word of sh, on one line: nothing in it is code. */
export function quote(value: string): string {
  // A line is read at once, so a line break is put in from $n.
  return `'${value.replaceAll("'", `'\\''`).replaceAll("\n", `'"$n"'`)}'`;
}

/** The first line: says under which process id everything will run, then becomes another user if asked to. */
export function openingLine(token: string, become: { user: string } | null): string {
  const parts = [`${LINE_BREAK} export WILCO_SPAWN=${token}; printf '%s pid %s\\n' ${token} $$;`];
  if (become === null) parts.push(`printf '%s ready\\n' ${token}; IFS= read -r l && eval "$l"`);
  else {
    const inner = `printf '%s ready\\n' ${token}; IFS= read -r l && eval "$l"`;
    parts.push(
      `command -v sudo >/dev/null 2>&1 || { printf '%s no_sudo\\n' ${token}; exit 127; };`,
      `exec sudo -S -H -p '${token}?' -u ${quote(become.user)} -- /bin/sh -c ${quote(inner)}`,
    );
  }
  return `${parts.join(" ")}\n`;
}

export interface RemoteCommand {
  argv: readonly string[];
  cwd?: string;
  env?: Record<string, string>;
}

/** The second line: checks what can be checked, says that it starts, and becomes the command. */
export function commandLine(token: string, { argv, cwd, env = {} }: RemoteCommand): string {
  const say = (what: string) => `printf '%s ${what}\\n' ${token}`;
  const program = quote(argv[0]!);
  const parts = [LINE_BREAK];
  if (cwd !== undefined) parts.push(`cd -- ${quote(cwd)} 2>/dev/null || { ${say("bad_cwd")}; exit 126; };`);
  for (const [name, value] of Object.entries(env)) parts.push(`export ${requireName(name)}=${quote(value)};`);
  parts.push(
    argv[0]!.includes("/")
      ? `[ -e ${program} ] || { ${say("not_found")}; exit 127; }; [ -f ${program} ] && [ -x ${program} ] || { ${say("not_executable")}; exit 126; };`
      : `command -v ${program} >/dev/null 2>&1 || { ${say("not_found")}; exit 127; };`,
    `${say("started")};`,
    `exec ${argv.map(quote).join(" ")}`,
  );
  return checked(`${parts.join(" ")}\n`);
}

/** Another second line: a script of ours with its $1, $2 …; what it needs of values goes through these. */
export function scriptLine(token: string, script: string, args: readonly string[]): string {
  const set = args.length === 0 ? "" : `set -- ${args.map(quote).join(" ")}; `;
  return checked(`${LINE_BREAK} ${set}printf '%s started\\n' ${token}; eval ${quote(script)}\n`);
}

/** $(…) drops line breaks at the end, so that one is not at the end. */
const LINE_BREAK = `n=$(printf '\\nx'); n=\${n%x};`;

function requireName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new OperationError({
    code: "invalid_command",
    message: `${JSON.stringify(name)} is no name of an environment variable.`,
    hint: "Use letters, digits and _, not beginning with a digit.",
  });
}

function checked(line: string): string {
  if (!line.includes("\0")) return line;
  throw new OperationError({
    code: "invalid_command",
    message: "A command, its directory and its environment can't hold NUL.",
  });
}
