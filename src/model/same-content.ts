/** Deep equality of JSON values; equal references end the comparison at once. A field that is `undefined` is absent. */
export function sameContent(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    for (let index = 0; index < left.length; index += 1) if (!sameContent(left[index], right[index])) return false;
    return true;
  }
  if (Array.isArray(right)) return false;
  const leftFields = left as Record<string, unknown>;
  const rightFields = right as Record<string, unknown>;
  let present = 0;
  for (const field in leftFields) {
    if (leftFields[field] === undefined) continue;
    present += 1;
    if (!sameContent(leftFields[field], rightFields[field])) return false;
  }
  for (const field in rightFields) if (rightFields[field] !== undefined) present -= 1;
  return present === 0;
}
