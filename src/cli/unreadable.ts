/** Why a file can't be read, in words instead of the system's codes and calls. */
import { messageOf } from "../core/errors.ts";

const WORDS: Record<string, string> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  EACCES: "you may not read it",
  ELOOP: "its links lead to each other",
  ENAMETOOLONG: "its name is too long",
};

export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return Object.hasOwn(WORDS, code) ? WORDS[code]! : messageOf(error);
}
