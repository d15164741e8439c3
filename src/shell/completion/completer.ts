/**
 * Tab. Reads the line's tokens, the names that the session declared and what is known of the server; evaluates nothing,
 * and waits for the network no longer than `bound`.
 */
import type { JsonSchema } from "../../core/json.ts";
import type { Variable } from "../../sandbox/guest/value-description.ts";
import type { Completer, Completion } from "../ports.ts";
import {
  keyCandidates,
  keyText,
  namesFor,
  offered,
  selectorCandidates,
  textValues,
  valueBeginnings,
} from "./candidates.ts";
import { cursorOf, type Cursor } from "./cursor.ts";
import { inferenceOf, type Inference } from "./inference.ts";
import { KEYWORDS, LANGUAGE_GLOBALS } from "./language.ts";
import { membersOf } from "./members.ts";
import type { Names, Snapshot } from "./names.ts";
import { placeOf, type Place } from "./place.ts";
import { NAMES_KEYWORD } from "./schema.ts";
import { SCRIPT_CLASSES, SCRIPT_GLOBALS } from "./script-shapes.ts";
import { signatureAt } from "./signature.ts";

export interface CompleterOptions {
  names: Names;
  /** What lines of the session declared. */
  variables: () => readonly Variable[];
  /** Names of the shell's own commands, without their dots. Default none. */
  commands?: readonly string[];
  /** Of the terminal, for signatures. Default 80. */
  columns?: () => number;
  /** ms that a Tab may wait for the network, of the 150 that an answer may take in all. Default 100. */
  bound?: number;
}

const NOTHING: Completion = { candidates: [], prefix: "" };
/** After these a value begins. */
const BEFORE_VALUE = new Set("( , : [ = { ; => ? & | ! return await of in".split(" "));

export function createCompleter({
  names,
  variables,
  commands = [],
  columns = () => 80,
  bound = 100,
}: CompleterOptions): Completer {
  async function complete(line: string, at: number): Promise<Completion> {
    const before = line.slice(0, at);
    const command = /^\s*(\.[a-z]*)$/.exec(before)?.[1];
    if (command !== undefined) {
      const known = commands.map((name) => `.${name}`).toSorted();
      return { candidates: offered(known, command), prefix: command };
    }
    const cursor = cursorOf(before);
    if (!cursor) return NOTHING;
    const due = performance.now() + bound;
    await within(names.ready(), bound);
    const snapshot = names.snapshot();
    const inference = inferenceOf({ tokens: cursor.tokens, snapshot, variables: variables() });
    const place = placeOf(cursor, inference, snapshot);
    const completion =
      cursor.typed.kind === "string"
        ? await inString({ cursor, place, snapshot, after: line.slice(at), left: () => due - performance.now() })
        : inCode({ cursor, place, snapshot, inference, after: line.slice(at) });
    const signature = signatureAt({ cursor, place, inference, snapshot, width: Math.max(20, columns()) });
    return signature === undefined ? completion : { ...completion, signature };
  }

  interface Input {
    cursor: Cursor;
    place: Place | undefined;
    snapshot: Snapshot;
    /** What stands behind the cursor. */
    after: string;
  }

  function inCode({ cursor, place, snapshot, inference, after }: Input & { inference: Inference }): Completion {
    const { tokens, typed } = cursor;
    const prefix = typed.text;
    const last = tokens.at(-1);
    if (isAccessor(cursor)) {
      const dot = tokens.length - 1;
      const owner = inference.endingAt(tokens[dot - 1]?.text === "?" ? dot - 2 : dot - 1);
      return { candidates: offered(membersOf(owner, snapshot), prefix), prefix };
    }
    // Behind a finished value nothing is known to come.
    if (typed.kind === "nothing" && last && !BEFORE_VALUE.has(last.text)) return { ...NOTHING, prefix };
    if (place?.keysOf) {
      const colon = /^\s*:/.test(after) ? "" : ": ";
      const keys = place.schema ? keyCandidates(place.schema, snapshot, place.keysOf.keys) : [];
      const candidates = offered(
        keys.map((key) => keyText(key) + colon),
        prefix,
      );
      if (candidates.length > 0 || place.schema) return { candidates, prefix };
    }
    // A key of an object of which nothing is known; a variable may be one.
    if (prefix === "" && cursor.frames.at(-1)?.object && cursor.frames.at(-1)!.key === undefined) return { ...NOTHING };
    const values = place?.schema && !place.keysOf ? valueBeginnings(place.schema) : [];
    const declared = [...inference.locals(), ...variables().map((variable) => variable.name)];
    const known = [...values, ...declared, ...Object.keys(SCRIPT_GLOBALS)];
    if (prefix === "") return { candidates: offered(values.length > 0 ? values : known, prefix), prefix };
    return { candidates: offered([...known, ...SCRIPT_CLASSES, ...LANGUAGE_GLOBALS, ...KEYWORDS], prefix), prefix };
  }

  async function inString(input: Input & { left: () => number }): Promise<Completion> {
    const { cursor, place, snapshot, after, left } = input;
    const { text, quote } = cursor.typed;
    if (!place?.schema) return { ...NOTHING, prefix: text };
    const { schema, path, keysOf } = place;
    if (keysOf) {
      const end = /^["'`]/.test(after) ? "" : `${quote}: `;
      const keys = keyCandidates(schema, snapshot, keysOf.keys).map((key) => key + end);
      return { candidates: offered(keys, text), prefix: text };
    }
    const known = await withResources(snapshot, schema, text, left());
    if (schema[NAMES_KEYWORD] === "selector") return selectorCandidates(text, known);
    const all = [...(namesFor(schema, known, path) ?? []), ...textValues(schema)];
    const candidates = offered(all, text);
    const one = candidates.length === 1 && all.includes(candidates[0]!);
    if (!one || /^["'`]/.test(after)) return { candidates, prefix: text };
    // A whole value is closed, and a call that takes nothing else with it.
    const end = path.length === 0 && place.call.args.length === 1 && after === "" ? `${quote})` : quote;
    return { candidates: [candidates[0]! + end], prefix: text };
  }

  /** With the names that begin so, when the snapshot may lack them. */
  async function withResources(snapshot: Snapshot, schema: JsonSchema, text: string, ms: number): Promise<Snapshot> {
    const kind = schema[NAMES_KEYWORD];
    const whole = !snapshot.partial && snapshot.resources.length > 0;
    if ((kind !== "resources" && kind !== "selector") || whole) return snapshot;
    const more = await within(names.resourcesFrom(text.slice(text.lastIndexOf(",") + 1).trimStart()), ms);
    // Some of the names would be worse than none: Tab types what all that it knows have in common.
    return { ...snapshot, resources: more ?? [] };
  }

  return {
    async complete(line, cursor) {
      try {
        return await complete(line, cursor);
      } catch {
        return NOTHING; // Whatever the line did to completion, Tab must not end the shell.
      }
    },
  };
}

/** After a dot that is no spread and no number's. */
function isAccessor({ tokens }: Cursor): boolean {
  const last = tokens.at(-1);
  const before = tokens.at(-2);
  return last?.text === "." && !(before?.text === "." && before.end === last.start);
}

/** The value when it comes in time; a failure is as good as silence. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return undefined; // The server is told of by what the user runs, not by Tab.
  } finally {
    clearTimeout(timer);
  }
}
