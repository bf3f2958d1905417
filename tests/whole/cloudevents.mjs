#!/usr/bin/env node
/*
 * Says events as the CloudEvents SDK does: those for HTTP it sends itself, of those for Kafka it prints what is to be sent.
 *
 *   stdin  {"http": URL, "headers": {…}, "events": [{"way": "http-binary" | "http-structured" | "kafka-binary" | "kafka-structured",
 *          "event": {…}, "protobuf": base64 of its data, in place of data}]}
 *   stdout a line an event: {"status": …} or {"headers": {…}, "value": base64}
 */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { CloudEvent, HTTP, Kafka } = createRequire(`${process.env.PHASED_NODE_MODULES}/x`)('cloudevents');
const asked = JSON.parse(readFileSync(0, 'utf8'));

/* What a sender hands to its client: bytes and texts as they are, anything else as JSON. */
const bytes_of = (data) => (data instanceof Uint8Array ? Buffer.from(data) : Buffer.from(typeof data === 'string' ? data : JSON.stringify(data)));

for (const { way, event, protobuf } of asked.events) {
	const said = new CloudEvent({ ...event, ...(protobuf ? { data: new Uint8Array(Buffer.from(protobuf, 'base64')) } : {}) });
	const [transport, mode] = way.split('-');
	const message = (transport === 'http' ? HTTP : Kafka)[mode](said);
	if (transport === 'http') {
		const answer = await fetch(asked.http, { method: 'POST', headers: { ...message.headers, ...asked.headers }, body: bytes_of(message.body) });
		console.log(JSON.stringify({ status: answer.status }));
	} else {
		console.log(JSON.stringify({ headers: message.headers, value: bytes_of(message.value).toString('base64') }));
	}
}
