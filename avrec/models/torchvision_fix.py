"""Make torchvision importable beside a CPU build of torch.

torchvision's compiled part needs CUDA libraries; without them `import torchvision`, and with it open_clip and every
transformers model class, fails with "operator torchvision::nms does not exist". Only the two operators' schemas are
missing at import, and nothing here calls them, so declaring them is enough. A healthy install is left alone.
"""

import importlib.util
import threading
from pathlib import Path

_lock = threading.Lock()
_kept: list[object] = []


def prepare_torchvision() -> None:
    """Call before the first import of torchvision, open_clip or a transformers model, in every process."""
    with _lock:
        if _kept:
            return
        import torch

        spec = importlib.util.find_spec("torchvision")
        if spec is None or spec.origin is None:
            return
        library = next(Path(spec.origin).parent.glob("_C*.so"), None)
        try:
            if library is None:
                raise OSError("torchvision has no compiled part")
            torch.ops.load_library(str(library))
            _kept.append(library)
        except OSError:
            declared = torch.library.Library("torchvision", "FRAGMENT")
            for name in ("nms", "qnms"):
                declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _kept.append(declared)
