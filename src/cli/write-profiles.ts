/** Changes the profiles file: whole or not at all, readable by its owner only. What it does not change stays as it was. */
import { chmodSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isJsonObject } from "../core/json.ts";
import { WilcoError } from "../core/errors.ts";
import { whyUnwritable } from "../core/file-errors.ts";
import { makeDirectory } from "../core/make-directory.ts";
import type { Environment } from "./context.ts";
import { profilesFile, readProfiles } from "./profiles.ts";

interface ProfilesDocument {
  current?: string;
  profiles: Record<string, Record<string, unknown>>;
}

/** @throws WilcoError `invalid_request` when the file can't be understood or written. */
export function changeProfiles(env: Environment, change: (document: ProfilesDocument) => void): void {
  const file = profilesFile(env);
  // Refuses what is malformed; what is missing is an empty one.
  readProfiles(env);
  const document = readDocument(file);
  change(document);
  const part = `${file}.${process.pid}`;
  try {
    makeDirectory(dirname(file), 0o700);
    writeFileSync(part, `${JSON.stringify(document, null, 2)}\n`, { mode: 0o600 });
    chmodSync(part, 0o600);
    renameSync(part, file);
  } catch (error) {
    throw new WilcoError({
      code: "invalid_request",
      message: `The profiles file ${file} can't be written: ${whyUnwritable(error)}`,
      hint: "Set WILCO_SERVER and WILCO_TOKEN instead.",
    });
  }
}

function readDocument(file: string): ProfilesDocument {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return { profiles: {} }; // readProfiles, which was here before, would have refused any other trouble.
  }
  const document: unknown = JSON.parse(text);
  const profiles = isJsonObject(document) && isJsonObject(document["profiles"]) ? document["profiles"] : {};
  return { ...(document as object), profiles: profiles as ProfilesDocument["profiles"] };
}
