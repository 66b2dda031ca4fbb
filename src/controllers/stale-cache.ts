import type { ApiError } from "../apiserver/index.ts";

/** Why a key is put back that the consistency gate of v1.36 holds: its controller's cache trails what it wrote itself. */
export const staleCache: ApiError = {
  code: 409,
  reason: "Conflict",
  message: "the cache trails the controller's own writes",
};
