"""Golden vectors of GGUF: blocks of every type, and whole files of the tiny decoders.

Needs torch, transformers and gguf (made with gguf 0.19, transformers 5.24). Run `tiny_models.py` first where its folders
are missing. From the repository's root: `python tests/parity/oracle/gguf_blocks.py`. Writes
  tests/parity/golden/gguf/blocks.json   for each type its number and, where Rollscope reads it, blocks of random bytes and
                                         the float32 values that gguf's own `dequantize` gives (both base64)
  tests/parity/golden/gguf/<name>.gguf   the tiny models, written with gguf's own writer and name map; tiny-llama with some
                                         quantised tensors
  tests/parity/golden/gguf/models.json   SHA-256 of the float32 bytes of every tensor as transformers loads it from there;
                                         of the original, stored without loss, where transformers reads no such file
"""

import base64
import hashlib
import json

import gguf
import numpy
from common import GOLDEN, single_thread, write_json
from gguf import GGMLQuantizationType as Type

torch = single_thread()
from safetensors.torch import load_file  # noqa: E402
from transformers import AutoConfig, AutoModelForCausalLM  # noqa: E402

FOLDER = GOLDEN / "gguf"

ARCHITECTURES = {"tiny-llama": gguf.MODEL_ARCH.LLAMA, "tiny-qwen2": gguf.MODEL_ARCH.QWEN2,
                 "tiny-qwen3": gguf.MODEL_ARCH.QWEN3, "tiny-olmo2": gguf.MODEL_ARCH.OLMO2, "tiny-olmo3": gguf.MODEL_ARCH.OLMO2,
                 "tiny-smollm3": gguf.MODEL_ARCH.SMOLLM3, "tiny-gemma2": gguf.MODEL_ARCH.GEMMA2,
                 "tiny-gemma3_text": gguf.MODEL_ARCH.GEMMA3, "tiny-phi3": gguf.MODEL_ARCH.PHI3,
                 "tiny-granite": gguf.MODEL_ARCH.GRANITE, "tiny-gpt2": gguf.MODEL_ARCH.GPT2,
                 "tiny-qwen3_moe": gguf.MODEL_ARCH.QWEN3MOE, "tiny-olmoe": gguf.MODEL_ARCH.OLMOE}
PRE_TOKENIZERS = {gguf.MODEL_ARCH.LLAMA: "default", gguf.MODEL_ARCH.QWEN2: "qwen2", gguf.MODEL_ARCH.QWEN3: "qwen2",
                  gguf.MODEL_ARCH.OLMO2: "dbrx", gguf.MODEL_ARCH.GPT2: "gpt-2"}
READ_BY_TRANSFORMERS = {gguf.MODEL_ARCH.LLAMA, gguf.MODEL_ARCH.QWEN2, gguf.MODEL_ARCH.QWEN3}
# Queries and keys of these lie as llama.cpp turns them.
PERMUTED = {gguf.MODEL_ARCH.LLAMA, gguf.MODEL_ARCH.SMOLLM3, gguf.MODEL_ARCH.GRANITE}

# Bytes at which a block's float16 numbers begin; random bytes there would make infinities.
HALVES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
    Type.Q2_K: [80, 82], Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208],
    Type.IQ4_NL: [0], Type.IQ4_XS: [0], Type.IQ2_XXS: [0], Type.IQ2_XS: [0], Type.IQ2_S: [0], Type.IQ3_XXS: [0],
    Type.IQ3_S: [0], Type.IQ1_S: [0], Type.TQ1_0: [52], Type.TQ2_0: [64], Type.MXFP4: [], Type.NVFP4: [], Type.IQ1_M: [],
}
SCALES = [0.0123, -0.371, 2.0 ** -20, 1.5, -3e-4, 0.0]


def text(array):
    return base64.b64encode(array.tobytes()).decode()


