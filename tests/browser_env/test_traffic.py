import asyncio

from browser_env.options import BrowserOptions
from browser_env.traffic import Traffic


def test_requests_are_counted_until_they_end() -> None:
    traffic = Traffic()
    traffic.began({"requestId": "1", "type": "Fetch"})
    traffic.began({"requestId": "1", "type": "Fetch"})  # a redirect keeps its id
    traffic.began({"requestId": "2", "type": "Image"})
    assert (traffic.open_requests, traffic.events) == (2, 3)
    traffic.ended({"requestId": "1"})
    traffic.ended({"requestId": "unknown"})
    assert (traffic.open_requests, traffic.events) == (1, 5)


def test_streams_are_not_waited_for() -> None:
    traffic = Traffic()
    traffic.began({"requestId": "1", "type": "EventSource"})
    assert traffic.open_requests == 0


def test_a_new_document_forgets_the_old_ones_requests() -> None:
    traffic = Traffic()
    traffic.began({"requestId": "old"})
    traffic.began({"requestId": "new"})
    traffic.document_changed("new")
    assert traffic.open_requests == 1


def test_a_worker_that_ends_takes_its_requests_along() -> None:
    traffic = Traffic()
    traffic.began({"requestId": "1"})
    traffic.began({"requestId": "1"}, worker="w")
    traffic.began({"requestId": "2"}, worker="w")
    traffic.ended({"requestId": "2"}, worker="w")
    assert traffic.open_requests == 2
    traffic.worker_gone("w")
    traffic.worker_gone("v")
    assert traffic.open_requests == 1
    traffic.ended({"requestId": "1"})
    assert traffic.open_requests == 0


def test_rest_returns_at_rest_or_in_time() -> None:
    async def wait() -> bool:
        traffic = Traffic()
        await traffic.rest(timeout_s=60)
        traffic.began({"requestId": "1"})
        await traffic.rest(timeout_s=0.01)
        still_open = traffic.open_requests == 1
        asyncio.get_running_loop().call_later(0.01, traffic.ended, {"requestId": "1"})
        await traffic.rest(timeout_s=60)
        return still_open and traffic.open_requests == 0

    assert asyncio.run(wait())


def test_flags_follow_the_options() -> None:
    options = BrowserOptions(host_map=(("a.test", "127.0.0.1:1"), ("b.test", "127.0.0.1:2")))
    flags = options.flags(frame_control=True)
    assert "--host-resolver-rules=MAP a.test 127.0.0.1:1, MAP b.test 127.0.0.1:2" in flags
    assert "--enable-begin-frame-control" in flags
    assert "--enable-begin-frame-control" not in BrowserOptions().flags(frame_control=False)
