// The management SDKs of Node: a private endpoint from the consumer's and the instance's side, and a link with its pollers.
// This version speaks the first shape of links, and has no call to fail one over.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const modules = createRequire(pathToFileURL(`${process.env.MILINK_NODE_MODULES}/`));
const { ClientSecretCredential } = modules("@azure/identity");
const { NetworkManagementClient } = modules("@azure/arm-network");
const { SqlManagementClient } = modules("@azure/arm-sql");

const ready = JSON.parse(readFileSync(process.env.MILINK_READY));
const words = JSON.parse(process.env.MILINK_WORDS);
const base = ready.armUrl.replace(/\/$/, "");
const credential = new ClientSecretCredential(ready.tenantId, ready.clientId, ready.clientSecret, {
  authorityHost: ready.entraUrl,
  disableInstanceDiscovery: true,
});
const options = { endpoint: base, credentialScopes: [`${base}/.default`] };
const network = new NetworkManagementClient(credential, ready.subscriptionId, options);
const sql = new SqlManagementClient(credential, ready.subscriptionId, options);
const group = ready.resourceGroup;
const instance = ready.managedInstances[0];
const quick = { updateIntervalInMs: 50 };

async function refused(code, call) {
  await assert.rejects(call, (error) => {
    assert.equal(error.code, code, String(error));
    return true;
  });
}

const made = await network.virtualNetworks.beginCreateOrUpdateAndWait(group, "sdk-net", {
  location: ready.location,
  addressSpace: { addressPrefixes: ["10.88.0.0/16"] },
  subnets: [{ name: "pe", addressPrefix: "10.88.1.0/24" }],
}, quick);
assert.equal(made.provisioningState, "Succeeded");
const endpoint = await network.privateEndpoints.beginCreateOrUpdateAndWait(group, "sdk-pe", {
  location: ready.location,
  subnet: { id: made.subnets[0].id },
  manualPrivateLinkServiceConnections: [
    { name: "c", privateLinkServiceId: instance.resourceId, groupIds: ["managedInstance"], requestMessage: "from Node" },
  ],
}, quick);
const state = (shown) => shown.manualPrivateLinkServiceConnections[0].privateLinkServiceConnectionState.status;
assert.equal(state(endpoint), "Pending");
const connections = sql.managedInstancePrivateEndpointConnections;
const asked = [];
for await (const one of connections.listByManagedInstance(group, instance.name)) asked.push(one);
assert.equal(asked.length, 1);
assert.equal(asked[0].privateLinkServiceConnectionState.description, "from Node");
const approved = await connections.beginCreateOrUpdateAndWait(group, instance.name, asked[0].name, {
  privateLinkServiceConnectionState: { status: "Approved", description: "welcome" },
}, quick);
assert.equal(approved.privateLinkServiceConnectionState.status, "Approved");
assert.equal(state(await network.privateEndpoints.get(group, "sdk-pe")), "Approved");

const links = sql.distributedAvailabilityGroups;
await refused("ResourceNotFound", () => links.get(group, instance.name, "nothing"));
const link = await links.beginCreateOrUpdateAndWait(group, instance.name, words.DAGName, {
  targetDatabase: words.DatabaseName,
  sourceEndpoint: `TCP://${words.SQLServerIP}:5022`,
  primaryAvailabilityGroupName: words.AGNameOnSQLServer,
  secondaryAvailabilityGroupName: words.AGNameOnSQLMI,
}, quick);
assert.equal(link.targetDatabase, words.DatabaseName);
const listed = [];
for await (const one of links.listByInstance(group, instance.name)) listed.push(one.name);
assert.deepEqual(listed, [words.DAGName]);
const synchronous = await links.beginUpdateAndWait(group, instance.name, words.DAGName, { replicationMode: "Sync" }, quick);
assert.equal(synchronous.replicationMode, "Sync");
await links.beginDeleteAndWait(group, instance.name, words.DAGName, quick);
await refused("ResourceNotFound", () => links.get(group, instance.name, words.DAGName));

await network.privateEndpoints.beginDeleteAndWait(group, "sdk-pe", quick);
await refused("ResourceNotFound", () => network.privateEndpoints.get(group, "sdk-pe"));
