"""The one door to transformers and peft: models, tokenizers and image processors, by name, from a folder, or tiny."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoImageProcessor,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    CLIPImageProcessorPil,
    DynamicCache,
    Gemma3ImageProcessorPil,
    Gemma3Processor,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessorPil,
)
from transformers.cache_utils import DynamicLayer
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.utils import logging

from browser_env.errors import DataError, UsageError
from policy.vlm.config import VlmConfig
from policy.vlm.real_size import REAL_SIZE
from policy.vlm.tiny import CONFIGS, END, IMAGE, PAD, PICTURES, PROCESSORS, TEMPLATE, train_tokenizer

Layer = tuple[Tensor, Tensor]  # keys and values, each (B, num_heads, length, width)
Layers = list[Layer]
TINY_PROCESSORS = {
    "tiny-llava": (CLIPImageProcessorPil, LlavaProcessor),
    "tiny-windowed": (CLIPImageProcessorPil, LlavaProcessor),
    "tiny-internvl": (CLIPImageProcessorPil, LlavaProcessor),  # its own needs torchvision
    "tiny-idefics3": (Idefics3ImageProcessorPil, Idefics3Processor),
    "tiny-smolvlm": (Idefics3ImageProcessorPil, Idefics3Processor),  # its own needs num2words
    "tiny-gemma3": (Gemma3ImageProcessorPil, Gemma3Processor),
    "tiny-qwen2-vl": (Qwen2VLImageProcessorPil, None),  # its processor needs torchvision
    "tiny-qwen2.5-vl": (Qwen2VLImageProcessorPil, None),
    **dict.fromkeys(REAL_SIZE, (Qwen2VLImageProcessorPil, None)),
}
RANDOM = CONFIGS | REAL_SIZE  # models whose weights are drawn here
VISION = ("vision", "visual")  # in the names of what reads pictures
SAID = "back()"  # a reply
BRACKETED = re.compile(r"[<\[].*[>\]]\Z")
BYTE_LEVEL_FIRST = "Ġ"  # how byte-level tokenizers show a space
WORD_START = "▁"  # how tokenizers of SentencePiece do

logging.set_verbosity_error()
logging.disable_progress_bar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What turns prompts into tokens and pixels."""

    tokenizer: Any
    image_processor: Any
    processor: Any = None  # both in one; None where transformers could not load it
    missing: str = ""  # why it could not


def load_tools(config: VlmConfig) -> Tools:
    """Return a model's tokenizer and image processor."""
    if config.model in RANDOM:
        return _tiny_tools(config.model)
    options = _options(config)
    try:
        processor = AutoProcessor.from_pretrained(config.model, **options)
        return Tools(tokenizer=processor.tokenizer, image_processor=processor.image_processor, processor=processor)
    except (ImportError, OSError, ValueError, AttributeError) as error:  # e.g. it would also process videos
        missing = f"{type(error).__name__}: {' '.join(str(error).split())}"
    try:
        tokenizer = AutoTokenizer.from_pretrained(config.model, **options)
        return Tools(
            tokenizer=tokenizer,
            image_processor=AutoImageProcessor.from_pretrained(config.model, backend="pil", **options),
            missing=missing,
        )
    except (ImportError, OSError, ValueError) as error:
        raise _not_found(config, error) from error


def load_model(config: VlmConfig, *, seed: int, device: torch.device) -> nn.Module:
    """Return a model, with adapters where the configuration asks for them; ``seed`` draws what is random."""
    model: nn.Module
    dtype = getattr(torch, config.dtype)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        model = _base_model(config, dtype)
        model.requires_grad_(config.lora_rank == 0)
        if config.lora_rank:
            model = _with_adapters(model, config)
    _still(model)
    return model.to(device).eval()


