/** Why a file can't be read or written, in words instead of the system's codes and calls. */
import { messageOf } from "./errors.ts";

const WORDS: Record<string, string> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of its path is not a directory",
  EACCES: "you may not read it",
  ELOOP: "its links lead to each other",
  ENAMETOOLONG: "its name is too long",
};

const WORDS_OF_WRITING: Record<string, string> = {
  ...WORDS,
  ENOENT: "there is no such directory",
  EEXIST: "a part of its path is a file",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "your share of the disk is full",
};

export function whyUnreadable(error: unknown): string {
  return inWords(error, WORDS);
}

/** Also of a directory that can't be made. */
export function whyUnwritable(error: unknown): string {
  return inWords(error, WORDS_OF_WRITING);
}

function inWords(error: unknown, words: Readonly<Record<string, string>>): string {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  return Object.hasOwn(words, code) ? words[code]! : messageOf(error);
}
