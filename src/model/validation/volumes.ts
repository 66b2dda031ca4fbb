import { duplicate, type FieldError, forbidden, invalid, notSupported, required, tooLong } from "../field-error.ts";
import type {
  CSIPersistentVolumeSource,
  CSIVolumeSource,
  DownwardAPIVolumeFile,
  EphemeralVolumeSource,
  HostPathVolumeSource,
  KeyToPath,
  NFSVolumeSource,
  ProjectedVolumeSource,
  Volume,
} from "../generated/api-types.ts";
import { validateAnnotations, validateLabels } from "../metadata-validation.ts";
import { byteLength, dns1123Label, dns1123Subdomain } from "../names.ts";
import { compareQuantities } from "../quantity.ts";
import { given, named } from "./checks.ts";
import { validateFieldRef, validateResourceFieldRef, volumeFields } from "./environment.ts";
import { localDescendingPath, localNonReservedPath, noBacksteps } from "./paths.ts";
import { validateClaimSpec } from "./persistent-volume-claim.ts";
import type { ValidVolumes } from "./volume-mounts.ts";

/** Volumes of a pod, in order or not. `podName` is empty inside templates. Upstream: `ValidateVolumes`. */
export function validateVolumes(
  volumes: readonly Volume[],
  podName: string,
  field: string,
): { readonly valid: ValidVolumes; readonly errors: FieldError[] } {
  const valid = new Map<string, Volume>();
  const errors: FieldError[] = [];
  const created = new Set(
    volumes.flatMap(({ name, ephemeral }) => (ephemeral === undefined ? [] : [`${podName}-${name}`])),
  );
  for (const [index, volume] of volumes.entries()) {
    const at = `${field}[${index}]`;
    const { name = "" } = volume;
    const found = validateSource(volume, podName, at);
    if (name === "") found.push(required(`${at}.name`));
    else found.push(...named(dns1123Label, name, `${at}.name`));
    if (valid.has(name)) found.push(duplicate(`${at}.name`, name));
    if (found.length === 0) valid.set(name, volume);
    errors.push(...found);
    const claim = volume.persistentVolumeClaim?.claimName ?? "";
    if (podName !== "" && created.has(claim)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, detail));
    }
  }
  return { valid, errors };
}

type Sources = Omit<Volume, "name">;
type SourceCheck = (source: never, at: string, volume: Volume, podName: string) => FieldError[];

/** Fields that a source cannot do without. */
const requires =
  (...keys: readonly string[]) =>
  (source: Readonly<Record<string, unknown>>, at: string): FieldError[] =>
    keys.flatMap((key) => given(source[key], `${at}.${key}`));

/** Sources in the order in which upstream looks for them; the first one counts. */
const sources: readonly (readonly [key: keyof Sources, check: SourceCheck, shown?: string])[] = [
  ["emptyDir", validateEmptyDir as SourceCheck],
  ["hostPath", validateHostPath as SourceCheck],
  ["gitRepo", validateGitRepo as SourceCheck],
  ["gcePersistentDisk", requires("pdName") as SourceCheck, "persistentDisk"],
  ["awsElasticBlockStore", requires("volumeID") as SourceCheck],
  ["secret", validateSecretVolume as SourceCheck],
  ["nfs", validateNfs as SourceCheck],
  ["iscsi", requires("targetPortal", "iqn") as SourceCheck],
  ["glusterfs", requires("endpoints", "path") as SourceCheck],
  ["flocker", requires() as SourceCheck],
  ["persistentVolumeClaim", requires("claimName") as SourceCheck],
  ["rbd", requires("monitors", "image") as SourceCheck],
  ["cinder", requires("volumeID") as SourceCheck],
  ["cephfs", requires("monitors") as SourceCheck],
  ["quobyte", requires("registry", "volume") as SourceCheck],
  ["downwardAPI", validateDownwardApi as SourceCheck],
  ["fc", requires() as SourceCheck],
  ["flexVolume", requires("driver") as SourceCheck],
  ["configMap", validateConfigMapVolume as SourceCheck],
  ["azureFile", requires("secretName", "shareName") as SourceCheck],
  ["vsphereVolume", requires("volumePath") as SourceCheck],
  ["photonPersistentDisk", requires("pdID") as SourceCheck],
  ["portworxVolume", requires("volumeID") as SourceCheck],
  ["azureDisk", requires("diskName", "diskURI") as SourceCheck],
  ["storageos", requires("volumeName") as SourceCheck],
  ["projected", validateProjected as SourceCheck],
  ["scaleIO", requires("gateway", "system", "volumeName") as SourceCheck],
  ["csi", validateCsiVolume as SourceCheck],
  ["ephemeral", validateEphemeral as SourceCheck],
  ["image", (() => []) as SourceCheck],
];

