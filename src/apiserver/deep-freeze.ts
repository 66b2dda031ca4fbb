/**
 * Freezes a JSON value and whatever of it is not frozen yet: what objects share is walked once. Parts come first, and texts
 * are not called upon: every write passes here.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) {
      const part: unknown = value[at];
      if (typeof part === "object" && part !== null) deepFreeze(part);
    }
  } else {
    for (const field in value) {
      const part = value[field];
      if (typeof part === "object" && part !== null) deepFreeze(part);
    }
  }
  return Object.freeze(value);
}
