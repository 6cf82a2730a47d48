"""Details as bytes, what of them may enter, and how they go along with their views."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pekit_agents.errors import InvalidInput
from pekit_agents.memory.details import pack, unpack
from pekit_agents.types import Details

INT8 = st.integers(-128, 127)
TWO = Details(
    np.array([[1, -2], [3, 4]], np.int8),
    np.array([[5, 6], [-7, 8]], np.int8),
    np.array([9, 127], np.int8),
)
PACKED = b"\x02\x00" + bytes([1, 254, 5, 6, 9]) + bytes([3, 4, 249, 8, 127])


def test_a_patch_is_its_code_its_colour_and_its_weight():
    assert pack(TWO) == PACKED


@st.composite
def details(draw):
    patches, width = draw(st.integers(1, 30)), draw(st.sampled_from([1, 2, 7, 256, 300]))
    return Details(
        draw(arrays(np.int8, (patches, width), elements=INT8)),
        draw(arrays(np.int8, (patches, 2), elements=INT8)),
        draw(arrays(np.int8, patches, elements=st.integers(1, 127))),
    )


@given(details())
def test_what_is_packed_comes_back(given_details):
    back = unpack(pack(given_details))
    for name in ("codes", "colours", "weights"):
        array, expected = getattr(back, name), getattr(given_details, name)
        np.testing.assert_array_equal(array, expected, strict=True)
        assert array.flags.c_contiguous
        assert not array.flags.writeable


@given(st.binary(max_size=40))
def test_any_bytes_are_details_or_refused(data):
    try:
        found = unpack(data)
    except ValueError:
        return
    assert pack(found) == data


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "0 bytes"),
        (b"\x02", "1 byte"),
        (b"\x02\x00", "0 patches of 5 bytes and 0 bytes more"),
        (PACKED[:-1], "1 patch of 5 bytes and 4 bytes more"),
        (PACKED + b"\x01", "2 patches of 5 bytes and 1 byte more"),
        (b"\x00\x00" + PACKED[2:], "codes of no width"),
        (b"\x00\x02" + PACKED[2:], "0 patches of 515 bytes"),  # big-endian
        (PACKED[:-1] + b"\x00", "a weight of 0"),
        (PACKED[:6] + b"\xff" + PACKED[7:], "a weight of -1"),
    ],
)
def test_damaged_bytes_are_refused_with_what_was_found(data, found):
    with pytest.raises(ValueError, match=f"whole patches.* got {found}"):
        unpack(data)


# What may enter -----------------------------------------------------------------------------


def ones(codes=(4, 8), colours=(4, 2), weights=(4,), dtype=np.int8):
    return Details(*(np.ones(shape, dtype) for shape in (codes, colours, weights)))


BAD = {
    "one for two views": ([ones()], "one for each of 2 vectors, got 1"),
    "wide integers": ([None, ones(dtype=np.int16)], r"int8 .*got int16 \(4, 8\)"),
    "no codes": ([None, ones(codes=(4,))], r"got int8 \(4,\)"),
    "no patches": ([None, ones((0, 8), (0, 2), (0,))], "C from 1 to 4096"),
    "too many patches": ([None, ones((4097, 1), (4097, 2), (4097,))], "C from 1 to 4096"),
    "no width": ([None, ones((4, 0))], "W from 1 to 1024"),
    "too wide": ([None, ones((4, 1025))], "W from 1 to 1024"),
    "a colour too few": ([None, ones(colours=(3, 2))], r"got .*int8 \(3, 2\)"),
    "three channels": ([None, ones(colours=(4, 3))], r"got .*int8 \(4, 3\)"),
    "a weight too many": ([None, ones(weights=(5,))], r"got .*int8 \(5,\)"),
    "a table of weights": ([None, ones(weights=(4, 1))], r"got .*int8 \(4, 1\)"),
    "a weight of nothing": (
        [None, Details(TWO.codes, TWO.colours, np.array([1, 0], np.int8))],
        "at least 1, got 0",
    ),
}


@pytest.mark.parametrize(("given_details", "message"), BAD.values(), ids=BAD)
def test_details_that_are_none_are_refused(memory, thing, unit_vectors, given_details, message):
    with pytest.raises(InvalidInput, match=message):
        memory.insert(thing(), unit_vectors(2), details=given_details)
    assert memory.objects() == ()
    memory.insert(thing(), unit_vectors(2))
    with pytest.raises(InvalidInput, match=message):
        memory.append_views("id-1", unit_vectors(2, seed=1), details=given_details)
    assert memory.get("id-1").object.n_views == 2


def test_of_a_look_too(memory, thing, unit_vectors):
    memory.insert(thing(), unit_vectors())
    with pytest.raises(InvalidInput, match="W from 1"):
        memory.add_view("id-1", unit_vectors(seed=1)[0], details=ones((4, 0)))
    assert memory.get("id-1").object.n_views == 1


# With their views ---------------------------------------------------------------------------


def stored(memory, object_id="id-1"):
    return [view.details and pack(view.details) for view in memory.get(object_id).views]


def test_they_stay_with_their_views_while_others_come_and_go(
    memory, thing, unit_vectors, some_details
):
    one, two, three, four = (some_details(n, patches=3 + n, width=4 + n) for n in range(4))
    memory.insert(thing(), unit_vectors(3), details=[one, None, two])
    memory.append_views("id-1", unit_vectors(1, seed=1), details=[three])
    memory.append_views("id-1", unit_vectors(1, seed=2))
    memory.update("id-1", name="Rex")
    assert stored(memory) == [pack(one), None, pack(two), pack(three), None]
    memory.remove_view("id-1", memory.get("id-1").views[0].view_id)
    assert stored(memory) == [None, pack(two), pack(three), None]
    memory.insert(thing("id-2", "Max"), unit_vectors(1, seed=3), details=[four])
    memory.merge("id-1", "id-2")
    assert stored(memory) == [None, pack(two), pack(three), None, pack(four)]


def test_a_look_that_is_there_keeps_the_details_that_are_there(
    memory, thing, unit_vectors, some_details
):
    known, new = unit_vectors(2)
    memory.insert(thing(), [known], details=[some_details(1)])
    memory.add_view("id-1", known, details=some_details(2))
    assert stored(memory) == [pack(some_details(1))]
    memory.add_view("id-1", new, details=some_details(3))
    assert stored(memory) == [pack(some_details(1)), pack(some_details(3))]
