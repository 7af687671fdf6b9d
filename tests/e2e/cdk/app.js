// app.js - the app of test_cdk.py: as many queues as the context says, a topic by a construct of the library's, and an output.
// SPDX-License-Identifier: MIT
const { App, BootstraplessSynthesizer, CfnOutput, CfnParameter, Stack } = require("aws-cdk-lib");
const { CfnTopic } = require("aws-cdk-lib/aws-sns");
const { Queue } = require("aws-cdk-lib/aws-sqs");
const { Asset } = require("aws-cdk-lib/aws-s3-assets");

const app = new App();
const told = (name) => app.node.tryGetContext(name);
const stack = new Stack(app, "Network", {
  stackName: `net-${told("stage")}`,
  env: { region: process.env.CDK_DEFAULT_REGION, account: told("account") },
  synthesizer: told("bootstrapped") ? undefined : new BootstraplessSynthesizer(),
});
const label = new CfnParameter(stack, "Label", { type: "String", default: "none" });

for (let i = 0; i < told("size"); i++) {
  new Queue(stack, `Queue${i}`);
}
new CfnTopic(stack, "Topic", { displayName: label.valueAsString });
new CfnOutput(stack, "Size", { value: String(told("size")) });
if (told("asset")) {
  new Asset(stack, "Page", { path: __filename });
}
