fetch("/target?worker").then((r) => r.text()).then((text) => postMessage(text), (error) => postMessage(String(error)));
