// Push my-app:pushed with the AWS SDK for JavaScript, as whoever AWS_PROFILE says, in ECR's own calls.
import { createHash, randomBytes } from "node:crypto";
import {
  CompleteLayerUploadCommand,
  ECRClient,
  InitiateLayerUploadCommand,
  PutImageCommand,
  UploadLayerPartCommand,
} from "@aws-sdk/client-ecr";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const repositoryName = "my-app";
const sha256 = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const ecr = new ECRClient({});

async function uploaded(mediaType, bytes) {
  const { uploadId, partSize } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
  let parts = 0;
  for (let first = 0; first < bytes.length; first += partSize, parts += 1) {
    const part = bytes.subarray(first, first + partSize);
    const { lastByteReceived } = await ecr.send(
      new UploadLayerPartCommand({
        repositoryName,
        uploadId,
        partFirstByte: first,
        partLastByte: first + part.length - 1,
        layerPartBlob: part,
      }),
    );
    if (lastByteReceived !== first + part.length - 1) throw new Error("a part was cut");
  }
  const { layerDigest } = await ecr.send(
    new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests: [sha256(bytes)] }),
  );
  if (layerDigest !== sha256(bytes)) throw new Error("a layer was altered");
  return { parts, descriptor: { mediaType, digest: layerDigest, size: bytes.length } };
}

const layerBytes = randomBytes(Number(process.argv[2]));
const layer = await uploaded("application/vnd.oci.image.layer.v1.tar", layerBytes);
const configBytes = JSON.stringify({
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [layer.descriptor.digest] },
});
const config = await uploaded(
  "application/vnd.oci.image.config.v1+json",
  Buffer.from(configBytes),
);
const mediaType = "application/vnd.oci.image.manifest.v1+json";
const imageManifest = JSON.stringify({
  schemaVersion: 2,
  mediaType,
  config: config.descriptor,
  layers: [layer.descriptor],
});
const { image } = await ecr.send(
  new PutImageCommand({ repositoryName, imageManifest, imageTag: "pushed" }),
);
if (image.imageId.imageDigest !== sha256(imageManifest)) throw new Error("the manifest was altered");
const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(`${Arn} pushed ${layer.parts} and ${config.parts} parts`);
