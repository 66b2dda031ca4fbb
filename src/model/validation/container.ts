import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooMany } from "../field-error.ts";
import type { Container, PodSpec } from "../generated/api-types.ts";
import { dns1123Label, portName } from "../names.ts";
import { named, oneOf } from "./checks.ts";
import { validateEnvironment } from "./environment.ts";
import { validateHandlers } from "./handlers.ts";
import { validateResourceRequirements } from "./resources.ts";
import { validateSecurityContext } from "./security-context.ts";
import { type ValidVolumes, validateMounts } from "./volume-mounts.ts";

/** The ordinary containers, then the init containers: names are unique over both. Upstream: `validateContainers` and kin. */
export function validateContainers(spec: PodSpec, volumes: ValidVolumes, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const containers = spec.containers ?? [];
  const claims = new Set((spec.resourceClaims ?? []).map(({ name }) => name));
  if (containers.length === 0) errors.push(required(`${field}.containers`));
  for (const [index, container] of containers.entries()) {
    const at = `${field}.containers[${index}]`;
    errors.push(...validateContainer(container, spec, volumes, claims, at), ...unused(container, names, at));
    errors.push(...validateHandlers(container, spec.terminationGracePeriodSeconds, at));
    errors.push(...validateRestarts(container, at));
  }
  errors.push(...validateHostPorts(containers, `${field}.containers`));
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const at = `${field}.initContainers[${index}]`;
    errors.push(...validateContainer(container, spec, volumes, claims, at), ...validateRestarts(container, at));
    errors.push(...unused(container, names, at), ...validateHostPorts([container], `${field}.initContainers`));
    errors.push(...validateInitHandlers(container, spec, at));
  }
  return errors;
}

function unused({ name }: Container, names: Set<string>, at: string): FieldError[] {
  if (names.has(name)) return [duplicate(`${at}.name`, name)];
  names.add(name);
  return [];
}

function validateInitHandlers(container: Container, spec: PodSpec, at: string): FieldError[] {
  if (container.restartPolicy === "Always") return validateHandlers(container, spec.terminationGracePeriodSeconds, at);
  return (["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const).flatMap((key) =>
    container[key] === undefined
      ? []
      : [forbidden(`${at}.${key}`, "may not be set for init containers without restartPolicy=Always")],
  );
}

const mostRules = 20;
const mostExitCodes = 255;

/** A container's own restart policy, and its rules by exit code. */
function validateRestarts({ restartPolicy, restartPolicyRules: rules = [] }: Container, at: string): FieldError[] {
  const errors = oneOf(restartPolicy, ["Always", "Never", "OnFailure"], `${at}.restartPolicy`);
  if (restartPolicy === undefined && rules.length > 0) {
    errors.push(required(`${at}.restartPolicy`, "must specify restartPolicy when restart rules are used"));
  }
  if (rules.length > mostRules) errors.push(tooMany(`${at}.restartPolicyRules`, rules.length, mostRules));
  for (const [index, { action, exitCodes }] of rules.entries()) {
    const field = `${at}.restartPolicyRules[${index}]`;
    const actions = ["Restart", "RestartAllContainers"];
    if (!actions.includes(action)) errors.push(notSupported(`${field}.action`, action, actions));
    if (exitCodes === undefined) {
      errors.push(required(`${field}.exitCodes`, "must be specified"));
      continue;
    }
    const { operator, values = [] } = exitCodes;
    const operators = ["In", "NotIn"];
    if (!operators.includes(operator)) errors.push(notSupported(`${field}.exitCodes.operator`, operator, operators));
    if (values.length > mostExitCodes) errors.push(tooMany(`${field}.exitCodes.values`, values.length, mostExitCodes));
  }
  return errors;
}

/** No two containers that run beside each other want one port of the machine. */
function validateHostPorts(containers: readonly Container[], field: string): FieldError[] {
  const taken = new Set<string>();
  return containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort = 0, protocol = "", hostIP = "" }, position) => {
      if (hostPort === 0) return [];
      const port = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(port)) return [duplicate(`${field}[${index}].ports[${position}].hostPort`, port)];
      taken.add(port);
      return [];
    }),
  );
}

