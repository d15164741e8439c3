/** Versions of one resource, for completion: asked for when somebody is about to name one, for nobody keeps all of them. */
import type { Api } from "../../client/api.ts";
import type { Known } from "./known.ts";
import type { Kind } from "./places.ts";

export interface KnownVersion {
  version: number;
  /** "1.2.0, former, app.tgz" */
  about: string;
  /** ISO. */
  at: string;
}

/** What is asked for at the cursor, where that is a version of a resource. */
export interface VersionsAsked {
  kind: "deployed version" | "configured version";
  resource: string;
}

const MOST_VERSIONS = 20;
/** Resources whose versions are kept. */
const MOST_KEPT = 20;

export function versionsAsked(kind: Kind | undefined, args: readonly string[]): VersionsAsked | undefined {
  const [resource] = args;
  if (resource === undefined || (kind !== "deployed version" && kind !== "configured version")) return undefined;
  return { kind, resource };
}

/** undefined when nobody has asked yet. */
export function versionsOf(known: Known | undefined, asked: VersionsAsked): readonly KnownVersion[] | undefined {
  return known?.versions?.[keyOf(asked)];
}

/** What is kept of versions from now on: what was, and what this resource has. */
export async function withVersions(
  api: Api,
  before: Known | undefined,
  asked: VersionsAsked,
): Promise<NonNullable<Known["versions"]>> {
  const { [keyOf(asked)]: _old, ...others } = before?.versions ?? {};
  const kept = Object.entries(others).slice(-MOST_KEPT + 1);
  // A resource that there is not has none.
  const now = await readVersions(api, asked).catch(() => []);
  return Object.fromEntries([...kept, [keyOf(asked), now]]);
}

async function readVersions(api: Api, { kind, resource }: VersionsAsked): Promise<KnownVersion[]> {
  if (kind === "deployed version") {
    const { items } = await api.deployments(resource, { limit: MOST_VERSIONS });
    return items.map(({ version, label, status, content, at }) => ({
      version,
      about: [...(label === null ? [] : [label]), status.replace("_", " "), content.name].join(", "),
      at,
    }));
  }
  const { items } = await api.configurationVersions(resource, { limit: MOST_VERSIONS });
  return items.map(({ version, author, note, at }) => ({
    version,
    about: [...(note === null ? [] : [note.slice(0, 60)]), `by ${author}`].join(", "),
    at,
  }));
}

function keyOf({ kind, resource }: VersionsAsked): string {
  return `${kind} ${resource}`;
}
