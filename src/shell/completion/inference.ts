/**
 * What an expression would be, told from its tokens, the session's variables and the types on the server. Nothing is
 * evaluated: a look at `web[0].` must not read anything, call anything, or wait.
 */
import type { JsonSchema } from "../../core/json.ts";
import type { OperationDescriptor } from "../../domain/resource-type.ts";
import type { Variable } from "../../sandbox/guest/value-description.ts";
import type { Token } from "../../sandbox/line-tokens.ts";
import { chainsOf, WORD_BEFORE } from "./chains.ts";
import { stringText } from "./cursor.ts";
import { arrayMember, NAMESPACES } from "./language.ts";
import type { Snapshot } from "./names.ts";
import { propertiesOf, resolved } from "./schema.ts";
import {
  configurationMembers,
  executionMembers,
  HANDLE_MEMBERS,
  HISTORY_MEMBERS,
  LIST_MEMBERS,
  resourceMembers,
  SCRIPT_GLOBALS,
} from "./script-shapes.ts";
import { typesSelected } from "./selected-types.ts";
import { ANY_RESOURCE, ENTRY, entries, resourcesOf, type CallShape, type Shape } from "./shapes.ts";

export interface Inference {
  /** Of the chain of dots, calls and indexes that ends with this token. */
  endingAt(at: number): Shape | undefined;
  /** What the parenthesis at this token calls. */
  calleeOf(at: number): CallShape | undefined;
  /** Of a name that stands behind the last token. */
  typedName(name: string): Shape | undefined;
  /** Names that the text itself declares. */
  locals(): string[];
}

export interface InferenceInput {
  tokens: readonly Token[];
  snapshot: Snapshot;
  variables: readonly Variable[];
}

/** Declarations that refer to each other in a circle, or pasted text that nests without end. */
const MAX_DEPTH = 30;
const DECLARING = new Set(["const", "let", "var"]);

/** An operation as the types of `types` declare it; they may differ. */
export function operationsNamed(snapshot: Snapshot, types: readonly string[], name: string): OperationDescriptor[] {
  return types.flatMap((type) => {
    const operations = snapshot.types.get(type)?.operations;
    return operations && Object.hasOwn(operations, name) ? [operations[name]!] : [];
  });
}

