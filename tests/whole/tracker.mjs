#!/usr/bin/env node
/*
 * Opens pages in headless Chromium one after the other, as stdin says, and tells what their trackers said to the collector.
 *
 *   stdin   {"collector": URL, "visits": [{"browser": name, "url": …, "scripts": bool, "move": bool, "click": selector, "wait": [kind…]}]}
 *   stdout  a line a visit: {"events": [{…, "kind": …}], "headers": [{…}], "cookies": [{name, value, …}]}
 *
 * Visits with the same browser share its cookies. A visit ends when the collector has answered 2xx to events of all
 * kinds that it waits for: pv, pp, se, or the schema's name of a self-describing event.
 */
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';

const modules = process.env.PHASED_NODE_MODULES;
const executablePath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
const { chromium } = createRequire(`${modules}/x`)('playwright-core');
const VISIT_MS = 30000;

function events_of(request) {
	if (request.method() === 'POST') {
		return JSON.parse(request.postData()).data;
	}
	return request.method() === 'GET' ? [Object.fromEntries(new URL(request.url()).searchParams)] : [];
}

function kind_of(event) {
	const text = event.ue_pr ?? (event.ue_px && Buffer.from(event.ue_px, 'base64url').toString());
	return text ? JSON.parse(text).data.schema.split('/')[1] : event.e;
}

async function visit(context, one, collector) {
	const told = { events: [], headers: [], cookies: [] };
	const missing = new Set(one.wait);
	const page = await context.newPage();
	page.setDefaultTimeout(VISIT_MS);
	const done = new Promise((resolve, reject) => {
		setTimeout(() => reject(new Error(`${one.url}: no ${[...missing].join(', ')}`)), VISIT_MS).unref();
		page.on('response', async (response) => {
			const request = response.request();
			if (!request.url().startsWith(collector) || request.method() === 'OPTIONS') {
				return;
			}
			if (!response.ok()) {
				reject(new Error(`the collector answered ${response.status()}`));
				return;
			}
			told.headers.push(await request.allHeaders());
			for (const event of events_of(request)) {
				told.events.push({ ...event, kind: kind_of(event) });
				missing.delete(kind_of(event));
			}
			if (missing.size === 0) {
				resolve();
			}
		});
	});
	await page.goto(one.url, { waitUntil: 'load' });
	if (one.click) {
		await page.click(one.click);
	}
	for (let i = 0; one.move && missing.has('pp') && i < 100; i++) {
		await page.mouse.move(10 + i, 10);
		await page.mouse.wheel(0, 20);
		await new Promise((next) => { setTimeout(next, 100); });
	}
	await done;
	told.cookies = await context.cookies();
	await page.close();
	return told;
}

const { collector, visits } = JSON.parse(readFileSync(0, 'utf8'));
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
const contexts = new Map();
try {
	for (const one of visits) {
		if (!contexts.has(one.browser)) {
			contexts.set(one.browser, await browser.newContext({ javaScriptEnabled: one.scripts !== false }));
		}
		console.log(JSON.stringify(await visit(contexts.get(one.browser), one, collector)));
	}
} finally {
	await browser.close();
}
