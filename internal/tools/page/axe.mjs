// An accessibility check of a report: node axe.mjs FILE.html…
// Every rule of axe-core, in both languages where the page has both, light, dark and on a narrow screen, with everything unfolded. What it calls
// serious or critical is an error; the rest is printed.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { launch } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await launch();
let bad = 0;
for (const file of process.argv.slice(2)) {
	for (const [width, colorScheme] of [[1440, "light"], [1440, "dark"], [390, "light"]]) {
		// The page's own policy would keep axe out.
		const context = await browser.newContext({ bypassCSP: true, colorScheme, viewport: { width, height: 900 } });
		const page = await context.newPage();
		await page.goto("file://" + resolve(file));
		await page.evaluate(() => document.querySelectorAll("details").forEach(d => { d.open = true; }));
		await page.evaluate(axe);
		// A page of the agent comes in one language.
		const both = await page.locator("#lang-en").count() > 0;
		for (const lang of both ? ["en", "ja"] : [await page.locator("html").getAttribute("lang")]) {
			if (both) await page.locator(`#lang-${lang}`).check({ force: true });
			const { violations } = await page.evaluate(() => window.axe.run(document));
			for (const v of violations) {
				const serious = v.impact === "serious" || v.impact === "critical";
				if (serious) bad++;
				console.log(`${file} ${colorScheme} ${width} ${lang}: ${v.impact}: ${v.id}: ${v.help}: ${v.nodes.length}, first ${v.nodes[0].html.slice(0, 160)}`);
			}
		}
		await context.close();
	}
}
await browser.close();
console.log(bad ? `${bad} serious` : "nothing serious");
process.exit(bad ? 1 : 0);
