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
