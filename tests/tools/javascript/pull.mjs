// Pull my-app:v1 with the AWS SDK for JavaScript, as whoever AWS_PROFILE says, and check it.
import { createHash } from "node:crypto";
import {
  BatchGetImageCommand,
  ECRClient,
  GetDownloadUrlForLayerCommand,
} from "@aws-sdk/client-ecr";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const repositoryName = "my-app";
const sha256 = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const ecr = new ECRClient({});
const { images } = await ecr.send(
  new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: "v1" }] }),
);
const { imageManifest, imageId } = images[0];
if (sha256(imageManifest) !== imageId.imageDigest) throw new Error("the manifest was altered");
for (const { digest } of JSON.parse(imageManifest).layers) {
  const { downloadUrl } = await ecr.send(
    new GetDownloadUrlForLayerCommand({ repositoryName, layerDigest: digest }),
  );
  const bytes = Buffer.from(await (await fetch(downloadUrl)).arrayBuffer());
  if (sha256(bytes) !== digest) throw new Error("a layer was altered");
}
const { Arn } = await new STSClient({}).send(new GetCallerIdentityCommand({}));
console.log(`${Arn} pulled ${imageId.imageDigest}`);
