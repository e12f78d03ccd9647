// The live chart: drawn once, then only updated, so that zoom and hidden curves stay (uirevision of layout and axes).
const box = element.querySelector(".plot");
const buttons = [["zoom2d", "pan2d"]];
const settings = {responsive: true, displaylogo: false, showTips: false, modeBarButtons: buttons, doubleClick: false};
let waiting = null, listening = false;
function read() { return JSON.parse(props.value || "null"); }
function draw() {
  clearTimeout(waiting);
  if (!window.Plotly) { waiting = setTimeout(draw, 40); return; }
  const figure = read();
  if (!figure) return;
  box.style.setProperty("--charts", Math.max(1, figure.layout.meta?.panels || 1));
  local(() => window.Plotly.react(box, figure.data, figure.layout, settings));
  if (listening) return;
  listening = true;
  box.on("plotly_click", clicked);
  box.on("plotly_relayout", moved);
  box.on("plotly_doubleclick", all);
}
// A click names the point nearest to it: the runs that its curve belongs to, its step, and its measure.
function clicked(event) {
  const frame = box.getBoundingClientRect();
  const left = event.event.clientX - frame.left, top = event.event.clientY - frame.top;
  const off = (axis, value, place) => axis.l2p(axis.d2l(value)) + axis._offset - place;
  const far = (point) => Math.hypot(off(point.xaxis, point.x, left), off(point.yaxis, point.y, top));
  const points = event.points.filter((point) => point.data.meta);
  const nearest = points.sort((one, other) => far(one) - far(other))[0];
  if (nearest) trigger("click", {drop: [nearest.data.meta, nearest.customdata[1], nearest.customdata[2]].join("@")});
}
// What the x axis was zoomed to is kept with the view; numbers as short as an eye can tell apart.
function moved(change) {
  if (change["xaxis.autorange"]) trigger("select", {span: null});
  if (!Object.keys(change).some((name) => name.startsWith("xaxis.range"))) return;
  const axis = box._fullLayout.xaxis, log = axis.type === "log";
  const ends = axis.range.map((end) => (log ? 10 ** end : Number(end)));
  const grain = 10 ** Math.floor(Math.log10(ends[1] - ends[0]) - 3);
  const tidy = (end) => Number((log ? end : Math.round(end / grain) * grain).toPrecision(log ? 6 : 12));
  const told = ends.map(tidy);
  trigger("select", {span: told});
  if (!log && told.some((end, place) => end !== ends[place])) window.Plotly.relayout(box, {"xaxis.range": told});
}
// All of it: each axis as it would be drawn for the first time.
function all() {
  const asked = read().layout, change = {"xaxis.autorange": true};
  for (const name of Object.keys(asked).filter((key) => key.startsWith("yaxis"))) {
    if (asked[name].range) change[`${name}.range`] = asked[name].range;
    else change[`${name}.autorange`] = true;
  }
  window.Plotly.relayout(box, change);
}
// An image is for paper: dark ink on white, what is zoomed to, twice as fine as the screen.
function save(format) {
  const layout = {...box.layout, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff"};
  const ink = {color: "#23272e"};
  layout.font = {...layout.font, ...ink};
  layout.annotations = (layout.annotations || []).map((note) => ({...note, font: {...note.font, ...ink}}));
  const size = {width: Math.max(800, box.offsetWidth), height: box.offsetHeight};
  const file = {format: format, filename: layout.meta.file, scale: format === "png" ? 2 : 1, ...size};
  window.Plotly.downloadImage({data: box.data, layout: layout}, file);
}
box.lab = {all: all, save: save};
new ResizeObserver(() => { if (box.data && box.offsetWidth) window.Plotly.Plots.resize(box); }).observe(box);
watch("value", draw);
draw();
