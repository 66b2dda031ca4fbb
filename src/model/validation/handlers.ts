import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type { Container, Lifecycle, LifecycleHandler, Probe } from "../generated/api-types.ts";
import { httpHeaderName } from "../names.ts";
import { given, notNegative, oneOf, portNumberOrName } from "./checks.ts";

/** Hooks and probes of a container that may have them. `graceSeconds` is the pod's termination grace period. */
export function validateHandlers(container: Container, graceSeconds: number | undefined, at: string): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  const errors = validateLifecycle(lifecycle, graceSeconds, `${at}.lifecycle`);
  errors.push(...validateProbe(livenessProbe, `${at}.livenessProbe`));
  errors.push(...successOnce(livenessProbe, `${at}.livenessProbe`));
  errors.push(...validateProbe(readinessProbe, `${at}.readinessProbe`));
  if (readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    const field = `${at}.readinessProbe.terminationGracePeriodSeconds`;
    errors.push(invalid(field, seconds, "must not be set for readinessProbes"));
  }
  errors.push(...validateProbe(startupProbe, `${at}.startupProbe`));
  errors.push(...successOnce(startupProbe, `${at}.startupProbe`));
  return errors;
}

function successOnce(probe: Probe | undefined, at: string): FieldError[] {
  if (probe === undefined || probe.successThreshold === 1) return [];
  return [invalid(`${at}.successThreshold`, probe.successThreshold ?? 0, "must be 1")];
}

const counts = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

function validateProbe(probe: Probe | undefined, at: string): FieldError[] {
  if (probe === undefined) return [];
  const errors = validateHandler(probe, at);
  for (const key of counts) errors.push(...notNegative(probe[key], `${at}.${key}`));
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  }
  return errors;
}

function validateLifecycle(
  lifecycle: Lifecycle | undefined,
  graceSeconds: number | undefined,
  at: string,
): FieldError[] {
  if (lifecycle === undefined) return [];
  return (["postStart", "preStop"] as const).flatMap((key) => {
    const handler = lifecycle[key];
    return handler === undefined ? [] : validateHandler(handler, `${at}.${key}`, graceSeconds);
  });
}

/** Exactly one kind of handler, and that one in order. */
function validateHandler(handler: Probe | LifecycleHandler, at: string, graceSeconds?: number): FieldError[] {
  const errors: FieldError[] = [];
  let found = 0;
  const next = (key: string, check: () => FieldError[]): void => {
    if (handler[key as keyof typeof handler] === undefined) return;
    if (found++ > 0) errors.push(forbidden(`${at}.${key}`, "may not specify more than 1 handler type"));
    else errors.push(...check());
  };
  const { exec, httpGet, tcpSocket } = handler;
  const grpc = "grpc" in handler ? handler.grpc : undefined;
  const sleep = "sleep" in handler ? handler.sleep : undefined;
  next("exec", () => ((exec!.command?.length ?? 0) === 0 ? [required(`${at}.exec.command`)] : []));
  next("httpGet", () => [
    ...given(httpGet!.path, `${at}.httpGet.path`),
    ...portNumberOrName(httpGet!.port, `${at}.httpGet.port`),
    ...oneOf(httpGet!.scheme, ["HTTP", "HTTPS"], `${at}.httpGet.scheme`),
    ...(httpGet!.httpHeaders ?? []).flatMap(({ name }) =>
      httpHeaderName(name).map((message) => invalid(`${at}.httpGet.httpHeaders`, name, message)),
    ),
  ]);
  next("tcpSocket", () => portNumberOrName(tcpSocket!.port, `${at}.tcpSocket.port`));
  next("grpc", () => portNumberOrName(grpc!.port, `${at}.grpc.port`));
  next("sleep", () => {
    const seconds = sleep!.seconds;
    if (graceSeconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
    return [invalid(`${at}.sleep`, seconds, detail)];
  });
  if (found === 0) errors.push(required(at, "must specify a handler type"));
  return errors;
}
