export * from "./api-error.ts";
export { ApiServer } from "./api-server.ts";
export { EventLog, type NewEvent, type RecordedEvent } from "./event-log.ts";
export { LeaseTable } from "./lease-table.ts";
export type * from "./request.ts";
export { deepFreeze, sameContent } from "./same-content.ts";
export { type ObjectPart, Store } from "./store.ts";
export type { Cursor, LogEntry, WatchLog } from "./watch-log.ts";