def _base_model(config: VlmConfig, dtype: torch.dtype) -> Any:
    if config.model in RANDOM:
        shape = AutoConfig.for_model(**RANDOM[config.model])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # what stands for pretrained weights is always the same
            return AutoModelForImageTextToText.from_config(shape, dtype=dtype, attn_implementation=config.attention)
    try:
        return AutoModelForImageTextToText.from_pretrained(
            config.model, dtype=dtype, attn_implementation=config.attention, **_options(config)
        )
    except (ImportError, OSError, ValueError) as error:
        raise _not_found(config, error) from error


def empty_model(config: VlmConfig) -> nn.Module:
    """Return a model without memory, to be counted."""
    with torch.device("meta"):
        try:
            known = config.model in RANDOM
            shape = (
                AutoConfig.for_model(**RANDOM[config.model])
                if known
                else AutoConfig.from_pretrained(config.model, **_options(config))
            )
        except (OSError, ValueError) as error:
            raise _not_found(config, error) from error
        model: nn.Module = AutoModelForImageTextToText.from_config(shape)
        model.requires_grad_(config.lora_rank == 0)
        return _with_adapters(model, config) if config.lora_rank else model


def save_model(folder: Path, model: Any, tools: Tools) -> None:
    """Write a model with its tokenizer and image processor as from_pretrained reads them, adapters merged in."""
    whole = copy.deepcopy(model).merge_and_unload() if hasattr(model, "merge_and_unload") else model
    with warnings.catch_warnings(action="ignore"):
        whole.save_pretrained(folder)
    (tools.processor or tools.tokenizer).save_pretrained(folder)
    if tools.processor is None:
        tools.image_processor.save_pretrained(folder)


def save_adapter(folder: Path, model: Any) -> None:
    """Write the adapters alone, as servers load them; raise :class:`UsageError` where there are none."""
    if not hasattr(model, "merge_and_unload"):
        raise UsageError("a policy with lora_rank=0 has no adapter; save the model instead")
    model.save_pretrained(folder)


def inner(model: Any) -> Any:
    """Return the model inside its adapters."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def checkpoint_gradients(model: Any) -> None:
    """Have backward passes compute again what they need, instead of keeping it."""
    with warnings.catch_warnings(action="ignore"):
        inner(model).gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def language_layers(model: Any) -> list[nn.Module]:
    """Return the layers of a model's language part, in their order."""
    return [
        module
        for name, module in model.named_modules()
        if isinstance(module, GradientCheckpointingLayer) and not any(part in name for part in VISION)
    ]


def new_cache(model: Any) -> Any:
    """Return an empty cache of keys and values."""
    return DynamicCache(config=inner(model).config.get_text_config())


def layers_of(cache: Any) -> Layers | None:
    """Return a cache's keys and values; None where some layer keeps anything else, such as a window."""
    if not all(type(layer) is DynamicLayer for layer in cache.layers):
        return None
    return [(layer.keys, layer.values) for layer in cache.layers]


def cache_of(layers: Layers) -> Any:
    """Return a cache of keys and values."""
    cache = DynamicCache()
    for index, (keys, values) in enumerate(layers):
        cache.update(keys, values, index)
    return cache


def ends_of(model: Any, tools: Tools) -> tuple[int, ...]:
    """Return the tokens that end a reply: the chat template's first, then the tokenizer's and the model's own."""
    configured = getattr(inner(model).generation_config, "eos_token_id", None)
    listed = configured if isinstance(configured, list) else [] if configured is None else [configured]
    own = [] if tools.tokenizer.eos_token_id is None else [tools.tokenizer.eos_token_id]
    return tuple(dict.fromkeys([*_end_of_turn(tools), *own, *listed]))


def _end_of_turn(tools: Tools) -> list[int]:
    """Return the token that the chat template puts behind a reply; none where it puts no special one there."""
    for as_list in (True, False):  # some templates take a reply in parts, some as a text
        with suppress(TemplateError, TypeError, ValueError, AttributeError):
            _, found, after = _conversation(tools, as_list=as_list).rpartition(SAID)
            tokens = tools.tokenizer(after.strip(), add_special_tokens=False)["input_ids"][:1] if found else []
            if ends := [token for token in tokens if token in tools.tokenizer.added_tokens_decoder]:
                return ends
    return []


