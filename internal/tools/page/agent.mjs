// The page of an agent that runs: node agent.mjs ADDRESS [FOLDER]
// Every page at three widths, light and dark, in both languages. With a FOLDER pictures of all that; without, every rule of axe-core,
// and the ways by keyboard. What axe calls serious or critical is an error, and so is what the keyboard does not get to.
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch } from "./browser.mjs";

const [address, folder] = process.argv.slice(2);
if (!address) throw new Error("usage: node agent.mjs ADDRESS [FOLDER]");
if (folder) mkdirSync(folder, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await launch();
let bad = 0;
const wrong = text => { bad++; console.log(text); };

// The pages, and what is opened there before anything is looked at.
const first = await (await browser.newContext()).newPage();
await first.goto(address);
const tenant = await first.locator(".fleet tbody th a").first().getAttribute("href");
const trouble = await first.locator(".way .names a").first().getAttribute("href");
await first.goto(new URL(tenant, address).href);
const run = await first.locator(".actions a.button").getAttribute("href");
const pages = [
	["overview", "/"], ["tenant", tenant], ["trouble", trouble], ["waive", trouble, "details summary"], ["run", run], ["ends", "/ends"],
	["queue", "/queue"], ["nothing", "/nowhere"],
];
await first.goto(new URL("/sign-in", address).href);
if (await first.locator("#token").count()) pages.push(["sign-in", "/sign-in"]); // the demo has none

for (const [width, height] of [[390, 844], [820, 1180], [1440, 900]]) {
	for (const colorScheme of ["light", "dark"]) {
		for (const lang of ["en", "ja"]) {
			// The page's own policy would keep axe out.
			const context = await browser.newContext({ bypassCSP: true, colorScheme, locale: lang, reducedMotion: "reduce", viewport: { width, height } });
			const page = await context.newPage();
			for (const [name, path, open] of pages) {
				await page.goto(new URL(path, address).href);
				if (open) await page.locator(open).first().click();
				const at = `${name}-${width}-${colorScheme}-${lang}`;
				if (folder) {
					await page.screenshot({ path: join(folder, at + ".png") });
					await page.screenshot({ path: join(folder, at + "-whole.png"), fullPage: true });
				}
				if (folder) continue;
				const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				if (over > 0) wrong(`${at}: ${over} pixels too wide`);
				await page.evaluate(axe);
				const { violations } = await page.evaluate(() => window.axe.run(document));
				for (const v of violations) {
					const text = `${at}: ${v.impact}: ${v.id}: ${v.help}: ${v.nodes.length}, first ${v.nodes[0].html.slice(0, 160)}`;
					if (v.impact === "serious" || v.impact === "critical") wrong(text); else console.log(text);
				}
			}
			await context.close();
		}
	}
}

if (folder) {
	await browser.close();
	process.exit(0);
}

// By keyboard: the first stop skips to the content, every stop shows where it is, and what can be pressed or filled in is a stop.
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const page = await context.newPage();
for (const [name, path, open] of pages) {
	await page.goto(new URL(path, address).href);
	if (open) await page.evaluate(() => { document.querySelector("details").open = true; });
	const stops = new Set();
	for (let i = 0; i < 400; i++) {
		await page.keyboard.press("Tab");
		const stop = await page.evaluate(() => {
			const e = document.activeElement;
			if (!e || e === document.body) return null;
			const last = window.lastStop;
			window.lastStop = e;
			if (e.dataset.stop) return { within: e === last, again: e !== last }; // a date has a stop for each of its parts
			e.dataset.stop = "1";
			const s = getComputedStyle(e), box = e.getBoundingClientRect();
			return {
				html: e.outerHTML.slice(0, 120), skip: e.getAttribute("href") === "#main",
				shown: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none",
				there: box.width > 1 && box.height > 1,
			};
		});
		if (!stop || stop.again) break;
		if (stop.within) continue;
		if (i === 0 && !stop.skip) wrong(`${name}: the first stop is ${stop.html}`);
		if (!stop.shown || !stop.there) wrong(`${name}: nobody sees that the focus is on ${stop.html}`);
		stops.add(i);
	}
	const missed = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
		.filter(e => !e.dataset.stop && e.checkVisibility()).map(e => e.outerHTML.slice(0, 120)));
	for (const html of missed) wrong(`${name}: the keyboard does not get to ${html}`);
	if (!stops.size) wrong(`${name}: no stops`);
}
await page.goto(address);
await page.keyboard.press("Tab");
await page.keyboard.press("Enter");
if (await page.evaluate(() => document.activeElement.id) !== "main") wrong("the skip link does not lead to the content");

await browser.close();
console.log(bad ? `${bad} serious` : "nothing serious");
process.exit(bad ? 1 : 0);
