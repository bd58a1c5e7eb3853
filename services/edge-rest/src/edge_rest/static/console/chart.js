// A chart over time by uPlot, which is fetched when the first one is shown.
import { html, useEffect, useRef } from "./vendor/preact.js";
import { colour } from "./drawing.js";
import { useTheme } from "./theme.js";
import { clock } from "./words.js";

const HEIGHT = 180;

// It is no module: a script that makes a global.
let loading;
function library() {
  loading ??= new Promise((loaded, failed) => {
    const script = Object.assign(document.createElement("script"), { src: "vendor/uplot.js", onerror: failed });
    script.onload = () => loaded(window.uPlot);
    document.head.append(script);
  });
  return loading;
}

// `lines` are { label, token, values, isBar }; `at` has Unix seconds; `say` writes a value.
export function Chart({ label, at, lines, say }) {
  const place = useRef(null);
  const drawn = useRef(null);
  const theme = useTheme();
  const data = [at, ...lines.map(({ values }) => values)];
  const newest = useRef(data);
  newest.current = data;
  useEffect(() => {
    let gone = false;
    library().then((uPlot) => {
      if (gone) return;
      const of = (token) => colour(place.current, token);
      const axis = { stroke: of("--muted"), grid: { stroke: of("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
      drawn.current = new uPlot(
        {
          width: place.current.clientWidth,
          height: HEIGHT,
          legend: { live: false },
          series: [
            { value: (_, seconds) => (seconds === null ? "" : clock(seconds * 1000)) },
            ...lines.map(({ label: name, token, isBar }) => ({
              label: name, stroke: of(token), width: isBar ? 0 : 2, fill: isBar ? of(token) : undefined, spanGaps: false,
              points: { show: !isBar, size: 5, fill: of(token) }, paths: isBar ? uPlot.paths.bars({ size: [0.7, 24] }) : undefined,
              value: (_, value) => (value === null ? "–" : say(value)),
            })),
          ],
          axes: [
            { ...axis, values: (_, ticks) => ticks.map((seconds) => clock(seconds * 1000)), space: 80, gap: 10 },
            { ...axis, values: (_, ticks) => ticks.map(say), size: 64 },
          ],
          scales: { y: { range: (_, __, most) => [0, Math.max(most * 1.1, 0.001) || 1] } },
        },
        newest.current,
        place.current,
      );
    });
    const watch = new ResizeObserver(() => drawn.current?.setSize({ width: place.current.clientWidth, height: HEIGHT }));
    watch.observe(place.current);
    return () => {
      gone = true;
      watch.disconnect();
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [theme, label]);
  useEffect(() => drawn.current?.setData(data), [JSON.stringify(data)]);
  return html`<div class="chart" ref=${place} role="img" aria-label=${label}></div>`;
}
