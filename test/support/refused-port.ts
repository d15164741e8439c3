/** A port on which a server may listen and to which fetch refuses to talk. */
import type { Server } from "node:http";

const PORTS = [6667, 6668, 6669, 6666, 6665, 6697, 6566, 5061];

/** Listens on the first one that is free. @returns the URL. */
export async function listenWhereFetchRefuses(server: Server): Promise<string> {
  for (const port of PORTS) {
    const listening = await new Promise<boolean>((resolve) => {
      const refused = (): void => resolve(false);
      server.once("error", refused);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", refused);
        resolve(true);
      });
    });
    if (listening) return `http://127.0.0.1:${port}`;
  }
  throw new Error("all of these ports are taken");
}
