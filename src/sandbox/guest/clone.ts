/** structuredClone for what QuickJS has: cycles, Map, Set, Date, RegExp, errors, typed arrays, plain objects. */

const ERRORS: Record<string, ErrorConstructor> = {
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** @throws TypeError (named DataCloneError) for functions, symbols, promises, weak collections and proxies of those. */
export function structuredClone<T>(value: T): T {
  return copy(value, new Map()) as T;
}

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw notClonable(String(value).slice(0, 80));
  if (typeof value !== "object" || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  const keep = <O extends object>(target: O): O => {
    seen.set(value, target);
    return target;
  };

  if (Array.isArray(value)) return copyProperties(value, keep(Object.assign([], { length: value.length })), seen);
  if (value instanceof Date) return keep(new Date(value.getTime()));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof Boolean || value instanceof Number || value instanceof String)
    return keep(Object(value.valueOf()) as object);
  if (value instanceof Map) {
    const target = keep(new Map<unknown, unknown>());
    for (const [key, item] of value) target.set(copy(key, seen), copy(item, seen));
    return target;
  }
  if (value instanceof Set) {
    const target = keep(new Set<unknown>());
    for (const item of value) target.add(copy(item, seen));
    return target;
  }
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value)) return keep(copyView(value, seen));
  if (value instanceof Error) return copyError(value, keep, seen);
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) {
    throw notClonable(Object.prototype.toString.call(value));
  }
  return copyProperties(value, keep({}), seen);
}

function copyProperties(source: object, target: object, seen: Map<object, unknown>): object {
  for (const key of Object.keys(source)) {
    // defineProperty: assigning to "__proto__" would set the prototype.
    Object.defineProperty(target, key, {
      value: copy((source as Record<string, unknown>)[key], seen),
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return target;
}

function copyView(view: ArrayBufferView, seen: Map<object, unknown>): ArrayBufferView {
  const buffer = copy(view.buffer, seen) as ArrayBuffer;
  if (view instanceof DataView) return new DataView(buffer, view.byteOffset, view.byteLength);
  const Type = view.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;
  return new Type(buffer, view.byteOffset, (view as Uint8Array).length);
}

function copyError(error: Error, keep: <O extends object>(target: O) => O, seen: Map<object, unknown>): Error {
  const target = keep(new (ERRORS[error.name] ?? Error)(error.message));
  Object.defineProperty(target, "stack", { value: error.stack, writable: true, configurable: true });
  if ("cause" in error) {
    Object.defineProperty(target, "cause", { value: copy(error.cause, seen), writable: true, configurable: true });
  }
  return target;
}

function notClonable(what: string): TypeError {
  const error = new TypeError(`${what} can't be cloned`);
  error.name = "DataCloneError";
  return error;
}
