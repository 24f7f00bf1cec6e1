import { UsageError } from '../run-main.ts';

/** Names of Kubernetes objects: RFC 1123 labels, so that they fit Services too. Throws `UsageError`. */
export function checkKubernetesName(option: string, name: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new UsageError(
    `deploy: ${option} is ${JSON.stringify(name)}, which Kubernetes refuses. Give 1 to 63 lower-case letters, digits and hyphens that begin and end with a letter or digit.`,
  );
}

/** Names of Triton's models: they are folders and parts of URLs. Throws `UsageError`. */
export function checkModelName(name: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(name)) return name;
  throw new UsageError(
    `deploy: the model's name is ${JSON.stringify(name)}. Give --name with 1 to 128 letters, digits, "_", "-" and "." that do not begin with "-" or ".".`,
  );
}

/** References of container images, as far as a typo shows. Throws `UsageError`. */
export function checkImage(image: string): string {
  if (/^[a-z0-9]+([._:/-]+[A-Za-z0-9_]+)*(@sha256:[0-9a-f]{64})?$/.test(image)) return image;
  throw new UsageError(
    `deploy: --image is ${JSON.stringify(image)}. Give an image such as registry.example.com/team/digits:1.0.`,
  );
}

/** Where a cluster fetches a folder from; a secret in it would end up in a manifest. Throws `UsageError`. */
export function checkStorageUri(uri: string): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const schemes = ['s3:', 'gs:', 'pvc:', 'https:', 'hdfs:', 'oci:'];
  if (url === undefined || !schemes.includes(url.protocol))
    throw new UsageError(
      `deploy: --storage-uri is ${JSON.stringify(uri)}. Give an address that begins with ${schemes.map((scheme) => `${scheme}//`).join(', ')}, e.g. s3://models/digits.`,
    );
  refuseSecrets('--storage-uri', url);
  return uri;
}

/** Where Prometheus answers inside the cluster. Throws `UsageError`. */
export function checkPrometheus(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new UsageError(
      `deploy: --prometheus is ${JSON.stringify(address)}. Give an address that begins with http:// or https://, e.g. http://prometheus.monitoring:9090.`,
    );
  refuseSecrets('--prometheus', url);
  return address;
}

/** A quantity of Kubernetes for cores or memory. Throws `UsageError`. */
export function checkQuantity(option: string, quantity: string): string {
  if (/^[1-9]\d*(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$|^0?\.\d+$/.test(quantity)) return quantity;
  throw new UsageError(
    `deploy: ${option} is ${JSON.stringify(quantity)}, which is not a Kubernetes quantity. Give e.g. 2 or 500m for cores, 512Mi or 1Gi for memory.`,
  );
}

function refuseSecrets(option: string, { username, password, search }: URL): void {
  if (username === '' && password === '' && search === '') return;
  throw new UsageError(
    `deploy: ${option} holds a user, a password or a query. Leave them out: credentials belong in a Secret of the service account.`,
  );
}
