/** Release 3 of a web server, which must not go live: it starts, and never gets well. */
import { createServer } from "node:http";

const { PORT, NAME = "nobody" } = process.env;

createServer((_request, response) => {
  response.writeHead(503, { connection: "close" }).end("not well");
}).listen(Number(PORT), "127.0.0.1", () => console.log(`${NAME} listens on ${PORT}`));