/** Upstream writes two of the names otherwise where it forbids a second source. */
const forbiddenNames: ReadonlyMap<string, string> = new Map([
  ["cephfs", "cephFS"],
  ["downwardAPI", "downwarAPI"],
]);

function validateSource(volume: Volume, podName: string, at: string): FieldError[] {
  const errors: FieldError[] = [];
  let found = 0;
  for (const [key, check, shown = key] of sources) {
    const source = volume[key];
    if (source === undefined) continue;
    if (found++ === 0) errors.push(...check(source as never, `${at}.${shown}`, volume, podName));
    else errors.push(forbidden(`${at}.${forbiddenNames.get(key) ?? key}`, "may not specify more than 1 volume type"));
  }
  return found === 0 ? [required(at, "must specify a volume type")] : errors;
}

function validateEmptyDir({ sizeLimit }: NonNullable<Volume["emptyDir"]>, at: string): FieldError[] {
  if (sizeLimit === undefined || compareQuantities(sizeLimit, "0") >= 0) return [];
  return [forbidden(`${at}.sizeLimit`, "SizeLimit field must be a valid resource quantity")];
}

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

export function validateHostPath({ path = "", type }: HostPathVolumeSource, at: string): FieldError[] {
  if (path === "") return [required(`${at}.path`)];
  const errors = noBacksteps(path, `${at}.path`);
  return type === undefined || hostPathTypes.includes(type)
    ? errors
    : [...errors, notSupported(`${at}.type`, type, hostPathTypes)];
}

function validateGitRepo({ repository, directory = "" }: NonNullable<Volume["gitRepo"]>, at: string): FieldError[] {
  return [...given(repository, `${at}.repository`), ...localDescendingPath(directory, `${at}.directory`)];
}

export function validateNfs({ server, path = "" }: NFSVolumeSource, at: string): FieldError[] {
  const errors = [...given(server, `${at}.server`), ...given(path, `${at}.path`)];
  return path.startsWith("/") ? errors : [...errors, invalid(`${at}.path`, path, "must be an absolute path")];
}

