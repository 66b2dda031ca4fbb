/** The object without the fields that are written as undefined, at any depth. */
export function defined<Value>(value: Value): Defined<Value> {
  if (Array.isArray(value)) return value.map(defined) as Defined<Value>;
  if (typeof value !== "object" || value === null) return value as Defined<Value>;
  const fields = Object.entries(value).flatMap(([name, field]) =>
    field === undefined ? [] : [[name, defined(field)] as const],
  );
  return Object.fromEntries(fields) as Defined<Value>;
}

type Defined<Value> = Value extends object
  ? { readonly [Name in keyof Value]: Exclude<Value[Name], undefined> }
  : Value;
