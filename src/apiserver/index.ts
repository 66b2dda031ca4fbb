export * from "./api-error.ts";
export { ApiServer } from "./api-server.ts";
export { deepFreeze } from "./deep-freeze.ts";
export { EventLog, type NewEvent, type RecordedEvent } from "./event-log.ts";
export { LeaseTable } from "./lease-table.ts";
export type * from "./request.ts";
export { type ObjectPart, Store } from "./store.ts";
export type { Cursor, LogEntry, WatchLog } from "./watch-log.ts";
