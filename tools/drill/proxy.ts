/** A TCP proxy whose connections can be cut, frozen, or refused: a network that fails on request. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Proxy {
  port: number;
  /** Open on either side. */
  readonly connections: number;
  /** Bytes as they come from the client, before they are passed on. May call `cut` or `freeze`. */
  onRequest: (bytes: Buffer) => void;
  /** Breaks every connection. New ones are taken. */
  cut(): void;
  /** Nothing passes any more on what is open, and nobody is told: a firewall that forgot its connections. */
  forget(): void;
  /** The same for what comes as well, until `thaw`: a cable that was pulled. */
  freeze(): void;
  /** Undoes `freeze` for what comes; the frozen connections stay dead. */
  thaw(): void;
  /** Where new connections go. */
  target(port: number): void;
  close(): Promise<void>;
}

/** @param port of the real one, on 127.0.0.1. */
export async function createProxy(port: number): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const state = { frozen: false, forgotten: 0, count: 0, port };
  const server = createServer((near) => {
    const far = connect(state.port, "127.0.0.1");
    const pair = [near, far] as const;
    const number = ++state.count;
    let dead = false;
    const passes = () => !(dead ||= state.frozen || number <= state.forgotten);
    for (const socket of pair) {
      sockets.add(socket);
      socket.on("error", () => {}); // a broken side ends both, below
      socket.on("close", () => {
        sockets.delete(socket);
        if (passes()) for (const other of pair) other.destroy();
      });
    }
    near.on("data", (bytes: Buffer) => {
      if (passes()) proxy.onRequest(bytes);
      if (passes()) far.write(bytes);
    });
    far.on("data", (bytes: Buffer) => {
      if (passes()) near.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size;
    },
    onRequest: () => {},
    cut,
    forget: () => (state.forgotten = state.count),
    freeze: () => (state.frozen = true),
    thaw: () => (state.frozen = false),
    target: (other) => (state.port = other),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      await closed;
    },
  };
  return proxy;
}
