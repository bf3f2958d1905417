#!/usr/bin/env node
/*
 * Runs trackers' clients as a site or a server would: those of browsers on pages in headless Chromium, those of servers in this
 * process; as stdin says, one after the other.
 *
 *   stdin  {"collector": URL, "site": URL, "steps": [{"client": name, "key": write key, "calls": [[method, arguments…]…],
 *          "wait": [text or [texts of one request]…], "browser": name, "agent": User-Agent,
 *          "more": [client, key and calls of another tracker on the page],
 *          "leave": bool, "ever": what was taken before the step counts, too, "late": others begin meanwhile,
 *          "clock_ms": how far the clock is ahead, "click": [selector…] of what is clicked then, "scripts": false: the page
 *          "page" is only looked at, by a browser that runs none}]}
 *   stdout a line a step: {"step": i, "seconds": …}
 *
 * A step ends when the collector has taken requests that hold all texts it waits for; GET /_taken of the collector's URL
 * gives what it took, a line each, and "refused TEXT". The page is closed then, and what it has not sent is lost: what is waited
 * for must tell every call from every other. Steps with the same browser share its storage. "leave": the page is left as soon
 * as the calls are made.
 */
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';

const require = createRequire(`${process.env.PHASED_NODE_MODULES}/x`);
const executablePath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
const STEP_MS = 40000;
const POLL_MS = 50;

const asked = JSON.parse(readFileSync(0, 'utf8'));

const all_taken = async () => (await fetch(`${asked.collector}/_taken`)).text();

/* What was taken from this place on. */
async function taken(texts, from) {
	const end = performance.now() + STEP_MS;
	for (;;) {
		const requests = (await all_taken()).slice(from).split('\n');
		const missing = texts.filter((text) => !requests.some((request) => [text].flat().every((part) => request.includes(part))));
		if (missing.length === 0) {
			return;
		}
		if (performance.now() > end) {
			throw new Error(`the collector has not taken ${missing.join(', ')}`);
		}
		await new Promise((next) => { setTimeout(next, POLL_MS); });
	}
}

function set_clock(ahead_ms) {
	const Real = globalThis.Date;
	globalThis.Date = class extends Real {
		constructor(...args) {
			super(...(args.length > 0 ? args : [Real.now() + ahead_ms]));
		}

		static now() {
			return Real.now() + ahead_ms;
		}
	};
	return Real;
}

/* name -> (key) => call(method, ...arguments) */
const servers = {
	'segment-node': (key) => {
		const { Analytics } = require('@segment/analytics-node');
		const analytics = new Analytics({ writeKey: key, host: asked.collector, flushAt: 2, flushInterval: 200 });
		return (method, message) => analytics[method](message);
	},
	'rudderstack-node': (key) => {
		const Rudder = require('@rudderstack/rudder-sdk-node');
		const analytics = new Rudder(key, { dataPlaneUrl: asked.collector, flushAt: 2, flushInterval: 200 });
		return (method, message) => analytics[method](message);
	},
	'jitsu-node': (key) => {
		const { jitsuAnalytics } = require('@jitsu/js');
		const analytics = jitsuAnalytics({ host: asked.collector, writeKey: key, s2s: true });
		return (method, ...args) => analytics[method](...args);
	},
	'posthog-node': (key) => {
		const { PostHog } = require('posthog-node');
		const posthog = new PostHog(key, { host: asked.collector, flushAt: 2, flushInterval: 200, fetchRetryDelay: 200 });
		return (method, message) => posthog[method](message);
	},
	'matomo-node': (key) => {
		const Tracker = require('matomo-tracker');
		const matomo = new Tracker(key, `${asked.collector}/matomo.php`);
		return (method, message) => matomo[method](message);
	},
};

let browser;
const contexts = new Map();

async function on_page(step, from) {
	browser ??= await require('playwright-core').chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
	const name = step.browser ?? `step ${asked.steps.indexOf(step)}`;
	if (!contexts.has(name)) {
		contexts.set(name, await browser.newContext({
			javaScriptEnabled: step.scripts !== false, ...(step.agent ? { userAgent: step.agent } : {}) }));
	}
	const page = await contexts.get(name).newPage();
	page.setDefaultTimeout(STEP_MS);
	if (step.clock_ms) {
		await page.addInitScript(`(${set_clock})(${step.clock_ms})`);
	}
	if (step.agent) { /* which tells neither its brands nor who drives it */
		await page.addInitScript("Object.defineProperty(Navigator.prototype, 'userAgentData', { get: () => undefined })");
		await page.addInitScript("Object.defineProperty(Navigator.prototype, 'webdriver', { get: () => false })");
	}
	await page.goto(`${asked.site}/${step.page ?? 'page'}?utm_source=letter&ticket=9`, { referer: 'https://search.test/?q=mill' });
	if (step.scripts === false) {
		await taken(step.wait, from);
		await page.close();
		return;
	}
	await page.evaluate(async ({ trackers, leave }) => {
		const started = trackers.map(([client, key, calls]) => [window.clients[client](key), calls]);
		for (const [call, calls] of started) {
			await call('ready');
			for (const [method, ...args] of calls) {
				const taken_over = call(method, ...args);
				if (leave) {
					await taken_over; /* into what the client keeps */
				}
			}
		}
	}, { trackers: [[step.client, step.key, step.calls], ...(step.more ?? [])], leave: step.leave });
	for (const selector of step.click ?? []) {
		await page.click(selector);
	}
	if (step.leave) {
		await page.goto('about:blank');
	}
	await taken(step.wait, from);
	await page.close();
}

async function in_process(step, from) {
	const Real = step.clock_ms ? set_clock(step.clock_ms) : undefined;
	try {
		const call = servers[step.client](step.key);
		for (const [method, ...args] of step.calls) {
			call(method, ...args);
		}
		await taken(step.wait, from);
	} finally {
		globalThis.Date = Real ?? globalThis.Date;
	}
}

const late = [];
try {
	for (const [i, step] of asked.steps.entries()) {
		const begun = performance.now();
		const from = step.ever ? 0 : (await all_taken()).length;
		const end = (step.client in servers ? in_process : on_page)(step, from).then(() => {
			console.log(JSON.stringify({ step: i, seconds: (performance.now() - begun) / 1000 }));
		});
		late.push(end);
		if (!step.late) {
			await end;
		}
	}
	await Promise.all(late);
} finally {
	await browser?.close();
}
process.exit(0); /* clients keep timers */
