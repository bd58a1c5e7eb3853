import { rmSync, writeFileSync } from "node:fs";
import { say, withBrowser } from "./page.mjs";
const server = process.env.URL, out = "/tmp/face/pics";
const MIC = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", "--use-file-for-fake-audio-capture=/tmp/face/mic.wav%noloop"];
const looks = [
  ["desk", "light", { width: 1280, height: 800, locale: "en-US" }],
  ["desk", "dark", { width: 1280, height: 800, locale: "en-US" }],
  ["phone", "light", { width: 390, height: 800, locale: "ko-KR" }],
  ["phone", "dark", { width: 390, height: 800, locale: "ko-KR" }],
];
await withBrowser("/usr/bin/chromium", server, async (open) => {
  const shots = {};
  const first = await open({ width: 1280, height: 800 });
  const talk = async (text) => { await first.goto(`${server}/ui/`); await first.getByRole("button", { name: "New conversation" }).click(); await say(first, text); };
  await talk("2023년 매출 데이터를 분석해주세요");
  await first.getByText("실행 요약").waitFor();
  shots.analysis = first.url();
  await talk("계약서를 작성해주세요");
  await first.getByRole("button", { name: "Approve" }).waitFor();
  shots.approval = first.url();
  rmSync("/tmp/face/go", { force: true });
  await first.goto(`${server}/ui/`); await first.getByRole("button", { name: "New conversation" }).click();
  await first.getByRole("combobox", { name: "Graph" }).selectOption("support");
  await say(first, "Where is my order?");
  await first.locator(".reply .tag.live").waitFor();
  const key = first.url().split("#chat/")[1];
  shots.graph = `${server}/ui/#graph/${key}`;
  await first.close();
  for (const [size, colorScheme, how] of looks) {
    for (const [name, url] of Object.entries(shots)) {
      const page = await open({ ...how, colorScheme });
      await page.goto(url);
      await page.waitForTimeout(1800);
      await page.screenshot({ path: `${out}/${name}-${size}-${colorScheme}.png` });
      if (name === "analysis") {
        await page.getByRole("button", { name: /^(Log|로그)$/ }).click();
        await page.getByRole("slider").fill("5");
        await page.waitForTimeout(400);
        await page.screenshot({ path: `${out}/log-${size}-${colorScheme}.png` });
      }
      await page.close();
    }
    const page = await open({ ...how, colorScheme });
    await page.goto(`${server}/ui/#system/`);
    await page.locator(".chart canvas").nth(1).waitFor();
    await page.waitForTimeout(600);
    await page.screenshot({ path: `${out}/system-${size}-${colorScheme}.png` });
    await page.goto(`${server}/docs/guide/`);
    await page.waitForTimeout(600);
    await page.screenshot({ path: `${out}/guide-${size}-${colorScheme}.png` });
    if (colorScheme === "light" || true) {
      const voice = await open({ ...how, colorScheme });
      await voice.goto(`${server}/ui/#voice/`);
      await voice.getByRole("button", { name: /Start talking|말하기 시작/ }).click();
      await voice.locator(".captions .reply").first().waitFor({ timeout: 25000 });
      await voice.screenshot({ path: `${out}/voice-${size}-${colorScheme}.png` });
      await voice.close();
    }
    await page.close();
  }
  writeFileSync("/tmp/face/go", "");
});
