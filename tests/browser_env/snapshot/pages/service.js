self.addEventListener("install", (event) => event.waitUntil(fetch("/target?service")));
