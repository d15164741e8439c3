/** See GUEST_STARTED in package-modules.ts: evaluating this module is the sign that a script begins. */
import { guest } from "./main.ts";

guest.started();