def random_blocks(kind, generator):
    """Eight blocks of 32 weights or three of 256; the first two have all bits of their quants set and clear."""
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = generator.integers(0, 256, (8 if weights <= 64 else 3, size), dtype=numpy.uint8)
    blocks[0], blocks[1] = 255, 0
    for row in range(blocks.shape[0]):
        for i, at in enumerate(HALVES[kind]):
            scale = numpy.float16(SCALES[(row + 2 * i) % len(SCALES)])
            blocks[row, at : at + 2] = numpy.frombuffer(scale.tobytes(), numpy.uint8)
    if kind == Type.IQ1_M:
        # The scale's four bits at a time, in the top bits of four numbers.
        for row in range(blocks.shape[0]):
            bits = int(numpy.float16(SCALES[row]).view(numpy.uint16))
            words = blocks[row, 48:56].view(numpy.uint16)
            words[:] = [(word & 0x0FFF) | ((bits >> 4 * i & 15) << 12) for i, word in enumerate(words.tolist())]
    if kind == Type.MXFP4:
        blocks[:, 0] = [127, 0, 1, 2, 120, 130, 200, 126]
    if kind == Type.NVFP4:
        blocks[:, :4] &= 0x7F
        blocks[:, :4] -= blocks[:, :4] == 0x7F
    return blocks.reshape(-1)


def plain_numbers(kind, generator):
    if kind == Type.F32:
        return generator.standard_normal(8).astype(numpy.float32).view(numpy.uint8)
    bits = generator.integers(0, 65536, 64, dtype=numpy.uint16)
    # Largest, smallest normal and subnormal numbers, zeros of both signs; no infinities.
    exponent = 0x7C00 if kind == Type.F16 else 0x7F80
    bits = bits[(bits & exponent) != exponent][:40]
    edges = [0, 0x8000, 1, 0x8001, exponent - 1, exponent >> 5, 0x3C00, 0x3F80]
    return numpy.concatenate([numpy.array(edges, numpy.uint16), bits]).view(numpy.uint8)


def block_cases():
    generator = numpy.random.default_rng(3)
    cases = []
    for kind in Type:
        case = {"type": int(kind), "name": kind.name}
        if kind in HALVES or kind in (Type.F32, Type.F16, Type.BF16):
            data = random_blocks(kind, generator) if kind in HALVES else plain_numbers(kind, generator)
            values = gguf.dequantize(data, kind).astype(numpy.float32).reshape(-1)
            assert numpy.isfinite(values).all()
            case |= {"bytes": text(data), "values": text(values)}
        cases.append(case)
    return cases


def permuted(weight, heads):
    """Row order of queries and keys in files of the architecture `llama`, as llama.cpp's converter makes it."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, 2, half, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def stored_type(name, model):
    if model == "tiny-llama":
        for part, kind in (("q_proj", Type.Q8_0), ("k_proj", Type.Q4_0), ("embed", Type.Q5_1), ("gate", Type.F16)):
            if part in name:
                return kind
    return Type.F32 if "norm" in name or ".ln_" in name or name.endswith("bias") else Type.BF16


def add_rope(writer, config):
    ropes = config.get("rope_parameters")
    if not ropes:
        return
    rope = ropes.get("full_attention", ropes)
    writer.add_rope_freq_base(rope["rope_theta"])
    if "partial_rotary_factor" in rope and rope["partial_rotary_factor"] != 1:
        head = config["hidden_size"] // config["num_attention_heads"]
        writer.add_rope_dimension_count(int(rope["partial_rotary_factor"] * head))
    if rope["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if "original_max_position_embeddings" in rope:
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "longrope":
        for which in ("short", "long"):
            writer.add_tensor(f"rope_factors_{which}.weight", numpy.array(rope[f"{which}_factor"], numpy.float32))


def add_others(writer, config):
    """What llama.cpp's converter writes for single architectures."""
    kind = config["model_type"]
    if config.get("sliding_window"):
        writer.add_sliding_window(config["sliding_window"])
        if kind in ("olmo3", "gemma3_text"):
            writer.add_sliding_window_pattern([t == "sliding_attention" for t in config["layer_types"]])
    if kind.startswith("gemma"):
        # Not written by the converter, which knows the scales of the models that there are.
        writer.add_attention_scale(config["query_pre_attn_scalar"] ** -0.5)
    if kind == "gemma2":
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if kind == "granite":
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if "num_experts_per_tok" in config:
        writer.add_expert_count(experts_of(config))
        writer.add_expert_used_count(config["num_experts_per_tok"])
        if "moe_intermediate_size" in config:
            writer.add_expert_feed_forward_length(config["moe_intermediate_size"])


def experts_of(config):
    return config.get("num_experts") or config["num_local_experts"]


