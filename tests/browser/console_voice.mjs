// Talks on the console's voice page, a file being the microphone.
// Arguments: Chromium, the server's address, the microphone's file, how many answers to wait for, a folder for pictures.
import { withBrowser } from "./page.mjs";

const [program, server, file, answers, pictures] = process.argv.slice(2);
const MICROPHONE = [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-audio-capture=${file}%noloop`,
];

await withBrowser(program, server, async (open) => {
  const page = await open();
  await page.goto(`${server}/ui/#voice/`);
  await page.getByRole("button", { name: "Start talking" }).click();
  await page.locator("meter").first().waitFor();
  await page.evaluate(() => {
    window.loudest = { Microphone: 0, Speech: 0 };
    setInterval(() => {
      for (const meter of document.querySelectorAll("meter")) {
        const name = meter.labels[0].textContent.trim();
        window.loudest[name] = Math.max(window.loudest[name], meter.value);
      }
    }, 20);
  });
  await page.locator(".captions .reply").nth(Number(answers) - 1).waitFor({ timeout: 60_000 });
  await page.screenshot({ path: `${pictures}/voice.png` });
  const loudest = await page.evaluate(() => window.loudest);
  await page.getByRole("button", { name: "End" }).click();
  await page.locator(".report").waitFor();
  const captions = await page.locator(".captions li").evaluateAll((lines) => lines.map((line) => [line.className, line.textContent.trim()]));
  const report = JSON.parse(await page.locator(".report").getAttribute("data-report"));
  await page.getByRole("button", { name: "Start talking" }).waitFor();
  return { captions, report, loudest };
}, MICROPHONE);
