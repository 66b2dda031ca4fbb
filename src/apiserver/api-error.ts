import { aggregateText, type FieldError, type Kind, nameOf, type ObjectKey, resourceName } from "../model/index.ts";

export type ApiErrorReason =
  | "NotFound"
  | "AlreadyExists"
  | "Conflict"
  | "Invalid"
  | "Forbidden"
  | "TooManyRequests"
  | "Expired"
  | "InternalError"
  | "ServiceUnavailable"
  | "Timeout"
  | "BadRequest";

/** The simulated server's refusal, with upstream's code, reason and words. Data: it is a reply, never thrown at a user. */
export interface ApiError {
  readonly code: number;
  readonly reason: ApiErrorReason;
  readonly message: string;
  /** For `TooManyRequests`: when to come again. */
  readonly retryAfterSeconds?: number;
  /** Details of `Invalid` and of refused evictions, in upstream's order. */
  readonly causes?: readonly { readonly field?: string; readonly reason: string; readonly message: string }[];
}

export function notFound(kind: Kind, key: ObjectKey, apiVersion?: string): ApiError {
  return { code: 404, reason: "NotFound", message: `${resourceName(kind, apiVersion)} "${nameOf(key)}" not found` };
}

export function alreadyExists(kind: Kind, key: ObjectKey, apiVersion?: string): ApiError {
  const message = `${resourceName(kind, apiVersion)} "${nameOf(key)}" already exists`;
  return { code: 409, reason: "AlreadyExists", message };
}

export function conflict(kind: Kind, key: ObjectKey, why?: string, apiVersion?: string): ApiError {
  const because = why ?? "the object has been modified; please apply your changes to the latest version and try again";
  const message = `Operation cannot be fulfilled on ${resourceName(kind, apiVersion)} "${nameOf(key)}": ${because}`;
  return { code: 409, reason: "Conflict", message };
}

export function forbidden(kind: Kind, name: string, why: string): ApiError {
  return { code: 403, reason: "Forbidden", message: `${resourceName(kind)} "${name}" is forbidden: ${why}` };
}

/** 422 with every complaint about the object's fields, as kube-apiserver words it. */
export function invalidObject(
  {
    kind,
    apiVersion,
    metadata,
  }: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly metadata: { readonly name?: string; readonly generateName?: string };
  },
  errors: readonly FieldError[],
): ApiError {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const qualified = group === "" ? kind : `${kind}.${group}`;
  const name = metadata.name ?? metadata.generateName ?? "";
  const message = `${qualified} "${name}" is invalid: ${aggregateText(errors.map(({ text }) => text))}`;
  const causes = errors.map(({ field, type, body }) => ({ field, reason: type, message: body }));
  return { code: 422, reason: "Invalid", message, causes };
}

/** 400 for what is no such object: fields of other types, or fields that nobody knows. */
export function undecodable(
  { kind, apiVersion }: { readonly kind: string; readonly apiVersion: string },
  why: string,
): ApiError {
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  const message = `${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`;
  return { code: 400, reason: "BadRequest", message };
}

export const unavailable: ApiError = {
  code: 503,
  reason: "ServiceUnavailable",
  message: "the server is currently unable to handle the request",
};

export const requestTimedOut: ApiError = {
  code: 504,
  reason: "Timeout",
  message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
};
