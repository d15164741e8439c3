/** Where in a flow collection on one line, `{ run: [a, b], timeout: 3s }`, a path leads. For the places of errors. */

interface Item {
  /** Of the key in a mapping, of the value in a list. */
  start: number;
  value: number;
  key: string | null;
}

/**
 * @param open the index of the bracket in `line`. @param path what is looked for inside: "run[1]", "[0].name".
 * @returns the index of the last part of it that is there, or null.
 */
export function placeInFlow(line: string, open: number, path: string): number | null {
  const step = stepInto(itemsOf(line, open), path);
  if (step === null) return null;
  const inner =
    step.rest === "" || !isOpen(line[step.item.value]) ? null : placeInFlow(line, step.item.value, step.rest);
  return inner ?? step.item.start;
}

/** The index of the bracket that the value behind `from` begins with, or null. */
export function openingOf(line: string, from: number): number | null {
  const match = /[{[]/.exec(line.slice(from));
  return match === null ? null : from + match.index;
}

/** Of keys with dots the longest that fits. */
function stepInto(items: readonly Item[], path: string): { item: Item; rest: string } | null {
  const index = /^\[(\d+)\]\.?/.exec(path);
  if (index) {
    const item = items[Number(index[1])];
    return item && item.key === null ? { item, rest: path.slice(index[0].length) } : null;
  }
  const fits = items.filter(
    ({ key }) =>
      key !== null && path.startsWith(key) && ["", ".", "["].includes(path.slice(key.length, key.length + 1)),
  );
  const [item] = fits.toSorted((a, b) => b.key!.length - a.key!.length);
  return item ? { item, rest: path.slice(item.key!.length).replace(/^\./, "") } : null;
}

function itemsOf(line: string, open: number): Item[] {
  const items: Item[] = [];
  const isMapping = line[open] === "{";
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < line.length; at++) {
    const char = line[at]!;
    if (char === '"' || char === "'") {
      // Within a plain scalar it is a letter as any other.
      if (/[{[,:]\s*$/.test(line.slice(0, at))) at = endOfQuotes(line, at);
    } else if (isOpen(char)) depth++;
    else if (char === "}" || char === "]") depth--;
    if (depth > 1 || (depth === 1 && char !== ",")) continue;
    if (line.slice(start, at).trim() !== "") items.push(itemAt(line, start, at, isMapping));
    start = at + 1;
    if (depth === 0) break;
  }
  return items;
}

function itemAt(line: string, from: number, to: number, isMapping: boolean): Item {
  const start = from + /^\s*/.exec(line.slice(from, to))![0].length;
  if (!isMapping) return { start, value: start, key: null };
  const key = /^("[^"]*"|'[^']*'|[^:]*):\s*/.exec(line.slice(start, to));
  if (!key) return { start, value: to, key: line.slice(start, to).trim() };
  return { start, value: start + key[0].length, key: key[1]!.trim().replace(/^(["'])(.*)\1$/, "$2") };
}

function endOfQuotes(line: string, at: number): number {
  const quotes = line[at] === '"' ? /"(?:[^"\\]|\\.)*"/y : /'(?:[^']|'')*'/y;
  quotes.lastIndex = at;
  const match = quotes.exec(line);
  return match ? at + match[0].length - 1 : at;
}

function isOpen(char: string | undefined): boolean {
  return char === "{" || char === "[";
}
