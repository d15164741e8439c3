/** The account PostgreSQL runs under. It refuses to run as root, so as root another one has to be found. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Account {
  uid: number;
  gid: number;
}

/** Undefined: our own account will do. */
export function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  // initdb looks its own user up by number, so the account must have a line in this file.
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error(
    "PostgreSQL does not run as root, and /etc/passwd has no account named postgres or nobody to run it under. " +
      "Run this as an ordinary user.",
  );
}

/** Whether `account` can create files in `folder` (a parent may be closed to it, as /root is). */
export function canWrite(folder: string, account: Account | undefined): boolean {
  const probe = 'touch "$0/probe" && rm "$0/probe"';
  return spawnSync("/bin/sh", ["-c", probe, folder], { ...account, cwd: "/", stdio: "ignore" }).status === 0;
}
