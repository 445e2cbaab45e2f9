from browser_env.documents import Documents


def _attach(documents: Documents, parent: str, child: str) -> None:
    documents.attached({"parentFrameId": parent, "frameId": child})


def _make(documents: Documents, frame: str, context: int, name: str = "") -> None:
    data = {"frameId": frame, "isDefault": not name}
    documents.context_made({"context": {"id": context, "name": name, "auxData": data}})


def test_frames_come_before_those_inside_them() -> None:
    documents = Documents("main")
    _attach(documents, "main", "a")
    _attach(documents, "main", "b")
    _attach(documents, "a", "inner")
    _attach(documents, "a", "inner")  # told twice
    assert documents.places() == [("main", None, 0), ("a", 0, 0), ("inner", 1, 0), ("b", 0, 1)]
    assert documents.num_frames == 4


def test_a_frame_that_goes_takes_what_is_inside_and_its_worlds() -> None:
    documents = Documents("main")
    _attach(documents, "main", "a")
    _attach(documents, "a", "inner")
    _make(documents, "inner", 7)
    documents.detached({"frameId": "a", "reason": "swap"})
    assert documents.num_frames == 3
    documents.detached({"frameId": "a", "reason": "remove"})
    assert documents.places() == [("main", None, 0)]
    assert documents.context("inner", "") is None


def test_another_document_has_no_frames_yet() -> None:
    documents = Documents("main")
    _attach(documents, "main", "a")
    documents.navigated("main")
    assert documents.num_frames == 1


def test_worlds_are_known_by_name_until_they_are_gone() -> None:
    documents = Documents("main")
    _make(documents, "main", 1)
    _make(documents, "main", 2, "reading")
    documents.context_made({"context": {"id": 3, "name": "worker"}})  # of no frame
    assert (documents.context("main", ""), documents.context("main", "reading")) == (1, 2)
    documents.context_gone({"executionContextId": 1})
    assert (documents.context("main", ""), documents.context("main", "reading")) == (None, 2)
    documents.context_gone({})
    assert documents.context("main", "reading") is None
    documents.add_context("main", "reading", 9)
    assert documents.context("main", "reading") == 9
