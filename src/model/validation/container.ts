import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";
import type { Container, Lifecycle, LifecycleHandler, PodSpec, Probe } from "../generated/api-types.ts";
import { dns1123Label, portName, relaxedEnvVarName } from "../names.ts";
import { given, named, notNegative, oneOf, portNumberOrName } from "./checks.ts";
import { validateResourceRequirements } from "./resources.ts";

type ContainerPod = Pick<PodSpec, "volumes" | "restartPolicy" | "terminationGracePeriodSeconds" | "hostNetwork">;

/** The ordinary containers, then the init containers: names are unique over both. */
export function validateContainers(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const containers = spec.containers ?? [];
  if (containers.length === 0) errors.push(required(`${field}.containers`));
  for (const [index, container] of containers.entries()) {
    const at = `${field}.containers[${index}]`;
    errors.push(...validateContainer(container, spec, at));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    else names.add(container.name);
    errors.push(...validateHandlers(container, spec, at));
    if (container.restartPolicy === undefined && (container.restartPolicyRules?.length ?? 0) > 0) {
      errors.push(required(`${at}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
    }
  }
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    errors.push(...validateInitContainer(container, spec, `${field}.initContainers[${index}]`, names));
  }
  return errors;
}

function validateInitContainer(container: Container, spec: ContainerPod, at: string, names: Set<string>): FieldError[] {
  const errors = validateContainer(container, spec, at);
  if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
  else names.add(container.name);
  if (container.restartPolicy === "Always") return [...errors, ...validateHandlers(container, spec, at)];
  for (const key of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
    if (container[key] === undefined) continue;
    errors.push(forbidden(`${at}.${key}`, "may not be set for init containers without restartPolicy=Always"));
  }
  return errors;
}

function validateContainer(container: Container, spec: ContainerPod, at: string): FieldError[] {
  const { name, image } = container;
  const errors = name === undefined || name === "" ? [required(`${at}.name`)] : named(dns1123Label, name, `${at}.name`);
  if (image === undefined || image === "") errors.push(required(`${at}.image`));
  else if (image.trim() !== image) {
    errors.push(invalid(`${at}.image`, image, "must not have leading or trailing whitespace"));
  }
  errors.push(
    ...oneOf(container.terminationMessagePolicy, ["File", "FallbackToLogsOnError"], `${at}.terminationMessagePolicy`),
  );
  errors.push(...validatePorts(container, spec, `${at}.ports`), ...validateEnv(container, `${at}.env`));
  errors.push(...validateMounts(container, spec, `${at}.volumeMounts`));
  errors.push(...oneOf(container.imagePullPolicy, ["Always", "IfNotPresent", "Never"], `${at}.imagePullPolicy`));
  errors.push(...validateResourceRequirements(container.resources, `${at}.resources`));
  const security = container.securityContext;
  if (security?.privileged === true && security.allowPrivilegeEscalation === false) {
    const detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
    errors.push(invalid(`${at}.securityContext`, security, detail));
  }
  return errors;
}

function validatePorts({ ports = [] }: Container, { hostNetwork }: ContainerPod, field: string): FieldError[] {
  const names = new Set<string>();
  return ports.flatMap(({ name, containerPort, hostPort, protocol }, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (name !== undefined) {
      const complaints = portName(name);
      errors.push(...complaints.map((message) => invalid(`${at}.name`, name, message)));
      if (complaints.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    const range = "must be between 1 and 65535, inclusive";
    if (containerPort === undefined || containerPort === 0) errors.push(required(`${at}.containerPort`));
    else if (containerPort < 1 || containerPort > 65_535)
      errors.push(invalid(`${at}.containerPort`, containerPort, range));
    if (hostPort !== undefined && (hostPort < 1 || hostPort > 65_535))
      errors.push(invalid(`${at}.hostPort`, hostPort, range));
    if (hostNetwork === true && hostPort !== containerPort) {
      errors.push(invalid(`${at}.hostPort`, hostPort ?? 0, "must match `containerPort` when `hostNetwork` is true"));
    }
    return [...errors, ...oneOf(protocol, ["SCTP", "TCP", "UDP"], `${at}.protocol`)];
  });
}

function validateEnv({ env = [] }: Container, field: string): FieldError[] {
  return env.flatMap(({ name, value, valueFrom }, index) => {
    const at = `${field}[${index}]`;
    const errors =
      name === undefined || name === "" ? [required(`${at}.name`)] : named(relaxedEnvVarName, name, `${at}.name`);
    if (valueFrom === undefined) return errors;
    const sources = Object.keys(valueFrom).length;
    if (sources === 0)
      errors.push(
        invalid(
          `${at}.valueFrom`,
          "",
          "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
        ),
      );
    else if (value !== undefined && value !== "") {
      errors.push(invalid(`${at}.valueFrom`, "", "may not be specified when `value` is not empty"));
    } else if (sources > 1) {
      errors.push(invalid(`${at}.valueFrom`, "", "may not have more than one field specified at a time"));
    }
    return errors;
  });
}

function validateMounts({ volumeMounts = [] }: Container, { volumes = [] }: ContainerPod, field: string): FieldError[] {
  const paths = new Set<string>();
  const names = new Set(volumes.map(({ name }) => name));
  return volumeMounts.flatMap(({ name, mountPath, subPath }, index) => {
    const at = `${field}[${index}]`;
    const errors: FieldError[] = [];
    if (name === undefined || name === "") errors.push(required(`${at}.name`));
    else if (!names.has(name)) errors.push(notFoundVolume(`${at}.name`, name));
    if (mountPath === undefined || mountPath === "") errors.push(required(`${at}.mountPath`));
    else if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, "must be unique"));
    paths.add(mountPath);
    if (subPath !== undefined) errors.push(...localPath(subPath, `${field}.subPath`));
    return errors;
  });
}

const notFoundVolume = (field: string, name: string): FieldError => ({
  type: "FieldValueNotFound",
  field,
  detail: "",
  body: `Not found: ${JSON.stringify(name)}`,
  text: `${field}: Not found: ${JSON.stringify(name)}`,
});

/** A path inside something: relative, and never back out. */
export function localPath(path: string, field: string): FieldError[] {
  if (path.startsWith("/")) return [invalid(field, path, "must be a relative path")];
  return path.split("/").includes("..") ? [invalid(field, path, "must not contain '..'")] : [];
}

function validateHandlers(container: Container, spec: ContainerPod, at: string): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  const errors = validateLifecycle(lifecycle, spec, `${at}.lifecycle`);
  errors.push(...validateProbe(livenessProbe, `${at}.livenessProbe`));
  errors.push(...successOnce(livenessProbe, `${at}.livenessProbe`));
  errors.push(...validateProbe(readinessProbe, `${at}.readinessProbe`));
  if (readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    const seconds = readinessProbe.terminationGracePeriodSeconds;
    errors.push(
      invalid(`${at}.readinessProbe.terminationGracePeriodSeconds`, seconds, "must not be set for readinessProbes"),
    );
  }
  errors.push(...validateProbe(startupProbe, `${at}.startupProbe`));
  errors.push(...successOnce(startupProbe, `${at}.startupProbe`));
  return errors;
}

function successOnce(probe: Probe | undefined, at: string): FieldError[] {
  if (probe === undefined || probe.successThreshold === 1) return [];
  return [invalid(`${at}.successThreshold`, probe.successThreshold ?? 0, "must be 1")];
}

function validateProbe(probe: Probe | undefined, at: string): FieldError[] {
  if (probe === undefined) return [];
  const errors = validateHandler(probe, at);
  for (const key of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const) {
    errors.push(...notNegative(probe[key], `${at}.${key}`));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0 && !at.endsWith("readinessProbe")) {
    errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  }
  return errors;
}

function validateLifecycle(lifecycle: Lifecycle | undefined, spec: ContainerPod, at: string): FieldError[] {
  if (lifecycle === undefined) return [];
  const grace = spec.terminationGracePeriodSeconds;
  return (["postStart", "preStop"] as const).flatMap((key) => {
    const handler = lifecycle[key];
    return handler === undefined ? [] : validateHandler(handler, `${at}.${key}`, grace);
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
