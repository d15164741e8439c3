/** The TypeScript language server that editors talk to, as far as the tests of completion need it. */
import { once } from "node:events";
import { spawn } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));

export interface LanguageServer {
  /** What an editor offers at the mark `|` of a script's text, in its order; optional names without their "?". */
  complete(file: string, text: string): Promise<string[]>;
  stop(): Promise<void>;
}

interface Message {
  id?: number;
  method?: string;
  params?: { items?: unknown[] };
  result?: unknown;
}

/** @param folder the one that the editor has open. */
export async function startLanguageServer(folder: string): Promise<LanguageServer> {
  const server = spawn(process.execPath, [TSC, "--lsp", "--stdio"], { cwd: folder, stdio: ["pipe", "pipe", "ignore"] });
  const waiting = new Map<number, (result: unknown) => void>();
  let received = Buffer.alloc(0);
  let lastId = 0;

  function send(message: object): void {
    const text = JSON.stringify({ jsonrpc: "2.0", ...message });
    server.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }
  function request(method: string, params: object): Promise<unknown> {
    lastId += 1;
    const id = lastId;
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      send({ id, method, params });
    });
  }
  function take(message: Message): void {
    if (message.method !== undefined && message.id !== undefined) {
      // It asks for settings: there are none.
      send({ id: message.id, result: message.params?.items?.map(() => null) ?? null });
    } else if (message.id !== undefined) {
      waiting.get(message.id)?.(message.result);
      waiting.delete(message.id);
    }
  }
  server.stdout.on("data", (part: Buffer) => {
    received = Buffer.concat([received, part]);
    for (;;) {
      const head = received.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(received.subarray(0, Math.max(head, 0)).toString())?.[1]);
      if (head < 0 || received.length < head + 4 + length) return;
      take(JSON.parse(received.subarray(head + 4, head + 4 + length).toString()) as Message);
      received = received.subarray(head + 4 + length);
    }
  });

  const root = pathToFileURL(folder).href;
  await request("initialize", {
    processId: process.pid,
    rootUri: root,
    capabilities: { textDocument: { completion: {} } },
    workspaceFolders: [{ uri: root, name: "scripts" }],
  });
  send({ method: "initialized", params: {} });

  return {
    async complete(file, text) {
      const uri = `${root}/${file}`;
      const before = text.slice(0, text.indexOf("|")).split("\n");
      const textDocument = { uri, languageId: "typescript", version: 1, text: text.replace("|", "") };
      send({ method: "textDocument/didOpen", params: { textDocument } });
      const position = { line: before.length - 1, character: before.at(-1)!.length };
      const answer = await request("textDocument/completion", { textDocument: { uri }, position });
      const items = (answer as { items?: Array<{ label: string }> } | null)?.items ?? [];
      return items.map(({ label }) => label.replace(/\?$/, ""));
    },
    async stop() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    },
  };
}
