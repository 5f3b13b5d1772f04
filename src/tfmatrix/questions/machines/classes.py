"""Classes that any machine can stand for besides its own: launches under which kernels are chosen otherwise.

Each row had an effect when it was added (docs/decisions/0038-machine-classes.md). A limit that is no lower than what
the processor has changes nothing, and its cells are identical.
"""

from __future__ import annotations

from tfmatrix.records import Launch

CLASSES = (
    Launch("avx", variables=(("ONEDNN_MAX_CPU_ISA", "AVX"),)),
    Launch("sse41", variables=(("ONEDNN_MAX_CPU_ISA", "SSE41"),)),
)
"""oneDNN, whose matrix products TensorFlow's own kernels use too, may take no instructions beyond these."""
