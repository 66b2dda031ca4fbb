import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";
import type {
  AppArmorProfile,
  Container,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from "../generated/api-types.ts";
import { byteLength } from "../names.ts";
import { oneOf } from "./checks.ts";
import { localDescendingPath } from "./paths.ts";

/** Rules of a container's `securityContext`. Upstream: `ValidateSecurityContext`, where privileged containers are allowed. */
export function validateSecurityContext(
  { securityContext: context }: Container,
  spec: Pick<PodSpec, "hostUsers">,
  at: string,
): FieldError[] {
  if (context === undefined) return [];
  const field = `${at}.securityContext`;
  const errors = [
    ...identity(context.runAsUser, `${field}.runAsUser`),
    ...identity(context.runAsGroup, `${field}.runAsGroup`),
  ];
  errors.push(...oneOf(context.procMount, ["Default", "Unmasked"], `${field}.procMount`));
  if (context.procMount === "Unmasked" && spec.hostUsers !== false) {
    errors.push(invalid(`${field}.procMount`, context.procMount, "`hostUsers` must be false to use `Unmasked`"));
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${field}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    const detail = "cannot set `allowPrivilegeEscalation` to false and";
    if (context.privileged === true) errors.push(invalid(field, shown(context), `${detail} \`privileged\` to true`));
    if (context.capabilities?.add?.includes("CAP_SYS_ADMIN") === true) {
      errors.push(invalid(field, shown(context), `${detail} \`capabilities.Add\` CAP_SYS_ADMIN`));
    }
  }
  return [...errors, ...validateAppArmor(context.appArmorProfile, `${field}.appArmorProfile`)];
}

/** The internal type's fields under Go's names, as the text shows the object. */
function shown(context: SecurityContext): object {
  const { capabilities } = context;
  return {
    Capabilities:
      capabilities === undefined ? null : { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null },
    Privileged: context.privileged ?? null,
    SELinuxOptions: context.seLinuxOptions ?? null,
    WindowsOptions: context.windowsOptions ?? null,
    RunAsUser: context.runAsUser ?? null,
    RunAsGroup: context.runAsGroup ?? null,
    RunAsNonRoot: context.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: context.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: context.allowPrivilegeEscalation ?? null,
    ProcMount: context.procMount ?? null,
    SeccompProfile: context.seccompProfile ?? null,
    AppArmorProfile: context.appArmorProfile ?? null,
  };
}

/** A user's or group's number. */
function identity(id: number | undefined, field: string): FieldError[] {
  if (id === undefined || (id >= 0 && id <= 2_147_483_647)) return [];
  return [invalid(field, id, "must be between 0 and 2147483647, inclusive")];
}

const profileTypes = ["Localhost", "RuntimeDefault", "Unconfined"];

function validateSeccomp(profile: SeccompProfile | undefined, field: string): FieldError[] {
  if (profile === undefined) return [];
  const { type = "", localhostProfile } = profile;
  const errors: FieldError[] = [];
  if (type === "") errors.push(required(`${field}.type`, "type is required when seccompProfile is set"));
  else if (!profileTypes.includes(type)) errors.push(notSupported(`${field}.type`, type, profileTypes));
  const path = `${field}.localhostProfile`;
  if (type !== "Localhost") {
    if (localhostProfile === undefined) return errors;
    const go = { Type: type, LocalhostProfile: localhostProfile };
    return [...errors, invalid(path, go, "can only be set when seccomp type is Localhost")];
  }
  if (localhostProfile === undefined) errors.push(required(path, "must be set when seccomp type is Localhost"));
  else errors.push(...localDescendingPath(localhostProfile, path));
  return errors;
}

const longestPath = 4095;

function validateAppArmor(profile: AppArmorProfile | undefined, field: string): FieldError[] {
  if (profile === undefined) return [];
  const { type = "", localhostProfile } = profile;
  const path = `${field}.localhostProfile`;
  if (type === "") return [required(`${field}.type`, "type is required when appArmorProfile is set")];
  if (!profileTypes.includes(type)) return [notSupported(`${field}.type`, type, profileTypes)];
  if (type !== "Localhost") {
    if (localhostProfile === undefined) return [];
    return [invalid(path, localhostProfile, "can only be set when AppArmor type is Localhost")];
  }
  const missing = "must be set when AppArmor type is Localhost";
  if (localhostProfile === undefined) return [required(path, missing)];
  if (localhostProfile.trim() !== localhostProfile)
    return [invalid(path, localhostProfile, "must not be padded with whitespace")];
  if (localhostProfile === "") return [required(path, missing)];
  return byteLength(localhostProfile) > longestPath ? [invalid(path, localhostProfile, "too long")] : [];
}

const sysctlFormat = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const sysctlPattern = new RegExp(`^${sysctlFormat}$`);

function validateSysctls({ securityContext, hostNetwork, hostIPC }: PodSpec, field: string): FieldError[] {
  const names = new Set<string>();
  return (securityContext?.sysctls ?? []).flatMap(({ name = "" }, index) => {
    const at = `${field}.sysctls[${index}].name`;
    const errors: FieldError[] = [];
    if (name === "") errors.push(required(at));
    else if (name.length > 253 || !sysctlPattern.test(name)) {
      errors.push(invalid(at, name, `must have at most 253 characters and match regex ^${sysctlFormat}$`));
    } else if (names.has(name)) errors.push(duplicate(at, name));
    names.add(name);
    const dotted = name.replaceAll("/", ".");
    if (hostNetwork === true && dotted.startsWith("net.")) {
      errors.push(invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    } else if (hostIPC === true && /^(kernel\.(shm|msg)|fs\.mqueue\.)|^kernel\.sem$/.test(dotted)) {
      errors.push(invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
    return errors;
  });
}

/** Rules of a pod's `securityContext`. Upstream: `validatePodSpecSecurityContext`. */
export function validatePodSecurityContext(spec: PodSpec, field: string): FieldError[] {
  const at = `${field}.securityContext`;
  const context: PodSecurityContext = spec.securityContext ?? {};
  const errors = [
    ...identity(context.fsGroup, `${at}.fsGroup`),
    ...identity(context.runAsUser, `${at}.runAsUser`),
    ...identity(context.runAsGroup, `${at}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      identity(group, `${at}.supplementalGroups[${index}]`),
    ),
  ];
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const detail = "ShareProcessNamespace and HostPID cannot both be enabled";
    errors.push(invalid(`${at}.shareProcessNamespace`, true, detail));
  }
  return [
    ...[...errors, ...validateSysctls(spec, at)],
    ...oneOf(context.fsGroupChangePolicy, ["Always", "OnRootMismatch"], `${at}.fsGroupChangePolicy`),
    ...validateSeccomp(context.seccompProfile, `${at}.seccompProfile`),
    ...validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`),
    ...oneOf(context.supplementalGroupsPolicy, ["Merge", "Strict"], `${at}.supplementalGroupsPolicy`),
    ...oneOf(context.seLinuxChangePolicy, ["MountOption", "Recursive"], `${at}.seLinuxChangePolicy`),
  ];
}

/** A pod with users of its own shares no other namespace with the machine. */
export function validateHostUsers(spec: PodSpec, field: string): FieldError[] {
  if (spec.hostUsers !== false) return [];
  const shared = [
    ["hostNetwork", "hostNetwork"],
    ["hostPID", "HostPID"],
    ["hostIPC", "HostIPC"],
  ] as const;
  return shared.flatMap(([key, name]) =>
    spec[key] === true ? [forbidden(`${field}.${name}`, "when `hostUsers` is false")] : [],
  );
}

const notOnWindows = "cannot be set for a windows pod";
const podFieldsOfLinux =
  `appArmorProfile seLinuxOptions hostUsers hostPID hostIPC seccompProfile fsGroup fsGroupChangePolicy sysctls
  shareProcessNamespace runAsUser runAsGroup supplementalGroups supplementalGroupsPolicy seLinuxChangePolicy`.split(
    /\s+/,
  );
const containerFieldsOfLinux =
  `appArmorProfile seLinuxOptions seccompProfile capabilities readOnlyRootFilesystem privileged
  allowPrivilegeEscalation procMount runAsUser runAsGroup`.split(/\s+/);

/** What a pod that names its operating system may not say. */
export function validateOperatingSystem(spec: PodSpec, field: string): FieldError[] {
  const name = spec.os?.name;
  if (name === undefined) return [];
  if (name === "") return [required(`${field}.os.name`, "cannot be empty")];
  if (name !== "linux" && name !== "windows") return [notSupported(`${field}.os`, name, ["linux", "windows"])];
  const containers = [
    ...(spec.initContainers ?? []).map(({ securityContext }, index) => ({
      securityContext,
      at: `${field}.initContainers[${index}]`,
    })),
    ...(spec.containers ?? []).map(({ securityContext }, index) => ({
      securityContext,
      at: `${field}.containers[${index}]`,
    })),
  ];
  if (name === "linux") {
    const detail = "windows options cannot be set for a linux pod";
    return [{ securityContext: spec.securityContext, at: field }, ...containers].flatMap(({ securityContext, at }) =>
      securityContext?.windowsOptions === undefined ? [] : [forbidden(`${at}.securityContext.windowsOptions`, detail)],
    );
  }
  const context = (spec.securityContext ?? {}) as Readonly<Record<string, unknown>>;
  const outside = spec as unknown as Readonly<Record<string, unknown>>;
  const ofPod = podFieldsOfLinux.flatMap((key) => {
    if (context[key] !== undefined) return [forbidden(`${field}.securityContext.${key}`, notOnWindows)];
    const own = key.startsWith("host") || key === "shareProcessNamespace";
    return own && outside[key] !== undefined && (key === "hostUsers" || outside[key] === true)
      ? [forbidden(`${field}.${key}`, notOnWindows)]
      : [];
  });
  const ofContainers = containers.flatMap(({ securityContext = {}, at }) =>
    containerFieldsOfLinux.flatMap((key) =>
      (securityContext as Readonly<Record<string, unknown>>)[key] === undefined
        ? []
        : [forbidden(`${at}.securityContext.${key}`, notOnWindows)],
    ),
  );
  return [...ofPod, ...ofContainers];
}
