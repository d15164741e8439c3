/** A file of its own, so that it is loaded by those who need it. */
import { request } from "node:https";

export const overHttps = request;
