/** The paths of the API, in one place for server, client and worker. */

export const API = "/v1";

export const paths = {
  health: "/healthz",
  ready: "/readyz",
  openapi: `${API}/openapi.json`,
  me: `${API}/me`,
  entries: `${API}/entries`,
  poll: `${API}/entries/poll`,
  entry: (id: number | string) => `${API}/entries/${id}`,
  events: (id: number | string) => `${API}/entries/${id}/events`,
  cancel: (id: number | string) => `${API}/entries/${id}/cancel`,
  retry: (id: number | string) => `${API}/entries/${id}/retry`,
  resources: `${API}/resources`,
  resource: (name: number | string) => `${API}/resources/${encodeURIComponent(name)}`,
  types: `${API}/types`,
  type: (name: string) => `${API}/types/${encodeURIComponent(name)}`,
  groups: `${API}/groups`,
  apply: `${API}/inventory/apply`,
  tokens: `${API}/tokens`,
  token: (name: string) => `${API}/tokens/${encodeURIComponent(name)}`,
  pausedRoutes: `${API}/queue/paused`,
  pauseRoute: `${API}/queue/pause`,
  resumeRoute: `${API}/queue/resume`,
  workers: `${API}/workers`,
  claim: (session: string) => `${API}/workers/${session}/claim`,
  heartbeat: (session: string) => `${API}/workers/${session}/heartbeat`,
  report: (session: string) => `${API}/workers/${session}/report`,
  finish: (session: string) => `${API}/workers/${session}/finish`,
  stop: (session: string) => `${API}/workers/${session}/stop`,
} as const;
