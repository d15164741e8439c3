/** What an import found, before it is a document: resources and groups with the lines they stand on, and what is wrong. */
import type { JsonObject } from "../../core/json.ts";

export interface ImportedResource {
  /** Where it was first named; null when the source has no lines. */
  line: number | null;
  /** `type`, `zone`, `worker`, `parent`, `description`: those that the source says. */
  fields: Record<string, string>;
  labels: Record<string, string>;
  /** Values that are not texts in the source's own terms may still be texts here: the type's schema turns them. */
  connection: JsonObject;
}

export interface ImportedGroup {
  line: number | null;
  members: Set<string>;
  groups: Set<string>;
}

export interface ImportProblem {
  line: number | null;
  message: string;
  hint: string | null;
}

export interface Imported {
  readonly resources: Map<string, ImportedResource>;
  readonly groups: Map<string, ImportedGroup>;
  readonly problems: ImportProblem[];
  /** What was left out, for people. */
  readonly notices: string[];
  /** The one of that name, made when there is none yet. */
  resource(name: string, line: number | null): ImportedResource;
  group(name: string, line: number | null): ImportedGroup;
  problem(line: number | null, message: string, hint?: string): void;
}

export function createImported(): Imported {
  const resources = new Map<string, ImportedResource>();
  const groups = new Map<string, ImportedGroup>();
  const problems: ImportProblem[] = [];
  return {
    resources,
    groups,
    problems,
    notices: [],
    resource: (name, line) => known(resources, name, () => ({ line, fields: {}, labels: {}, connection: {} })),
    group: (name, line) => known(groups, name, () => ({ line, members: new Set(), groups: new Set() })),
    problem: (line, message, hint) => void problems.push({ line, message, hint: hint ?? null }),
  };
}

function known<T>(all: Map<string, T>, name: string, make: () => T): T {
  const found = all.get(name);
  if (found !== undefined) return found;
  const made = make();
  all.set(name, made);
  return made;
}