def _conversation(tools: Tools, *, as_list: bool) -> str:
    turns = [("user", "Please."), ("assistant", SAID)]
    contents = [[{"type": "text", "text": text}] if as_list or role == "user" else text for role, text in turns]
    messages = [{"role": role, "content": content} for (role, _), content in zip(turns, contents, strict=True)]
    return str((tools.processor or tools.tokenizer).apply_chat_template(messages, tokenize=False))


def special_texts(tokenizer: Any) -> set[str]:
    """Return the texts that a tokenizer takes for more than text: special tokens, and added ones within brackets."""
    added = [
        token for token in tokenizer.added_tokens_decoder.values() if token.special or BRACKETED.match(token.content)
    ]
    return {token.content for token in added} | set(tokenizer.all_special_tokens)


def spelling(tokenizer: Any, size: int) -> list[bytes | None]:
    """Return the bytes of every token; None for those that are no text."""
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    shown = tokenizer.convert_ids_to_tokens(list(range(min(size, len(tokenizer)))))
    byte_level, pieces = (
        sum(token.startswith(first) for token in shown if token) for first in (BYTE_LEVEL_FIRST, WORD_START)
    )
    read = _byte_level if byte_level > pieces else _sentence_piece
    spelled = [None if i in special or token is None else read(token) for i, token in enumerate(shown)]
    return [*spelled, *[None] * (size - len(spelled))]


def _byte_level(token: str) -> bytes | None:
    try:
        return bytes(_CODES[letter] for letter in token)
    except KeyError:
        return None


def _sentence_piece(token: str) -> bytes:
    if len(token) == 6 and token.startswith("<0x") and token.endswith(">"):
        return bytes([int(token[3:5], 16)])
    return token.replace(WORD_START, " ").encode()


def _byte_letters() -> Iterator[tuple[str, int]]:
    """Yield the letter that byte-level tokenizers show for each byte."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    yield from ((chr(code), code) for code in shown)
    hidden = [code for code in range(256) if code not in shown]
    yield from ((chr(256 + index), code) for index, code in enumerate(hidden))


_CODES = dict(_byte_letters())


def _with_adapters(model: Any, config: VlmConfig) -> nn.Module:
    """Return the model with adapters on the linear layers of its language part."""
    language = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear)
        and not any(part in name for part in (*VISION, "lm_head", "connector", "projector"))
    ]
    lora = LoraConfig(
        r=config.lora_rank, lora_alpha=config.lora_alpha, lora_dropout=0.0, target_modules=language, bias="none"
    )
    with warnings.catch_warnings(action="ignore"):  # of transformers, about what peft asks it
        adapted: nn.Module = get_peft_model(model, lora)
    return adapted


def _still(model: nn.Module) -> None:
    """Switch off what is random in a forward pass: log-probabilities must be what they were."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def _tiny_tools(name: str) -> Tools:
    image_class, both_class = TINY_PROCESSORS[name]
    template = TEMPLATE.replace(IMAGE, PICTURES.get(name, {}).get("boi_token", IMAGE))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=train_tokenizer(), pad_token=PAD, bos_token="<bos>", eos_token=END,
        additional_special_tokens=[IMAGE], extra_special_tokens=PICTURES.get(name, {}), chat_template=template,
    )  # fmt: skip
    image_processor = image_class(**PROCESSORS[name]["image"] if name in PROCESSORS else {})
    if both_class is None:
        return Tools(tokenizer=tokenizer, image_processor=image_processor)
    processor = both_class(image_processor, tokenizer, chat_template=template, **PROCESSORS[name]["both"])
    return Tools(tokenizer=tokenizer, image_processor=image_processor, processor=processor)


def _options(config: VlmConfig) -> dict[str, str]:
    return {"revision": config.revision} if config.revision else {}


def _not_found(config: VlmConfig, error: Exception) -> DataError:
    reason = " ".join(str(error).split())
    return DataError(
        f"the model {config.model!r} cannot be loaded ({reason:.200}); name a folder or a model at Hugging Face"
    )
