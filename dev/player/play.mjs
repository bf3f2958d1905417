#!/usr/bin/env node
/*
 * Plays visitors of the demo's site in headless Chromium, each with cookies of their own, with the real tracker.
 *
 *   play.mjs --site URL --collector URL [VISITOR…]      visitors of visitors.json; default: early mid late both
 *   play.mjs --site URL --collector URL -               a list of visitors, in the same form, from stdin
 *
 * A step is done when the collector has answered 2xx to the event that the step is about; anything else ends the play with
 * exit 1: an event that is refused, one without the gdpr entity, any request at all from a visitor who declined analytics.
 * Prints a line a step, with the visitor's key, never an address. Addresses come from a file or stdin, never from argv.
 */
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.env.PHASED_NODE_MODULES ?? join(here, '../../.cache/npm/node_modules');
const chromium_paths = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
const chromium_args = [
	'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--disable-blink-features=AutomationControlled',
];

class Trouble extends Error {}

/* What a request to the collector carries: the tracker's events as plain objects, from a POST's body or a GET's query. */
function events_of(request) {
	const url = new URL(request.url());
	if (request.method() === 'POST') {
		return JSON.parse(request.postData()).data;
	}
	return request.method() === 'GET' ? [Object.fromEntries(url.searchParams)] : [];
}

/* v4 POST sends JSON text (plain), everything else base64url of it (coded). */
function json_of(event, plain, coded) {
	const text = event[plain] ?? (event[coded] && Buffer.from(event[coded], 'base64url').toString());
	return text ? JSON.parse(text) : null;
}

/* pv, pp, se, or the schema's name of a self-describing event: submit_form, link_click … */
function kind_of(event) {
	const body = json_of(event, 'ue_pr', 'ue_px');
	return body ? body.data.schema.split('/')[1] : event.e;
}

function has_consent(event) {
	const entities = json_of(event, 'co', 'cx')?.data ?? [];
	return entities.some((one) => one.schema.includes('/gdpr/') && one.data.basisForProcessing === 'consent');
}

/* Listens to everything that one visitor's browser says to the collector. */
class Ear {
	constructor(context, collector) {
		this.answered = new Map();	/* kind -> how many the collector took */
		this.requests = 0;
		this.trouble = null;
		this.notify = () => {};
		const ours = (request) => request.url().startsWith(collector);
		context.on('request', (request) => { if (ours(request)) { this.requests++; } });
		context.on('response', (response) => { if (ours(response.request())) { this.on_answer(response); } });
		context.on('requestfailed', (request) => { if (ours(request)) { this.on_failure(request); } });
	}

	on_answer(response) {
		const status = response.status();
		for (const event of events_of(response.request())) {
			const kind = kind_of(event);
			if (status < 200 || status > 299) {
				this.trouble ??= `the collector answered ${status} to ${kind}`;
			} else if (!has_consent(event)) {
				this.trouble ??= `${kind} was sent without the gdpr entity`;
			} else {
				this.answered.set(kind, (this.answered.get(kind) ?? 0) + 1);
			}
		}
		this.notify();
	}

	on_failure(request) {
		/* Cut off by a page change: the tracker has it in its queue still and sends it again from the next page. */
		if (request.failure().errorText !== 'net::ERR_ABORTED') {
			this.trouble ??= `a request to the collector failed: ${request.failure().errorText}`;
		}
		this.notify();
	}

	/* Does the step, then waits until the collector has taken one more event of this kind. */
	async after(kind, deadline_ms, step) {
		const before = this.answered.get(kind) ?? 0;
		await step();
		await new Promise((done, failed) => {
			const timer = setTimeout(() => {
				failed(new Trouble(`${kind} was not answered within ${deadline_ms / 1000} s`));
			}, deadline_ms);
			this.notify = () => {
				if (this.trouble) {
					failed(new Trouble(this.trouble));
				} else if ((this.answered.get(kind) ?? 0) > before) {
					done();
				} else {
					return;
				}
				clearTimeout(timer);
				this.notify = () => {};
			};
			this.notify();
		});
	}
}

/* In the page: whether the tracker holds nothing that it has not yet got rid of. */
function queue_is_empty() {
	return Object.keys(localStorage).every((key) => !/^snowplowOutQueue.*(?<!\.expires)$/.test(key) || localStorage[key] === '[]');
}

class Visit {
	constructor(visitor, page, ear, options) {
		Object.assign(this, { visitor, page, ear, options, at: undefined });
	}

	say(text) {
		console.log(`${this.visitor.key}: ${text}`);
	}

	async done(kind, text, step) {
		if (this.visitor.analytics) {
			await this.ear.after(kind, this.options.deadline_ms, step);
			await this.page.waitForFunction(queue_is_empty);
		} else {
			await step();
		}
		this.say(text);
	}

