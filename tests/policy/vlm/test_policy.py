"""Writing replies, and scoring them again as training does, with small models of three architectures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from browser_env.acting import HistoryPolicy, Turn
from browser_env.action import Action, Click, Wait
from browser_env.errors import DataError, UsageError
from browser_env.observation import Observation
from policy import checkpoint as compact_checkpoint
from policy.compact import CompactPolicy
from policy.config import CompactConfig
from policy.kinds import export_policy, save_checkpoint
from policy.vlm.forward import Written, kinds_of, pack_up
from policy.vlm.policy import SCORED_AT_ONCE, VlmPolicy
from policy.vlm.pretrained import inner, load_tools, save_adapter, save_model
from tests.policy.vlm.conftest import ARCHITECTURES, small

Page = Callable[..., Observation]
Make = Callable[..., VlmPolicy]
GAP = 1e-4  # between a token's log-probability when it was drawn and when it is trained on, in float32
COARSE_GAP = 1e-2  # likewise in bfloat16


@pytest.mark.parametrize(
    ("model", "dtype", "gap"),
    [*((model, "float32", GAP) for model in (*ARCHITECTURES, "tiny-windowed")), ("tiny-llava", "bfloat16", COARSE_GAP)],
)
def test_training_sees_the_log_probabilities_that_were_drawn(
    model: str, dtype: str, gap: float, page: Page, make_policy: Make
) -> None:
    policy = make_policy(model, dtype=dtype, constrained=True, temperature=1.3)
    pages = [page(i % 4, seed=i) for i in range(5)]
    pasts = [[Turn(action=Click("e1"))] * i for i in range(5)]
    decisions = policy.act_after(pages, pasts)
    replies = [decision.reply for decision in decisions]
    rows = [
        Written(prompt=policy.reader.encode(seen, past), reply=reply.tokens)
        for seen, past, reply in zip(pages, pasts, replies, strict=True)
        if reply is not None
    ]
    allowed = [policy.masks(seen, row.reply) for seen, row in zip(pages, rows, strict=True)]
    with torch.no_grad():
        packed = policy.score(rows, allowed)
        alone = [policy.score([row], [mask])[0] for row, mask in zip(rows, allowed, strict=True)]
    for together, single, decision in zip(packed, alone, decisions, strict=True):
        assert decision.reply is not None
        assert decision.reply.error is None, "constrained replies are actions"
        assert decision.log_prob == pytest.approx(sum(decision.reply.log_probs))
        assert together.tolist() == pytest.approx(single.tolist(), abs=gap), "packed rows do not see each other"
        assert together.tolist() == pytest.approx(decision.reply.log_probs, abs=gap)


@pytest.mark.parametrize("model", [*ARCHITECTURES, "tiny-windowed"])
def test_replies_are_those_that_transformers_writes(model: str, page: Page, make_policy: Make) -> None:
    policy = make_policy(model, max_new_tokens=12)
    prompt = policy.reader.encode(page())
    ids = torch.tensor([prompt.ids])
    plain = inner(policy.model)
    kinds = kinds_of(plain, prompt)
    if "image_grid_thw" in prompt.pixels:
        kinds["mm_token_type_ids"] = (ids == plain.config.image_token_id).int()
    written = plain.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), **prompt.pixels, **kinds, max_new_tokens=12, do_sample=False
    )
    (decision,) = policy.act([page()], greedy=True)
    assert decision.reply is not None
    assert list(decision.reply.tokens) == written[0, len(prompt.ids) :].tolist()


def test_the_tokens_of_a_picture_see_each_other_where_the_model_wants_it(page: Page, make_policy: Make) -> None:
    policy = make_policy("tiny-gemma3")
    (projection,) = (w for name, w in policy.model.named_parameters() if name.endswith("mm_input_projection_weight"))
    nn.init.normal_(projection, generator=torch.Generator().manual_seed(0))  # it begins at zero: all pictures alike
    prompt = policy.reader.encode(page())
    assert prompt.kinds["token_type_ids"].sum() == 4
    blind = replace(prompt, kinds={})
    reply = policy.reader.target(page(), Click("e1"))
    with torch.no_grad():
        seen, unseen = (policy.score([Written(prompt=p, reply=reply)])[0] for p in (prompt, blind))
    assert not torch.allclose(seen, unseen)


def test_known_beginnings_change_nothing_and_are_not_read_again(page: Page, make_policy: Make) -> None:
    fresh, steady = make_policy(prefixes=0), make_policy(prefixes=8)
    past: list[Turn] = []
    for step in range(3):
        for policy in (fresh, steady):
            policy.generator.manual_seed(step)
        seen = page(3, seed=step)
        (one,), (other,) = fresh.act_after([seen], [past]), steady.act_after([seen], [past])
        assert one.reply is not None
        assert other.reply is not None
        assert one.reply.tokens == other.reply.tokens
        assert one.reply.log_probs == pytest.approx(other.reply.log_probs, abs=GAP)
        past.append(Turn(action=Click("e1")))
    assert (fresh.prefixes.reused, steady.prefixes.read) == (0, fresh.prefixes.read)
    assert steady.prefixes.reused > 0.5 * steady.prefixes.read
    reused = steady.prefixes.reused
    steady.version += 1
    steady.act_after([page(3)], [past])
    assert steady.prefixes.reused == reused, "other weights know nothing of it"


def test_an_unreadable_reply_waits_and_says_why(page: Page, make_policy: Make) -> None:
    policy = make_policy(max_new_tokens=8)
    assert isinstance(policy, HistoryPolicy)
    (decision,) = policy.act([page()])
    assert decision.action == Wait(0)
    assert decision.reply is not None
    assert "no action" in str(decision.reply.error)
    assert decision.tokens == len(policy.reader.encode(page()).ids) + len(decision.reply.tokens)


def test_greedy_and_seeded_decisions_repeat(page: Page, make_policy: Make) -> None:
    def actions(policy: VlmPolicy, *, greedy: bool) -> list[Action]:
        return [decision.action for decision in policy.act([page(i) for i in range(4)], greedy=greedy)]

    one, other = make_policy(constrained=True, seed=1), make_policy(constrained=True, seed=2)
    assert actions(one, greedy=True) == actions(other, greedy=True)
    twin = one.copy()
    assert actions(one, greedy=False) == actions(twin, greedy=False)
    assert next(twin.model.parameters()) is next(one.model.parameters()), "what is frozen is shared"
    with torch.no_grad():
        next(iter(one.trained.values())).add_(1.0)
    assert not torch.equal(next(iter(one.trained.values())), next(iter(twin.trained.values())))


def test_pages_without_pictures_can_be_read(page: Page, make_policy: Make) -> None:
    for policy in (make_policy(picture="none"), make_policy()):
        seen = page(screenshot=policy.config.picture == "none")
        bare = replace(seen, screenshot=None)
        assert policy.reader.encode(bare).pixels == {}
        assert len(policy.log_prob([bare], [Click("e1")])) == 1


def test_actions_are_scored_together_as_they_are_alone(page: Page, make_policy: Make) -> None:
    """More of them than are read in one pass."""
    policy = make_policy()
    seen = [page(i % 3 + 1, seed=i) for i in range(20)]
    tokens = sum(len(policy.reader.encode(observation).ids) for observation in seen)
    assert tokens > SCORED_AT_ONCE
    together = policy.log_prob(seen, [Click("e1")] * 20)
    assert together == pytest.approx([policy.log_prob([s], [Click("e1")])[0] for s in seen], abs=1e-3)


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_a_saved_model_is_loaded_like_any_other(model: str, page: Page, make_policy: Make, tmp_path: Path) -> None:
    policy = make_policy(model)
    with torch.no_grad():
        for tensor in policy.trained.values():
            tensor.add_(0.01)
    save_model(tmp_path / "whole", policy.model, policy.reader.tools)
    again = VlmPolicy(replace(policy.config, model=str(tmp_path / "whole"), lora_rank=0), seed=0)
    assert again.reader.encode(page()).ids == policy.reader.encode(page()).ids
    wanted = policy.log_prob([page()], [Click("e2")])
    assert again.log_prob([page()], [Click("e2")]) == pytest.approx(wanted, abs=1e-3)
    save_adapter(tmp_path / "adapter", policy.model)
    assert (tmp_path / "adapter" / "adapter_config.json").is_file()


def test_a_checkpoint_is_exported(page: Page, make_policy: Make, tmp_path: Path) -> None:
    policy = make_policy()
    with torch.no_grad():
        for tensor in policy.trained.values():
            tensor.add_(0.01)
    save_checkpoint(tmp_path / "checkpoint", policy)
    export_policy(tmp_path / "checkpoint", tmp_path / "adapter", merged=False)
    assert (tmp_path / "adapter" / "adapter_model.safetensors").is_file()
    export_policy(tmp_path / "checkpoint", tmp_path / "whole", merged=True)
    again = VlmPolicy(replace(policy.config, model=str(tmp_path / "whole"), lora_rank=0), seed=0)
    wanted = policy.log_prob([page()], [Click("e2")])
    assert again.log_prob([page()], [Click("e2")]) == pytest.approx(wanted, abs=1e-3)
    with pytest.raises(UsageError, match="there already"):
        export_policy(tmp_path / "checkpoint", tmp_path / "whole", merged=True)
    compact_checkpoint.save_checkpoint(tmp_path / "compact", CompactPolicy(CompactConfig(), seed=0))
    with pytest.raises(UsageError, match="no vision-language policy"):
        export_policy(tmp_path / "compact", tmp_path / "x", merged=False)


def test_what_cannot_be_loaded_is_said(tmp_path: Path, make_policy: Make) -> None:
    with pytest.raises(DataError, match="cannot be loaded"):
        load_tools(small(str(tmp_path)))
    with pytest.raises(UsageError, match="exploration=0"):
        make_policy().practise(exploration=0.3, seed=0)
    with pytest.raises(UsageError, match="no adapter"):
        save_adapter(tmp_path, make_policy(lora_rank=0).model)


def test_why_pictures_cannot_be_read_is_said(page: Page, make_policy: Make, tmp_path: Path) -> None:
    policy = make_policy()
    save_model(tmp_path, policy.model, policy.reader.tools)
    settings = tmp_path / "processor_config.json"
    settings.write_text(settings.read_text().replace("LlavaProcessor", "InternVLProcessor"))
    broken = VlmPolicy(replace(policy.config, model=str(tmp_path)), seed=0)
    with pytest.raises(UsageError, match=r"cannot be loaded here \(\w+Error: .+\); install"):
        broken.act([page()])
    assert broken.log_prob([page(screenshot=False)], [Click("e1")])[0] < 0, "without pictures it works"


def test_packs_have_at_most_so_many_tokens() -> None:
    assert pack_up([3, 9, 4, 5], most=9) == [[1], [3, 2], [0]]
    assert pack_up([12, 1], most=9) == [[0], [1]]