def converted(name, arch, config, heads, kv):
    """The model's tensors as llama.cpp's converter stores them: turned, stacked, norms raised."""
    experts = {}
    for key, tensor in load_file(GOLDEN / name / "model.safetensors").items():
        values = tensor.float().numpy()
        if arch in PERMUTED and "q_proj" in key:
            values = permuted(values, heads)
        if arch in PERMUTED and "k_proj" in key:
            values = permuted(values, kv)
        if arch in (gguf.MODEL_ARCH.GEMMA2, gguf.MODEL_ARCH.GEMMA3) and "norm" in key:
            values = values + 1
        if arch == gguf.MODEL_ARCH.GPT2 and values.ndim == 2 and ".h." in key:
            values = values.T
        if ".experts." in key:
            layer, rest = key.split(".experts.")
            number, which = rest.split(".", 1)
            found = experts.setdefault((layer, which), {})
            found[int(number)] = values
            if len(found) < experts_of(config):
                continue
            key = f"{layer}.experts.{which}"
            values = numpy.stack([found[i] for i in range(len(found))])
        yield key, values


def single_projections(name):
    """The tensors as the decoder has them, with each projection by itself: those of which there are golden gradients."""
    tensors = load_file(GOLDEN / name / "model.safetensors")
    config = json.loads((GOLDEN / name / "config.json").read_text())
    if name in ("tiny-phi3", "tiny-gpt2"):
        from tiny_models import single
        from types import SimpleNamespace
        config = {"hidden_size": config.get("n_embd"), "num_attention_heads": config.get("n_head"), **config}
        model = SimpleNamespace(config=SimpleNamespace(**config))
        return {key: part for tensor in tensors for key, part in single(model, tensor, tensors[tensor])}
    return tensors


def write_model(name, arch):
    config = json.loads((GOLDEN / name / "config.json").read_text())
    for key, other in (("hidden_size", "n_embd"), ("num_attention_heads", "n_head"), ("num_hidden_layers", "n_layer"),
                       ("max_position_embeddings", "n_positions")):
        if other in config:
            config[key] = config[other]
    heads = config["num_attention_heads"]
    kv = config.get("num_key_value_heads", heads)
    writer = gguf.GGUFWriter(FOLDER / f"{name}.gguf", gguf.MODEL_ARCH_NAMES[arch])
    writer.add_name(name)
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config.get("intermediate_size") or 4 * config["hidden_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    if arch == gguf.MODEL_ARCH.GPT2:
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    else:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if config.get("head_dim"):
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
    add_rope(writer, config)
    add_others(writer, config)
    writer.add_vocab_size(config["vocab_size"])
    size = config["vocab_size"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZERS.get(arch, "default"))
    writer.add_token_list(["<pad>", "<end>"] + [chr(97 + i) for i in range(size - 4)] + ["ab", "abc"])
    writer.add_token_types([gguf.TokenType.CONTROL] * 2 + [gguf.TokenType.NORMAL] * (size - 2))
    writer.add_token_merges(["a b", "ab c"])
    writer.add_eos_token_id(1)

    names = gguf.get_tensor_name_map(arch, config["num_hidden_layers"])
    for key, values in converted(name, arch, config, heads, kv):
        kind = stored_type(key, name)
        stored = gguf.quantize(numpy.ascontiguousarray(values), kind)
        place = names.get_name(key, (".weight", ".bias"))
        if values.ndim == 3:
            shape = gguf.quant_shape_to_byte_shape(values.shape, kind)
            writer.add_tensor(place, stored.reshape(shape), raw_dtype=kind)
        else:
            writer.add_tensor(place, stored, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    if arch not in READ_BY_TRANSFORMERS:
        return hashes(single_projections(name))
    # The configuration is given: transformers reads no head size of its own from a file of Qwen3.
    loaded = AutoModelForCausalLM.from_pretrained(FOLDER, gguf_file=f"{name}.gguf", dtype=torch.float32,
                                                  config=AutoConfig.from_pretrained(GOLDEN / name))
    return hashes(dict(loaded.named_parameters()))


def hashes(tensors):
    return {key: hashlib.sha256(value.detach().float().contiguous().numpy().tobytes()).hexdigest()
            for key, value in sorted(tensors.items())}


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_json(FOLDER / "blocks.json", block_cases())
    write_json(FOLDER / "models.json", {name: write_model(name, arch) for name, arch in ARCHITECTURES.items()})


main()
