/**
 * URL as scripts use it: parsing, resolving against a base, reading and setting the parts. Follows the WHATWG standard
 * for http, https, ws, wss, ftp and file and for opaque schemes; host names outside ASCII are refused (no Punycode).
 */
import { URLSearchParams } from "./url-search-params.ts";

const DEFAULT_PORTS: Record<string, string> = {
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
  "ftp:": "21",
  "file:": "",
};

interface Parts {
  protocol: string;
  username: string;
  password: string;
  hostname: string;
  port: string;
  /** Null for URLs with an opaque path ("mailto:a@b"), which have no host either. */
  host: boolean;
  pathname: string;
  search: string;
  hash: string;
}

/** As the standard has it, anything is taken as its text. */
export class URL {
  #parts: Parts;
  #params: URLSearchParams;

  /** @throws TypeError "Invalid URL". */
  constructor(url: unknown, base?: string | URL) {
    this.#parts = parse(String(url), base === undefined ? undefined : parse(String(base), undefined));
    this.#params = URLSearchParams.ofUrl(this.#parts.search, (text) => {
      this.#parts.search = text === "" ? "" : `?${text}`;
    });
  }

  static canParse(url: unknown, base?: string | URL): boolean {
    return URL.parse(url, base) !== null;
  }

  static parse(url: unknown, base?: string | URL): URL | null {
    try {
      return new URL(url, base);
    } catch {
      return null;
    }
  }

  get href(): string {
    const { protocol, username, password, host, pathname, search, hash } = this.#parts;
    if (!host) return protocol + pathname + search + hash;
    const user = username === "" && password === "" ? "" : `${username}${password === "" ? "" : `:${password}`}@`;
    return `${protocol}//${user}${this.host}${pathname}${search}${hash}`;
  }
  set href(value: unknown) {
    this.#parts = parse(String(value), undefined);
    URLSearchParams.replace(this.#params, this.#parts.search);
  }

  get origin(): string {
    const { protocol } = this.#parts;
    return protocol in DEFAULT_PORTS && protocol !== "file:" ? `${protocol}//${this.host}` : "null";
  }

  get protocol(): string {
    return this.#parts.protocol;
  }
  set protocol(value: unknown) {
    const protocol = `${String(value).replace(/:.*$/, "").toLowerCase()}:`;
    if (/^[a-z][a-z0-9+.-]*:$/.test(protocol) && protocol in DEFAULT_PORTS === this.#parts.protocol in DEFAULT_PORTS) {
      this.#parts.protocol = protocol;
      if (this.#parts.port === DEFAULT_PORTS[protocol]) this.#parts.port = "";
    }
  }

  get username(): string {
    return this.#parts.username;
  }
  set username(value: unknown) {
    if (this.#parts.hostname !== "") this.#parts.username = encodeUser(String(value));
  }

  get password(): string {
    return this.#parts.password;
  }
  set password(value: unknown) {
    if (this.#parts.hostname !== "") this.#parts.password = encodeUser(String(value));
  }

  get host(): string {
    return this.#parts.hostname + (this.#parts.port === "" ? "" : `:${this.#parts.port}`);
  }
  set host(value: unknown) {
    const { hostname, port } = authority(String(value), this.#parts.protocol);
    this.#parts.hostname = hostname;
    if (port !== "") this.#parts.port = port;
  }

  get hostname(): string {
    return this.#parts.hostname;
  }
  set hostname(value: unknown) {
    this.#parts.hostname = hostOf(String(value), this.#parts.protocol);
  }

  get port(): string {
    return this.#parts.port;
  }
  set port(value: unknown) {
    this.#parts.port = portOf(String(value), this.#parts.protocol);
  }

  get pathname(): string {
    return this.#parts.pathname;
  }
  set pathname(value: unknown) {
    if (this.#parts.host) this.#parts.pathname = normalPath(String(value));
  }

  get search(): string {
    return this.#parts.search;
  }
  set search(value: unknown) {
    const text = String(value).replace(/^\?/, "");
    this.#parts.search = text === "" ? "" : `?${encodeQuery(text)}`;
    URLSearchParams.replace(this.#params, this.#parts.search);
  }

  get searchParams(): URLSearchParams {
    return this.#params;
  }

  get hash(): string {
    return this.#parts.hash;
  }
  set hash(value: unknown) {
    const text = String(value).replace(/^#/, "");
    this.#parts.hash = text === "" ? "" : `#${encodeHash(text)}`;
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `URL { ${this.href} }`;
  }
}

function parse(input: string, base: Parts | undefined): Parts {
  // oxlint-disable-next-line no-control-regex -- the standard strips these
  const text = input.replace(/^[\u0000-\u0020]+|[\u0000-\u0020]+$|[\t\n\r]/g, "");
  const [, beforeHash = "", hash = ""] = /^([^#]*)(?:#(.*))?$/s.exec(text) ?? [];
  const [, main = "", search] = /^([^?]*)(?:\?(.*))?$/s.exec(beforeHash) ?? [];
  const tail = {
    search: search ? `?${encodeQuery(search)}` : "",
    hash: hash === "" ? "" : `#${encodeHash(hash)}`,
  };
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*:)(.*)$/s.exec(main);
  if (scheme) {
    const protocol = scheme[1]!.toLowerCase();
    const rest = scheme[2]!;
    const special = protocol in DEFAULT_PORTS;
    if (!special && !rest.startsWith("//")) {
      return {
        ...empty(protocol),
        host: false,
        pathname: rest.startsWith("/") ? normalPath(rest) : encodePath(rest),
        ...tail,
      };
    }
    const slashed = special ? rest.replaceAll("\\", "/") : rest;
    if (protocol === "file:")
      return absolute(protocol, slashed.startsWith("//") ? slashed : `//${slashed.replace(/^\/?/, "/")}`, tail);
    return absolute(protocol, special ? slashed.replace(/^\/*/, "//") : slashed, tail);
  }
  if (!base || !base.host) throw invalid(input);
  const path = base.protocol in DEFAULT_PORTS ? main.replaceAll("\\", "/") : main;
  if (path.startsWith("//")) return absolute(base.protocol, path, tail);
  if (path === "") return { ...base, search: search === undefined ? base.search : tail.search, hash: tail.hash };
  const full = path.startsWith("/") ? path : base.pathname.replace(/[^/]*$/, "") + path;
  return { ...base, pathname: normalPath(full), ...tail };
}

function absolute(protocol: string, rest: string, tail: { search: string; hash: string }): Parts {
  const slash = rest.indexOf("/", 2);
  const written = rest.slice(2, slash < 0 ? undefined : slash);
  const found = protocol === "file:" && written === "" ? empty(protocol) : authority(written, protocol);
  return { ...empty(protocol), ...found, pathname: normalPath(slash < 0 ? "" : rest.slice(slash)), ...tail };
}

function empty(protocol: string): Parts {
  return {
    protocol,
    username: "",
    password: "",
    hostname: "",
    port: "",
    host: true,
    pathname: "",
    search: "",
    hash: "",
  };
}

function authority(text: string, protocol: string): Pick<Parts, "username" | "password" | "hostname" | "port"> {
  const at = text.lastIndexOf("@");
  const [username = "", ...password] = at < 0 ? [] : text.slice(0, at).split(":");
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(text.slice(at + 1));
  if (!match) throw invalid(text);
  return {
    username: encodeUser(username),
    password: encodeUser(password.join(":")),
    hostname: hostOf(match[1]!, protocol),
    port: portOf(match[2] ?? "", protocol),
  };
}

function hostOf(text: string, protocol: string): string {
  let host = text;
  try {
    host = decodeURIComponent(text);
  } catch {
    throw invalid(text);
  }
  if (/^\[[0-9a-f:.]+\]$/i.test(host)) return host.toLowerCase();
  const required = protocol in DEFAULT_PORTS && protocol !== "file:";
  // oxlint-disable-next-line no-control-regex -- forbidden in hosts, as the standard lists them
  if ((host === "" && required) || /[\u0000-\u0020#/:<>?@[\\\]^|%\u007f-\uffff]/.test(host)) throw invalid(text);
  return host.toLowerCase();
}

function portOf(text: string, protocol: string): string {
  if (text === "") return "";
  if (!/^\d+$/.test(text) || Number(text) > 65_535) throw invalid(text);
  const port = String(Number(text));
  return DEFAULT_PORTS[protocol] === port ? "" : port;
}

/** With "." and ".." resolved; always begins with "/". */
function normalPath(path: string): string {
  const segments: string[] = [];
  const parts = path.replace(/^\//, "").split("/");
  for (const [index, part] of parts.entries()) {
    const plain = part.replace(/%2e/gi, ".");
    const last = index === parts.length - 1;
    if (plain === "..") segments.pop();
    if (plain === ".." || plain === ".") {
      if (last) segments.push("");
    } else {
      segments.push(encodePath(part));
    }
  }
  return `/${segments.join("/")}`;
}

function encodeWith(pattern: RegExp): (text: string) => string {
  return (text) => text.toWellFormed().replace(pattern, (run) => encodeURIComponent(run).replaceAll("'", "%27"));
}
// oxlint-disable no-control-regex -- the standard's percent-encode sets
const encodePath = encodeWith(/[\u0000-\u0020"#<>?^`{}\u007f-\u{10ffff}]/gu);
const encodeQuery = encodeWith(/[\u0000-\u0020"#<>'\u007f-\u{10ffff}]/gu);
const encodeHash = encodeWith(/[\u0000-\u0020"<>`\u007f-\u{10ffff}]/gu);
const encodeUser = encodeWith(/[\u0000-\u0020"#<>?^`{}/:;=@[\\\]|\u007f-\u{10ffff}]/gu);
// oxlint-enable no-control-regex

function invalid(text: string): TypeError {
  return Object.assign(new TypeError(`Invalid URL: ${JSON.stringify(text.slice(0, 200))}`), {
    code: "ERR_INVALID_URL",
  });
}