	async open(path) {
		const url = new URL(path, this.options.site).href;
		const first = this.at === undefined;
		await this.done('pv', `read ${path}`, async () => {
			const answer = await this.page.goto(url, { referer: this.at, waitUntil: 'load' });
			if (!answer.ok()) {
				throw new Trouble(`the site answered ${answer.status()} to ${path}`);
			}
			if (first) {
				await this.page.getByRole('button', { name: this.visitor.analytics ? 'Accept analytics' : 'Decline' }).click();
			}
		});
		if (this.visitor.analytics) {
			await this.page.waitForSelector('html[data-tracking=on]');
		}
		this.at = url;
	}

	async press(text) {
		const target = this.page.locator('main').getByText(text, { exact: true });
		const link = await target.evaluate((element) => element.tagName === 'A');
		await this.done(link ? 'link_click' : 'button_click', `pressed "${text}"`, () => target.click());
	}

	async form(path) {
		await this.open(path);
		const { visitor } = this;
		const page = this.page.locator('main');
		await page.getByLabel('Work email').fill(visitor.email);
		await page.getByLabel('Your name').fill(visitor.name);
		await page.getByLabel('Your part in the decision').selectOption(visitor.role ?? '');
		await page.getByLabel('Company').fill(visitor.company ?? '');
		await page.getByLabel('You may relate my visits').setChecked(visitor.profile === true);
		await page.getByLabel('You may write to me').setChecked(visitor.contact === true);
		await this.done('submit_form', `sent the form of ${path}`, () => page.locator('form button[type=submit]').click());
		await page.getByRole('status').filter({ hasText: 'Thank you' }).waitFor();
	}

	async step(step) {
		for (const [verb, what] of Object.entries(step)) {
			await this[verb](what);
		}
	}
}

async function play(browser, visitor, options) {
	/* As a person's browser says it: "HeadlessChrome" would be a machine's, which is kept but moves nothing. */
	const context = await browser.newContext({
		userAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version()} Safari/537.36`,
		locale: 'en-GB',
	});
	context.setDefaultTimeout(options.deadline_ms);
	const ear = new Ear(context, options.collector);
	const visit = new Visit(visitor, await context.newPage(), ear, options);
	try {
		for (const step of visitor.steps) {
			await visit.step(step);
		}
		if (!visitor.analytics) {
			await visit.page.waitForLoadState('networkidle');
			const cookies = await context.cookies();
			if (ear.requests > 0 || cookies.length > 0) {
				throw new Trouble(`declined analytics, but ${ear.requests} requests were sent and ${cookies.length} cookies set`);
			}
		}
		const counts = [...ear.answered].map(([kind, count]) => `${count} ${kind}`).join(', ');
		visit.say(`done, the collector took ${counts || 'nothing'}`);
	} catch (error) {
		throw new Trouble(`${visitor.key}: ${error.message.split('\n')[0]}`);
	} finally {
		await context.close();
	}
}

/* The visitors that were asked for, in that order. */
function visitors_load(names) {
	if (names.length === 1 && names[0] === '-') {
		return JSON.parse(readFileSync(0, 'utf8'));
	}
	const known = new Map(JSON.parse(readFileSync(join(here, 'visitors.json'), 'utf8')).map((one) => [one.key, one]));
	return (names.length ? names : ['early', 'mid', 'late', 'both']).map((name) => {
		if (!known.has(name)) {
			throw new Trouble(`no visitor "${name}": there are ${[...known.keys()].join(', ')}`);
		}
		return known.get(name);
	});
}

async function main() {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { site: { type: 'string' }, collector: { type: 'string' }, deadline: { type: 'string', default: '30' } },
	});
	if (!values.site || !values.collector) {
		throw new Trouble('usage: play.mjs --site URL --collector URL [--deadline SECONDS] [VISITOR… | -]');
	}
	const executablePath = chromium_paths.find(existsSync);
	if (!executablePath || !existsSync(join(modules, 'playwright-core'))) {
		throw new Trouble('no headless Chromium or no playwright-core: run dev/setup');
	}
	const { chromium } = createRequire(join(modules, 'x'))('playwright-core');
	const options = {
		site: values.site,
		collector: new URL(values.collector).origin + '/',
		deadline_ms: Number(values.deadline) * 1000,
	};
	const visitors = visitors_load(positionals);
	const browser = await chromium.launch({ executablePath, args: chromium_args });
	try {
		for (const visitor of visitors) {
			await play(browser, visitor, options);
		}
	} finally {
		await browser.close();
	}
}

main().catch((error) => {
	console.error(`play: ${error instanceof Trouble ? error.message : error.stack}`);
	process.exitCode = 1;
});
