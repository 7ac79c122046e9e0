// Pictures of a report: node screenshots.mjs FOLDER FILE.html…
// One of the first screen and one of the whole page, at three widths, light and dark, in both languages.
import { basename, join, resolve } from "node:path";
import { mkdirSync } from "node:fs";
import { launch } from "./browser.mjs";

const [folder, ...files] = process.argv.slice(2);
if (!files.length) throw new Error("usage: node screenshots.mjs FOLDER FILE.html…");
mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const file of files) {
	for (const [width, height] of [[390, 844], [820, 1180], [1440, 900]]) {
		for (const colorScheme of ["light", "dark"]) {
			const page = await browser.newPage({ viewport: { width, height }, colorScheme });
			await page.goto("file://" + resolve(file));
			for (const lang of ["en", "ja"]) {
				await page.locator(`#lang-${lang}`).check({ force: true });
				await page.locator(`#lang-${lang}`).blur();
				const name = join(folder, `${basename(file, ".html")}-${width}-${colorScheme}-${lang}`);
				await page.screenshot({ path: name + ".png" });
				await page.screenshot({ path: name + "-whole.png", fullPage: true });
			}
			await page.close();
		}
	}
}
await browser.close();
