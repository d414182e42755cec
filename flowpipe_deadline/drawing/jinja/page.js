"use strict";
const $ = (id) => document.getElementById(id);
const PARTS = ["counts", "fresh", "graph", "lists"];  // What another look at the work replaces.

if (location.hash === "#fresh" && parent !== window) {
  // This is a look that the page takes at its own file: a file cannot be fetched, and one that is gone does no harm so.
  const parts = Object.fromEntries(PARTS.map((id) => [id, $(id).innerHTML]));
  const reader = location.protocol === "file:" ? "*" : location.origin;  // Of files, all have none.
  parent.postMessage({ data: $("data").textContent, title: document.title, parts }, reader);
} else {
  start();
}

function start() {
  const view = $("view"), graph = $("graph"), map = $("map");
  let data = JSON.parse($("data").textContent);
  const kept = recall();
  let selected = kept.selected ?? null, state = kept.state ?? null, zoom = kept.zoom ?? null;
  let nodes = new Map(), boxes = new Map(), edges = [], seen = Date.now(), asked = 0;
  $("search").value = kept.search ?? "";

  function recall() {
    try { return JSON.parse(sessionStorage.getItem(data.name)) ?? {}; } catch { return {}; }
  }
  function keep() {
    const now = { selected, state, zoom, search: $("search").value, left: view.scrollLeft, top: view.scrollTop };
    try { sessionStorage.setItem(data.name, JSON.stringify(now)); } catch { /* It is forgotten, then. */ }
  }

  function read() {  // Anew after each look.
    nodes = new Map(data.nodes.map((node) => [node.key, node]));
    boxes = new Map([...graph.querySelectorAll(".node")].map((box) => [box.dataset.key, box]));
    edges = [...graph.querySelectorAll(".edge")];
    for (const box of boxes.values()) { box.tabIndex = -1; box.setAttribute("role", "button"); }
    if (!nodes.has(selected)) selected = null;
    if (!data.nodes.some((node) => node.state === state)) state = null;
    (boxes.get(selected) ?? boxes.values().next().value)?.setAttribute("tabindex", "0");
    resize();
    show();
  }

  // Zoom
  function size() { return { width: data.width, height: data.height }; }
  function resize() {
    const svg = graph.querySelector("svg");
    svg.setAttribute("width", Math.round(size().width * zoom));
    svg.setAttribute("height", Math.round(size().height * zoom));
    graph.classList.toggle("far", zoom < 0.4);
  }
  function fitting() {
    return Math.min(1, view.clientWidth / size().width, view.clientHeight / size().height);
  }
  function zoomTo(wanted, x = view.clientWidth / 2, y = view.clientHeight / 2) {
    const next = Math.min(3, Math.max(0.02, wanted)), svg = graph.querySelector("svg");
    const before = svg.getBoundingClientRect(), frame = view.getBoundingClientRect();
    const left = (x + frame.left - before.left) / zoom, top = (y + frame.top - before.top) / zoom;
    zoom = next;
    resize();
    const after = svg.getBoundingClientRect();
    view.scrollBy(after.left + left * zoom - frame.left - x, after.top + top * zoom - frame.top - y);
    draw();
    keep();
  }
  function center(key) {
    const node = nodes.get(key);
    const svg = graph.querySelector("svg").getBoundingClientRect(), frame = view.getBoundingClientRect();
    view.scrollBy(svg.left - frame.left + (node.x + data.box[0] / 2) * zoom - view.clientWidth / 2,
                  svg.top - frame.top + (node.y + data.box[1] / 2) * zoom - view.clientHeight / 2);
  }

  // Selection and search
  function hits() {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = data.nodes.filter((node) => (!state || node.state === state)
      && words.every((word) => `${node.label} ${node.key} ${node.word}`.toLowerCase().includes(word)));
    return words.length || state ? found : null;
  }
  function show() {
    const found = hits(), there = found && new Set(found.map((node) => node.key));
    for (const [key, box] of boxes) {
      box.classList.toggle("selected", key === selected);
      box.classList.toggle("dimmed", Boolean(there) && !there.has(key));
    }
    for (const edge of edges) {
      const isNear = selected !== null && [edge.dataset.from, edge.dataset.to].includes(selected);
      edge.classList.toggle("near", isNear);
      edge.classList.toggle("dimmed", Boolean(there) && !isNear);
    }
    for (const button of document.querySelectorAll(".count")) {
      button.setAttribute("aria-pressed", String(button.dataset.state === state));
    }
    $("hits").textContent = found ? `${found.length} of ${data.nodes.length}` : "";
    describe();
    draw();
  }
  function describe() {
    const node = nodes.get(selected), details = $("details");
    if (!node) { details.replaceChildren(make("p", "Select a node to see more of it.", "hint")); return; }
    const list = make("dl");
    for (const [name, text, kind] of node.facts) list.append(make("dt", name), make("dd", text, kind));
    for (const [name, keys] of [["Upstream", data.up[node.key]], ["Downstream", data.down[node.key]]]) {
      if (keys) list.append(make("dt", name), links(keys));
    }
    details.replaceChildren(make("h2", node.label), list);
  }
  function links(keys) {
    const cell = make("dd");
    keys.slice(0, 30).forEach((key, index) => {
      const link = make("a", nodes.get(key).label);
      link.href = "#";
      link.dataset.go = key;
      cell.append(index ? ", " : "", link);
    });
    if (keys.length > 30) cell.append(` and ${keys.length - 30} more`);
    return cell;
  }
  function make(tag, text = "", kind = "") {
    const element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  }
  function select(key, { isCentred = false } = {}) {
    boxes.get(selected)?.setAttribute("tabindex", "-1");
    selected = key;
    show();
    const box = boxes.get(key);
    if (box) {
      if (isCentred && zoom < 0.6) zoomTo(0.9);
      if (isCentred) center(key);
      box.setAttribute("tabindex", "0");
      box.focus({ preventScroll: true });
    }
    keep();
  }
  function next(found, step = 1) {
    if (!found?.length) return;
    const at = found.findIndex((node) => node.key === selected);
    select(found[(at + step + found.length) % found.length].key, { isCentred: true });
  }
  function walk(key) {
    const here = nodes.get(selected);
    if (!here) { next(data.nodes); return; }
    const ways = { ArrowLeft: data.up[selected], ArrowRight: data.down[selected] };
    const column = data.nodes.filter((node) => node.x === here.x && (key === "ArrowUp" ? node.y < here.y : node.y > here.y));
    const near = ways[key] ? ways[key].map((one) => nodes.get(one)) : key in ways ? [] : column;
    near.sort((one, other) => Math.abs(one.y - here.y) - Math.abs(other.y - here.y));
    if (near.length) select(near[0].key, { isCentred: true });
  }

  // The small map: the whole, and what of it is seen
  function draw() {
    const whole = size();
    map.hidden = whole.width * zoom <= view.clientWidth + 1 && whole.height * zoom <= view.clientHeight + 1;
    if (map.hidden) return;
    const scale = Math.min(200 / whole.width, 260 / whole.height), ratio = window.devicePixelRatio || 1;
    const width = Math.max(70, whole.width * scale), height = Math.max(40, whole.height * scale);
    const ink = map.getContext("2d");
    map.width = Math.ceil(width * ratio);
    map.height = Math.ceil(height * ratio);
    map.style.width = `${width}px`;
    map.style.height = `${height}px`;
    const across = width / whole.width * ratio, down = height / whole.height * ratio, tones = new Map();
    const box = [Math.max(data.box[0] * across, 2), Math.max(data.box[1] * down, 1)];
    for (const node of data.nodes) {
      if (!tones.has(node.state)) tones.set(node.state, getComputedStyle(boxes.get(node.key)).getPropertyValue("--tone"));
      ink.fillStyle = tones.get(node.state);
      ink.fillRect(node.x * across, node.y * down, ...box);
    }
    ink.strokeStyle = getComputedStyle(document.body).color;
    ink.lineWidth = 1.5 * ratio;
    const seen = [view.scrollLeft / zoom * across, view.scrollTop / zoom * down];
    const room = [view.clientWidth / zoom * across, view.clientHeight / zoom * down];
    ink.strokeRect(seen[0] + 1, seen[1] + 1, Math.min(room[0], map.width) - 2, Math.min(room[1], map.height) - 2);
  }
  function jump(event) {
    const frame = map.getBoundingClientRect();
    view.scrollTo((event.clientX - frame.left) / frame.width * size().width * zoom - view.clientWidth / 2,
                  (event.clientY - frame.top) / frame.height * size().height * zoom - view.clientHeight / 2);
  }

  // How fresh it is
  function tell() {
    const made = new Date(data.made), age = Math.max(0, Math.round((Date.now() - made) / 1000));
    const ago = age < 90 ? `${age} s` : age < 5400 ? `${Math.round(age / 60)} min` : `${Math.round(age / 3600)} h`;
    $("made").textContent = `Made ${made.toLocaleTimeString()}` + (age < 20 * 3600 ? `, ${ago} ago` : ` on ${made.toLocaleDateString()}`);
    const isLate = data.seconds > 0 && Date.now() - seen > 1000 * (3 * data.seconds + 5);
    $("late").hidden = !isLate;
    if (isLate && !$("late").textContent) {
      $("late").textContent = `Nobody has written this page since ${made.toLocaleTimeString()}: what you see may be out of date.`;
    }
    if (!isLate) $("late").textContent = "";
  }
  function look() {
    if (!data.seconds || document.hidden) return;
    const last = document.querySelector("iframe");
    if (last && Date.now() - asked < 4000 * data.seconds) return;  // A slow disk.
    last?.remove();
    asked = Date.now();
    const frame = document.createElement("iframe");
    frame.hidden = true;
    frame.src = `${location.href.split(/[?#]/)[0]}?${Date.now()}#fresh`;
    document.body.append(frame);
  }
  window.addEventListener("message", (event) => {
    const frame = document.querySelector("iframe");
    if (!frame || event.source !== frame.contentWindow) return;
    frame.remove();
    const found = JSON.parse(event.data.data);
    if (found.made === data.made) return;
    const focused = document.activeElement?.closest?.(".node")?.dataset.key;
    data = found;
    seen = Date.now();
    document.title = event.data.title;
    for (const id of PARTS) $(id).innerHTML = event.data.parts[id];
    read();
    if (focused) boxes.get(focused)?.focus({ preventScroll: true });
    tell();
  });

  // Mouse and keys
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-go]"), count = event.target.closest(".count");
    const box = event.target.closest(".node");
    if (link) { event.preventDefault(); select(link.dataset.go, { isCentred: true }); }
    else if (count) { state = state === count.dataset.state ? null : count.dataset.state; show(); keep(); }
    else if (box && !hasPanned) select(box.dataset.key);
    else if (event.target.closest("#graph") && !hasPanned) select(null);
  });
  let grip = null, hasPanned = false;
  view.addEventListener("pointerdown", (event) => {
    hasPanned = false;
    if (event.button === 0 && event.pointerType === "mouse" && event.target !== view) {
      grip = [event.clientX + view.scrollLeft, event.clientY + view.scrollTop, event.clientX, event.clientY];
    }
  });
  window.addEventListener("pointermove", (event) => {
    if (!grip) return;
    hasPanned ||= Math.hypot(event.clientX - grip[2], event.clientY - grip[3]) > 4;
    if (hasPanned) { view.classList.add("pans"); view.scrollTo(grip[0] - event.clientX, grip[1] - event.clientY); }
  });
  window.addEventListener("pointerup", () => { grip = null; view.classList.remove("pans"); });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = view.getBoundingClientRect();
    zoomTo(zoom * Math.exp(-event.deltaY / 300), event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });
  let isWaiting = false;
  view.addEventListener("scroll", () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => { isWaiting = false; draw(); keep(); });
  });
  map.addEventListener("pointerdown", (event) => { map.setPointerCapture(event.pointerId); jump(event); });
  map.addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });
  $("search").addEventListener("input", () => { show(); keep(); });
  $("in").addEventListener("click", () => zoomTo(zoom * 1.25));
  $("out").addEventListener("click", () => zoomTo(zoom / 1.25));
  $("fit").addEventListener("click", () => zoomTo(fitting()));
  window.addEventListener("resize", draw);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    seen = Date.now();  // Nobody has looked meanwhile.
    look();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target === $("search");
    if (event.key === "Escape") { $("search").value = ""; state = null; $("search").blur(); select(null); }
    else if (event.key === "Enter" && isTyping) next(hits(), event.shiftKey ? -1 : 1);
    else if (isTyping) return;
    else if (event.key === "/") $("search").focus();
    else if (event.key === "f") next(data.nodes.filter((node) => node.isTrouble));
    else if (event.key === "+" || event.key === "=") zoomTo(zoom * 1.25);
    else if (event.key === "-") zoomTo(zoom / 1.25);
    else if (event.key === "0") zoomTo(fitting());
    else if (event.key.startsWith("Arrow") && !event.target.closest("aside, header")) walk(event.key);
    else if ((event.key === "Enter" || event.key === " ") && event.target.closest(".node")) select(event.target.closest(".node").dataset.key);
    else return;
    event.preventDefault();
  });

  const isFirst = zoom === null;
  zoom ??= Math.max(0.7, fitting());
  read();
  if (isFirst) {
    // The top left corner of a large graph is often empty.
    const first = data.nodes.find((node) => node.isTrouble) ?? data.nodes[0];
    if (first) center(first.key);
  } else {
    view.scrollTo(kept.left ?? 0, kept.top ?? 0);
  }
  draw();
  tell();
  setInterval(tell, 1000);
  if (data.seconds) setInterval(look, 1000 * data.seconds);
}
