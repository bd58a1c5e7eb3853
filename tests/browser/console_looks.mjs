// Every page of the console, light and dark, on a desk and on a phone: a picture of each, and what axe finds serious.
// Arguments: Chromium, the server's address, the microphone's file, the file at which the graph `support` goes on, a folder for pictures.
import { writeFileSync } from "node:fs";
import { say, serious, withBrowser } from "./page.mjs";

const [program, server, microphone, goOn, pictures] = process.argv.slice(2);
const LOOKS = ["desk", "phone"].flatMap((size) => ["light", "dark"].map((theme) => [size, theme]));
const SIZES = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const EVENT_OF_SECOND_TURN = 24;
const MICROPHONE = [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-audio-capture=${microphone}%noloop`,
];

await withBrowser(program, server, async (open, bytes) => {
  const shown = { serious: {}, wide: [] };
  const page = await open({ deviceScaleFactor: 2 });

  // What the page shows now, in every look.
  async function look(name, prepare = async () => {}) {
    for (const [size, colorScheme] of LOOKS) {
      await page.setViewportSize(SIZES[size]);
      await page.emulateMedia({ colorScheme });
      await prepare(size);
      await page.waitForTimeout(600); // what is drawn anew has no event of its own
      await page.screenshot({ path: `${pictures}/${name}-${size}-${colorScheme}.png` });
      const found = await serious(page);
      if (found.length) shown.serious[`${name} ${size} ${colorScheme}`] = found;
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) shown.wide.push(`${name} ${size}`);
    }
    await page.setViewportSize(SIZES.desk);
  }
  const start = async () => {
    await page.goto(`${server}/ui/#chat/`);
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.locator(".suggestions").waitFor();
  };

  await page.goto(`${server}/ui/`);
  await page.getByText("Pick a conversation").waitFor();
  shown.bytesAtFirst = bytes();
  await start();
  await look("new");
  await page.getByRole("combobox", { name: "Graph and model" }).selectOption("analyst");
  await say(page, "Which month of 2023 sold best?");
  await page.locator('.reply[aria-busy="false"]').getByText("Laptops made most of it").waitFor();
  const analysis = page.url();
  await page.locator(".steps > summary").click();
  await page.locator(".steps li summary").last().click();
  await page.locator(".cost", { hasText: "tokens" }).waitFor();
  await look("analysis", () => page.evaluate(() => (document.querySelector(".turns").scrollTop = 0)));
  await say(page, "And what sold best then?");
  await page.locator('.reply[aria-busy="false"]').nth(1).getByText("Laptops made most of it").waitFor();

  await start();
  await say(page, "계약서를 작성해주세요");
  await page.getByRole("button", { name: "Approve" }).waitFor();
  await look("approval", () => page.evaluate(() => (document.querySelector(".turns").scrollTop = 1e6)));

  await page.goto(analysis);
  await page.getByRole("button", { name: "Log", exact: true }).click();
  await page.locator(".side li", { hasText: "run.completed" }).nth(1).waitFor();
  await page.getByRole("slider").fill(String(EVENT_OF_SECOND_TURN));
  await page.locator(".side .cost", { hasText: "tokens" }).waitFor();
  await look("log");
  await page.locator(".side .segments label", { hasText: "State" }).click();
  await page.locator(".state dt").first().waitFor();
  await look("state");

  await start();
  await page.getByRole("combobox", { name: "Graph and model" }).selectOption("support");
  await say(page, "Where is my order?");
  await page.locator(".reply .tag.live", { hasText: "write_reply" }).waitFor();
  await page.goto(page.url().replace("#chat/", "#graph/"));
  await page.locator('.canvas[aria-label$="write_reply"]').waitFor();
  await look("graph");
  writeFileSync(goOn, "");
  await page.getByText("not running").waitFor();

  await page.goto(`${server}/ui/#quote/`);
  for (const [number, text] of ["요즘 회사 일이 너무 힘들어요", "매일 야근이라 지쳐요", "아무것도 하기 싫어요", "쉬고 싶어요"].entries()) {
    await page.getByRole("textbox").fill(text);
    await page.keyboard.press("Enter");
    await page.locator(`.reply[aria-busy="false"]`).nth(number).waitFor();
  }
  await page.locator("blockquote").waitFor();
  await look("quote");

  await page.goto(`${server}/ui/#playground/`);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText('"type": "final"').waitFor();
  await look("playground");

  await page.goto(`${server}/ui/#voice/`);
  await look("voice-begin");
  await page.getByRole("button", { name: "Start talking" }).click();
  await page.locator(".captions .reply").first().waitFor({ timeout: 60_000 });
  await look("voice");
  await page.getByRole("button", { name: "End" }).click();
  await page.locator(".report").waitFor();

  await page.goto(`${server}/ui/#system/`);
  await page.locator(".chart canvas").nth(1).waitFor();
  await page.waitForFunction(() => Number(document.querySelector(".pair h2 .muted")?.textContent) > 0);
  await look("system");
  shown.bytes = bytes();
  await page.goto(`${server}/ui/#chat/`);
  await page.locator(".list li").nth(3).waitFor();
  await look("list");
  await page.getByRole("button", { name: "Sign in" }).click();
  await look("sign-in");
  await page.goto(`${server}/docs/guide/#start.md`);
  await page.getByRole("heading", { name: "In a minute" }).waitFor();
  await look("guide");
  await page.goto(`${server}/asyncapi`);
  await page.locator("section").first().waitFor();
  await look("asyncapi");

  const first = await open();
  await first.goto(`${server}/ui/`);
  await first.locator(".list li").first().waitFor();
  shown.paint = await first.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
  return shown;
}, MICROPHONE);
