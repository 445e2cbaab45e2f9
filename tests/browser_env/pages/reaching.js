// A shared or a service worker that fetches what it is told and says whether that could be reached.
const reach = (url, port) => fetch(url, { mode: "no-cors" }).then(() => port.postMessage(1), () => port.postMessage(0));
addEventListener("connect", ({ ports: [port] }) => { port.onmessage = ({ data }) => reach(data, port); });
addEventListener("message", ({ data, ports: [port] }) => { if (port) reach(data, port); });
