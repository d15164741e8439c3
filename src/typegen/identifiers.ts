/** Names of a server as names of TypeScript. */

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** As a key of an interface: `restart`, `"roll-back"`. */
export function propertyKey(name: string): string {
  return IDENTIFIER.test(name) && name !== "constructor" ? name : JSON.stringify(name);
}

/**
 * An interface's name for each resource type: "web-server" is `WebServer`. Two that would be the same, or one that is
 * `taken`, get "Type" and then a number after them.
 */
export function interfaceNames(types: readonly string[], taken: Iterable<string>): Map<string, string> {
  const used = new Set(taken);
  const names = new Map<string, string>();
  for (const type of types) {
    const plain = pascalCase(type);
    let name = plain;
    // Its operations have an interface too.
    for (let count = 1; used.has(name) || used.has(`${name}Operations`); count++) {
      name = `${plain}Type${count === 1 ? "" : count}`;
    }
    used.add(name).add(`${name}Operations`);
    names.set(type, name);
  }
  return names;
}

function pascalCase(name: string): string {
  const joined = name
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");
  return /^[A-Za-z]/.test(joined) ? joined : `Type${joined}`;
}
