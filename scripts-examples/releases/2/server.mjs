/** Release 2 of a web server: says who it is, and at /health that it is well. */
import { createServer } from "node:http";

const { PORT, NAME = "nobody", GREETING = "hello" } = process.env;

createServer((request, response) => {
  response.setHeader("connection", "close");
  response.end(request.url === "/health" ? "fine" : `${GREETING} from ${NAME}, release 2`);
}).listen(Number(PORT), "127.0.0.1", () => console.log(`${NAME} listens on ${PORT}`));
