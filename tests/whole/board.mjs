#!/usr/bin/env node
/*
 * Looks at the board as a person would, in headless Chromium: loads pages, clicks, walks with Tab, measures contrast.
 *
 *   stdin  {"board": URL, "shots": directory, "steps": [{"path": "/…", "shot": name, "dark": bool, "scripts": false,
 *          "click": selector, "until": selector that is there then, "tabs": how often Tab is pressed, "press": a key then,
 *          "width": pixels}]}
 *   stdout an object a step: {"status", "url", "title", "text", "detail", "errors": [what the console said, what was refused],
 *          "contrast": [{"text", "ratio"} of what is below 4.5], "measured": how many texts, "focus": [each stop of Tab],
 *          "numbers": [[data-…, text] of each element that has them], "nan": does the page hold NaN, inf or undefined anywhere}
 */
import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';

const require = createRequire(`${process.env.PHASED_NODE_MODULES}/x`);
const executablePath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
const WAIT_MS = 60000;

const asked = JSON.parse(readFileSync(0, 'utf8'));

/* In the page: every text that is shown, against what lies behind it. */
function low_contrast() {
	const parse = (colour) => {
		const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
		return { r, g, b, a };
	};
	const over = (top, below) => ({
		r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a), b: top.b * top.a + below.b * (1 - top.a), a: 1 });
	const light = ({ r, g, b }) => {
		const [x, y, z] = [r, g, b].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
		return 0.2126 * x + 0.7152 * y + 0.0722 * z;
	};
	const ratio = (one, other) => {
		const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
		return (high + 0.05) / (low + 0.05);
	};
	const layer = (element) => {
		const style = getComputedStyle(element);
		if (element instanceof SVGGeometryElement) {
			const fill = style.fill === 'none' ? 'rgba(0,0,0,0)' : style.fill;
			const colour = parse(fill);
			return { ...colour, a: colour.a * Number(style.fillOpacity) * Number(style.opacity) };
		}
		return element instanceof SVGElement ? { r: 0, g: 0, b: 0, a: 0 } : parse(style.backgroundColor);
	};
	const behind = (element, x, y) => {
		const all = document.elementsFromPoint(x, y);
		const own = all.findIndex((one) => one === element || one.contains(element));
		const layers = all.slice(Math.max(own, 0)).map(layer);
		return layers.reverse().reduce((below, top) => over(top, below), parse(getComputedStyle(document.documentElement).backgroundColor === 'rgba(0, 0, 0, 0)'
			? getComputedStyle(document.body).backgroundColor : getComputedStyle(document.documentElement).backgroundColor));
	};
	const low = [];
	let measured = 0;
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const element = node.parentElement;
		if (node.data.trim() === '' || element.closest('title, desc, script, .skip, option')) {
			continue;
		}
		const range = document.createRange();
		range.selectNodeContents(node);
		const box = range.getBoundingClientRect();
		if (box.width === 0 || box.height === 0) {
			continue;
		}
		const style = getComputedStyle(element);
		const colour = parse(element instanceof SVGElement ? style.fill : style.color);
		const ground = behind(element, box.left + Math.min(box.width / 2, 10), box.top + box.height / 2);
		const found = ratio(over(colour, ground), ground);
		measured++;
		if (found < 4.5) {
			low.push({ text: node.data.trim().slice(0, 60), ratio: found });
		}
	}
	return { low, measured };
}

/* In the page: what has the focus, and whether one can see that it has. */
function focused() {
	const element = document.activeElement;
	const shown = element.querySelector?.('.dot') ?? element;
	const style = getComputedStyle(shown);
	const ringed = (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || parseFloat(style.strokeWidth) >= 2;
	return { tag: element.tagName.toLowerCase(), href: element.getAttribute('href'), text: element.textContent.trim().slice(0, 80), ringed };
}

async function look(browser, step) {
	const context = await browser.newContext({
		colorScheme: step.dark ? 'dark' : 'light', javaScriptEnabled: step.scripts !== false,
		viewport: { width: step.width ?? 1280, height: 4000 } });
	const page = await context.newPage();
	const errors = [];
	page.setDefaultTimeout(WAIT_MS);
	page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) { errors.push(message.text()); } });
	page.on('pageerror', (error) => errors.push(String(error)));
	page.on('requestfailed', (request) => errors.push(`${request.url()} failed`));
	page.on('request', (request) => { if (!request.url().startsWith(asked.board)) { errors.push(`asks ${request.url()}`); } });
	const answer = await page.goto(asked.board + step.path);
	const found = { status: answer.status() };
	found.focus = [];
	for (let i = 0; i < (step.tabs ?? 0); i++) {
		await page.keyboard.press('Tab');
		found.focus.push(await page.evaluate(focused));
		if (step.stop && found.focus.at(-1).href?.includes(step.stop)) {
			break;
		}
	}
	if (step.press) {
		await page.keyboard.press(step.press);
	}
	if (step.click) {
		await page.locator(step.click).first().click();
	}
	if (step.until) {
		await page.locator(step.until).first().waitFor();
	}
	found.url = page.url();
	if (step.shot) {
		await page.screenshot({ path: `${asked.shots}/${step.shot}.png`, fullPage: true, clip: undefined });
	}
	if (step.scripts !== false) {
		found.title = await page.title();
		found.text = await page.locator('body').innerText();
		found.detail = await page.evaluate(() => document.getElementById('detail')?.innerText ?? '');
		const { low, measured } = await page.evaluate(low_contrast);
		Object.assign(found, { contrast: low, measured });
		found.numbers = await page.evaluate(() => [...document.querySelectorAll('[data-key]')].map((one) => [one.dataset.key, one.textContent]));
		found.nan = await page.evaluate(() => /\bNaN\b|\binf\b|undefined|-?nan/.test(document.documentElement.outerHTML.replace(/<script.*?<\/script>/gs, '')));
		found.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
	} else {
		found.text = await page.locator('body').innerText();
	}
	found.errors = errors;
	await context.close();
	return found;
}

const browser = await require('playwright-core').chromium.launch({
	executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
try {
	for (const step of asked.steps) {
		console.log(JSON.stringify(await look(browser, step)));
	}
} finally {
	await browser.close();
}
