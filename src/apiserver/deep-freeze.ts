/** Freezes a JSON value and whatever of it is not frozen yet: what objects share is walked once. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const field in value) deepFreeze(value[field]);
  return value;
}
