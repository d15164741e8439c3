/**
 * Archives that others made, unpacked by the system's tar into an empty directory. Names that leave the directory are
 * refused before anything is written, links that leave it before anybody follows them.
 */
import { lstat, readdir, readlink } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import type { Exec } from "./exec.ts";
import { OperationError } from "./operation-error.ts";

export interface Unpacking {
  /** Path of the file. */
  archive: string;
  /** For messages, and for what kind of archive it is. */
  name: string;
  /** An empty directory. */
  into: string;
  /** Leading directories of its names that are left out. */
  strip: number;
  exec: Exec;
}

/** By the name; null = no archive. */
export function archiveKind(name: string): "tgz" | "tar" | null {
  if (/\.(tgz|tar\.gz)$/i.test(name)) return "tgz";
  return /\.tar$/i.test(name) ? "tar" : null;
}

/** Bytes of names that are looked at; an archive with more of them is refused, for they could not be. */
const MOST_NAMES = 32 * 1024 * 1024;
const NAMED = 5;

/** @throws OperationError `bad_archive`, `unsafe_archive`. */
export async function unpack({ archive, name, into, strip, exec }: Unpacking): Promise<void> {
  const zip = archiveKind(name) === "tar" ? "" : "z";
  const tar = async (...args: string[]) => {
    try {
      return await exec(["tar", ...args], { stream: false, capture: MOST_NAMES, env: { LC_ALL: "C" } });
    } catch (error) {
      if (error instanceof OperationError && error.code === "exit_code") throw bad(name, error);
      throw error;
    }
  };
  const listed = await tar(`-t${zip}f`, archive);
  if (listed.truncated) throw unsafe(name, ["it has more names than can be looked at"]);
  const names = listed.stdout.split("\n").filter((one) => one !== "");
  if (names.length === 0) throw bad(name);
  const leaving = names.filter((one) => one.startsWith("/") || one.split("/").includes(".."));
  if (leaving.length > 0)
    throw unsafe(
      name,
      leaving.map((one) => JSON.stringify(one)),
    );
  // -o: the files belong to the worker's user, whoever packed them.
  await tar(`-x${zip}of`, archive, "-C", into, ...(strip === 0 ? [] : [`--strip-components=${strip}`]));
  const wrong = await whatLeaves(into, into);
  if (wrong.length > 0) throw unsafe(name, wrong);
  if ((await readdir(into)).length === 0) throw bad(name);
}

async function whatLeaves(directory: string, root: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const info = await lstat(path);
    if (info.isDirectory()) wrong.push(...(await whatLeaves(path, root)));
    else if (info.isSymbolicLink()) {
      const target = await readlink(path);
      const end = resolve(dirname(path), target);
      if (end !== root && !end.startsWith(root + sep)) wrong.push(`${relative(root, path)} → ${target}`);
    } else if (!info.isFile()) wrong.push(`${relative(root, path)} is a device or a pipe`);
  }
  return wrong;
}

function bad(name: string, cause?: OperationError): OperationError {
  const lines = (cause?.details as { lastLines?: string[] } | undefined)?.lastLines ?? [];
  const why = cause === undefined ? "there is nothing in it" : (lines.at(-1) ?? cause.message);
  return new OperationError({
    code: "bad_archive",
    message: `${name} can't be unpacked: ${why.replace(/\.$/, "")}.`,
    hint: "It must be a tar archive, gzipped unless its name ends in .tar; unpack: false places it as it is.",
    cause,
  });
}

function unsafe(name: string, what: readonly string[]): OperationError {
  const more = what.length > NAMED ? `, and ${what.length - NAMED} more` : "";
  return new OperationError({
    code: "unsafe_archive",
    message: `${name} was not unpacked: ${what.slice(0, NAMED).join(", ")}${more} would leave the directory.`,
    hint: "Pack it with relative names and links only: tar -czf app.tgz -C DIR .",
  });
}
