/** Values by key, several to a key. A key's only value is kept as it is: a Set for each of thousands of keys is 0.25 KB each. */
export interface MultiMap<V extends object> {
  add(key: string, value: V): void;
  delete(key: string, value: V): void;
  /** In the order in which they were added; values that are deleted meanwhile are left out. */
  get(key: string): Iterable<V>;
  keys(): IterableIterator<string>;
  /** Of keys that have values. */
  readonly size: number;
}

export function createMultiMap<V extends object>(): MultiMap<V> {
  const byKey = new Map<string, V | Set<V>>();
  return {
    add(key, value) {
      const found = byKey.get(key);
      if (found instanceof Set) found.add(value);
      else if (found === undefined) byKey.set(key, value);
      else byKey.set(key, new Set([found, value]));
    },
    delete(key, value) {
      const found = byKey.get(key);
      if (found === value) byKey.delete(key);
      else if (found instanceof Set && found.delete(value) && found.size === 0) byKey.delete(key);
    },
    get(key) {
      const found = byKey.get(key);
      if (found === undefined) return NONE;
      return found instanceof Set ? found : [found];
    },
    keys: () => byKey.keys(),
    get size() {
      return byKey.size;
    },
  };
}

const NONE: Iterable<never> = Object.freeze([]);
