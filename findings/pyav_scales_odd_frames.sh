#!/usr/bin/env bash
# PyAV 18.1.0: an encoder stretches a frame of another size to its stream's, without a word.
#
# A stream of 64 x 64 pixels is given a frame of 66 x 64, as happens where an odd side was rounded.
# `encode` neither raises nor crops: it resamples the frame, so that every column is a mixture of
# two and sharp edges are lost. A stream is easily made one pixel smaller than its frames, since
# 4:2:0 wants even sides. Seen with Python 3.11.
#
# Fails when the frame is refused, or comes back cropped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cat > "$folder/look.py" <<'PYTHON'
import sys
import av
import numpy as np

rgb = np.zeros((64, 66, 3), np.uint8)
rgb[:, ::2] = 255  # columns by turns black and white
path = sys.argv[1]
with av.open(path, "w") as clip:
    stream = clip.add_stream("ffv1", rate=25)  # lossless
    stream.width, stream.height, stream.pix_fmt = 64, 64, "bgr0"
    clip.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")))
    clip.mux(stream.encode())
with av.open(path) as clip:
    got = next(clip.decode(video=0)).to_ndarray(format="gray")
grey = int(((got > 40) & (got < 215)).sum())
print(f"{got.shape[1]} columns came back, {grey / got.size:.0%} of the pixels neither black nor white")
sys.exit(0 if grey > 0.1 * got.size else 1)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder/clip.mkv"
