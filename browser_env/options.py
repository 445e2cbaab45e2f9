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
STEADY_FLAGS = (  # the same pixels on every machine; no traffic of the browser's own
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-partial-raster",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # WebRTC does not pass by a proxy
    "--no-first-run",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """How to start a browser."""

    frame_control: bool = True  # where the browser can
    host_map: tuple[tuple[str, str], ...] = ()  # (host name, address:port) pairs answered by this machine
    call_timeout_s: float = 15.0  # a browser that does not answer for so long is taken for hung
    sandbox: bool = os.geteuid() != 0 if hasattr(os, "geteuid") else True  # Chromium refuses it to root

    def flags(self, *, frame_control: bool) -> list[str]:
        """Return Chromium's command line flags."""
        flags = [*STEADY_FLAGS, *(FRAME_CONTROL_FLAGS if frame_control else ())]
        if self.host_map:
            rules = ", ".join(f"MAP {host} {address}" for host, address in self.host_map)
            flags.append(f"--host-resolver-rules={rules}")
        return flags
