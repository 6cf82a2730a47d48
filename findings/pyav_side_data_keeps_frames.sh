#!/usr/bin/env bash
# PyAV 18.1.0: reading `frame.side_data` leaves the frame in RAM until the garbage collector runs.
#
# The property makes an object that refers to the frame, which keeps it: a cycle. A loop that
# decodes frames one by one and asks each for its side data, as for the display matrix, holds
# hundreds of them at a time, each with its pixels; the collector counts objects and not their size,
# so it comes late. Without the property each frame is freed when the next one takes its name. Seen
# with Python 3.11.
#
# Fails when both loops keep as few frames.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cat > "$folder/look.py" <<'PYTHON'
import gc, sys
import av
import numpy as np

path = sys.argv[1]
with av.open(path, "w") as clip:
    stream = clip.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    for _ in range(300):
        clip.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")))
    clip.mux(stream.encode())

def most_alive(ask):
    gc.collect()
    most = 0
    with av.open(path) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            if ask:
                frame.side_data
            if number % 50 == 49:
                most = max(most, sum(isinstance(each, av.VideoFrame) for each in gc.get_objects()))
    return most

plain, asked = most_alive(False), most_alive(True)
print(f"frames alive: {plain} without, {asked} with side_data")
sys.exit(0 if asked > 10 * max(plain, 1) else 1)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder/clip.mp4"
