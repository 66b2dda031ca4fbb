/**
 * The full name under which containerd keeps an image, and under which the kubelet reports it: registry, path and tag. The scheduler
 * adds only the tag to what a pod says, so a pod that leaves the registry out finds its image nowhere.
 */
export function fullImageName(image: string): string {
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const named = first.includes(".") || first.includes(":") || first === "localhost";
  const domain = named && first !== "index.docker.io" ? first : "docker.io";
  const path = named ? image.slice(slash + 1) : image;
  const full = `${domain}/${domain === "docker.io" && !path.includes("/") ? "library/" : ""}${path}`;
  return full.includes("@") || full.lastIndexOf(":") > full.lastIndexOf("/") ? full : `${full}:latest`;
}

const pathComponent = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const domainComponent = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const domainName = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const suffix = "(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?";
const reference = new RegExp(`^${domainName}/${pathComponent}(?:/${pathComponent})*${suffix}$`);

/** What a container runtime's grammar of image names says against one; `undefined` when nothing. */
export function invalidImageName(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image))
    return `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`;
  const slash = image.indexOf("/");
  const first = slash < 0 ? "" : image.slice(0, slash);
  const named = /[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  const rest = named ? image.slice(slash + 1) : image;
  const [repository = ""] = rest.split(":", 1);
  if (repository.toLowerCase() !== repository)
    return `invalid reference format: repository name (${repository}) must be lowercase`;
  return reference.test(`${named ? first : "docker.io"}/${rest}`) ? undefined : "invalid reference format";
}
