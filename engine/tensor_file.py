"""Tensors in a safetensors file, written from where they lie: a checkpoint needs no memory of its own.

The format is 8 bytes that say how long the header is, the header in JSON, and the numbers of one tensor after the other
(https://github.com/huggingface/safetensors#format). The library itself first makes copies of all, and its errors don't
tell a full disk from others.
"""

import struct
from collections.abc import Mapping
from pathlib import Path

import msgspec
import torch
from torch import Tensor

from corpora.files import replacing

KINDS = {
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.uint8: "U8",
}


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Replaces `path` by a file of these tensors, from any device. Raises `OSError`."""
    # The widest numbers first: so each lies at a multiple of its width, for whoever maps the file into memory.
    names = sorted(tensors, key=lambda name: (-tensors[name].itemsize, name))
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name in names:
        tensor = tensors[name]
        start, end = end, end + tensor.nbytes
        header[name] = {"dtype": KINDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 8)
    with replacing(path) as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in names:
            file.write(tensors[name].detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
