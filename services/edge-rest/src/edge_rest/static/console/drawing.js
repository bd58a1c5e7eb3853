// Graphs drawn by Cytoscape, which is fetched when the first one is shown.
import { html, useEffect, useRef } from "./vendor/preact.js";
import { useTheme } from "./theme.js";

// A token as the colour it is at present.
export function colour(place, name) {
  place.style.color = `var(${name})`;
  const found = getComputedStyle(place).color;
  place.style.color = "";
  return found;
}

const ENDS = { __start__: "▶", __end__: "■" };
const written = (node) => node.data("label") + (node.data("visits") ? `  ×${node.data("visits")}` : "");
// As wide as the longest line of its label.
const widthOf = (node) => 28 + 7.2 * Math.max(...written(node).split("\n").map((line) => line.length + (line.match(/[^\x00-\xff]/g)?.length ?? 0)));

// As wide as the widest fork needs, as high as a chain would be.
function roomFor(nodes, edges) {
  const ways = Math.max(1, ...nodes.map(({ id }) => edges.filter(({ source }) => source === id).length));
  return { x1: 0, y1: 0, w: 200 * ways, h: 84 * Math.min(nodes.length, 9) };
}

function styles(of) {
  return [
    { selector: "node", style: {
      label: written, shape: "round-rectangle", width: widthOf, height: 36, "text-valign": "center", "text-wrap": "wrap",
      "font-size": 13, "font-family": "system-ui", color: of("--text"), "background-color": of("--surface"), "border-width": 1.5, "border-color": of("--line") } },
    { selector: "node.end", style: { shape: "ellipse", width: 36, color: of("--muted"), "background-color": of("--sunken") } },
    { selector: "node.visited", style: { "border-color": of("--accent"), "background-color": of("--accent-soft") } },
    { selector: "node.lit", style: {
      "background-color": of("--accent"), "border-color": of("--accent"), color: of("--surface"), "font-weight": 600,
      "underlay-color": of("--accent"), "underlay-opacity": 0.22, "underlay-padding": 9 } },
    { selector: "edge", style: {
      width: 1.5, "curve-style": "bezier", "target-arrow-shape": "triangle", "line-color": of("--muted"), "target-arrow-color": of("--muted"), "arrow-scale": 0.9 } },
    { selector: "edge.conditional", style: { "line-style": "dashed" } },
  ];
}

// `visits` counts by node; the nodes of `lit` are those that run.
export function Drawing({ nodes, edges, lit = [], visits = {}, label, isTall = false }) {
  const place = useRef(null);
  const drawn = useRef(null);
  const shape = JSON.stringify([nodes, edges]);
  const now = JSON.stringify([lit, visits]);
  const theme = useTheme();
  useEffect(() => {
    let gone = false;
    import("./vendor/cytoscape.js").then(({ default: cytoscape }) => {
      if (gone) return;
      drawn.current = cytoscape({
        container: place.current,
        elements: [
          ...nodes.map(({ id, label: text }) => ({ data: { id, label: text ?? ENDS[id] ?? id }, classes: id in ENDS ? "end" : "" })),
          ...edges.map(({ source, target, conditional }, index) => ({
            data: { id: `edge-${index}`, source, target }, classes: conditional ? "conditional" : "",
          })),
        ],
        layout: { name: "breadthfirst", directed: true, padding: 24, spacingFactor: 1, boundingBox: roomFor(nodes, edges) },
        minZoom: 0.2, maxZoom: 2.5, userZoomingEnabled: isTall,
        style: styles((name) => colour(place.current, name)),
      });
      drawn.current.zoom(Math.min(drawn.current.zoom(), 1.4));
      drawn.current.center();
      show();
    });
    return () => {
      gone = true;
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [shape, theme]);
  const latest = useRef({});
  latest.current = { lit, visits };
  function show() {
    drawn.current?.batch(() => drawn.current.nodes().forEach((node) => {
      const count = latest.current.visits[node.id()] ?? 0;
      node.data("visits", count).toggleClass("visited", count > 0).toggleClass("lit", latest.current.lit.includes(node.id()));
    }));
  }
  useEffect(show, [now]);
  return html`<div class=${`canvas ${isTall ? "tall" : ""}`} ref=${place} role="img"
    aria-label=${[label, ...lit].join(" · ")}></div>`;
}
