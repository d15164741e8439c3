/** `file("dist/app.tgz")`: a file that goes to the server when a call that names it is submitted. */
import { WilcoError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";

export class ContentFile {
  /** As written. */
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    Object.freeze(this);
  }

  /** How it stands in parameters until its content is stored. */
  toJSON(): { file: string } {
    return { file: this.path };
  }
}

/**
 * Nothing is read before a call is made with it.
 * @param path relative to the working directory; in a script to its root, and it must be readable there (`--allow-read`).
 * @throws WilcoError `invalid_request` for what is no path.
 */
export function file(path: string): ContentFile {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return new ContentFile(path);
  throw new WilcoError({
    code: "invalid_request",
    message: `file() needs a path, not ${typeof path === "string" ? JSON.stringify(path) : typeof path}`,
    hint: 'Write file("dist/app.tgz").',
  });
}

/** A file, or content that the server has: `{ sha256, size?, name? }`. */
export function isContent(value: unknown): boolean {
  if (value instanceof ContentFile) return true;
  const keys = isJsonObject(value) ? Object.keys(value) : [];
  return keys.includes("sha256") && keys.every((key) => ["sha256", "size", "name"].includes(key));
}
