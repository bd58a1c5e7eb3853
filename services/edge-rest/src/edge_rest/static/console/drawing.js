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

// As wide as the longest line of its label.
const widthOf = (node) => 24 + 7.2 * Math.max(...`${node.data("label")}`.split("\n").map((line) => line.length + (line.match(/[^\x00-\xff]/g)?.length ?? 0)));

export function Drawing({ nodes, edges, lit = [], label, onPick }) {
  const place = useRef(null);
  const drawn = useRef(null);
  const shape = JSON.stringify([nodes, edges]);
  const theme = useTheme();
  useEffect(() => {
    let gone = false;
    import("./vendor/cytoscape.js").then(({ default: cytoscape }) => {
      if (gone) return;
      drawn.current = cytoscape({
        container: place.current,
        elements: [
          ...nodes.map(({ id, label: text }) => ({ data: { id, label: text ?? id } })),
          ...edges.map(({ source, target, conditional }, index) => ({
            data: { id: `edge-${index}`, source, target }, classes: conditional ? "conditional" : "",
          })),
        ],
        layout: { name: "breadthfirst", directed: true, spacingFactor: 0.8, padding: 16 },
        minZoom: 0.2, maxZoom: 2.5,
        style: [
          { selector: "node", style: {
            label: "data(label)", shape: "round-rectangle", width: widthOf, height: 34, "text-valign": "center",
            "text-wrap": "wrap", "font-size": 12, color: colour(place.current, "--text"), "background-color": colour(place.current, "--sunken"),
            "border-width": 1, "border-color": colour(place.current, "--line") } },
          { selector: "node.lit", style: { "background-color": colour(place.current, "--accent"), color: colour(place.current, "--surface") } },
          { selector: "edge", style: {
            width: 1.5, "curve-style": "bezier", "target-arrow-shape": "triangle",
            "line-color": colour(place.current, "--muted"), "target-arrow-color": colour(place.current, "--muted"), "arrow-scale": 0.9 } },
          { selector: "edge.conditional", style: { "line-style": "dashed" } },
        ],
      });
      drawn.current.on("tap", "node", ({ target }) => onPick?.(target.id()));
      light();
    });
    return () => {
      gone = true;
      drawn.current?.destroy();
      drawn.current = null;
    };
  }, [shape, theme]);
  function light() {
    drawn.current?.nodes().forEach((node) => node.toggleClass("lit", lit.includes(node.id())));
  }
  useEffect(light, [JSON.stringify(lit)]);
  return html`<div class="canvas" ref=${place} role="img" aria-label=${label}></div>`;
}
