/**
 * Parameters at rest. What the operation's schema marks `secret: true`, and every text that holds a value of the secret
 * store, is taken out and sealed; the column that the history shows has masks in its place.
 */
import type { Json, JsonObject, JsonSchema } from "../core/json.ts";
import { createMasker, MASK } from "../core/masking.ts";
import { leavesOf, secretPaths, setAt, valueAt, type Path } from "../domain/secret-paths.ts";
import type { Sealer } from "./sealer.ts";
import { textsIn } from "./secrets.ts";

/** What is sealed with an entry. */
interface Sealed {
  /** Where the masks are, and what they stand for. */
  values: Array<[Path, Json]>;
  /** Values of the secret store that the caller used: masked in the output, wherever they come from. */
  used: string[];
}

export interface ProtectedParameters {
  /** With masks. */
  plain: JsonObject;
  /** null when nothing is secret. */
  sealed: string | null;
  /** Equal for equal secrets under one key of the server, and says nothing about them without it; null with `sealed`. */
  digest: string | null;
}

/** @param used values of the secret store that the caller has looked up. */
export function protectParameters(
  schema: JsonSchema,
  parameters: JsonObject,
  used: readonly string[],
  sealer: Sealer,
): ProtectedParameters {
  const declared = secretPaths(schema, parameters);
  const masker = createMasker(used);
  if (declared.length === 0 && masker.idle) return { plain: parameters, sealed: null, digest: null };
  const plain = structuredClone(parameters);
  const values: Sealed["values"] = [];
  const take = (path: Path, shown: Json) => {
    values.push([path, valueAt(plain, path)!]);
    setAt(plain, path, shown);
  };
  for (const path of declared) take(path, MASK);
  if (!masker.idle) {
    for (const path of leavesOf(plain)) {
      const value = valueAt(plain, path)!;
      const shown = masker.value(value);
      if (shown !== value) take(path, shown);
    }
  }
  const text = JSON.stringify({ values, used: [...used] } satisfies Sealed);
  return { plain, sealed: sealer.seal(text), digest: sealer.digest(text) };
}

/** @returns the parameters as they were given, every text that has to be masked, and those of the store among them. */
export function openParameters(
  plain: string,
  sealed: string | null,
  sealer: Sealer,
): { parameters: JsonObject; secrets: string[]; used: string[] } {
  const parameters = JSON.parse(plain) as JsonObject;
  if (sealed === null) return { parameters, secrets: [], used: [] };
  const { values, used } = JSON.parse(sealer.open(sealed)) as Sealed;
  const masker = createMasker(used);
  const secrets = [...used];
  for (const [path, value] of values) {
    setAt(parameters, path, value);
    // A long text with a stored secret somewhere in it is not a secret as a whole.
    if (masker.idle || masker.value(value) === value) secrets.push(...textsIn(value));
  }
  return { parameters, secrets, used };
}
