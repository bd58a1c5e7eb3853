// Talks with the example page, a file being the microphone.
// Arguments: Chromium, the page's address, the microphone's file, then how many answers to wait for.
// Prints one JSON object: the captions, the report, how loud the answers were, what the console said.
import { chromium } from "playwright-core";

const [program, page, file, answers] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: program,
  args: [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    `--use-file-for-fake-audio-capture=${file}%noloop`,
  ],
});
try {
  const tab = await browser.newPage();
  const problems = [];
  tab.on("console", (message) => message.type() === "error" && problems.push(`${message.text()} ${message.location().url}`));
  tab.on("pageerror", (error) => problems.push(String(error)));
  await tab.goto(page);
  await tab.click("#talk");
  await tab.locator("#captions li.ai").nth(Number(answers) - 1).waitFor({ timeout: 60_000 });
  await tab.click("#end");
  await tab.waitForFunction(() => document.getElementById("report").textContent);
  await tab.waitForFunction(() => document.getElementById("state").textContent.startsWith("closed"));
  const captions = await tab
    .locator("#captions li")
    .evaluateAll((lines) => lines.map((line) => [line.className, line.textContent]));
  const report = JSON.parse(await tab.locator("#report").textContent());
  const state = await tab.locator("#state").textContent();
  const loudest = await tab.evaluate(() => globalThis.heardFrom());
  console.log(JSON.stringify({ captions, report, state, loudest, problems }));
} finally {
  await browser.close();
}
