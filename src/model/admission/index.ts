export * from "./default-toleration-seconds.ts";
export * from "./limit-ranger.ts";
export * from "./pod-quota.ts";
export * from "./priority.ts";
export * from "./quota-scopes.ts";
