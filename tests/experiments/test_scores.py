from experiments.scores import by_group


def test_tasks_of_a_set_are_grouped_by_family_and_others_are_their_own() -> None:
    values = {"miniwob/click-tab-2": 1.0, "shop/reach-1": 0.5, "shop/reach-12": 1.0, "shop/find-answer-3": 0.0}
    assert by_group(values) == {"click-tab-2": 1.0, "reach": 0.75, "find-answer": 0.0}
