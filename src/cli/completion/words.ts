/** What there is of each kind of word, as far as it is known. */
import { formatDuration } from "../../core/durations.ts";
import { SETTINGS } from "../../domain/settings.ts";
import { isTerminal } from "../../domain/status.ts";
import { formatTime } from "../output/times.ts";
import type { Known, KnownEntry } from "./known.ts";
import type { Kind } from "./places.ts";
import { SHELLS } from "./scripts.ts";
import { versionsOf } from "./versions.ts";

export interface WordsPlace {
  /** Arguments so far. */
  args: readonly string[];
  /** As far as it is typed. */
  typed: string;
  known: Known | undefined;
  /** Names of the profiles on this machine. */
  profiles: readonly string[];
}

/** How long people keep things. */
const KEPT_FOR = ["1h", "12h", "1d", "7d", "30d", "90d", "365d"];

const CONDITIONS = ["success", "failure", "any"];

/** A word may have what it is about behind a tab, as fish has it. */
export function wordsOf(kind: Kind, { args, typed, known, profiles }: WordsPlace): readonly string[] {
  const [first = "", second = ""] = args;
  switch (kind) {
    case "selector":
      return lastOfList(typed, selectorTerms(known));
    case "operation":
      return typesOf(first, known).flatMap((type) => Object.keys(known?.types[type] ?? {}));
    case "parameter":
      return typesOf(first, known).flatMap((type) => (known?.types[type]?.[second] ?? []).map((name) => `${name}=`));
    case "resource":
      return known?.resources.map(({ name }) => name) ?? [];
    case "configuration":
      return typesOf(first, known).flatMap((type) => (known?.settings?.[type] ?? []).map((name) => `${name}=`));
    case "metric":
      return typesOf(first, known).flatMap((type) => known?.metrics?.[type] ?? []);
    case "type":
      return Object.keys(known?.types ?? {});
    case "group":
      return known?.groups ?? [];
    case "label":
      return known?.labels ?? [];
    case "zone":
      return known?.zones ?? [];
    case "worker":
      return known?.workers ?? [];
    case "route":
      return known?.routes ?? [];
    case "paused route":
      return known?.pausedRoutes ?? [];
    case "finding":
      return known?.findings ?? [];
    case "token":
      return known?.tokens ?? [];
    case "secret":
      return known?.secrets ?? [];
    case "entry":
      return entriesOf(known, () => true);
    case "open entry":
      return entriesOf(known, ({ status }) => !isTerminal(status));
    case "failed entry":
      return entriesOf(known, ({ status }) => isTerminal(status) && status !== "succeeded");
    case "parent entry":
      return entriesOf(known, ({ kind: of }) => of === "request" || of === "script");
    case "dependency": {
      const [id] = /\d+:/.exec(typed.slice(typed.lastIndexOf(",") + 1)) ?? [];
      return id === undefined ? entriesOf(known, () => true) : CONDITIONS.map((condition) => `${id}${condition}`);
    }
    case "deployed version":
    case "configured version":
      return (versionsOf(known, { kind, resource: first }) ?? []).map(
        ({ version, about, at }) => `${version}\t${plain(about)}, ${formatTime(at, false)}`,
      );
    case "profile":
      return profiles;
    case "setting":
      return Object.keys(SETTINGS);
    case "kept for":
      return [
        "default",
        ...Object.values(SETTINGS).flatMap((one) => (one.default === null ? [] : formatDuration(one.default))),
        ...KEPT_FOR,
      ];
    case "shell":
      return SHELLS;
  }
}

function entriesOf(known: Known | undefined, wanted: (entry: KnownEntry) => boolean): string[] {
  return (known?.entries ?? [])
    .filter(wanted)
    .map(({ id, work, status, at }) => `${id}\t${plain(work)}, ${status.replace("_", " ")}, ${formatTime(at, false)}`);
}

/** In one line, and without what only looks like the end of a column. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- names of files and notes may have them
  return text.replaceAll(/[\x00-\x1f\x7f]+/g, " ");
}

/** The last word of a list is completed; what stands before it stays. */
export function lastOfList(typed: string, words: readonly string[]): string[] {
  const start = typed.slice(0, typed.lastIndexOf(",") + 1);
  return words.map((word) => start + word);
}

function selectorTerms(known: Known | undefined): string[] {
  if (!known) return [];
  return [
    ...known.resources.map(({ name }) => name),
    ...Object.keys(known.types).map((type) => `type=${type}`),
    ...known.groups.map((group) => `group=${group}`),
    ...(known.zones ?? []).map((zone) => `zone=${zone}`),
    ...known.labels,
  ];
}

/** The types that the selector can be about; all of them where only the server could tell. */
function typesOf(selector: string, known: Known | undefined): string[] {
  if (!known) return [];
  const terms = selector.split(",");
  const named = known.resources.filter(({ name }) => terms.includes(name)).map(({ type }) => type);
  const types = terms.flatMap((term) => /^type=(.+)$/.exec(term)?.[1] ?? []);
  const found = new Set(types.length > 0 ? types : named);
  return found.size > 0 ? [...found] : Object.keys(known.types);
}