export function inferenceOf({ tokens, snapshot, variables }: InferenceInput): Inference {
  const { pairs, textAt, isDot, startOf } = chainsOf(tokens);
  let depth = 0;

  /** Reads one expression as far as dots, calls and indexes go, and not beyond `end`. */
  function read(at: number, end = tokens.length): { shape: Shape | undefined; next: number } {
    if (++depth > MAX_DEPTH) return { shape: undefined, next: tokens.length };
    try {
      const token = tokens[at];
      if (token?.text === "await") {
        const { shape, next } = read(at + 1, end);
        return { shape: awaited(shape), next };
      }
      return suffixes(primary(at), end);
    } finally {
      depth--;
    }
  }

  function primary(at: number): { shape: Shape | undefined; next: number } {
    const token = tokens[at];
    if (token?.kind === "word") return { shape: named(token.text, at), next: at + 1 };
    if (token?.kind === "string" || token?.kind === "template") return { shape: { kind: "text" }, next: at + 1 };
    const close = pairs.get(at);
    if (close === undefined) return { shape: undefined, next: at + 1 };
    const inner = read(at + 1);
    if (token!.text === "[") return { shape: { kind: "list", of: inner.shape, more: [] }, next: close + 1 };
    return { shape: token!.text === "(" && inner.next === close ? inner.shape : undefined, next: close + 1 };
  }

  function suffixes(first: { shape: Shape | undefined; next: number }, end: number) {
    let { shape, next } = first;
    while (next < end) {
      const text = textAt(next);
      const close = pairs.get(next);
      if ((text === "?" && isDot(next + 1)) || (text === "!" && /^[.[(]$/.test(textAt(next + 1)))) next++;
      else if (isDot(next) && tokens[next + 1]?.kind === "word") {
        shape = memberOf(shape, textAt(next + 1));
        next += 2;
      } else if (isDot(next) && /^[([]$/.test(textAt(next + 1))) next++;
      else if (text === "(" && close !== undefined) {
        shape = called(shape, next);
        next = close + 1;
      } else if (text === "[" && close !== undefined) {
        shape = shape?.kind === "list" ? shape.of : undefined;
        next = close + 1;
      } else break;
    }
    return { shape, next };
  }

  function called(shape: Shape | undefined, open: number): Shape | undefined {
    if (shape?.kind !== "call") return undefined;
    const { call } = shape;
    if (call.operation) return { kind: "execution", result: resultOf(call.operation.types, call.name) };
    if (call.name === "resource" || call.name === "child") return resourceNamed(tokens[open + 1]);
    if (call.name === "resources") return resourcesOf(typesSelected(tokens.slice(open + 1, pairs.get(open)), snapshot));
    return call.returns;
  }

  function resourceNamed(token: Token | undefined): Shape {
    if (token?.kind !== "string" && token?.kind !== "template") return ANY_RESOURCE;
    const name = stringText(token);
    const type = snapshot.resources.find((resource) => resource.name === name)?.type;
    return type === undefined ? { kind: "resource", types: [], name } : { kind: "resource", types: [type], name };
  }

  function resultOf(types: readonly string[], name: string): JsonSchema | undefined {
    return operationsNamed(snapshot, types, name)[0]?.result ?? undefined;
  }

  function operation(types: readonly string[], name: string): Shape | undefined {
    const [found] = operationsNamed(snapshot, types, name);
    if (!found) return undefined;
    const call: CallShape = {
      name,
      operation: { types },
      signature: `${name}(parameters?, options?)`,
      about: found.description ?? "",
      args: [],
      returns: undefined,
    };
    return { kind: "call", call };
  }

  function memberOf(shape: Shape | undefined, name: string): Shape | undefined {
    switch (shape?.kind) {
      case "resource": {
        const members = resourceMembers(shape);
        if (!Object.hasOwn(members, name)) return operation(shape.types, name);
        if ((name !== "children" && name !== "child") || shape.name === undefined) return members[name];
        const inside = snapshot.resources.filter((resource) => resource.parent === shape.name);
        if (name === "child") return snapshot.partial ? members[name] : naming(members[name], inside);
        return returning(members[name], resourcesOf([...new Set(inside.map((one) => one.type))]));
      }
      case "configuration": {
        const type = shape.types.length === 1 ? snapshot.types.get(shape.types[0]!) : undefined;
        return own(configurationMembers(type?.configuration ?? {}), name);
      }
      case "operations":
        return operation(shape.types, name);
      case "list":
        if (name === "batches" && shape.more.includes(name)) {
          return returning(LIST_MEMBERS[name], { kind: "list", of: { ...shape, more: [] }, more: [] });
        }
        return shape.more.includes(name) ? LIST_MEMBERS[name] : arrayMember(shape, name);
      case "execution":
        return own(executionMembers(shape), name);
      case "handle":
        return own(HANDLE_MEMBERS, name);
      case "history":
        return own(HISTORY_MEMBERS, name);
      case "json": {
        const inner = own(propertiesOf(resolved(shape.schema)), name);
        return inner === undefined ? undefined : { kind: "json", schema: resolved(inner, shape.schema) };
      }
      default:
        return undefined;
    }
  }

  function named(name: string, at: number): Shape | undefined {
    const local = declared(name, at);
    if (local) return local.shape;
    const variable = variables.find((one) => one.name === name);
    if (variable) return shapeOfVariable(variable.holds);
    if (Object.hasOwn(SCRIPT_GLOBALS, name)) return SCRIPT_GLOBALS[name];
    return Object.hasOwn(NAMESPACES, name) ? { kind: "members", members: NAMESPACES[name]! } : undefined;
  }

  /** The nearest declaration before a place in the text itself. */
  function declared(name: string, before: number): { shape: Shape | undefined } | undefined {
    for (let at = before - 1; at >= 0; at--) {
      if (textAt(at) !== name || tokens[at]!.kind !== "word") continue;
      if (DECLARING.has(textAt(at - 1))) {
        if (textAt(at + 1) === "of") return { shape: elementOf(read(at + 2).shape) };
        const value = initialiserAfter(at);
        if (value !== undefined && value < before) return { shape: read(value).shape };
      }
      const arrow = arrowOf(at);
      if (arrow !== undefined) return { shape: parameterOf(arrow) };
    }
    return undefined;
  }

  /** After `name =` or `name: Type =`. */
  function initialiserAfter(at: number): number | undefined {
    for (let next = at + 1; next < Math.min(at + 12, tokens.length); next++) {
      if (textAt(next) === "=") return next + 1;
      if (textAt(next) === ";" || (next === at + 1 && textAt(next) !== ":")) return undefined;
    }
    return undefined;
  }

  /** Where an arrow function begins whose first parameter this token is. */
  function arrowOf(at: number): number | undefined {
    if (textAt(at + 1) === "=>") return at;
    if (textAt(at - 1) !== "(") return undefined;
    const close = pairs.get(at - 1);
    return close !== undefined && textAt(close + 1) === "=>" ? at - 1 : undefined;
  }

  /** What the list's method gives its callback: the function begins at `start`. */
  function parameterOf(start: number): Shape | undefined {
    const open = textAt(start - 1) === "async" ? start - 2 : start - 1;
    if (textAt(open) !== "(" || !isDot(open - 2)) return undefined;
    const owner = endingAt(textAt(open - 3) === "?" ? open - 4 : open - 3);
    if (textAt(open - 1) === "then") return awaited(owner);
    return elementOf(owner);
  }

  function endingAt(at: number): Shape | undefined {
    if (++depth > MAX_DEPTH) return undefined;
    try {
      const start = startOf(at);
      if (start === undefined) return undefined;
      const { shape, next } = read(start, at + 1);
      return next > at ? shape : undefined;
    } finally {
      depth--;
    }
  }

  return {
    endingAt,
    calleeOf(at) {
      const before = tokens[at - 1];
      if (before?.kind !== "word" || WORD_BEFORE.has(before.text)) return undefined;
      const shape = endingAt(at - 1);
      return shape?.kind === "call" ? shape.call : undefined;
    },
    typedName(name) {
      const dot = tokens.length - 1;
      if (!isDot(dot)) return named(name, tokens.length);
      return memberOf(endingAt(textAt(dot - 1) === "?" ? dot - 2 : dot - 1), name);
    },
    locals: () =>
      tokens.flatMap((token, at) =>
        token.kind === "word" && (DECLARING.has(textAt(at - 1)) || arrowOf(at) !== undefined) ? [token.text] : [],
      ),
  };
}

function shapeOfVariable(holds: Variable["holds"]): Shape {
  switch (holds.kind) {
    case "resource":
      return { kind: "resource", types: [holds.type], name: holds.name };
    case "resources":
      return resourcesOf(holds.types);
    case "execution":
      return { kind: "execution", result: undefined };
    case "entry":
      return ENTRY;
    case "other":
      // No other list has a chart.
      return holds.members.includes("chart") && holds.members.includes("map")
        ? entries()
        : { kind: "members", members: holds.members };
  }
}

function awaited(shape: Shape | undefined): Shape | undefined {
  if (shape?.kind === "promise") return shape.of;
  if (shape?.kind === "handle") return ENTRY;
  if (shape?.kind !== "execution") return shape;
  return shape.result && { kind: "json", schema: shape.result };
}

function elementOf(shape: Shape | undefined): Shape | undefined {
  return shape?.kind === "list" ? shape.of : undefined;
}

function returning(shape: Shape | undefined, returns: Shape): Shape | undefined {
  return shape?.kind === "call" ? { kind: "call", call: { ...shape.call, returns } } : shape;
}

/** A call that takes one of these names; as examples, so that its signature does not list them. */
function naming(shape: Shape | undefined, resources: ReadonlyArray<{ name: string }>): Shape | undefined {
  const argument: JsonSchema = { type: "string", examples: resources.map(({ name }) => name) };
  return shape?.kind === "call" ? { kind: "call", call: { ...shape.call, args: [argument] } } : shape;
}

function own<T>(members: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