/** Bits of a file's mode. */
function fileMode(mode: number | undefined, field: string): FieldError[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(field, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}

function validateItems(items: readonly KeyToPath[], at: string): FieldError[] {
  return items.flatMap(({ key, path = "", mode }, index) => {
    const field = `${at}.items[${index}]`;
    const errors = [...given(key, `${field}.key`), ...given(path, `${field}.path`)];
    return [...errors, ...localNonReservedPath(path, `${field}.path`), ...fileMode(mode, `${field}.mode`)];
  });
}

function validateSecretVolume(source: NonNullable<Volume["secret"]>, at: string): FieldError[] {
  const errors = [
    ...given(source.secretName, `${at}.secretName`),
    ...fileMode(source.defaultMode, `${at}.defaultMode`),
  ];
  return [...errors, ...validateItems(source.items ?? [], at)];
}

function validateConfigMapVolume(source: NonNullable<Volume["configMap"]>, at: string): FieldError[] {
  const errors = [...given(source.name, `${at}.name`), ...fileMode(source.defaultMode, `${at}.defaultMode`)];
  return [...errors, ...validateItems(source.items ?? [], at)];
}

function validateDownwardApi(source: NonNullable<Volume["downwardAPI"]>, at: string): FieldError[] {
  const errors = fileMode(source.defaultMode, `${at}.defaultMode`);
  return [...errors, ...(source.items ?? []).flatMap((file) => validateDownwardFile(file, at))];
}

function validateDownwardFile(
  { path = "", fieldRef, resourceFieldRef, mode }: DownwardAPIVolumeFile,
  at: string,
): FieldError[] {
  const errors = [...given(path, `${at}.path`), ...localNonReservedPath(path, `${at}.path`)];
  if (fieldRef !== undefined) {
    errors.push(...validateFieldRef(fieldRef, volumeFields, `${at}.fieldRef`));
    if (resourceFieldRef !== undefined) {
      errors.push(invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceFieldRef(resourceFieldRef, `${at}.resourceFieldRef`, true));
  } else {
    errors.push(required(at, "one of fieldRef and resourceFieldRef is required"));
  }
  return [...errors, ...fileMode(mode, `${at}.mode`)];
}

const longestTokenSeconds = 4_294_967_296;

function validateProjected({ sources: parts = [], defaultMode }: ProjectedVolumeSource, at: string): FieldError[] {
  const errors = fileMode(defaultMode, `${at}.defaultMode`);
  const paths = new Set<string>();
  const once = (path: string, shown: string): void => {
    if (path === "") return;
    if (paths.has(path)) errors.push(invalid(at, shown, "conflicting duplicate paths"));
    paths.add(path);
  };
  for (const [index, part] of parts.entries()) {
    const field = `${at}.sources[${index}]`;
    for (const key of ["secret", "configMap"] as const) {
      const { name = "", items = [] } = part[key] ?? {};
      if (part[key] === undefined) continue;
      errors.push(...given(name, `${field}.${key}.name`), ...validateItems(items, `${field}.${key}`));
      for (const { path } of items) once(path, name);
    }
    for (const file of part.downwardAPI?.items ?? []) {
      errors.push(...validateDownwardFile(file, `${field}.downwardAPI`));
      once(file.path, file.path);
    }
    const token = part.serviceAccountToken;
    if (token !== undefined) {
      const { expirationSeconds = 0, path = "" } = token;
      const seconds = `${field}.serviceAccountToken.expirationSeconds`;
      if (expirationSeconds < 600) {
        errors.push(invalid(seconds, expirationSeconds, "may not specify a duration less than 10 minutes"));
      }
      if (expirationSeconds > longestTokenSeconds) {
        errors.push(invalid(seconds, expirationSeconds, "may not specify a duration larger than 2^32 seconds"));
      }
      errors.push(...given(path, `${at}.path`), ...localNonReservedPath(path, `${at}.path`));
    }
    if (Object.keys(part).length > 1)
      errors.push(forbidden(field, "may not specify more than 1 volume type per source"));
  }
  return errors;
}

function validateDriverName(driver = "", at: string): FieldError[] {
  const errors = given(driver, at);
  if (byteLength(driver) > 63) {
    errors.push(tooLong(at, 63));
  }
  return [...errors, ...dns1123Subdomain(driver.toLowerCase()).map((message) => invalid(at, driver, message))];
}

function validateCsiVolume({ driver, nodePublishSecretRef: secret }: CSIVolumeSource, at: string): FieldError[] {
  const errors = validateDriverName(driver, `${at}.driver`);
  if (secret === undefined) return errors;
  if (!secret.name) return [...errors, required(`${at}.nodePublishSecretRef.name`)];
  return [...errors, ...named(dns1123Subdomain, secret.name, `${at}.name`)];
}

/** The source of a PersistentVolume that a driver serves. */
export function validateCsiPersistentVolume(source: CSIPersistentVolumeSource, at: string): FieldError[] {
  const errors = [
    ...validateDriverName(source.driver, `${at}.driver`),
    ...given(source.volumeHandle, `${at}.volumeHandle`),
  ];
  for (const key of [
    "controllerPublishSecretRef",
    "controllerExpandSecretRef",
    "nodePublishSecretRef",
    "nodeExpandSecretRef",
  ] as const) {
    const secret = source[key];
    if (secret === undefined) continue;
    errors.push(
      ...given(secret.name, `${at}.${key}.name`),
      ...named(dns1123Subdomain, secret.name, `${at}.${key}.name`),
    );
    errors.push(...given(secret.namespace, `${at}.${key}.namespace`));
    errors.push(...named(dns1123Label, secret.namespace, `${at}.${key}.namespace`));
  }
  return errors;
}

function validateEphemeral(
  { volumeClaimTemplate: template }: EphemeralVolumeSource,
  at: string,
  { name }: Volume,
  podName: string,
): FieldError[] {
  if (template === undefined) return [required(`${at}.volumeClaimTemplate`)];
  const field = `${at}.volumeClaimTemplate`;
  const errors = validateAnnotations(template.metadata?.annotations, `${field}.metadata.annotations`);
  errors.push(...validateLabels(template.metadata?.labels, `${field}.metadata.labels`));
  errors.push(...validateClaimSpec(template.spec, `${field}.spec`));
  if (podName === "" || !name) return errors;
  const claim = `${podName}-${name}`;
  const volume = at.slice(0, -".ephemeral".length);
  return [
    ...errors,
    ...dns1123Subdomain(claim).map((message) =>
      invalid(`${volume}.name`, name, `PVC name ${JSON.stringify(claim)}: ${message}`),
    ),
  ];
}
