/** URLSearchParams, which QuickJS lacks. */

export type SearchParamsInit = string | Iterable<readonly [unknown, unknown]> | Record<string, unknown>;

/** As the standard has it, anything is taken as its text. */
export class URLSearchParams {
  #pairs: Array<[string, string]>;
  #changed: ((text: string) => void) | undefined;

  constructor(init: SearchParamsInit = "") {
    if (typeof init === "string") this.#pairs = parse(init);
    else if (Symbol.iterator in init) this.#pairs = [...init].map(([name, value]) => [String(name), String(value)]);
    else this.#pairs = Object.entries(init).map(([name, value]) => [name, String(value)]);
  }

  /** The parameters of a URL: changes are told to it. */
  static ofUrl(query: string, changed: (text: string) => void): URLSearchParams {
    const params = new URLSearchParams(query);
    params.#changed = changed;
    return params;
  }

  /** Takes over another query without telling the URL. */
  static replace(params: URLSearchParams, query: string): void {
    params.#pairs = parse(query);
  }

  get size(): number {
    return this.#pairs.length;
  }

  append(name: unknown, value: unknown): void {
    this.#pairs.push([String(name), String(value)]);
    this.#tell();
  }

  delete(name: unknown, value?: unknown): void {
    this.#pairs = this.#pairs.filter(
      ([key, held]) => key !== String(name) || (value !== undefined && held !== textOf(value)),
    );
    this.#tell();
  }

  get(name: unknown): string | null {
    return this.#pairs.find(([key]) => key === String(name))?.[1] ?? null;
  }

  getAll(name: unknown): string[] {
    return this.#pairs.filter(([key]) => key === String(name)).map(([, value]) => value);
  }

  has(name: unknown, value?: unknown): boolean {
    return this.#pairs.some(([key, held]) => key === String(name) && (value === undefined || held === textOf(value)));
  }

  set(name: unknown, value: unknown): void {
    const first = this.#pairs.find(([key]) => key === String(name));
    if (!first) {
      this.append(name, value);
      return;
    }
    first[1] = String(value);
    this.#pairs = this.#pairs.filter((pair) => pair === first || pair[0] !== String(name));
    this.#tell();
  }

  sort(): void {
    this.#pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    this.#tell();
  }

  forEach(callback: (value: string, name: string, params: URLSearchParams) => void): void {
    for (const [name, value] of this.#pairs) callback(value, name, this);
  }

  *entries(): Generator<[string, string]> {
    for (const [name, value] of this.#pairs) yield [name, value];
  }

  *keys(): Generator<string> {
    for (const [name] of this.#pairs) yield name;
  }

  *values(): Generator<string> {
    for (const [, value] of this.#pairs) yield value;
  }

  [Symbol.iterator](): Generator<[string, string]> {
    return this.entries();
  }

  toString(): string {
    return this.#pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&");
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `URLSearchParams { ${this.#pairs.map(([name, value]) => `${JSON.stringify(name)} => ${JSON.stringify(value)}`).join(", ")} }`;
  }

  #tell(): void {
    this.#changed?.(this.toString());
  }
}

function textOf(value: unknown): string {
  return String(value);
}

function parse(query: string): Array<[string, string]> {
  const text = query.startsWith("?") ? query.slice(1) : query;
  return text
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at < 0 ? [decode(part), ""] : [decode(part.slice(0, at)), decode(part.slice(at + 1))];
    });
}

function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    // A stray "%" stands for itself; what is well formed around it is still decoded.
    return spaced.replace(/(%[0-9A-Fa-f]{2})+/g, (run) => {
      try {
        return decodeURIComponent(run);
      } catch {
        return "\uFFFD";
      }
    });
  }
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll("%20", "+")
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
