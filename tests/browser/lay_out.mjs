// Loads a graph from standard input into Cytoscape, lays it out, and prints where each node went.
import { readFileSync } from "node:fs";
import cytoscape from "cytoscape";

const graph = JSON.parse(readFileSync(0, "utf8"));
const elements = {
  nodes: graph.nodes.map((data) => ({ data })),
  edges: graph.edges.map((data) => ({ data })),
};
const drawing = cytoscape({ headless: true, styleEnabled: true, elements });
drawing.layout({ name: "breadthfirst", directed: true, boundingBox: { x1: 0, y1: 0, w: 400, h: 800 } }).run();
const nodes = drawing.nodes().map((node) => ({ ...node.data(), ...node.position() }));
const edges = drawing.edges().map((edge) => [edge.source().id(), edge.target().id()]);
console.log(JSON.stringify({ nodes, edges }));
process.exit(0); // Cytoscape keeps a timer running
