#!/usr/bin/env node
/*
 * Asks what a vendor gives its customers to check webhooks with whether requests are the vendor's: its own library where there is
 * one, else the formula of its documentation with Node's crypto.
 *
 *   stdin  [{"verifier": name, "secret": text (a key or certificate where the vendor signs by one), "url": as called, "headers": {},
 *          "body": text, "certificate_url": where it would be fetched from}]
 *   stdout [true | false]
 *
 * Nothing is fetched: https.get() gives the certificate at its address, and nothing else.
 */
import crypto from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.PHASED_NODE_MODULES}/x`);
const https = require('node:https');
const { EventWebhook } = require('@sendgrid/eventwebhook');
const { Signature } = require('@hubspot/api-client/lib/src/utils/signature.js');
const { Crisp } = require('crisp-api');
const MessageValidator = require('sns-validator');

const hmac = (hash, secret, text, form = 'hex') => crypto.createHmac(hash, secret).update(text).digest(form);

function serve(address, certificate) {
	https.get = (url, on_answer) => {
		const request = new EventEmitter(), answer = new EventEmitter();
		answer.statusCode = url === address ? 200 : 404;
		process.nextTick(() => {
			on_answer(answer);
			answer.emit('data', certificate);
			answer.emit('end');
		});
		return request;
	};
}

/* Libraries of vendors. */
const libraries = {
	sendgrid: ({ secret, headers, body }) => {
		const webhook = new EventWebhook();
		return webhook.verifySignature(webhook.convertPublicKeyToECDSA(secret), body, headers['X-Twilio-Email-Event-Webhook-Signature'],
			headers['X-Twilio-Email-Event-Webhook-Timestamp']);
	},
	hubspot: ({ secret, headers, body, url }) => Signature.isValid({ signatureVersion: 'v3', clientSecret: secret, requestBody: body, url,
		method: 'POST', signature: headers['X-HubSpot-Signature-v3'], timestamp: Number(headers['X-HubSpot-Request-Timestamp']) }),
	crisp: async ({ secret, headers, body }) => {
		const crisp = new Crisp();
		crisp.setRtmMode(Crisp.RTM_MODES.WebHooks);
		await crisp.on('message:send', () => {});
		return crisp.verifyHook(secret, JSON.parse(body), headers['X-Crisp-Request-Timestamp'], headers['X-Crisp-Signature']);
	},
	ses: ({ secret, body, certificate_url }) => new Promise((next) => {
		serve(certificate_url, secret);
		new MessageValidator().validate(body, (error) => next(error === null));
	}),
};

/* Formulas of vendors' documentation. */
const formulas = {
	mailgun: ({ secret, body }) => {
		const { timestamp, token, signature } = JSON.parse(body).signature;
		return hmac('sha256', secret, timestamp.concat(token)) === signature;
	},
	mandrill: ({ secret, headers, body, url }) => {
		const fields = [...new URLSearchParams(body)].sort(([a], [b]) => (a < b ? -1 : 1));
		return hmac('sha1', secret, fields.reduce((text, [name, value]) => text + name + value, url), 'base64') === headers['X-Mandrill-Signature'];
	},
	chatwoot: ({ secret, headers, body }) =>
		`sha256=${hmac('sha256', secret, `${headers['X-Chatwoot-Timestamp']}.${body}`)}` === headers['X-Chatwoot-Signature'],
	intercom: ({ secret, headers, body }) => `sha1=${hmac('sha1', secret, body)}` === headers['X-Hub-Signature'],
	zendesk: ({ secret, headers, body }) => hmac('sha256', secret, headers['X-Zendesk-Webhook-Signature-Timestamp'] + body, 'base64') ===
		headers['X-Zendesk-Webhook-Signature'],
};

const verifiers = { ...libraries, ...formulas };

/* What cannot even be looked at is nobody's. */
async function verify(asked) {
	try {
		return await verifiers[asked.verifier](asked) === true;
	} catch {
		return false;
	}
}

const verdicts = [];
for (const asked of JSON.parse(readFileSync(0, 'utf8'))) {
	if (!(asked.verifier in verifiers)) {
		throw new Error(`no verifier ${asked.verifier}`);
	}
	verdicts.push(await verify(asked));
}
console.log(JSON.stringify(verdicts));
