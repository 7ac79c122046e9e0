// The browser of this machine: CASDOCTOR_CHROMIUM, or the first that is installed.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable", "/usr/bin/google-chrome"];

export async function launch() {
	const executablePath = process.env.CASDOCTOR_CHROMIUM || usual.find(existsSync);
	if (!executablePath) throw new Error("no Chromium is installed; CASDOCTOR_CHROMIUM names one");
	const root = process.getuid?.() === 0; // Chromium's sandbox refuses to run as root
	return chromium.launch({ executablePath, args: root ? ["--no-sandbox"] : [] });
}
