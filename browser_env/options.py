"""How a browser is started."""

from __future__ import annotations

import os
from dataclasses import dataclass

FRAME_CONTROL_FLAGS = (
    "--enable-begin-frame-control",
    "--run-all-compositor-stages-before-draw",
    "--disable-threaded-animation",
    "--disable-threaded-scrolling",
    "--disable-checker-imaging",
    "--disable-new-content-rendering-timeout",
    "--disable-image-animation-resync",
)
STEADY_FLAGS = (  # the same pixels on every machine; no traffic of the browser's own, no throttling
    "--headless",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-partial-raster",
    "--hide-scrollbars",
    "--disable-smooth-scrolling",  # it would follow the compositor's clock, not the page's
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # WebRTC does not pass by a proxy
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--metrics-recording-only",
    "--password-store=basic",
    "--use-mock-keychain",
    "--mute-audio",
    "--lang=en-US",
    "--disable-breakpad",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-hang-monitor",
    "--disable-popup-blocking",
    "--disable-prompt-on-repost",
    "--disable-field-trial-config",
    "--disable-client-side-phishing-detection",
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-ipc-flooding-protection",
    "--allow-pre-commit-input",
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
    "--enable-automation",
    "--disable-quic",
    "--disable-site-isolation-trials",  # one renderer draws all frames of a page, at one moment
)
OFF = (  # Chromium's features that would cost time, chance or traffic
    "IsolateOrigins",
    "site-per-process",
    "PaintHolding",
    "Translate",
    "OptimizationHints",
    "MediaRouter",
    "DialMediaRouteProvider",
    "AcceptCHFrame",
    "LensOverlay",
    "HttpsUpgrades",
    "LocalNetworkAccessChecks",
    "LocalNetworkAccessChecksForWorkers",
    "PrivateNetworkAccessForWorkers",
    "PrivateNetworkAccessSendPreflights",
    "BlockInsecurePrivateNetworkRequests",
    "RenderDocument",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """How to start a browser."""

    frame_control: bool = True  # where the browser can
    host_map: tuple[tuple[str, str], ...] = ()  # (host name, address:port) pairs answered by this machine
    call_timeout_s: float = 15.0  # a browser that does not answer for so long is taken for hung
    debug_port: bool = False  # also answer Playwright and other DevTools clients, on a loopback port of its own
    sandbox: bool = os.geteuid() != 0 if hasattr(os, "geteuid") else True  # Chromium refuses it to root

    def flags(self, *, frame_control: bool) -> list[str]:
        """Return Chromium's command line flags."""
        flags = [*STEADY_FLAGS, *(FRAME_CONTROL_FLAGS if frame_control else ()), f"--disable-features={','.join(OFF)}"]
        if self.debug_port:
            flags.append("--remote-debugging-port=0")
        if not self.sandbox:
            flags.append("--no-sandbox")
        if self.host_map:
            rules = ", ".join(f"MAP {host} {address}" for host, address in self.host_map)
            flags.append(f"--host-resolver-rules={rules}")
        return flags
