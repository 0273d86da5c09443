"""Whose mask a file is."""

from tf_btgmi.pictures.pairs import owner


def test_the_longest_name_has_the_mask():
    pictures = {"a", "a_mask_b"}
    assert [owner(name, pictures) for name in ("a_mask_b_mask1", "a_mask_c", "b")] == [
        "a_mask_b",
        "a",
        None,
    ]