function validateContainer(
  container: Container,
  spec: PodSpec,
  volumes: ValidVolumes,
  claims: ReadonlySet<string>,
  at: string,
): FieldError[] {
  const { name, image } = container;
  const errors = name === undefined || name === "" ? [required(`${at}.name`)] : named(dns1123Label, name, `${at}.name`);
  if (image === undefined || image === "") errors.push(required(`${at}.image`));
  const messagePolicies = ["File", "FallbackToLogsOnError"];
  errors.push(...oneOf(container.terminationMessagePolicy, messagePolicies, `${at}.terminationMessagePolicy`));
  errors.push(...validatePorts(container, `${at}.ports`), ...validateEnvironment(container, at));
  errors.push(...validateMounts(container, volumes, at));
  errors.push(...oneOf(container.imagePullPolicy, ["Always", "IfNotPresent", "Never"], `${at}.imagePullPolicy`));
  errors.push(...validateResourceRequirements(container.resources, `${at}.resources`));
  errors.push(...validateClaims(container, claims, `${at}.resources.claims`));
  errors.push(...validateResizePolicy(container, spec, `${at}.resizePolicy`));
  return [...errors, ...validateSecurityContext(container, spec, at)];
}

/** Only in pods, not in templates: blanks around an image's name. */
export function validateImageNames({ containers = [], initContainers = [] }: PodSpec): FieldError[] {
  const lists = [
    ["spec.containers", containers],
    ["spec.initContainers", initContainers],
  ] as const;
  return lists.flatMap(([field, list]) =>
    list.flatMap(({ image }, index) => validateImageName(image, `${field}[${index}].image`)),
  );
}

export function validateImageName(image: string | undefined, field: string): FieldError[] {
  if (image === undefined || image.trim() === image) return [];
  return [invalid(field, image, "must not have leading or trailing whitespace")];
}

function validatePorts({ ports = [] }: Container, field: string): FieldError[] {
  const names = new Set<string>();
  const range = "must be between 1 and 65535, inclusive";
  return ports.flatMap(({ name = "", containerPort, hostPort = 0, protocol }, index) => {
    const at = `${field}[${index}]`;
    const errors = named(portName, name, `${at}.name`);
    if (name !== "" && errors.length === 0) {
      if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (containerPort === undefined || containerPort === 0) errors.push(required(`${at}.containerPort`));
    else if (containerPort < 1 || containerPort > 65_535) {
      errors.push(invalid(`${at}.containerPort`, containerPort, range));
    }
    if (hostPort < 0 || hostPort > 65_535) errors.push(invalid(`${at}.hostPort`, hostPort, range));
    return [...errors, ...oneOf(protocol, ["SCTP", "TCP", "UDP"], `${at}.protocol`)];
  });
}

/** On the machine's own network a port is the machine's. Templates may leave it out, since it is defaulted in the pod. */
export function validateHostNetwork(
  { hostNetwork, containers = [] }: PodSpec,
  isPod: boolean,
  field: string,
): FieldError[] {
  if (hostNetwork !== true) return [];
  return containers.flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort = 0, containerPort }, position) => {
      if (hostPort === containerPort || (!isPod && hostPort === 0)) return [];
      const at = `${field}.containers[${index}].ports[${position}].hostPort`;
      return [invalid(at, hostPort, "must match `containerPort` when `hostNetwork` is true")];
    }),
  );
}

function validateClaims({ resources }: Container, known: ReadonlySet<string>, field: string): FieldError[] {
  const seen = new Set<string>();
  return (resources?.claims ?? []).flatMap(({ name = "", request = "" }, index) => {
    const at = `${field}[${index}]`;
    if (name === "") return [required(at)];
    const key = request === "" ? name : `${name}/${request}`;
    const again =
      seen.has(name) || seen.has(key) || (request === "" && [...seen].some((other) => other.startsWith(`${name}/`)));
    seen.add(key);
    const errors = again ? [duplicate(at, seen.has(name) ? name : key)] : named(dns1123Label, request, `${at}.request`);
    if (known.has(name)) return errors;
    const names = known.size === 0 ? " which is empty" : `: ${[...known].sort().join(", ")}`;
    const detail = `must be one of the names in pod.spec.resourceClaims${names}`;
    const body = `Not found: ${JSON.stringify(name)}: ${detail}`;
    return [...errors, { type: "FieldValueNotFound", field: at, detail, body, text: `${at}: ${body}` }];
  });
}

function validateResizePolicy(
  { resizePolicy = [] }: Container,
  { restartPolicy }: PodSpec,
  field: string,
): FieldError[] {
  const seen = new Set<string>();
  const [resources, policies] = [
    ["cpu", "memory"],
    ["NotRequired", "RestartContainer"],
  ];
  return resizePolicy.flatMap(({ resourceName = "", restartPolicy: policy = "" }, index) => {
    const errors = seen.has(resourceName) ? [duplicate(`${field}[${index}]`, resourceName)] : [];
    seen.add(resourceName);
    if (resourceName === "") errors.push(required(field));
    else errors.push(...oneOf(resourceName, resources!, field));
    if (policy === "") errors.push(required(field));
    else errors.push(...oneOf(policy, policies!, field));
    if (restartPolicy === "Never" && policy !== "NotRequired") {
      errors.push(invalid(field, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    }
    return errors;
  });
}
